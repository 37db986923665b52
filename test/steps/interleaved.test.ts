/** What random interleavings found (rehearsal/interleave.ts), each as the short story behind its seed. */
import { describe, expect, test } from 'vitest';
import { Transient } from '../../functions/core/failures.ts';
import { askUntilAnswered, fixture, lockIn, NOW, type SceneOptions, truth } from './fixture.ts';

const REASON = 'an alarm rang';
const drained = { settleFrom: NOW - 125, reason: REASON };

/** The next write to the ledger after a change of the rule is lost, once, together with the Lambda that made it. */
function diesAfterTheRule(): NonNullable<SceneOptions['before']> {
  let isRouted = false;
  let isOver = false;
  return (_, name) => {
    if (name === 'ModifyRule') isRouted = true;
    if (isOver || !isRouted || name !== 'Ledger write') return;
    isOver = true;
    throw new Transient('no answer');
  };
}

describe('a revert', () => {
  test('whose Lambda dies right after it put users back again lets that settle for its whole time', async () => {
    const it = await fixture({
      lock: lockIn('reverting', 0, { ...drained, settleFrom: NOW - 100 }),
      weights: { blue: 50, green: 50 },
      before: diesAfterTheRule(),
    });
    expect(await askUntilAnswered(it, 'Revert')).toBe('reverted');
    expect(it.violations).toEqual([]);
    expect(it.clock.now() - NOW).toBeGreaterThanOrEqual(120);
  });

  test('that meant to use the candidate goes on with stable when stable is well again', async () => {
    const it = await fixture({ lock: lockIn('reverting', 0, { ...drained, target: 'candidate' }), weights: ON_BLUE });
    expect(await askUntilAnswered(it, 'Revert')).toBe('reverted');
    expect(truth(it)).toMatchObject({ weights: ON_BLUE, lock: undefined });
    expect(it.violations).toEqual([]);
  });

  test('does not leave users on the candidate once stable is well again', async () => {
    const lock = lockIn('reverting', 25, { ...drained, target: 'candidate' });
    const it = await fixture({ lock, weights: ON_GREEN });
    expect(await askUntilAnswered(it, 'Revert')).toBe('reverted');
    expect(truth(it)).toMatchObject({ weights: ON_BLUE, lock: undefined });
    expect(it.violations).toEqual([]);
  });

  test('whose stable dies before the candidate was put away uses what is left of it, and is stuck', async () => {
    const lock = lockIn('reverting', 0, { ...drained, retiring: 'green' });
    const it = await fixture({ lock, weights: ON_BLUE, stableTasks: 0 });
    expect(await askUntilAnswered(it, 'Revert')).toBe('stuck');
    expect(truth(it)).toMatchObject({ weights: ON_GREEN, lock: { phase: 'stuck' } });
    expect(it.world.notifications.at(-1)!.notification.kind).toBe('stuck');
  });

  test('whose stable dies after the candidate was put away moves nobody', async () => {
    const lock = lockIn('reverting', 0, { ...drained, retiring: 'green' });
    const it = await fixture({ lock, weights: ON_BLUE, stableTasks: 0, candidateTasks: 4 });
    it.world.tasks.resize('green', 0);
    expect(await askUntilAnswered(it, 'Revert')).toBe('stuck');
    expect(truth(it)).toMatchObject({ weights: ON_BLUE, lock: { phase: 'stuck' } });
  });
});

describe('a close', () => {
  test('takes users away from the old colour that it put to sleep, whoever sent them there', async () => {
    const lock = lockIn('closing', 100, { settleFrom: NOW - 125, retiring: 'blue' });
    const it = await fixture({ lock, weights: ON_BLUE, stableTasks: 0 });
    expect(await askUntilAnswered(it, 'Close')).toBe('closed');
    expect(truth(it)).toMatchObject({ weights: ON_GREEN, stable: 'green', lock: undefined });
  });
});

describe('what is stuck', () => {
  const stuck = (weights: typeof ON_BLUE, facts: SceneOptions) =>
    fixture({ lock: lockIn('stuck', 0, { reason: REASON }), weights, candidateTasks: 4, ...facts });

  test('does not keep users on a dead colour while the other one lives: the reconciler moves them', async () => {
    const it = await stuck(ON_BLUE, { stableTasks: 0 });
    await it.reconcile();
    expect(truth(it)).toMatchObject({ weights: ON_GREEN, lock: { phase: 'stuck' } });
    const other = await stuck(ON_GREEN, { candidateTasks: 0 });
    await other.reconcile();
    expect(truth(other).weights).toEqual(ON_BLUE);
  });

  test('stays as a person left it while both colours live', async () => {
    const it = await stuck(ON_GREEN, {});
    await it.reconcile();
    expect(truth(it)).toMatchObject({ weights: ON_GREEN, lock: { phase: 'stuck' } });
  });
});

const ON_BLUE = { blue: 100, green: 0 };
const ON_GREEN = { blue: 0, green: 100 };
