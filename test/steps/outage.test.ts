/** What cannot be read neither ends a release nor moves it forward; the rest is judged all the same. */
import { describe, expect, test } from 'vitest';
import { Transient } from '../../functions/core/failures.ts';
import type { Lock } from '../../functions/core/protocol.ts';
import { FENCE, fixture, lockIn, NOW, PLAN, type SceneOptions } from './fixture.ts';

const bakingFor = (seconds: number, facts: Partial<Lock> = {}): Lock =>
  lockIn('baking', 25, { stageFrom: NOW - seconds, firstShareAt: NOW - seconds, ...facts });
const unread =
  (...calls: readonly string[]): NonNullable<SceneOptions['before']> =>
  (_, name) => {
    if (calls.includes(name)) throw new Transient(`${name}: no answer`);
  };
const since = (seconds: number, facts: Partial<NonNullable<Lock['outage']>> = {}) => ({
  outage: { what: 'ECS could not be read', from: NOW - seconds, ...facts },
});
const failed = { release: { id: lockIn('opening').releaseId, fence: FENCE }, error: { Error: 'Lambda.Unknown' } };
const outageIn = (it: Awaited<ReturnType<typeof fixture>>) => it.world.ledger.state.lock?.outage;

describe('a look that cannot read ECS', () => {
  const before = unread('DescribeServices');

  test('holds and remembers since when, whatever the plan says of the unproven', async () => {
    const lock = bakingFor(10_000, { plan: { ...PLAN, onUnproven: 'abort' } });
    const it = await fixture({ lock, before });
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'hold', summary: /ECS could not be read/ });
    expect(outageIn(it)?.from).toBeGreaterThanOrEqual(NOW);
    expect(it.world.notifications).toEqual([]);
  });

  test('asks a person after fifteen minutes, once', async () => {
    const it = await fixture({ lock: bakingFor(1200, since(899)), before });
    await it.wait(1);
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'hold', summary: /15 minutes; an operator is asked/ });
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'hold', summary: /waits for an operator/ });
    expect(it.world.notifications.map(({ notification }) => notification.kind)).toEqual(['held']);
  });

  test('rolls back when nobody answered for four hours', async () => {
    const it = await fixture({ lock: bakingFor(20_000, since(16_000, { askedAt: NOW - 4 * 3600 })), before });
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'abort', summary: /nobody gave an answer within 4 hours/ });
  });

  test('still sees weights that somebody changed by hand', async () => {
    const it = await fixture({ lock: bakingFor(60), weights: { blue: 40, green: 60 }, before });
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'abort', summary: /by hand/ });
  });

  test('before the first share gives up after fifteen minutes, with the cause', async () => {
    const it = await fixture({ lock: lockIn('deploying', 0, since(900)), candidateTasks: 4, before });
    expect(await it.ask('Judge')).toMatchObject({
      verdict: 'abort',
      summary: /ECS could not be read.* for 15 minutes/,
    });
  });
});

test('one lost call is no outage: it is read again at once', async () => {
  let calls = 0;
  const before: SceneOptions['before'] = (_, name) => {
    if (name === 'DescribeServices' && ++calls === 1) throw new Transient('no answer');
  };
  const it = await fixture({ lock: bakingFor(60), before });
  await it.ask('Judge');
  expect(outageIn(it)).toBeUndefined();
});

describe('a look that reads everything again', () => {
  test('ends the outage, whose time does not count against the candidate that was waited for', async () => {
    const waitingFor = { what: 'ready for 50 %', from: NOW - 500 };
    const it = await fixture({ lock: bakingFor(1200, { waitingFor, ...since(300) }) });
    await it.ask('Judge');
    expect(outageIn(it)).toBeUndefined();
    const from = it.world.ledger.state.lock!.waitingFor!.from;
    expect(from - waitingFor.from).toBeGreaterThanOrEqual(300);
    expect(from - waitingFor.from).toBeLessThanOrEqual(302);
  });
});

describe('a step that fails again and again', () => {
  test('is tried again while the judge says so, and an operator is asked after fifteen minutes', async () => {
    const it = await fixture({ lock: bakingFor(60, since(900)) });
    expect(await it.ask('Judge', failed)).toMatchObject({ verdict: 'continue' });
    expect(it.world.notifications.map(({ notification }) => notification.kind)).toEqual(['held']);
    expect(it.world.notifications[0]!.notification.body).toMatch(/Lambda.Unknown/);
  });

  test('ends the release when nobody answered for four hours', async () => {
    const it = await fixture({ lock: bakingFor(60, since(16_000, { askedAt: NOW - 4 * 3600 })) });
    expect(await it.ask('Judge', failed)).toMatchObject({ verdict: 'abort' });
  });

  test('as the migration ends before any user, after fifteen minutes', async () => {
    const lock = lockIn('migrating', 0, { plan: { ...PLAN, migrates: true }, ...since(900) });
    const it = await fixture({ lock });
    await expect(it.ask('Migrate', failed)).rejects.toMatchObject({ name: 'MigrationFailed', message: /15 minutes/ });
  });
});

describe('a judge that dies on its way', () => {
  test('has not ticked: whoever counts ticks sees that nobody judged', async () => {
    const before: SceneOptions['before'] = (_, name) => {
      if (name === 'GetMetricData') throw new TypeError('out of memory');
    };
    const it = await fixture({ lock: bakingFor(600), before });
    await expect(it.ask('Judge')).rejects.toThrow('out of memory');
    expect(it.world.ledger.state.lock?.ticks).toBe(0);
  });
});

describe('a rule that shows the share which Shift meant and did not confirm', () => {
  const ON_50 = { blue: 50, green: 50 };

  test('is ours: the judge sends it to Shift, which confirms it', async () => {
    const it = await fixture({ lock: bakingFor(1000, { intent: 50 }), weights: ON_50 });
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'finish', share: 50 });
    expect(await it.ask('Shift', { ...failed, share: 50 })).toMatchObject({ verdict: 'shifted', share: 50 });
    expect(it.world.ledger.state.lock).toMatchObject({ share: 50, phase: 'baking' });
    expect(it.violations).toEqual([]);
  });

  test('goes back to the confirmed share while a person holds', async () => {
    const hold = { by: 'maria', at: NOW - 5 };
    const it = await fixture({ lock: bakingFor(1000, { intent: 50, hold }), weights: ON_50 });
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'finish' });
    expect(await it.ask('Shift', { ...failed, share: 50 })).toMatchObject({ verdict: 'held', share: 25 });
    expect(it.world.balancer.weights).toEqual({ blue: 75, green: 25 });
  });

  test('does not save a candidate whose task crashed', async () => {
    const it = await fixture({ lock: bakingFor(1000, { intent: 50 }), weights: ON_50 });
    await it.kill('green');
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'abort' });
  });

  test('is finished for the first share, too; after fifteen minutes of failures it goes back unasked', async () => {
    const first = (facts: Partial<Lock> = {}) =>
      fixture({
        lock: lockIn('baking', 0, { intent: 5, ...facts }),
        weights: { blue: 95, green: 5 },
        candidateTasks: 4,
      });
    expect(await (await first()).ask('Judge')).toMatchObject({ verdict: 'finish', share: 5 });
    const late = await first(since(900));
    expect(await late.ask('Judge', failed)).toMatchObject({ verdict: 'abort' });
    expect(late.world.notifications).toEqual([]);
  });
});

test('a Shift that died after all users had moved calls the old colour warm, whatever can be read', async () => {
  const lock = lockIn('baking', 100);
  const it = await fixture({ lock, before: unread('DescribeServices', 'DescribeTargetHealth') });
  expect(await it.ask('Judge', failed)).toMatchObject({ verdict: 'advance', share: 100 });
  expect(await it.ask('Prepare', { ...failed, share: 100 })).toMatchObject({ verdict: 'ready' });
  expect(await it.ask('Shift', { ...failed, share: 100 })).toMatchObject({ verdict: 'shifted', share: 100 });
  expect(it.world.ledger.state.lock?.phase).toBe('warm');
});
