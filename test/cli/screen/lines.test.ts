import { describe, expect, test } from 'vitest';
import { closing, formatLine, type Line, narrator } from '../../../cli/screen/lines.ts';
import { ASCII, unpainted } from '../../../cli/screen/paint.ts';
import type { RehearsalResult } from '../../../rehearsal/account.ts';
import type { RehearsalOptions } from '../../../rehearsal/options.ts';
import type { ScenarioName } from '../../../rehearsal/scenarios.ts';
import { costOf } from '../../../report/cost.ts';
import { rehearsal } from '../../rehearsal/rehearsals.ts';

async function told(
  name: ScenarioName,
  { everyMinute = false, ...changes }: Partial<RehearsalOptions> & { readonly everyMinute?: boolean } = {},
): Promise<{ readonly lines: readonly Line[]; readonly rehearsed: RehearsalResult }> {
  const narrate = narrator(everyMinute);
  const lines: Line[] = [];
  const rehearsed = await rehearsal(name, {
    ...changes,
    onEntry: (entry, lock) => {
      const line = narrate(entry, lock);
      if (line) lines.push(line);
    },
  });
  return { lines, rehearsed };
}

const words = (lines: readonly Line[]): readonly string[] => lines.map(({ word }) => word);

describe('what is told of a rehearsal', () => {
  test('a good release is told in its shifts and decisions; quiet minutes are not', async () => {
    const { lines } = await told('healthy');
    expect(words(lines).filter((word) => word !== 'prepare')).toEqual([
      ...['open', 'shift', 'advance', 'shift', 'advance', 'shift', 'advance', 'shift', 'warm', 'closing', 'closed'],
    ]);
  });

  test('with --each-minute every judged minute is told, and no line twice in a row', async () => {
    const { lines, rehearsed } = await told('healthy', { everyMinute: true });
    const watching = lines.filter(({ word }) => word === 'continue');
    expect(watching.length).toBeGreaterThan(30);
    expect(watching.length).toBeLessThan(rehearsed.timeline.filter(({ state }) => state === 'Judge').length);
    const repeated = lines.filter((line, index) => line.text === lines[index - 1]?.text);
    expect(repeated).toEqual([]);
  });

  test('the first minute over the usual noise is told before the verdict', async () => {
    const { lines } = await told('leak');
    const [suspicion, verdict] = [words(lines).indexOf('continue'), words(lines).indexOf('abort')];
    expect(suspicion).toBeGreaterThan(0);
    expect(suspicion).toBeLessThan(verdict);
  });

  test('no line is empty, and none says that nothing was delivered right after a shift', async () => {
    const { lines } = await told('errors');
    expect(lines.every(({ text }) => text.length > 0)).toBe(true);
    expect(lines.filter(({ word, text }) => word === 'continue' && text.includes('delivered yet'))).toEqual([]);
  });

  test('the revert says where users are, when, and within which budget', async () => {
    const { lines, rehearsed } = await told('errors');
    const seconds = rehearsed.secondsFromVerdictToStable;
    expect(lines.at(-2)).toMatchObject({
      sign: '▼',
      share: 0,
      text: `blue 100 %, read back, ${seconds} s after the verdict (budget 120 s)`,
    });
    expect(lines.at(-1)?.text).toMatch(/^green off; its share was 0 for 1[2-9]\d s$/);
  });

  test.each(['errors', 'latency', 'leak', 'crash'] as const)(
    'an abort of "%s" is told at the share that was watched, however soon users were back',
    async (name) => {
      for (const seed of [1, 2, 3]) {
        const { lines, rehearsed } = await told(name, { seed });
        expect(lines.find(({ word }) => word === 'abort')?.share).toBe(rehearsed.shares.at(-1));
      }
    },
  );

  test('a release that never met users says no time after a verdict that there was not', async () => {
    const { lines } = await told('never-healthy');
    expect(lines.find(({ word }) => word === 'revert')?.text).toBe('blue 100 %, read back');
    expect(lines.find(({ word }) => word === 'trouble')?.text).toContain('0 of 2 healthy tasks after 10 minutes');
  });

  test('hours of waiting for a person are a few lines, not hundreds', async () => {
    const { lines } = await told('low-traffic');
    expect(lines.filter(({ word }) => word === 'hold').length).toBeLessThan(8);
    expect(lines.some(({ text }) => text.includes('an operator is asked'))).toBe(true);
  });

  test('without the ledger at hand roles are said instead of colours', async () => {
    const { timeline } = await rehearsal('errors');
    const narrate = narrator(false);
    const lines = timeline.map((entry) => narrate(entry)).filter((line) => line !== undefined);
    expect(lines.at(-2)?.text).toBe('all requests on stable, read back');
  });
});

describe('a line', () => {
  const line: Line = { at: 1_767_621_845, sign: '▲', share: 5, word: 'shift', text: 'read back' };

  test('has ISO time where it is kept, and a clock where it is watched', () => {
    expect(formatLine(line, 'iso')).toBe('2026-01-05T14:04:05Z  ▲    5 %  shift     read back');
    expect(formatLine(line, 'clock')).toBe('14:04:05  ▲    5 %  shift     read back');
  });

  test('has no letter beyond ASCII where the terminal has none', () => {
    for (const sign of ['▲', '◆', '▼', '■', '‖', ' '] as const)
      expect(formatLine({ ...line, sign }, 'iso', { paint: unpainted, glyphs: ASCII })).toMatch(/^[ -~]+$/);
  });

  test('carries nothing that a terminal would obey, whatever a container wrote', () => {
    const text = 'exit 1: \u001b[2J\u001b]0;owned\u0007\r\nnext\u009b31m';
    expect(formatLine({ ...line, text }, 'iso')).not.toMatch(/\p{Cc}/u);
  });
});

describe('the closing block', () => {
  test('ends with the reason, which is the sentence of the JSON', async () => {
    const { rehearsed } = await told('errors');
    const block = closing(rehearsed, 1);
    expect(block).toMatch(/^REVERTED at 25 %, as this scenario expects\.\n/);
    expect(block.endsWith(rehearsed.reason)).toBe(true);
  });

  test('a broken promise comes first', async () => {
    const { rehearsed } = await told('healthy');
    const violations = [{ invariant: 4, second: 9, state: 'Judge', detail: 'users are split' }];
    const block = closing({ ...rehearsed, violations } as RehearsalResult, 1);
    expect(block).toMatch(/^BROKEN promise 4 at second 9 \(Judge\): users are split\n/);
  });

  test('the cost is what the candidate failed beyond the rate of stable', async () => {
    const points = 10;
    const { rehearsed } = await told('errors', { points });
    const { moreFailures, metCandidate } = costOf(rehearsed);
    const { total, candidate, failedByCandidate } = rehearsed.requests;
    expect(metCandidate).toBeCloseTo(candidate / total);
    // Stable fails 0.1 %: nearly all of the failures are more than that.
    expect(moreFailures).toBeGreaterThan(failedByCandidate * 0.9);
    expect(moreFailures).toBeLessThan(failedByCandidate);
    expect(closing(rehearsed, 1)).toContain(
      `${moreFailures!.toLocaleString('en-US')} errors more than at the rate of blue`,
    );
  });

  test('an outage of both costs nothing', () => {
    const minute = (requests: number, failures: number) => ({
      share: 25,
      candidate: { requests, failures },
      stable: { requests: 3 * requests, failures: 3 * failures },
    });
    const rehearsed = {
      outcome: 'reverted',
      requests: { total: 8000, candidate: 2000, failedByCandidate: 101, droppedByShift: 0 },
      release: { minutes: [minute(1000, 1), minute(1000, 100)] },
    } as unknown as RehearsalResult;
    expect(costOf(rehearsed)).toEqual({ metCandidate: 0.25, moreFailures: 0 });
  });

  test('a release that nobody met cost nothing, and one that stays is not set off against an older one', async () => {
    expect(closing(await rehearsal('never-healthy'), 1)).toContain('none: no request met green');
    expect(costOf(await rehearsal('healthy'))).not.toHaveProperty('moreFailures');
  });
});
