/** An owner that runs and does not move: the reconciler judges in its place, and takes over only for a reason. */
import { describe, expect, test } from 'vitest';
import { Transient } from '../../functions/core/failures.ts';
import { type Lock, type Phase, writes } from '../../functions/core/protocol.ts';
import { ABORT, FENCE, type Fixture, fixture, lockIn, NOW, SOMEBODY_ELSE } from './fixture.ts';
import { lookOn } from './looks.ts';

const theirs = (phase: Phase, share: number, facts: Partial<Lock> = {}): Lock =>
  lockIn(phase, share, { owner: SOMEBODY_ELSE, ...facts });
const watched = (still: number) => ({ watch: { fence: FENCE, ticks: 0, still, told: [], at: NOW - 60 } });
const FOUR_HOURS = 240;

const isTaken = ({ world }: Fixture): boolean => world.ledger.state.lock?.owner === 'reconciler';
const asked = ({ world }: Fixture) => world.notifications.filter(({ notification }) => notification.kind === 'held');

describe('while users are on a candidate that nothing speaks against', () => {
  test('users stay where they are for fifteen minutes; then an operator is asked, once', async () => {
    const it = await fixture({ lock: theirs('baking', 25), service: watched(13) });
    await lookOn(it, 1);
    expect(asked(it)).toHaveLength(0);
    await lookOn(it, 5);
    expect(asked(it)).toHaveLength(1);
    expect(asked(it)[0]!.notification.next).toContain('sluice abort --service conductores-backend');
    expect(it.world.balancer.weights).toEqual({ blue: 75, green: 25 });
    expect(isTaken(it)).toBe(false);
  });

  test('it is taken over when nobody answered for four hours after that', async () => {
    const it = await fixture({ lock: theirs('baking', 25), service: watched(15 + FOUR_HOURS - 2) });
    await lookOn(it, 1);
    expect(isTaken(it)).toBe(false);
    await lookOn(it, 1);
    expect(isTaken(it)).toBe(true);
    expect(it.world.balancer.weights).toEqual({ blue: 100, green: 0 });
  });

  test('a person who answers "hold" has the hold’s own four hours', async () => {
    const lock = theirs('baking', 25, { hold: { by: 'maria', at: NOW - 60 } });
    const it = await fixture({ lock, service: watched(15 + FOUR_HOURS) });
    await lookOn(it, 2);
    expect(isTaken(it)).toBe(false);
  });

  test('looks within the same minute count once: executions that end ask for one, too', async () => {
    const it = await fixture({ lock: theirs('baking', 25), service: watched(4) });
    for (let look = 0; look < 10; look++) await it.reconcile();
    expect(it.world.ledger.state.watch?.still).toBe(5);
  });

  test('an owner that ticks again is watched from the beginning', async () => {
    const it = await fixture({ lock: theirs('baking', 25), service: watched(14) });
    it.write(writes.tick({ owner: SOMEBODY_ELSE, fence: FENCE }));
    await lookOn(it, 3);
    expect(it.world.ledger.state.watch?.still).toBe(2);
    expect(asked(it)).toHaveLength(0);
  });
});

describe('what speaks against the candidate', () => {
  test('is acted on at the second look: the order, users on stable at once, and the take-over at the next look', async () => {
    const it = await fixture({ lock: theirs('baking', 25) });
    await it.kill('green');
    await lookOn(it, 1);
    expect(it.world.balancer.weights).toEqual({ blue: 75, green: 25 });
    await lookOn(it, 1);
    expect(it.world.ledger.state.lock).toMatchObject({ owner: SOMEBODY_ELSE, abort: { by: 'reconciler' } });
    expect(it.world.balancer.weights).toEqual({ blue: 100, green: 0 });
    await lookOn(it, 1);
    expect(isTaken(it)).toBe(true);
    expect(it.violations).toEqual([]);
  });

  test('is the policy’s verdict, too: a candidate with errors rolls back', async () => {
    const it = await fixture({ lock: theirs('baking', 25), minutes: 12, candidateErrorRate: 0.4 });
    await lookOn(it, 7);
    expect(it.world.ledger.state.lock?.abort).toMatchObject({ by: 'reconciler', reason: /green/ });
    expect(it.world.balancer.weights).toEqual({ blue: 100, green: 0 });
  });

  test('is somebody’s order that the owner does not carry out', async () => {
    const it = await fixture({ lock: theirs('baking', 25, { abort: ABORT }) });
    await lookOn(it, 1);
    expect(isTaken(it)).toBe(false);
    await lookOn(it, 1);
    expect(isTaken(it)).toBe(true);
  });

  test('is nothing that cannot be read', async () => {
    const it = await fixture({
      lock: theirs('baking', 25),
      service: watched(3),
      before: (_, name) => {
        if (['DescribeServices', 'GetMetricData', 'DescribeAlarms'].includes(name)) throw new Transient('no answer');
      },
    });
    await lookOn(it, 3);
    expect(it.world.ledger.state.lock?.abort).toBeUndefined();
    expect(it.world.ledger.state.watch?.still).toBe(6);
  });
});

describe('before the first share', () => {
  test('it is taken over after fifteen minutes: nobody is harmed', async () => {
    const it = await fixture({ lock: theirs('deploying', 0), service: watched(13) });
    await lookOn(it, 1);
    expect(isTaken(it)).toBe(false);
    await lookOn(it, 1);
    expect(isTaken(it)).toBe(true);
    expect(asked(it)).toHaveLength(0);
  });

  test('that was not confirmed, it is taken over after five: users may be on what nobody can judge', async () => {
    const lock = theirs('baking', 0, { intent: 5 });
    const it = await fixture({ lock, weights: { blue: 95, green: 5 }, candidateTasks: 4, service: watched(3) });
    await lookOn(it, 1);
    expect(isTaken(it)).toBe(false);
    await lookOn(it, 1);
    expect(isTaken(it)).toBe(true);
    expect(it.world.balancer.weights).toEqual({ blue: 100, green: 0 });
  });
});
