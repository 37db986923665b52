import { describe, expect, test } from 'vitest';
import { Transient } from '../../functions/core/failures.ts';
import { type Lock, writes } from '../../functions/core/protocol.ts';
import { ABORT, FENCE, fixture, IMAGES, lockIn, NOW, type SceneOptions } from './fixture.ts';
import { expectWrites } from './order.ts';

/** At 5 % since so many seconds. */
const bakingFor = (seconds: number, facts: Partial<Lock> = {}): Lock =>
  lockIn('baking', 5, { stageFrom: NOW - seconds, firstShareAt: NOW - seconds, ...facts });
const warmFor = (seconds: number, facts: Partial<Lock> = {}): Lock =>
  lockIn('warm', 100, { stageFrom: NOW - seconds, firstShareAt: NOW - seconds - 2700, ...facts });

const silent =
  (call: 'GetMetricData' | 'DescribeAlarms'): SceneOptions['before'] =>
  (_, name) => {
    if (name === call) throw new Transient('CloudWatch did not answer');
  };
const unreadable = silent('GetMetricData');

test('one look asks CloudWatch once for numbers and once for alarms, for both colours and all zones', async () => {
  const it = await fixture({ lock: bakingFor(240), minutes: 8 });
  await it.ask('Judge');
  const before = it.world.calls.length;
  await it.ask('Judge');
  const asked = it.world.calls.slice(before).map(({ call }) => call);
  const count = (name: string) => asked.filter((call) => call === name).length;
  expect([count('GetMetricData'), count('DescribeAlarms')]).toEqual([1, 1]);
});

describe('an order to go back', () => {
  test('that stands in the ledger is passed on, and nothing is written', async () => {
    const it = await fixture({ lock: bakingFor(60, { abort: ABORT }) });
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'abort', waitSeconds: 0 });
    expect(it.world.writes).toEqual([]);
  });

  test('is written when a task of the candidate exits by itself [F43] [S488]', async () => {
    const it = await fixture({ lock: bakingFor(60) });
    await it.kill('green');
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'abort' });
    expectWrites(it.log, ['ledger: abort']);
    expect(it.world.ledger.state.lock?.abort).toMatchObject({ by: 'owner', reason: /^a task of green crashed/ });
  });

  test('is written when all readings of the rule show another share than ours', async () => {
    const it = await fixture({ lock: bakingFor(60), weights: { blue: 40, green: 60 } });
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'abort' });
    expect(it.world.ledger.state.lock?.abort?.reason).toMatch(/by hand: green has 60 % instead of 5 %/);
  });

  test('is not written when a reading of the rule only lagged', async () => {
    let readings = 0;
    const it = await fixture({
      lock: bakingFor(60),
      weights: { blue: 100, green: 0 },
      after: (_, name) => {
        if (name === 'DescribeRules' && ++readings === 1) it.world.balancer.weights = { blue: 95, green: 5 };
      },
    });
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'continue' });
    expect(it.world.ledger.state.lock?.abort).toBeUndefined();
  });
});

describe('a person’s hold', () => {
  const waitingFor = { what: 'ready for 25 %', from: NOW - 500 };

  test('lets the wait for the candidate begin anew, also when it is removed by hand', async () => {
    const it = await fixture({ lock: bakingFor(1000, { waitingFor, hold: { by: 'maria', at: NOW - 100 } }) });
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'hold' });
    expect(it.world.ledger.state.lock).toMatchObject({ hold: { by: 'maria' } });
    expect(it.world.ledger.state.lock?.waitingFor).toBeUndefined();
  });

  test('that does not stand lets a wait go on', async () => {
    const it = await fixture({ lock: bakingFor(1000, { waitingFor }) });
    await it.ask('Judge');
    expect(it.world.ledger.state.lock?.waitingFor).toEqual(waitingFor);
  });
});

describe('silence', () => {
  test.each([
    ['during the bake it goes on watching', 600, 'continue'],
    ['at its end it holds [F38]', 900, 'hold'],
  ])('numbers that cannot be read never advance: %s', async (_, seconds, verdict) => {
    const it = await fixture({ lock: bakingFor(seconds), before: unreadable });
    expect(await it.ask('Judge')).toMatchObject({ verdict, share: 5, summary: /could not be read/ });
  });

  test.each([
    ['during the bake', 600, 'continue'],
    ['at its end', 900, 'hold'],
  ])('alarms that cannot be read are not well: %s', async (_, seconds, verdict) => {
    const it = await fixture({ lock: bakingFor(seconds), before: silent('DescribeAlarms') });
    expect(await it.ask('Judge')).toMatchObject({ verdict, share: 5, summary: /alarms could not be read/ });
  });

  test('after twice the bake an operator is asked, once [F39]', async () => {
    const it = await fixture({ lock: bakingFor(1800) });
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'hold' });
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'hold', summary: /waits for an operator/ });
    expect(it.log.filter((line) => line === 'ledger: ask')).toHaveLength(1);
    expect(it.world.notifications.map(({ notification }) => notification.title)).toEqual([
      'held at 5 %, an operator must decide',
    ]);
  });

  test('after four hours without an answer it goes back', async () => {
    const it = await fixture({ lock: bakingFor(17_000, { askedAt: NOW - 4 * 3600 }) });
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'abort', summary: /nobody gave an answer within 4 hours/ });
    expect(it.world.ledger.state.lock?.abort?.by).toBe('owner');
  });
});

describe('a backstop alarm that still rings', () => {
  // Green has had no task for a quarter of an hour: its alarm rings, since before the first share.
  const firing = { minutes: 15, candidateTasks: 0, before: unreadable } as const;

  test.each([
    ['a bake', bakingFor(600)],
    ['the warm time', warmFor(60)],
  ])(
    'when its minutes must be ours is obeyed in %s, although its event was lost and no number can be read',
    async (_, lock) => {
      const it = await fixture({ lock, ...firing });
      expect(await it.ask('Judge')).toMatchObject({ verdict: 'abort', summary: /no-healthy-target/ });
      expectWrites(it.log, ['DescribeRules', 'ledger: abort']);
    },
  );

  test('is not held against a release that is too young for it', async () => {
    const it = await fixture({ lock: bakingFor(599), ...firing });
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'continue' });
  });

  test('at the other colour is nothing to the candidate', async () => {
    const it = await fixture({ lock: bakingFor(600), minutes: 15, stableTasks: 0, before: unreadable });
    expect(it.world.numbers.alarms().some(({ state, colour }) => state === 'ALARM' && colour === 'blue')).toBe(true);
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'continue' });
  });
});

describe('under the literal policy', () => {
  const plan = { ...lockIn('opening').plan, policy: 'literal' } as const;

  test('a minute is recorded with its share while that share lasts', async () => {
    const it = await fixture({ lock: bakingFor(600, { plan }), minutes: 15 });
    await it.ask('Judge');
    const { releaseId } = it.world.ledger.state.lock!;
    const shares = it.world.ledger.evidence(releaseId).map(({ share }) => share);
    expect(shares.length).toBeGreaterThan(5);
    expect(new Set(shares)).toEqual(new Set([5]));
  });

  test('its verdict does not wait for the record', async () => {
    const it = await fixture({
      lock: bakingFor(600, { plan }),
      minutes: 15,
      before: (_, name) => {
        if (name === 'Ledger read' && asked++ > 0) throw new Transient('DynamoDB did not answer');
      },
    });
    let asked = 0;
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'continue', summary: /no alarm/ });
  });
});

describe('a person', () => {
  const command = { id: 'c-1', verb: 'advance', share: 5, fence: FENCE } as const;

  test('ends a bake with advance, and Shift takes the command', async () => {
    const it = await fixture({ lock: bakingFor(60, { command }) });
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'advance', share: 25 });
    expect(it.world.ledger.state.lock?.command).toEqual(command);
  });

  test('holds a bake', async () => {
    const it = await fixture({ lock: bakingFor(60, { hold: { by: 'maria', at: NOW } }) });
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'hold', summary: '5 %: hold, held by maria' });
  });

  test('holds a release before its first share, and lets it go on', async () => {
    const it = await fixture({ lock: lockIn('deploying', 0, { hold: { by: 'maria', at: NOW } }), candidateTasks: 2 });
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'hold', waitSeconds: 30 });
    it.write(writes.resume(FENCE));
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'advance', share: 5 });
  });
});

describe('a rollback bar of the plan', () => {
  test('that only the candidate is over is told to a person, once, and the bake goes on', async () => {
    const lock = lockIn('baking', 50, { stageFrom: NOW, firstShareAt: NOW });
    const it = await fixture({ lock, minutes: 60, stableErrorRate: 0.015, candidateErrorRate: 0.026 });
    await it.wait(480);
    const verdicts = [await it.ask('Judge'), await it.ask('Judge')].map(({ verdict }) => verdict);
    expect(verdicts).toEqual(['continue', 'continue']);
    expect(it.world.notifications.map(({ notification }) => [notification.kind, notification.title])).toEqual([
      ['trouble', 'errors over the limit in 2 of 3 minutes'],
    ]);
    expect(it.world.notifications[0]?.notification.body).toMatch(/green failed [\d,]+ of [\d,]+ requests/);
  });
});

describe('the wait that follows', () => {
  test.each([
    [60, 30],
    [885, 15],
    [1000, 30],
  ])('%i s into a bake of 900 s is at most %i s', async (seconds, wait) => {
    const it = await fixture({ lock: bakingFor(seconds) });
    const { waitSeconds } = await it.ask('Judge');
    expect(waitSeconds).toBeLessThanOrEqual(wait);
    expect(waitSeconds).toBeGreaterThan(0);
  });
});

describe('the warm time', () => {
  test('goes on while it lasts', async () => {
    const it = await fixture({ lock: warmFor(60), minutes: 5 });
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'continue', share: 100 });
  });

  test('is over by the clock', async () => {
    const it = await fixture({ lock: warmFor(3600) });
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'advance', share: 100 });
  });

  test('is over when a push waits', async () => {
    const pending = { ...IMAGES['v1.5.1'], image: 'v1.5.1', attempt: 1, input: { image: 'v1.5.1' } };
    const it = await fixture({ lock: warmFor(60), service: { pending }, minutes: 5 });
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'advance', summary: /a push waits/ });
  });

  /** An hour of numbers, then five minutes at 100 % on 20 tasks. */
  const onTwenty = { lock: warmFor(300), candidateTasks: 20, stableTasks: 20, minutes: 65 };
  const firstOf = (colour: string, count: number) => {
    const ids = new Set<number>();
    return (task: { colour: string; id: number }) =>
      task.colour === colour && (ids.has(task.id) || (ids.size < count && ids.add(task.id).has(task.id)));
  };

  test.each(['compare', 'literal'] as const)(
    'one of 20 targets unhealthy for minutes rolls nobody back under %s, and is told to a person',
    async (policy) => {
      const lock = { ...onTwenty.lock, plan: { ...onTwenty.lock.plan, policy } };
      const it = await fixture({ ...onTwenty, lock, failsHealthCheck: firstOf('green', 1) });
      expect(await it.ask('Judge')).toMatchObject({ verdict: 'continue', share: 100 });
      expect(it.world.notifications[0]?.notification.body).toMatch(/unhealthy targets 1/);
    },
  );

  test('seven of 20 unhealthy for minutes roll back while the old colour is fine', async () => {
    const it = await fixture({ ...onTwenty, failsHealthCheck: firstOf('green', 7) });
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'abort', summary: /35 % of its targets unhealthy/ });
  });

  test('nobody is rolled back to a dead old colour, however many targets are unhealthy', async () => {
    const it = await fixture({ ...onTwenty, failsHealthCheck: firstOf('green', 7) });
    await it.kill('blue');
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'continue', share: 100 });
  });

  test('trouble of the watch itself is told to a person, and changes nothing', async () => {
    const it = await fixture({ lock: warmFor(60), minutes: 5 });
    const error = { Error: 'States.Timeout', Cause: 'no answer' };
    expect(await it.ask('Judge', { release: { id: 'r-20260105-135500', fence: FENCE }, error })).toMatchObject({
      verdict: 'continue',
    });
    expect(it.world.notifications[0]?.notification).toMatchObject({
      kind: 'trouble',
      title: 'A check in the warm time failed',
    });
  });
});
