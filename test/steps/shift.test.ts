import { describe, expect, test } from 'vitest';
import { writes } from '../../functions/core/protocol.ts';
import type { StepInput } from '../../functions/steps/shared/step.ts';
import { ABORT, FENCE, fixture, lockIn, type SceneOptions } from './fixture.ts';
import { expectInOrder, expectWrites } from './order.ts';

const to = (share: number): StepInput['state'] => ({ release: { id: 'r-20260105-135500', fence: FENCE }, share });

/** Does something just before the named port call is made for the n-th time. */
function once(name: string, deed: () => void, nth = 1): NonNullable<SceneOptions['before']> {
  let seen = 0;
  return (_, call) => {
    if (call === name && ++seen === nth) deed();
  };
}

describe('the order of a shift', () => {
  test('the intent, the rule, its reading, the confirmation', async () => {
    const it = await fixture({ lock: lockIn('baking', 5) });
    const answer = await it.ask('Shift', to(25));
    expect(answer).toMatchObject({ verdict: 'shifted', share: 25 });
    expectWrites(it.log, [
      'DescribeTargetHealth',
      'ledger: intent',
      'ModifyRule blue 75, green 25',
      'DescribeRules',
      'ledger: share',
    ]);
    expect(it.world.ledger.state.lock).toMatchObject({ phase: 'baking', share: 25, intent: 25 });
  });

  test('at 100 % the old colour is then called warm', async () => {
    const it = await fixture({ lock: lockIn('baking', 50) });
    expect(await it.ask('Shift', to(100))).toMatchObject({ verdict: 'shifted', share: 100 });
    expectInOrder(it.log, ['ledger: share', 'ledger: warm']);
    expect(it.world.ledger.state.lock?.phase).toBe('warm');
  });

  test('the first share remembers when it was and how the alarms stood, a later one does not', async () => {
    const first = await fixture({ lock: lockIn('deploying'), candidateTasks: 4, minutes: 3 });
    await first.ask('Shift', to(5));
    const { lock } = first.world.ledger.state;
    expect(lock?.firstShareAt).toBe(lock?.stageFrom);
    expect(Object.keys(lock!.alarmsSeen!)).toContain('conductores-backend-green-backstop-error-rate');

    const later = await fixture({ lock: lockIn('baking', 5) });
    await later.ask('Shift', to(25));
    expect(later.world.ledger.state.lock?.firstShareAt).toBe(lockIn('baking', 5).firstShareAt);
  });
});

test('a share that is not seen in the rule is not confirmed [F27]', async () => {
  let hand: () => void = () => {};
  const it = await fixture({ lock: lockIn('baking', 5), before: once('DescribeRules', () => hand()) });
  hand = () => it.world.balancer.route({ blue: 95, green: 5 });
  await expect(it.ask('Shift', to(25))).rejects.toMatchObject({ name: 'Transient' });
  expect(it.world.ledger.state.lock).toMatchObject({ share: 5, intent: 25 });
  expect(it.log.filter((line) => line === 'DescribeRules')).toHaveLength(3);
});

test('too few healthy tasks for the share: nothing is written [F30]', async () => {
  const it = await fixture({ lock: lockIn('baking', 25), candidateTasks: 2, stableTasks: 5 });
  const answer = await it.ask('Shift', to(50));
  expect(answer).toMatchObject({
    verdict: 'not ready',
    share: 50,
    summary: '25 %: green has 2 of 3 healthy tasks for 50 %',
  });
  expect(it.world.writes).toEqual([]);
});

describe('a person’s hold', () => {
  const hold = { by: 'maria', at: 1 };

  test('a shift that is held goes back to the judge, at the share that it has', async () => {
    const it = await fixture({ lock: lockIn('baking', 5, { hold }) });
    expect(await it.ask('Shift', to(25))).toMatchObject({ verdict: 'held', share: 5, summary: '5 %: held by maria' });
    expect(it.world.writes).toEqual([]);
  });

  test('does not put users back on a stable that is dead', async () => {
    const lock = lockIn('baking', 50, { intent: 100, hold: { by: 'maria', at: 1 } });
    const it = await fixture({ lock, weights: { blue: 0, green: 100 }, stableTasks: 0 });
    expect(await it.ask('Shift', to(100))).toMatchObject({ verdict: 'held', share: 50 });
    expect(it.world.balancer.weights).toEqual({ blue: 0, green: 100 });
  });
});

describe('a command to advance', () => {
  const command = { id: 'c-1', verb: 'advance', share: 5, fence: FENCE } as const;

  test('is taken in the write of the intent', async () => {
    const it = await fixture({ lock: lockIn('baking', 5, { command }) });
    await it.ask('Shift', to(25));
    expect(it.world.ledger.state.lock?.command).toBeUndefined();
    expect(it.world.ledger.state.lock?.taken).toBe('c-1');
  });

  test.each([
    ['another release', { ...command, fence: FENCE - 1 }],
    ['another share', { ...command, share: 0 }],
  ])('that was given for %s is left alone', async (_, other) => {
    const it = await fixture({ lock: lockIn('baking', 5, { command: other }) });
    await it.ask('Shift', to(25));
    expect(it.world.ledger.state.lock).toMatchObject({ share: 25, command: other });
    expect(it.world.ledger.state.lock?.taken).toBeUndefined();
  });
});

describe('an abort that comes in between', () => {
  test('before the intent: nothing moves', async () => {
    let order: () => void = () => {};
    const it = await fixture({ lock: lockIn('baking', 5), before: once('Ledger write', () => order()) });
    order = () => it.write(writes.abort(FENCE, ABORT));
    await expect(it.ask('Shift', to(25))).rejects.toMatchObject({ name: 'Aborted', message: ABORT.reason });
    expect(it.world.balancer.weights).toEqual({ blue: 95, green: 5 });
    expectWrites(it.log, ['DescribeTargetHealth']);
  });

  test('after the rule: all requests are on stable again', async () => {
    let order: () => void = () => {};
    const it = await fixture({ lock: lockIn('baking', 5), before: once('Ledger write', () => order(), 2) });
    order = () => it.write(writes.abort(FENCE, ABORT));
    await expect(it.ask('Shift', to(25))).rejects.toMatchObject({ name: 'Aborted', message: ABORT.reason });
    expectInOrder(it.log, ['ModifyRule blue 100, green 0', 'DescribeRules']);
    expect(it.world.ledger.state.lock).toMatchObject({ share: 5, intent: 25 });
  });

  test('after the rule, with stable dead: users stay where somebody answers', async () => {
    let order: () => void = () => {};
    const it = await fixture({
      lock: lockIn('baking', 50),
      stableTasks: 0,
      before: once('Ledger write', () => order(), 2),
    });
    order = () => it.write(writes.abort(FENCE, ABORT));
    await expect(it.ask('Shift', to(100))).rejects.toMatchObject({ name: 'Aborted' });
    expect(it.world.balancer.weights).toEqual({ blue: 0, green: 100 });
  });

  test('by a take-over after the rule: nothing more is written', async () => {
    let takeOver: () => void = () => {};
    const it = await fixture({ lock: lockIn('baking', 5), before: once('Ledger write', () => takeOver(), 2) });
    takeOver = () =>
      it.write({
        name: 'take over',
        condition: { all: [] },
        set: { 'lock.owner': 'reconciler', 'lock.fence': FENCE + 1, 'lock.phase': 'reverting' },
      });
    await expect(it.ask('Shift', to(25))).rejects.toMatchObject({ name: 'FencedOut' });
    expectInOrder(it.log, ['ModifyRule blue 75, green 25', 'DescribeRules']);
  });
});
