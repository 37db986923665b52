import { describe, expect, test } from 'vitest';
import { forceStable } from '../../functions/core/force-stable.ts';
import type { Pending } from '../../functions/core/protocol.ts';
import { ABORT, askUntilAnswered, FENCE, fixture, IMAGES, lockIn, NOW, SETTINGS } from './fixture.ts';
import { expectInOrder, expectWrites } from './order.ts';

/** Long enough ago that no earlier invocation can be alive. */
const settled = { settleFrom: NOW - 120, reason: ABORT.reason };
const waiting: Pending = {
  ...IMAGES['v1.5.1'],
  image: 'v1.5.1',
  attempt: 1,
  input: { image: 'v1.5.1', source: 'push', pushedAt: IMAGES['v1.5.1'].pushedAt },
};

describe('the first half', () => {
  test('after one health reading the first write is the rule, then its reading, then the ledger', async () => {
    const it = await fixture({ lock: lockIn('baking', 25, { abort: ABORT }) });
    expect(await it.ask('Revert')).toMatchObject({ verdict: 'wait', waitSeconds: 30 });
    expectWrites(it.log, [
      'DescribeTargetHealth',
      'ModifyRule blue 100, green 0',
      'DescribeRules',
      'ledger: reverting',
    ]);
    expect(it.world.ledger.state.lock).toMatchObject({
      phase: 'reverting',
      share: 0,
      reason: ABORT.reason,
      settleFrom: NOW + 1,
    });
    expect(it.world.notifications.map(({ notification }) => notification.title)).toEqual([
      'REVERTED at 25 %, all users on blue',
    ]);
  });

  test('a failure of a step is the reason, in its own sentence', async () => {
    const it = await fixture({ lock: lockIn('deploying') });
    const error = { Error: 'NotReady', Cause: JSON.stringify({ errorMessage: 'green crashed' }) };
    await it.ask('Revert', { release: { id: 'r-20260105-135500', fence: FENCE }, error });
    expect(it.world.ledger.state.lock?.reason).toBe('green crashed');
  });

  test('an Open that failed after it had the lock is known by its execution alone', async () => {
    const it = await fixture({ lock: lockIn('opening') });
    expect(await it.ask('Revert', {})).toMatchObject({ verdict: 'wait', release: { fence: FENCE } });
    expect(it.world.ledger.state.lock?.phase).toBe('reverting');
  });

  test('an Open that failed before it owned anything changes nothing', async () => {
    const it = await fixture();
    expect(await it.ask('Revert', { error: { Error: 'Lambda.Unknown' } })).toMatchObject({ verdict: 'nothing' });
    expect(it.world.writes).toEqual([]);
  });

  test('a rule that does not show stable is no end: it is asked again', async () => {
    let hand: () => void = () => {};
    const it = await fixture({
      lock: lockIn('baking', 25, { abort: ABORT }),
      before: (_, name) => name === 'DescribeRules' && hand(),
    });
    hand = () => it.world.balancer.route({ blue: 75, green: 25 });
    await expect(it.ask('Revert')).rejects.toMatchObject({ name: 'Transient' });
    expect(it.world.ledger.state.lock?.phase).toBe('baking');
  });

  test('from closing on it rolls forward', async () => {
    const it = await fixture({ lock: lockIn('closing', 100) });
    expect(await it.ask('Revert')).toMatchObject({ verdict: 'close' });
    expect(it.world.writes).toEqual([]);
  });
});

describe('the second half', () => {
  test('drained, verified, marked, scaled down, freed: in this order', async () => {
    const it = await fixture({ lock: lockIn('reverting', 0, settled) });
    expect(await it.ask('Revert')).toMatchObject({ verdict: 'reverted', summary: ABORT.reason });
    expectWrites(it.log, [
      'DescribeRules',
      'DescribeTargetHealth',
      'ledger: drained',
      'DescribeRules',
      'DescribeRules',
      'DescribeRules',
      'DescribeTargetHealth',
      'ledger: retiring',
      'Probe (rests)',
      'RegisterScalableTarget (suspend) green',
      'UpdateService green 0',
      'RegisterScalableTarget (resume) blue',
      'ledger: free after revert',
    ]);
    expect(it.world.ledger.state.lock).toBeUndefined();
    expect(it.world.probed).toBe('blue');
    expect(it.world.ledger.record(IMAGES['v1.5.0'].digest)).toMatchObject({
      status: 'reverted',
      reason: ABORT.reason,
      fence: FENCE,
    });
    expect(it.violations).toEqual([]);
  });

  test('nothing is scaled down before 120 s have passed [F29]', async () => {
    const it = await fixture({ lock: lockIn('reverting', 0, { ...settled, settleFrom: NOW - 110 }) });
    expect(await it.ask('Revert')).toMatchObject({ verdict: 'wait', waitSeconds: 10 });
    expectWrites(it.log, ['DescribeRules', 'DescribeTargetHealth', 'ledger: tick']);
    expect(it.world.tasks.side('green').desired).toBe(4);
  });

  test('a look that comes a second early waits for it, and does not leave the lock for another minute', async () => {
    const it = await fixture({ lock: lockIn('reverting', 0, { ...settled, settleFrom: NOW - 119 }) });
    expect(await it.ask('Revert')).toMatchObject({ verdict: 'reverted' });
    expect(it.world.clock.now()).toBeGreaterThanOrEqual(NOW + 1);
    expect(it.world.tasks.side('green').desired).toBe(0);
    expect(it.violations).toEqual([]);
  });

  test('a second try drains again', async () => {
    const it = await fixture({ lock: lockIn('reverting', 0, { ...settled, drained: settled.settleFrom }) });
    expect(await it.ask('Revert')).toMatchObject({ verdict: 'wait', waitSeconds: 30 });
    expectWrites(it.log, ['DescribeRules', 'DescribeTargetHealth', 'ledger: settle again']);
    expect(it.world.ledger.state.lock?.settleFrom).toBe(NOW);
    expect(await askUntilAnswered(it, 'Revert')).toBe('reverted');
    expect(it.world.clock.now()).toBeGreaterThanOrEqual(NOW + 120);
  });

  test('a rule that changed meanwhile is put right, and settles anew', async () => {
    const it = await fixture({ lock: lockIn('reverting', 0, settled), weights: { blue: 75, green: 25 } });
    expect(await it.ask('Revert')).toMatchObject({ verdict: 'wait' });
    expect(it.world.balancer.weights).toEqual({ blue: 100, green: 0 });
    expect(it.world.tasks.side('green').desired).toBe(4);
  });

  test('the push that waited is started once the lock is free', async () => {
    const it = await fixture({ lock: lockIn('reverting', 0, settled), service: { pending: waiting } });
    await it.ask('Revert');
    expectInOrder(it.log, ['ledger: free after revert', 'StartExecution']);
    expect(it.started).toEqual([`pending-6666666666666666-${waiting.pushedAt}-1`]);
    expect(it.world.ledger.state.pending).toEqual(waiting);
  });

  test('asked again when all is done, it says so', async () => {
    const it = await fixture({ lock: lockIn('reverting', 0, settled) });
    await it.ask('Revert');
    const before = it.world.writes.length;
    expect(await it.ask('Revert')).toMatchObject({ verdict: 'reverted', summary: ABORT.reason });
    expect(it.world.writes).toHaveLength(before);
  });
});

function flickering() {
  let green = 0;
  return () => {
    green += 5;
    return { blue: 100 - green, green };
  };
}

describe('stable is dead', () => {
  test('the target is marked, users go to the candidate, and a person is called', async () => {
    const it = await fixture({ lock: lockIn('baking', 25, { abort: ABORT }), stableTasks: 0 });
    await it.ask('Revert');
    expectWrites(it.log, [
      'DescribeTargetHealth',
      'ledger: target',
      'ModifyRule blue 0, green 100',
      'DescribeRules',
      'ledger: reverting',
    ]);
    expect(await askUntilAnswered(it, 'Revert')).toBe('stuck');
    expect(it.world.balancer.weights).toEqual({ blue: 0, green: 100 });
    expect(it.world.tasks.side('green').desired).toBe(4);
    expect(it.world.ledger.state.lock).toMatchObject({ phase: 'stuck', target: 'candidate' });
    // The page's command leads to the colour that answers, never to the dead one.
    expect(it.world.notifications.at(-1)?.notification).toMatchObject({
      kind: 'stuck',
      title: 'STUCK, an operator must decide; all users are on green',
      next: ['sluice doctor --service conductores-backend', forceStable(SETTINGS.traffic, 'green')],
    });
    expect(it.violations).toEqual([]);
  });

  test('and the candidate too: all requests on stable, and a person is called', async () => {
    const it = await fixture({ lock: lockIn('baking', 25, { abort: ABORT }), stableTasks: 0, candidateTasks: 0 });
    expect(await askUntilAnswered(it, 'Revert')).toBe('stuck');
    expect(it.world.balancer.weights).toEqual({ blue: 100, green: 0 });
    expect(it.world.ledger.state.lock).toMatchObject({ phase: 'stuck', reason: 'neither colour has a healthy target' });
  });

  test('while the candidate was marked for its end: a person is called, and nothing is destroyed', async () => {
    const lock = lockIn('reverting', 0, { ...settled, retiring: 'green' });
    const it = await fixture({ lock, stableTasks: 0 });
    expect(await askUntilAnswered(it, 'Revert')).toBe('stuck');
    expect(it.world.tasks.side('green').desired).toBe(4);
    expect(it.world.notifications.slice(-2).map(({ notification }) => notification.title)).toEqual([
      'STUCK, an operator must decide; all users are on blue',
      'STUCK, all users are on green, moved there because only green answers',
    ]);
    expect(it.world.balancer.weights).toEqual({ blue: 0, green: 100 });
  });

  test.each([
    ['both colours', () => ({ blue: 75, green: 25 }), '25 % of requests go to green, the others to blue'],
    ['another one at each reading', flickering(), '25 % of requests go to green, the others to blue, as last known'],
  ])('the page says where users are by the rule: on %s', async (_, weights, where) => {
    const lock = lockIn('reverting', 25, { ...settled, retiring: 'green' });
    const it = await fixture({
      lock,
      stableTasks: 0,
      candidateTasks: 0,
      before: (_call, name) => {
        if (name === 'DescribeRules') Object.assign(it.world.balancer, { weights: weights() });
      },
    });
    expect(await askUntilAnswered(it, 'Revert')).toBe('stuck');
    expect(it.world.notifications.at(-1)?.notification.title).toBe(`STUCK, an operator must decide; ${where}`);
  });

  test('but heals before the end: users come back to it', async () => {
    const lock = lockIn('reverting', 25, { ...settled, target: 'candidate' });
    const it = await fixture({ lock, weights: { blue: 75, green: 25 } });
    expect(await askUntilAnswered(it, 'Revert')).toBe('reverted');
    expect(it.world.balancer.weights).toEqual({ blue: 100, green: 0 });
    expect(it.violations).toEqual([]);
  });
});
