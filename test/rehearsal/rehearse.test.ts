import { describe, expect, test } from 'vitest';
import type { RehearsalResult } from '../../rehearsal/account.ts';
import { START } from '../../rehearsal/timeline.ts';
import { rehearsal } from './rehearsals.ts';

/** Everything but the world itself. */
const told = ({ setting: _, ...known }: RehearsalResult): string => JSON.stringify(known);

describe('a good version', () => {
  test('goes to everybody in 5, 25, 50 and 100 %, watched for 45 minutes [F29] [S480] [S492]', async () => {
    const { outcome, shares, bakeSeconds, world, requests } = await rehearsal('healthy');
    expect({ outcome, shares, bakeSeconds }).toEqual({
      outcome: 'promoted',
      shares: [5, 25, 50, 100],
      bakeSeconds: 2700,
    });
    expect(world).toMatchObject({ stable: 'green', share: 100, lock: null, running: { blue: 0 } });
    expect(requests.droppedByShift).toBe(0);
  });

  test('goes to everybody in 10, 50 and 100 %, watched for 10 minutes, as blue-green [S448] [S468]', async () => {
    const { outcome, shares, bakeSeconds } = await rehearsal('blue-green');
    expect({ outcome, shares, bakeSeconds }).toEqual({ outcome: 'promoted', shares: [10, 50, 100], bakeSeconds: 600 });
  });
});

/** What really happened, from the world's own rows: the minutes of the stage at 25 %, up to the one that decided. */
function whatHappened({ setting, release, evidence, writes }: RehearsalResult) {
  if (!evidence || !('minute' in evidence) || !release?.baseline) throw new Error('no comparison was made');
  const sharedAt = writes.filter(({ call }) => call === 'ledger: share').map(({ second }) => START + second);
  const floor = (instant: number) => Math.floor(instant / 60) * 60;
  const newest = Math.ceil(sharedAt[0]! / 60) * 60 + evidence.minute * 60;
  const rows = setting.numbers.rows.filter(({ minute }) => minute >= floor(sharedAt.at(-1)!) && minute <= newest);
  return (colour: 'blue' | 'green') => {
    const zones = rows.flatMap((row) => row.zones[colour]);
    const sum = (of: (zone: (typeof zones)[number]) => number) => zones.reduce((total, zone) => total + of(zone), 0);
    return {
      requests: sum(({ requests }) => requests),
      failures: sum(({ errors5xx, connectionErrors }) => errors5xx + connectionErrors),
    };
  };
}

describe('a version that fails 10 points more from 25 % on', () => {
  test.each([1, 2, 42])(
    'goes back weights first, within two minutes of the verdict (seed %i) [S474] [S589]',
    async (seed) => {
      const { outcome, shares, writes, secondsFromVerdictToStable, world } = await rehearsal('errors', { seed });
      expect([outcome, shares]).toEqual(['reverted', [5, 25]]);
      const order = writes.findIndex(({ call }) => call === 'ledger: abort');
      const first = writes.slice(order + 1).find(({ call }) => !call.startsWith('ledger: '));
      expect(first).toMatchObject({ call: 'ModifyRule', share: 0, readBack: 0 });
      expect(secondsFromVerdictToStable).toBeLessThanOrEqual(120);
      expect(world).toMatchObject({ stable: 'blue', share: 0, lock: null, healthy: { green: 0 } });
      expect(world.scalingSuspended).toEqual({ blue: false, green: true });
    },
  );

  test.each([1, 2, 42])('is told with the four counts that really were (seed %i) [F45]', async (seed) => {
    const rehearsed = await rehearsal('errors', { seed });
    const counted = whatHappened(rehearsed);
    const [green, blue] = [counted('green'), counted('blue')];
    expect(rehearsed.evidence).toMatchObject({ candidate: green, stable: blue });
    for (const { failures, requests } of [green, blue])
      expect(rehearsed.reason).toContain(
        `${failures.toLocaleString('en-US')} of ${requests.toLocaleString('en-US')} requests`,
      );
  });
});

describe('chance', () => {
  test.each(['healthy', 'errors', 'crash', 'never-healthy'] as const)(
    'the same seed runs the same %s',
    async (name) => {
      expect(told(await rehearsal(name, { seed: 7 }))).toBe(told(await rehearsal(name, { seed: 7 })));
    },
  );

  test('another seed runs another one', async () => {
    expect(told(await rehearsal('errors', { seed: 7 }))).not.toBe(told(await rehearsal('errors', { seed: 8 })));
  });
});

describe('an execution that is ended from outside', () => {
  test.each([1, 2, 9, 40])('before its state %i is killed there', async (killAt) => {
    const { outcome, transitions, asExpected, reason } = await rehearsal('healthy', { killAt });
    expect({ outcome, transitions, asExpected }).toEqual({
      outcome: 'killed',
      transitions: killAt - 1,
      asExpected: true,
    });
    expect(reason).not.toBe('');
  });

  test('after its end is not killed', async () => {
    expect((await rehearsal('never-healthy', { killAt: 10_000 })).outcome).toBe('reverted');
  });
});
