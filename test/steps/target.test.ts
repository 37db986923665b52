/** Stable is dead when a release rolls back, so users go to the candidate: until stable lives again, and no longer. */
import { describe, expect, test } from 'vitest';
import { RECONCILER } from '../../functions/core/protocol.ts';
import { abortRelease } from '../../functions/steps/safety/abort.ts';
import { ABORT, askUntilAnswered, type Fixture, fixture, lockIn, NOW, SOMEBODY_ELSE } from './fixture.ts';

const ON_STABLE = { blue: 100, green: 0 };
const ON_CANDIDATE = { blue: 0, green: 100 };

/** How often users were moved from one colour to the other. */
const moves = ({ world }: Fixture): number => world.writes.filter(({ call }) => call === 'ModifyRule').length;

/** A rollback that found stable dead: users are on the candidate. */
async function onTheCandidate(): Promise<Fixture> {
  const it = await fixture({ lock: lockIn('baking', 25, { abort: ABORT }) });
  it.turn('blue', 'unhealthy');
  await it.ask('Revert');
  expect(it.world.balancer.weights).toEqual(ON_CANDIDATE);
  return it;
}

describe('the owner', () => {
  test('puts users back at the first tick that sees stable alive, and lets them settle anew [F30]', async () => {
    const it = await onTheCandidate();
    it.turn('blue', 'healthy');
    await it.wait(30);
    const movedAt = it.clock.now();
    expect(await it.ask('Revert')).toMatchObject({ verdict: 'wait' });
    expect(it.world.balancer.weights).toEqual(ON_STABLE);
    expect(it.world.ledger.state.lock?.target).toBeUndefined();
    expect(await askUntilAnswered(it, 'Revert')).toBe('reverted');
    expect(it.clock.now() - movedAt).toBeGreaterThanOrEqual(120);
    expect(it.world.notifications.map(({ notification }) => notification.title)).toEqual([
      'blue has no healthy target, all users are on green',
      'blue is healthy again, all users are on it',
    ]);
    expect(it.violations).toEqual([]);
  });

  test('leaves users where they are while stable is dead', async () => {
    const it = await onTheCandidate();
    for (let tick = 0; tick < 3; tick++) {
      await it.wait(30);
      await it.ask('Revert');
    }
    expect(moves(it)).toBe(1);
    expect(it.world.balancer.weights).toEqual(ON_CANDIDATE);
  });

  test('moves users to the candidate at the tick that sees stable die', async () => {
    const it = await fixture({ lock: lockIn('baking', 25, { abort: ABORT }) });
    await it.ask('Revert');
    it.turn('blue', 'unhealthy');
    await it.wait(30);
    await it.ask('Revert');
    expect(it.world.balancer.weights).toEqual(ON_CANDIDATE);
    expect(it.world.ledger.state.lock?.target).toBe('candidate');
    expect(it.violations).toEqual([]);
  });

  test('does not do so once the candidate is marked for its end', async () => {
    const lock = lockIn('reverting', 0, { settleFrom: NOW - 20, reason: ABORT.reason, retiring: 'green' });
    const it = await fixture({ lock });
    it.turn('blue', 'unhealthy');
    await it.ask('Revert');
    expect(it.world.balancer.weights).toEqual(ON_STABLE);
  });

  test('comes back at once only once: a stable that dies again is waited for to the end of the drain', async () => {
    const it = await onTheCandidate();
    for (const health of ['healthy', 'unhealthy', 'healthy', 'healthy'] as const) {
      it.turn('blue', health);
      await it.wait(30);
      await it.ask('Revert');
    }
    expect(it.world.balancer.weights).toEqual(ON_CANDIDATE);
    expect(await askUntilAnswered(it, 'Revert')).toBe('reverted');
    expect(it.world.balancer.weights).toEqual(ON_STABLE);
    expect(it.violations).toEqual([]);
  });

  test('but never waits on a candidate that is dead itself', async () => {
    const it = await onTheCandidate();
    for (const health of ['healthy', 'unhealthy', 'healthy'] as const) {
      it.turn('blue', health);
      if (health === 'healthy' && moves(it) === 3) it.turn('green', 'unhealthy');
      await it.wait(30);
      await it.ask('Revert');
    }
    expect(it.world.balancer.weights).toEqual(ON_STABLE);
  });

  test('does not come back because both are dead', async () => {
    const it = await onTheCandidate();
    it.turn('green', 'unhealthy');
    await it.wait(30);
    await it.ask('Revert');
    expect(moves(it)).toBe(1);
  });

  test.each([30, 60, 90, 120, 150, 180])(
    'a stable that lives and dies by turns, %i s each, moves users at most seven times, and it ends',
    async (seconds) => {
      const it = await onTheCandidate();
      const began = it.clock.now();
      let verdict = 'wait';
      while (verdict === 'wait' && it.clock.now() < began + 7200) {
        await it.wait(30);
        const isUp = Math.floor((it.clock.now() - began) / seconds) % 2 === 1;
        it.turn('blue', isUp ? 'healthy' : 'unhealthy');
        ({ verdict } = await it.ask('Revert'));
      }
      expect(['reverted', 'stuck']).toContain(verdict);
      expect(it.clock.now() - began).toBeLessThan(30 * 60);
      expect(moves(it)).toBeLessThanOrEqual(7);
      expect(it.world.tasks.healthy(it.world.balancer.weights.blue === 100 ? 'blue' : 'green')).toBeGreaterThan(0);
      expect(it.violations).toEqual([]);
    },
  );

  test("a stable that came back three times and died again is a person's: users stay on the candidate", async () => {
    const lock = lockIn('reverting', 0, {
      settleFrom: NOW - 120,
      reason: ABORT.reason,
      target: 'candidate',
      returns: 3,
    });
    const it = await fixture({ lock, weights: ON_CANDIDATE });
    expect(await askUntilAnswered(it, 'Revert')).toBe('stuck');
    expect(it.world.balancer.weights).toEqual(ON_CANDIDATE);
    expect(it.world.ledger.state.lock?.reason).toBe('blue failed again after each of 3 returns to it');
    expect(it.world.notifications.map(({ notification }) => notification.kind)).toContain('stuck');
  });
});

describe('the reconciler', () => {
  test('puts users back at the first look that sees stable alive', async () => {
    const lock = lockIn('baking', 25, { owner: SOMEBODY_ELSE });
    const it = await fixture({ lock, executionStatus: () => 'ended' });
    it.turn('blue', 'unhealthy');
    await it.reconcile();
    expect(it.world.balancer.weights).toEqual(ON_CANDIDATE);
    it.turn('blue', 'healthy');
    await it.wait(60);
    await it.reconcile();
    expect(it.world.balancer.weights).toEqual(ON_STABLE);
    expect(it.world.ledger.state.lock).toMatchObject({ owner: RECONCILER, phase: 'reverting' });
    for (let look = 0; look < 3; look++) {
      await it.wait(60);
      await it.reconcile();
    }
    expect(it.world.ledger.state.lock).toBeUndefined();
    expect(it.violations).toEqual([]);
  });
});

describe('the guard, and a rollback in flight', () => {
  test('send nobody to a stable that reads dead; the owner looks for itself, and a stable that lives again has them', async () => {
    const it = await fixture({ lock: lockIn('baking', 25) });
    it.turn('blue', 'unhealthy');
    const { lock } = it.world.ledger.state;
    void abortRelease(it.world.ports({ by: 'guard' }), lock!, { by: 'guard', reason: 'an alarm rang' });
    await it.wait(5);
    expect(moves(it)).toBe(0);
    it.turn('blue', 'healthy');
    await it.wait(25);
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'abort' });
    await it.ask('Revert');
    expect(it.world.balancer.weights).toEqual(ON_STABLE);
    expect(it.world.ledger.state.lock?.target).toBeUndefined();
  });
});
