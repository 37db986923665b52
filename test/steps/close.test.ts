import { describe, expect, test } from 'vitest';
import { Stuck, Transient } from '../../functions/core/failures.ts';
import type { Pending } from '../../functions/core/protocol.ts';
import { ABORT, askUntilAnswered, CURRENT, fixture, IMAGES, lockIn, NOW } from './fixture.ts';
import { expectInOrder, expectWrites } from './order.ts';

const settled = { settleFrom: NOW - 120 };
const waiting: Pending = {
  ...IMAGES['v1.5.1'],
  image: 'v1.5.1',
  attempt: 1,
  input: { image: 'v1.5.1', source: 'push', pushedAt: IMAGES['v1.5.1'].pushedAt },
};

describe('the point of no return', () => {
  test('is one write, after which nothing happens for 120 s', async () => {
    const it = await fixture({ lock: lockIn('warm', 100) });
    expect(await it.ask('Close')).toMatchObject({ verdict: 'wait', waitSeconds: 30 });
    expectWrites(it.log, ['ledger: closing']);
    expect(it.world.ledger.state.lock).toMatchObject({ phase: 'closing', settleFrom: NOW });
  });

  test('is refused by an abort: it goes back', async () => {
    const it = await fixture({ lock: lockIn('warm', 100, { abort: ABORT }) });
    expect(await it.ask('Close')).toMatchObject({ verdict: 'revert', summary: ABORT.reason });
    expect(it.world.writes).toEqual([]);
  });

  test('is refused while the release still bakes', async () => {
    const it = await fixture({ lock: lockIn('baking', 50) });
    expect(await it.ask('Close')).toMatchObject({ verdict: 'revert' });
    expect(it.world.writes).toEqual([]);
  });
});

describe('the second half', () => {
  test('drained, verified, marked, scaled down, freed: in this order', async () => {
    const it = await fixture({ lock: lockIn('closing', 100, settled) });
    expect(await it.ask('Close')).toMatchObject({ verdict: 'closed' });
    expectWrites(it.log, [
      'DescribeRules',
      'ledger: drained',
      'DescribeRules',
      'DescribeRules',
      'DescribeRules',
      'DescribeTargetHealth',
      'ledger: retiring',
      'Probe (rests)',
      'RegisterScalableTarget (suspend) blue',
      'UpdateService blue 0',
      'ledger: free after close',
    ]);
    expect(it.world.ledger.state).toMatchObject({ stable: 'green', current: { image: 'v1.5.0' }, previous: CURRENT });
    expect(it.world.ledger.state.lock).toBeUndefined();
    expect(it.world.ledger.record('v1.5.0')?.status).toBe('promoted');
    expect(it.world.probed).toBe('green');
    expect(it.violations).toEqual([]);
  });

  test('ends also where the probe cannot be changed', async () => {
    const it = await fixture({
      lock: lockIn('closing', 100, settled),
      before: (_, name) => {
        if (name === 'Probe (rests)') throw new Stuck('The listener rule is not there');
      },
    });
    expect(await it.ask('Close')).toMatchObject({ verdict: 'closed' });
    expect(it.world.tasks.side('blue').desired).toBe(0);
  });

  test('nothing is scaled down before 120 s have passed', async () => {
    const it = await fixture({ lock: lockIn('closing', 100, { settleFrom: NOW - 110 }) });
    expect(await it.ask('Close')).toMatchObject({ verdict: 'wait', waitSeconds: 10 });
    expectWrites(it.log, ['DescribeRules', 'ledger: tick']);
    expect(it.world.tasks.side('blue').desired).toBe(4);
  });

  test('a second try drains again', async () => {
    const it = await fixture({ lock: lockIn('closing', 100, { ...settled, drained: settled.settleFrom }) });
    expect(await it.ask('Close')).toMatchObject({ verdict: 'wait' });
    expectWrites(it.log, ['DescribeRules', 'ledger: settle again']);
    expect(it.world.ledger.state.lock?.settleFrom).toBe(NOW);
  });

  test('a split rule is sent forward, and settles anew', async () => {
    const it = await fixture({ lock: lockIn('closing', 100, settled), weights: { blue: 75, green: 25 } });
    expect(await it.ask('Close')).toMatchObject({ verdict: 'wait' });
    expectInOrder(it.log, ['ModifyRule blue 0, green 100', 'DescribeRules', 'ledger: settle again']);
    expect(it.world.tasks.side('blue').desired).toBe(4);
  });

  test('a rule that somebody put back on stable by hand is left alone, and a person is called', async () => {
    const it = await fixture({ lock: lockIn('closing', 100, settled), weights: { blue: 100, green: 0 } });
    expect(await it.ask('Close')).toMatchObject({ verdict: 'stuck' });
    expect(it.world.balancer.weights).toEqual({ blue: 100, green: 0 });
    expect(it.world.tasks.side('blue').desired).toBe(4);
    expect(it.world.notifications.at(-1)?.notification.kind).toBe('stuck');
  });

  test('the push that waited is started once the lock is free', async () => {
    const it = await fixture({ lock: lockIn('closing', 100, settled), service: { pending: waiting } });
    await it.ask('Close');
    expectInOrder(it.log, ['ledger: free after close', 'StartExecution']);
    expect(it.started).toHaveLength(1);
  });

  test('asked again when all is done, it says so', async () => {
    const it = await fixture({ lock: lockIn('closing', 100, settled) });
    await it.ask('Close');
    const before = it.world.writes.length;
    expect(await it.ask('Close')).toMatchObject({ verdict: 'closed' });
    expect(it.world.writes).toHaveLength(before);
  });
});

describe('the new version dies while it closes', () => {
  test('users go back to the old colour as long as it has tasks, and a person is called', async () => {
    const it = await fixture({ lock: lockIn('closing', 100, settled), candidateTasks: 0 });
    expect(await it.ask('Close')).toMatchObject({ verdict: 'stuck' });
    const written = it.log.filter((line) => !line.startsWith('Describe'));
    expect(written.slice(-2)).toEqual(['ledger: stuck', 'ModifyRule blue 100, green 0']);
    expect(it.world.notifications.at(-1)?.notification.kind).toBe('stuck');
  });

  test('also when that invocation died right after it had called it stuck', async () => {
    let isFirst = true;
    const it = await fixture({
      lock: lockIn('closing', 100, settled),
      candidateTasks: 0,
      after: (_, name) => {
        if (name === 'Publish' && isFirst) {
          isFirst = false;
          throw new Error('the Lambda died');
        }
      },
    });
    await expect(it.ask('Close')).rejects.toThrow('the Lambda died');
    expect(await askUntilAnswered(it, 'Close')).toBe('stuck');
    expect(it.world.balancer.weights).toEqual({ blue: 100, green: 0 });
  });

  test('also when the rule is split: nobody is sent to the dead colour first', async () => {
    const it = await fixture({
      lock: lockIn('closing', 100, settled),
      candidateTasks: 0,
      weights: { blue: 75, green: 25 },
    });
    expect(await askUntilAnswered(it, 'Close')).toBe('stuck');
    expect(it.log.filter((line) => line.startsWith('ModifyRule'))).toEqual(['ModifyRule blue 100, green 0']);
    expect(it.violations).toEqual([]);
  });

  test('they stay where they are when the old colour sleeps already', async () => {
    const it = await fixture({
      lock: lockIn('closing', 100, { ...settled, retiring: 'blue' }),
      candidateTasks: 0,
      stableTasks: 0,
    });
    expect(await it.ask('Close')).toMatchObject({ verdict: 'stuck' });
    expect(it.world.balancer.weights).toEqual({ blue: 0, green: 100 });
  });
});

test('a call whose answer was lost is made up for by closing again', async () => {
  let lost = true;
  const it = await fixture({
    lock: lockIn('closing', 100, settled),
    after: (_, name) => {
      if (name === 'UpdateService' && lost) {
        lost = false;
        throw new Transient('no answer');
      }
    },
  });
  expect(await askUntilAnswered(it, 'Close')).toBe('closed');
  expect(it.world.ledger.state.stable).toBe('green');
  expect(it.world.tasks.side('blue').desired).toBe(0);
});
