import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Baseline, learn } from '../../../functions/core/judge/baseline.ts';
import { beginOdds, type Odds, oddsOf } from '../../../functions/core/judge/comparison.ts';
import { EFFECTS, LATENCY_GRID_MS, METRICS, ODDS_LIMIT } from '../../../functions/core/judge/constants.ts';
import {
  beginJudging,
  foldMinute,
  type JudgedMinute,
  type JudgeState,
  weigh,
} from '../../../functions/core/judge/judge.ts';
import { beginPast, followPast, growAgainstPast } from '../../../functions/core/judge/past.ts';
import type { Counts, GroupMinute } from '../../../functions/core/judge/readings.ts';

const names = { candidate: 'green', stable: 'blue' };
/** Requests of a minute. */
const N = 6_000;

/** A zone's minute: one in ten responses over 200 ms, one in a hundred over 400 ms. */
const zone = (errors5xx: number, requests = N / 2): GroupMinute => ({
  requests,
  answered: requests,
  ...(errors5xx > 0 ? { errors5xx } : {}),
  withinPercent: LATENCY_GRID_MS.map((ms) => (ms < 200 ? 50 : ms < 400 ? 90 : ms < 600 ? 99 : 100)),
  healthyHosts: 2,
});
/** An hour at an error rate of 0.1 %. */
const hour = (minutes = 60, wild = 0): Baseline =>
  learn(
    Array.from({ length: minutes }, (_, minute) => (minute < wild ? [zone(90), zone(90)] : [zone(3), zone(3)])),
    LATENCY_GRID_MS,
  );

const counts = (failures: number, slow = 0.1 * N, verySlow = 0.01 * N, requests = N): Counts => ({
  requests,
  failures,
  slow,
  verySlow,
});
const usual = counts(6);

const at100 = (index: number, candidate: Counts | undefined, rest: Partial<JudgedMinute> = {}): JudgedMinute => ({
  index,
  stageAge: index - 45,
  alone: true,
  candidate,
  stable: undefined,
  tasks: { candidate: 8, stable: 4 },
  healthyCandidate: 8,
  ...rest,
});

/** A canary of three bakes in which nothing was wrong, as both colours' counts. */
const baked = (baseline = hour()): JudgeState => {
  let state = beginJudging(baseline);
  for (let index = 0; index < 45; index++) {
    const part = [0.05, 0.25, 0.5][Math.floor(index / 15)]!;
    const of = (share: number) => counts(Math.round(6 * share), N * share * 0.1, N * share * 0.01, N * share);
    state = foldMinute(state, {
      index,
      stageAge: index % 15,
      candidate: of(part),
      stable: of(1 - part),
      tasks: { candidate: 4, stable: 4 },
      healthyCandidate: 4,
    });
  }
  return state;
};

/** Minutes at 100 % until it aborts; undefined when it never does. */
function abortsAfter(
  minute: (age: number) => Counts,
  { state = baked(), quiet = 0, minutes = 60 }: { state?: JudgeState; quiet?: number; minutes?: number } = {},
) {
  let now = state;
  for (let age = 0; age < quiet + minutes; age++) {
    now = foldMinute(now, at100(45 + age, age < quiet ? usual : minute(age - quiet)));
    const verdict = weigh(now, { bakeDone: false, names });
    if (verdict.word === 'abort') return { minutes: age - quiet + 1, ...verdict };
  }
  return undefined;
}

describe('at 100 %', () => {
  test('an hour and twelve hours of what is usual roll nobody back', () => {
    expect(abortsAfter(() => usual)).toBeUndefined();
    expect(abortsAfter(() => usual, { minutes: 720 })).toBeUndefined();
  });

  test('two points more errors roll back in seven or eight minutes, from the start and after half an hour', () => {
    const faulty = () => counts(6 + 0.02 * N);
    expect(abortsAfter(faulty)).toMatchObject({ minutes: 7, rule: 'more errors than before' });
    expect(abortsAfter(faulty, { quiet: 30 })!.minutes).toBeLessThanOrEqual(10);
    expect(abortsAfter(faulty, { quiet: 700 })!.minutes).toBeLessThanOrEqual(13);
  });

  test('twice as slow rolls back, and names what it was', () => {
    expect(abortsAfter(() => counts(6, 0.45 * N, 0.12 * N))!.minutes).toBeLessThanOrEqual(9);
    expect(abortsAfter(() => counts(6, 0.45 * N, 0.01 * N))).toMatchObject({ rule: 'more slow responses than before' });
    expect(abortsAfter(() => counts(6, 0.1 * N, 0.12 * N))).toMatchObject({
      rule: 'more very slow responses than before',
    });
  });

  test('six bad minutes of everything roll nobody back: a short outage of both colours looks like that', () => {
    const outage = (age: number) => (age < 6 ? counts(0.15 * N, 0.6 * N, 0.2 * N) : usual);
    expect(abortsAfter(outage, { quiet: 1 })).toBeUndefined();
    expect(abortsAfter(outage, { quiet: 20 })).toBeUndefined();
  });

  test('a candidate that fails more than half of its requests gets no second minute', () => {
    expect(abortsAfter(() => counts(0.6 * N), { quiet: 30 })?.minutes).toBe(1);
    expect(abortsAfter(() => counts(0.4 * N), { quiet: 30 })!.minutes).toBeGreaterThan(1);
  });

  test('errors and response times that drift by half in an hour are the time of day', () => {
    const drifting = (age: number) =>
      counts(6 * Math.exp((1.5 * age) / 60), 0.1 * N * Math.exp((0.8 * age) / 60), 0.01 * N * Math.exp(age / 60));
    expect(abortsAfter(drifting)).toBeUndefined();
  });

  test('one wild minute of the hour before makes nobody deaf', () => {
    expect(abortsAfter(() => counts(6 + 0.02 * N), { state: baked(hour(60, 1)) })!.minutes).toBeLessThanOrEqual(8);
  });

  test('evidence of the bake goes on: there is one limit for both', () => {
    const before = oddsOf(baked().odds).odds;
    let state = baked();
    state = foldMinute(state, at100(45, undefined));
    expect(oddsOf(state.odds).odds).toBeCloseTo(before, 12);
  });

  test('while the old colour has no healthy target nothing is said against the candidate', () => {
    let state = baked();
    for (let age = 0; age < 30; age++) {
      state = foldMinute(state, at100(45 + age, counts(0.6 * N), { tasks: { candidate: 8, stable: 0 } }));
    }
    expect(weigh(state, { bakeDone: false, names }).word).toBe('continue');
  });

  test('a service of which ten minutes are not known is not compared with anything', () => {
    expect(abortsAfter(() => counts(0.3 * N), { state: baked(hour(9)) })).toBeUndefined();
  });

  test('a state that was saved before there was a past goes on', () => {
    const { past: _, ...older } = baked();
    expect(abortsAfter(() => counts(0.3 * N), { state: older })).toBeUndefined();
  });

  test('the reason names the counts, what is usual, the odds and the limit', () => {
    expect(abortsAfter(() => counts(126))!.reason).toMatch(
      /^green has more errors than are usual: green failed 882 of 42,000 requests \(2\.10 %\), over the limit of 2 %, 0\.1\d % is usual; odds [\d,.e+]+, limit 100$/,
    );
  });
});

describe('the promise', () => {
  /** Chances of 0, 1, 2, ... events of a Poisson count. */
  function* poisson(mean: number) {
    let chance = Math.exp(-mean);
    for (let count = 0; count < mean + 12 * Math.sqrt(mean) + 40; count++) {
      yield [count, chance] as const;
      chance *= mean / (count + 1);
    }
  }
  const begun: Odds = {
    unspent: 0,
    begun: {
      errors: EFFECTS.errors.map(() => 1),
      slow: EFFECTS.slow.map(() => 1),
      verySlow: EFFECTS.verySlow.map(() => 1),
    },
  };

  test('a minute that is no worse than usual makes no odds grow on average, whatever it is', () => {
    const baseline = hour();
    fc.assert(
      fc.property(
        fc.constantFrom(...METRICS),
        fc.double({ min: 0.0005, max: 0.2, noNaN: true }),
        fc.integer({ min: 20, max: 3_000 }),
        (metric, level, requests) => {
          const rates = { errors: level, slow: level, verySlow: level };
          const means = EFFECTS[metric].map(() => 0);
          for (const [count, chance] of poisson(requests * level)) {
            const candidate = { requests, failures: count, slow: count, verySlow: count };
            const grown = growAgainstPast(begun, at100(60, candidate), { level: rates, lately: rates }, baseline);
            grown.begun[metric].forEach((odds, index) => {
              means[index]! += chance * odds;
            });
          }
          for (const mean of means) expect(mean).toBeLessThanOrEqual(1 + 1e-9);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('the chance of an onset is never spent, and never more than what the bake left', () => {
    const baseline = hour();
    let odds: Odds = { ...beginOdds(), unspent: 0.115 };
    const past = beginPast(baseline.usual!);
    let before = odds.unspent;
    for (let age = 0; age < 720; age++) {
      odds = growAgainstPast(odds, at100(45 + age, undefined), past, baseline);
      expect(odds.unspent).toBeLessThan(before);
      before = odds.unspent;
    }
    expect(odds.unspent).toBeGreaterThan(0);
    expect(oddsOf(odds).odds).toBeCloseTo(0.115, 9);
  });

  test('what is usual follows by at most 2.5 % a minute, and never falls under what the release began with', () => {
    const floor = { errors: 0.001, slow: 0.1, verySlow: 0.01 };
    let past = { level: floor, lately: floor };
    for (let age = 0; age < 40; age++) {
      const next = followPast(past, at100(45 + age, counts(600, 3_000, 600)), floor);
      for (const metric of METRICS)
        expect(next.level[metric] / past.level[metric]).toBeLessThanOrEqual(Math.exp(0.025) + 1e-12);
      past = next;
    }
    expect(past.level.errors).toBeGreaterThan(0.002);
    for (let age = 0; age < 200; age++) past = followPast(past, at100(100 + age, counts(0, 0, 0)), floor);
    for (const metric of METRICS) expect(past.level[metric]).toBeCloseTo(floor[metric], 12);
  });

  test('the limit is the same hundred', () => {
    expect(weigh(baked(), { bakeDone: false, names }).evidence.limit).toBe(ODDS_LIMIT);
  });
});
