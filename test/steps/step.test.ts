import { describe, expect, test } from 'vitest';
import type { Phase } from '../../functions/core/protocol.ts';
import type { Verb } from '../../rehearsal/functions.ts';
import { ABORT, FENCE, fixture, lockIn, SOMEBODY_ELSE } from './fixture.ts';

const STEPS: readonly (readonly [verb: Verb, phase: Phase, share: number])[] = [
  ['Migrate', 'migrating', 0],
  ['Prepare', 'deploying', 0],
  ['Shift', 'baking', 5],
  ['Judge', 'baking', 5],
  ['Revert', 'baking', 25],
  ['Revert', 'reverting', 0],
  ['Close', 'warm', 100],
  ['Close', 'closing', 100],
];

const of = (id: string, fence: number) => ({ release: { id, fence } });

describe.each(STEPS)('%s in phase %s', (verb, phase, share) => {
  test.each([
    ['the lock is somebody else’s', lockIn(phase, share, { owner: SOMEBODY_ELSE })],
    ['the lock was opened again under a newer fence', lockIn(phase, share, { fence: FENCE + 1 })],
    [
      'the lock is somebody else’s, and an abort stands in it',
      lockIn(phase, share, { owner: SOMEBODY_ELSE, abort: ABORT }),
    ],
    ['the lock is free', undefined],
  ])('changes nothing when %s', async (_, lock) => {
    const it = await fixture({ ...(lock ? { lock } : {}), ...(lock ? {} : { service: { fence: FENCE } }) });
    await expect(it.ask(verb, of('r-20260105-135500', FENCE))).rejects.toMatchObject({ name: 'FencedOut' });
    expect(it.world.writes).toEqual([]);
  });
});

test.each([
  ['Migrate', 'opening'],
  ['Prepare', 'deploying'],
  ['Shift', 'deploying'],
] as const)('%s goes no further once an abort stands in the ledger', async (verb, phase) => {
  const it = await fixture({ lock: lockIn(phase, 0, { abort: ABORT }), candidateTasks: 4 });
  await expect(it.ask(verb, { ...of('r-20260105-135500', FENCE), share: 5 })).rejects.toMatchObject({
    name: 'Aborted',
    message: ABORT.reason,
  });
  expect(it.world.writes).toEqual([]);
});
