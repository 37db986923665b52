/** Weights that somebody wrote by hand and that look harmless, or like nothing at all: each is put right, or told. */
import { describe, expect, test } from 'vitest';
import { Stuck } from '../../functions/core/failures.ts';
import type { Phase } from '../../functions/core/protocol.ts';
import type { Weights } from '../../functions/core/roles.ts';
import { ABORT, askUntilAnswered, fixture, lockIn, NOW } from './fixture.ts';
import { lookOn, titles } from './looks.ts';

const ON_STABLE = { blue: 100, green: 0 };
const NOBODY: Weights = { blue: 0, green: 0 };

describe('both weights are 0, so that every request is answered with 503', () => {
  test('at rest: put right in the same look, told, and the lock is free after the drain [F11]', async () => {
    const it = await fixture({ weights: NOBODY });
    await it.reconcile();
    expect(it.world.balancer.weights).toEqual(ON_STABLE);
    expect(titles(it)).toContain(
      'both weights of the rule are 0 and no release runs; all users are moved back to blue',
    );
    await it.wait(60);
    await lookOn(it, 3);
    expect(it.world.ledger.state.lock).toBeUndefined();
    expect(it.violations).toEqual([]);
  });

  test.each<[Phase, number]>([
    ['baking', 25],
    ['warm', 100],
  ])('in phase %s: the next look of the judge ends the release', async (phase, share) => {
    const it = await fixture({ lock: lockIn(phase, share), weights: NOBODY });
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'abort' });
    expect(it.world.ledger.state.lock?.abort?.reason).toBe(
      'somebody changed the rule by hand: both weights are 0, so every request is answered with 503',
    );
    expect(await askUntilAnswered(it, 'Revert')).toBe('reverted');
    expect(it.world.balancer.weights).toEqual(ON_STABLE);
    expect(it.violations).toEqual([]);
  });

  test('before the candidate is prepared, it is not', async () => {
    const it = await fixture({ lock: lockIn('deploying'), weights: NOBODY });
    await expect(it.ask('Prepare')).rejects.toMatchObject({ name: 'NotReady' });
    await it.ask('Revert');
    expect(it.world.balancer.weights).toEqual(ON_STABLE);
  });

  test('while it rolls back: the next tick puts users back, and they settle anew', async () => {
    const it = await fixture({ lock: lockIn('reverting', 0, { settleFrom: NOW - 60, reason: ABORT.reason }) });
    Object.assign(it.world.balancer, { weights: NOBODY });
    await it.ask('Revert');
    expect(it.world.balancer.weights).toEqual(ON_STABLE);
    expect(it.world.ledger.state.lock?.settleFrom).toBeGreaterThanOrEqual(NOW);
  });

  test('while it closes: users are put on the new version, and nothing is scaled down before that has settled', async () => {
    const it = await fixture({ lock: lockIn('closing', 100, { settleFrom: NOW - 120 }), weights: NOBODY });
    await it.ask('Close');
    expect(it.world.balancer.weights).toEqual({ blue: 0, green: 100 });
    expect(it.world.tasks.side('blue').desired).toBe(4);
  });

  test.each([
    ['stable', {}, ON_STABLE],
    ['the candidate, where users were sent when stable was dead', { target: 'candidate' }, { blue: 0, green: 100 }],
  ] as const)('once it is stuck: users are put on %s, and a person hears of it', async (_, facts, where) => {
    const it = await fixture({
      lock: lockIn('stuck', 0, { reason: 'an operator must decide', ...facts }),
      weights: NOBODY,
    });
    await it.reconcile();
    expect(it.world.balancer.weights).toEqual(where);
    expect(titles(it)).toEqual([
      `STUCK, all users are on ${where.blue === 100 ? 'blue' : 'green'}, moved there because both weights of the rule were 0`,
    ]);
  });

  test('stuck, and its page says so', async () => {
    const lock = lockIn('reverting', 25, { settleFrom: NOW - 120, retiring: 'green' });
    const it = await fixture({
      lock,
      stableTasks: 0,
      candidateTasks: 0,
      before: (_, name) => {
        if (name === 'DescribeRules') Object.assign(it.world.balancer, { weights: NOBODY });
      },
    });
    expect(await askUntilAnswered(it, 'Revert')).toBe('stuck');
    expect(titles(it)).toContain('STUCK, an operator must decide; both weights of the rule are 0, so nobody is served');
  });
});

describe('weights that nearly are what they should be', () => {
  test.each<[string, Weights]>([
    ['one request in a thousand', { blue: 999, green: 1 }],
    ['three in a thousand', { blue: 299, green: 1 }],
  ])('at rest: %s to a colour that sleeps is put right', async (_, weights) => {
    const it = await fixture({ weights });
    await it.reconcile();
    expect(it.world.balancer.weights).toEqual(ON_STABLE);
    expect(titles(it).join()).toMatch(/the rule sends 0\.\d+ % to green and no release runs/);
  });

  test('at rest: all but one request in a thousand to the other colour are no choice of it', async () => {
    const it = await fixture({ weights: { blue: 1, green: 999 } });
    it.world.tasks.alreadyUp('green', 'sha256:other', 2);
    await it.reconcile();
    expect(it.world.ledger.state.stable).toBe('blue');
    expect(it.world.balancer.weights).toEqual(ON_STABLE);
  });

  test('in a bake: another share than the confirmed one ends the release, however small the difference [F11]', async () => {
    const it = await fixture({ lock: lockIn('baking', 25), weights: { blue: 749, green: 250 } });
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'abort' });
    expect(it.world.ledger.state.lock?.abort?.reason).toMatch(/green has 25\.025 % instead of 25 %$/);
  });

  test.each<[string, Weights]>([
    ['200 and 100 at 25 %', { blue: 200, green: 100 }],
    ['5 and 5 at 25 %', { blue: 5, green: 5 }],
  ])('in a bake: %s end the release', async (_, weights) => {
    const it = await fixture({ lock: lockIn('baking', 25), weights });
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'abort' });
  });

  test.each<[string, Weights, number]>([
    ['5 and 5 at 50 %', { blue: 5, green: 5 }, 50],
    ['3 and 1 at 25 %', { blue: 3, green: 1 }, 25],
  ])('in a bake: %s are the same requests, and the next write puts them into hundreds', async (_, weights, share) => {
    const it = await fixture({ lock: lockIn('baking', share), weights });
    expect(await it.ask('Judge')).not.toMatchObject({ verdict: 'abort' });
    it.write({ name: 'abort', condition: { present: 'lock' }, set: { 'lock.abort': ABORT } });
    await it.ask('Revert');
    expect(it.world.balancer.weights).toEqual(ON_STABLE);
  });
});

describe('weights that somebody moves while the migration runs, when no step looks at them', () => {
  test.each<[string, Weights]>([
    ['both are 0', NOBODY],
    ['a third of the requests on the candidate', { blue: 70, green: 30 }],
  ])('%s: the reconciler ends the release, and users are on stable', async (_, weights) => {
    const it = await fixture({ lock: lockIn('migrating'), weights });
    await it.reconcile();
    expect(it.world.balancer.weights).toEqual(ON_STABLE);
    expect(it.world.ledger.state.lock?.abort).toMatchObject({ by: 'reconciler' });
    expect(it.world.ledger.state.lock?.abort?.reason).toMatch(/^somebody changed the rule by hand/);
  });

  test('a first share that comes between two readings is no change by hand', async () => {
    let move: () => void = () => {};
    const it = await fixture({ lock: lockIn('migrating'), before: (_, name) => name === 'DescribeRules' && move() });
    move = () => {
      it.write({ name: 'share', condition: { present: 'lock' }, set: { 'lock.phase': 'baking', 'lock.share': 5 } });
      Object.assign(it.world.balancer, { weights: { blue: 95, green: 5 } });
      move = () => {};
    };
    await it.reconcile();
    expect(it.world.ledger.state.lock?.abort).toBeUndefined();
    expect(it.world.balancer.weights).toEqual({ blue: 95, green: 5 });
  });
});

describe('a rule that also forwards to a third group', () => {
  const stranger = 'The listener rule also forwards to arn:aws:elasticloadbalancing:maintenance, which is none of ours';
  const refused = (_: number, name: string): void => {
    if (name === 'DescribeRules' || name === 'ModifyRule') throw new Stuck(stranger);
  };

  test('at rest: told once, and nothing is written', async () => {
    const it = await fixture({ before: refused });
    for (let look = 0; look < 3; look++) {
      await expect(it.reconcile()).rejects.toMatchObject({ name: 'Stuck' });
      await it.wait(60);
    }
    expect(titles(it)).toEqual([stranger]);
    expect(it.log).not.toContain('ModifyRule');
  });

  test('while a release rolls back: told once, and tried again [F26]', async () => {
    let isThere = true;
    const it = await fixture({
      lock: lockIn('baking', 25, { abort: ABORT }),
      before: (call, name) => {
        if (isThere) refused(call, name);
      },
    });
    for (let tries = 0; tries < 3; tries++) {
      await expect(it.ask('Revert')).rejects.toMatchObject({ name: 'Stuck' });
      await it.wait(60);
    }
    expect(titles(it)).toEqual([`the rollback is blocked: ${stranger}`]);
    expect(it.world.notifications[0]?.notification.kind).toBe('stuck');
    isThere = false;
    expect(await askUntilAnswered(it, 'Revert')).toBe('reverted');
  });
});

test('at 0 and 0 while it closes nobody is sent to a candidate without a healthy target', async () => {
  const it = await fixture({
    lock: lockIn('closing', 100, { settleFrom: NOW - 10 }),
    weights: { blue: 0, green: 0 },
    candidateTasks: 0,
  });
  expect(await it.ask('Close')).toMatchObject({ verdict: 'stuck' });
  expect(it.world.balancer.weights).toEqual({ blue: 100, green: 0 });
});
