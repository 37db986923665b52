import { describe, expect, test } from 'vitest';
import type { RehearsalResult } from '../../rehearsal/account.ts';
import type { Controls, RehearsalOptions } from '../../rehearsal/options.ts';
import type { FaultName } from '../../rehearsal/scenarios.ts';
import { rehearsal } from './rehearsals.ts';

type Press = readonly [minute: number, press: (controls: Controls) => void];

/** A healthy release, and somebody at the buttons. */
function steered(presses: readonly Press[], changes: Partial<RehearsalOptions> = {}): Promise<RehearsalResult> {
  let controls: Controls | undefined;
  const left = [...presses];
  return rehearsal('healthy', {
    onControls: (given) => {
      controls = given;
    },
    onSecond: () => {
      const [next] = left;
      if (!next || controls!.account().virtualSeconds < 60 * next[0]) return;
      left.shift();
      next[1](controls!);
    },
    ...changes,
  });
}

const on = (minute: number, fault: FaultName): Press => [minute, ({ setFault }) => setFault(fault, true)];
const off = (minute: number, fault: FaultName): Press => [minute, ({ setFault }) => setFault(fault, false)];

describe('a fault that is switched on by hand', () => {
  test.each<[FaultName, RegExp]>([
    ['errors', /^green has more errors than blue: /],
    ['latency', /^green has more (very )?slow responses than blue: /],
    ['crash', /^a task of green crashed: /],
  ])('%s: the release goes back, and says why', async (fault, why) => {
    const { outcome, shares, reason, violations, release } = await steered([on(20, fault)]);
    expect([outcome, shares, violations]).toEqual(['reverted', [5, 25], []]);
    expect(reason).toMatch(why);
    expect(release?.faultSecond).toBe(20 * 60);
  });

  test('an outage of ten minutes concerns both, and is blamed on nobody', async () => {
    const { outcome, violations } = await steered([on(20, 'outage'), off(30, 'outage')]);
    expect([outcome, violations]).toEqual(['promoted', []]);
  });

  test('errors that are switched off again in the same minute are forgiven', async () => {
    const { outcome } = await steered([on(20, 'errors'), off(20.1, 'errors')]);
    expect(outcome).toBe('promoted');
  });

  test('nobody presses: the rehearsal is the one that it is without buttons', async () => {
    const told = ({ setting: _, ...known }: RehearsalResult): string => JSON.stringify(known);
    expect(told(await steered([]))).toBe(told(await rehearsal('healthy')));
  });
});

test('words are heard while it runs', async () => {
  const { outcome, shares, writes } = await steered([
    [5, ({ say }) => void say('hold')],
    [40, ({ say }) => void say('resume')],
    [41, ({ say }) => void say('abort')],
  ]);
  expect([outcome, shares]).toEqual(['reverted', [5, 25]]);
  const secondOf = (call: string): number => writes.find((write) => write.call === call)?.second ?? Number.NaN;
  expect(secondOf('ledger: hold')).toBe(5 * 60);
  expect(writes.find(({ call, share }) => call === 'ledger: share' && share === 25)?.second).toBeGreaterThan(40 * 60);
});

test('a word that nobody can hear is refused', async () => {
  let refused: unknown;
  await steered([[2, ({ say }) => void say('resume').catch((error) => (refused = error))]]);
  expect(String(refused)).toMatch(/does not take "resume" in phase \w+; nothing was changed/);
});
