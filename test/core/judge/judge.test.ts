import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { learn } from '../../../functions/core/judge/baseline.ts';
import { errorMargin } from '../../../functions/core/judge/comparison.ts';
import { LATENCY_BLIND_MINUTES } from '../../../functions/core/judge/constants.ts';
import {
  beginJudging,
  foldMinute,
  type JudgedMinute,
  type JudgeState,
  usualErrorRate,
  weigh,
} from '../../../functions/core/judge/judge.ts';
import { type Counts, eachLatencyCount } from '../../../functions/core/judge/readings.ts';
import { baselineOf, goldenReleases, judgedMinute } from './golden.ts';

const names = { candidate: 'green', stable: 'blue' };
const baseline = baselineOf(goldenReleases[0]!);

const counts = (requests: number, failures = 0, slow = 0, verySlow = 0, overPassBar = 0, overRollbackBar = 0) =>
  ({ requests, failures, slow, verySlow, overPassBar, overRollbackBar }) satisfies Counts;

/** The same rates, of so many times the requests. */
const scaled = (of: ReturnType<typeof counts>, times: number): Counts => ({
  requests: of.requests * times,
  failures: of.failures * times,
  ...eachLatencyCount((count) => of[count] * times),
});

const minute = (
  index: number,
  candidate?: Counts,
  stable?: Counts,
  rest: Partial<JudgedMinute> = {},
): JudgedMinute => ({
  index,
  stageAge: index,
  candidate,
  stable,
  tasks: { candidate: 1, stable: 4 },
  healthyCandidate: 1,
  ...rest,
});

const judge = (minutes: readonly JudgedMinute[], from: JudgeState = beginJudging(baseline)) =>
  minutes.reduce(foldMinute, from);

const verdictOf = (minutes: readonly JudgedMinute[], bakeDone: boolean) => weigh(judge(minutes), { bakeDone, names });

const isAborted = (state: JudgeState) => weigh(state, { bakeDone: false, names }).word === 'abort';

const bake = (minutes: number, candidate?: Counts, stable?: Counts) =>
  Array.from({ length: minutes }, (_, index) => minute(index, candidate, stable));

/** From 0 to 1, evenly. `fc.double` is even over the bits of a number, so nearly all that it draws is next to 0. */
const anyPart = fc.integer({ min: 0, max: 1_000 }).map((thousandths) => thousandths / 1_000);

/** Counts of one minute, none of them larger than the requests; a few requests are as likely as a great many. */
const anyCounts = (most: number) =>
  fc
    .tuple(
      fc.oneof(
        fc.integer({ min: 1, max: most }),
        anyPart.map((part) => Math.round(most ** part)),
      ),
      anyPart,
      anyPart,
      anyPart,
      anyPart,
      anyPart,
    )
    .map(([requests, failed, slow, verySlow, passBar, rollbackBar]) =>
      counts(
        requests,
        Math.floor(requests * failed ** 4),
        Math.floor(requests * slow),
        Math.floor(requests * slow * verySlow),
        Math.floor(requests * passBar ** 4),
        Math.floor(requests * passBar ** 4 * rollbackBar),
      ),
    );

const anyMinutes = (most: number, length = 20) =>
  fc
    .array(
      fc.record({
        candidate: fc.option(anyCounts(most), { nil: undefined }),
        stable: fc.option(anyCounts(most), { nil: undefined }),
        stageAge: fc.integer({ min: 0, max: 15 }),
        tasks: fc.record({ candidate: fc.integer({ min: 0, max: 10 }), stable: fc.integer({ min: 0, max: 10 }) }),
        healthyCandidate: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
      }),
      { minLength: 1, maxLength: length },
    )
    .map((minutes) => minutes.map((each, index): JudgedMinute => ({ index, ...each })));

/** A candidate that is dead beyond what any number could hold, if a minute of it were not capped. */
const hugeAndDead = [minute(0, counts(1_000_000, 1_000_000), counts(1_000_000_000))];

describe('laws', () => {
  test('a candidate that fails no more of its requests than stable, margin included, raises no error odds in that minute', () => {
    fc.assert(
      fc.property(
        // Without a minute before, the usual rate is the baseline's 0.1 %, and the margin is as wide as it gets.
        fc.oneof(fc.constant([]), anyMinutes(5_000, 5)),
        anyCounts(1_000_000),
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.oneof(fc.constant(1), anyPart),
        (before, stable, requests, part) => {
          const state = judge(before);
          fc.pre(!isAborted(state)); // after an abort nothing is folded, and every law holds
          const margin = errorMargin(usualErrorRate(state.usual));
          const failures = Math.floor(part * margin * (stable.failures / stable.requests) * requests);
          fc.pre(failures <= requests);
          const next = foldMinute(state, minute(before.length, counts(requests, failures), stable));
          const [was, is] = [state, next].map((each) => weigh(each, { bakeDone: false, names }).evidence.parts.errors);
          expect(is!).toBeLessThanOrEqual(was! * (1 + 1e-12));
        },
      ),
      // Exactly at the margin, with numbers that leave no doubt: chance alone seldom draws it.
      { examples: [[[], counts(1_000_000, 1_000), 1_000_000, 1]] },
    );
  });

  test('more failures or more slow responses of the candidate never give a better verdict', () => {
    // Two minutes a little under the most that one can say, and one of them made as slow as can be.
    const nearTheMost = [12, 13].map((index) =>
      minute(index, counts(1_000, 0, 200, 10), counts(19_000, 19, 1_900, 190)),
    );
    const better = ['abort', 'hold', 'continue', 'advance'];
    fc.assert(
      fc.property(
        anyMinutes(3_000),
        fc.nat(),
        fc.nat(),
        fc.constantFrom('failures', 'slow', 'verySlow', 'overPassBar', 'overRollbackBar'),
        fc.boolean(),
        (minutes, which, more, column, bakeDone) => {
          const worseAt = which % minutes.length;
          const worse = minutes.map((each, index): JudgedMinute => {
            const { candidate } = each;
            if (index !== worseAt || !candidate) return each;
            const room = candidate.requests - (candidate[column] ?? 0);
            return { ...each, candidate: { ...candidate, [column]: (candidate[column] ?? 0) + (more % (room + 1)) } };
          });
          const rank = (of: readonly JudgedMinute[]) => better.indexOf(verdictOf(of, bakeDone).word);
          expect(rank(worse)).toBeLessThanOrEqual(rank(minutes));
        },
      ),
      { numRuns: 2_000, examples: [[nearTheMost, 0, 800, 'slow', false]] },
    );
  });

  test.each([
    ['failure', 'failures', 0, 60],
    ['slow response', 'slow', 100, 500],
    ['very slow response', 'verySlow', 10, 100],
  ] as const)('one %s more of a candidate near the limit never gives a better verdict', (_, column, usual, most) => {
    const drawn = fc.array(fc.integer({ min: usual, max: most }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(drawn, fc.nat(), fc.integer({ min: 1, max: 60 }), (each, which, more) => {
        const release = (extra: number) =>
          each.map((bad, index) =>
            minute(
              LATENCY_BLIND_MINUTES + index,
              { ...counts(1_000, 0, 100, 10), [column]: bad + (index === which % each.length ? extra : 0) },
              counts(19_000, 19, 1_900, 190),
            ),
          );
        if (verdictOf(release(0), false).word === 'abort') expect(verdictOf(release(more), false).word).toBe('abort');
      }),
      { numRuns: 2_000 },
    );
  });

  test('more failures in one minute never open the gate that another minute had closed', () => {
    const stable = counts(1_000, 5, 100, 10);
    const rows = fc.array(
      fc.record({
        requests: fc.integer({ min: 100, max: 3_000 }),
        rate: anyPart.map((part) => part * 0.04),
      }),
      { minLength: 2, maxLength: 15 },
    );
    fc.assert(
      fc.property(rows, fc.nat(), fc.integer({ min: 1, max: 50 }), (bakeRows, which, more) => {
        const release = (extra: number) =>
          bakeRows.map(({ requests, rate }, index) =>
            minute(
              index,
              counts(requests, Math.floor(requests * rate) + (index === which % bakeRows.length ? extra : 0)),
              stable,
            ),
          );
        const [was, is] = [release(0), release(more)].map((minutes) => verdictOf(minutes, true));
        if (was!.word === 'abort') expect(is!.word).toBe('abort');
      }),
      { numRuns: 2_000 },
    );
  });

  test('a minute judged before, or older than the newest, changes nothing', () => {
    fc.assert(
      fc.property(anyMinutes(10_000), fc.nat(), (minutes, which) => {
        const state = judge(minutes);
        const again = { ...minutes[which % minutes.length]!, candidate: counts(1_000, 1_000) };
        expect(foldMinute(state, again)).toBe(state);
      }),
    );
  });

  test('an abort stands, whatever the minutes after it were', () => {
    const broken = judge([minute(0, counts(40, 38, 4, 0), counts(760, 1, 76, 8))]);
    expect(weigh(broken, { bakeDone: false, names }).word).toBe('abort');
    fc.assert(
      fc.property(anyMinutes(10_000), fc.boolean(), (minutes, bakeDone) => {
        const later = judge(
          minutes.map((each) => ({ ...each, index: each.index + 1 })),
          broken,
        );
        expect(weigh(later, { bakeDone, names })).toEqual(weigh(broken, { bakeDone, names }));
      }),
    );
  });

  test('folding leaves the state it was given as it was', () => {
    fc.assert(
      fc.property(anyMinutes(10_000), (minutes) => {
        const state = judge(minutes);
        fc.pre(!isAborted(state));
        const before = JSON.stringify(state);
        foldMinute(state, minute(minutes.length, counts(100, 3, 20, 4), counts(1_900, 1, 190, 19)));
        expect(JSON.stringify(state)).toBe(before);
      }),
    );
  });

  test('counts up to a thousand million never make a number that is none', () => {
    fc.assert(
      fc.property(anyMinutes(1_000_000_000), fc.boolean(), (minutes, bakeDone) => {
        const state = judge(minutes);
        const { evidence } = weigh(state, { bakeDone, names });
        for (const number of [...numbersIn(state), ...numbersIn(evidence)]) expect(number).toSatisfy(Number.isFinite);
      }),
      { examples: [[hugeAndDead, false]] },
    );
  });

  test('the state is plain JSON of less than 2 KB, and goes on from there', () => {
    fc.assert(
      fc.property(anyMinutes(1_000_000_000, 60), (minutes) => {
        const state = judge(minutes);
        const stored = JSON.stringify(state);
        expect(stored.length).toBeLessThan(2048);
        const next = minute(minutes.length, counts(100, 3, 20, 4), counts(1_900, 1, 190, 19));
        expect(foldMinute(JSON.parse(stored), next)).toEqual(foldMinute(state, next));
      }),
      { examples: [[hugeAndDead]] },
    );
  });

  test('twelve hours of a candidate that fails as stable does, whatever the two are like, stay finite and under 2 KB', () => {
    const rows = fc.array(fc.tuple(anyCounts(50_000_000), fc.integer({ min: 1, max: 20 })), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(rows, fc.constantFrom(15, 12 * 60), (each, bakeMinutes) => {
        const minutes = Array.from({ length: 12 * 60 }, (_, index) => {
          const [candidate, times] = each[index % each.length]!;
          return minute(index, candidate, scaled(candidate, times), { stageAge: index % bakeMinutes });
        });
        const state = judge(minutes);
        expect(state.minute).toBe(12 * 60 - 1);
        expect(JSON.stringify(state).length).toBeLessThan(2048);
        const { evidence } = weigh(state, { bakeDone: true, names });
        for (const number of [...numbersIn(state), ...numbersIn(evidence)]) expect(number).toSatisfy(Number.isFinite);
      }),
      { numRuns: 30 },
    );
  });

  test('without a number from both colours nothing advances', () => {
    fc.assert(
      fc.property(anyMinutes(10_000), fc.constantFrom('candidate', 'stable'), (minutes, silent) => {
        const oneSided = minutes.map((each) => ({ ...each, [silent]: undefined }));
        expect(verdictOf(oneSided, true).word).not.toBe('advance');
      }),
    );
  });
});

describe('odds', () => {
  test('twelve hours of failures keep the odds finite, and damning', () => {
    const { word, evidence } = verdictOf(
      bake(12 * 60, counts(5_000, 5_000, 5_000, 5_000), counts(95_000, 10, 9_500, 950)),
      false,
    );
    expect(word).toBe('abort');
    expect(evidence.odds).toSatisfy(Number.isFinite);
    expect(evidence.odds).toBeGreaterThan(100);
  });

  test('twelve hours of health after every shift keep the logarithm of the odds a number', () => {
    const calm = Array.from({ length: 12 * 60 }, (_, index) =>
      minute(index, counts(500_000, 10, 5_000, 500), counts(500_000, 5_000, 50_000, 5_000), {
        stageAge: index < 75 ? index % 15 : index - 60,
      }),
    );
    const { evidence } = verdictOf(calm, true);
    expect(evidence.odds).toBe(0);
    expect(evidence.log10Odds).toSatisfy(Number.isFinite);
  });

  test('one minute of errors alone, however bad, does not abort in the first share, unless half of the requests fail', () => {
    const anyRequests = fc.integer({ min: 1, max: 1_000_000 });
    const silent = [] as const;
    const clean = [counts(1_000), counts(19_000)] as const;
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 56 }),
        fc.constantFrom(silent, clean),
        fc.tuple(anyRequests, anyPart),
        fc.tuple(anyRequests, anyPart),
        (index, before, [requests, part], [stableRequests, stablePart]) => {
          const candidate = counts(requests, Math.floor((part * (requests - 1)) / 2));
          const stable = counts(stableRequests, Math.floor(stablePart ** 4 * stableRequests));
          const release = [...bake(index, ...before), minute(index, candidate, stable)];
          expect(verdictOf(release, false).word).toBe('continue');
        },
      ),
      // The most there is to say: nearly half, and none of stable's, an hour after nothing.
      { examples: [[56, silent, [1_000_000, 1], [1_000_000, 0]]] },
    );
  });

  test('errors and slow responses together may abort in one minute, when nothing was counted before', () => {
    const fine = [counts(300, 0, 30, 3), counts(5_700, 6, 570, 57)] as const;
    const bad = (index: number) => minute(index, counts(300, 60, 250, 150), fine[1]);
    expect(verdictOf([...bake(3), bad(3)], false).word).toBe('abort');
    expect(verdictOf([...bake(3, ...fine), bad(3)], false).word).toBe('continue');
  });

  test('in the first two minutes of a process slow responses add nothing', () => {
    const stable = counts(5_700, 6, 570, 57);
    for (const index of [0, 1]) {
      const odds = (slow: number, verySlow: number) =>
        verdictOf([minute(index, counts(300, 60, slow, verySlow), stable)], false).evidence.odds;
      expect(odds(250, 150)).toBe(odds(30, 3));
    }
  });

  test('after its second shift a service that never failed may go back for one minute of errors', () => {
    const clean = [counts(300, 0, 30, 3), counts(5_700, 0, 570, 57)] as const;
    const release = (stages: number) =>
      Array.from({ length: stages * 15 + 2 }, (_, index) => ({ ...minute(index, ...clean), stageAge: index % 15 }));
    const thenErrors = (minutes: readonly JudgedMinute[]) =>
      minutes.with(-1, { ...minutes.at(-1)!, candidate: counts(300, 60, 30, 3) });
    expect(verdictOf(thenErrors(release(1)), false).word).toBe('continue');
    expect(verdictOf(thenErrors(release(2)), false).word).toBe('abort');
  });

  test('a dead candidate does not get a second minute', () => {
    const { word, rule } = verdictOf([minute(0, counts(40, 38, 4, 0), counts(760, 1, 76, 8))], false);
    expect([word, rule]).toEqual(['abort', 'more errors than stable']);
  });

  test('a candidate that fails half of its requests is dead, one that fails a request less is not', () => {
    const failing = (failures: number) => minute(0, counts(1_000, failures, 100, 10), counts(19_000, 10, 1_900, 190));
    expect(verdictOf([failing(500)], false).word).toBe('abort');
    expect(verdictOf([failing(499)], false).word).toBe('continue');
  });

  test('an outage of both colours aborts nothing and proves nothing', () => {
    const outage = bake(15, counts(300, 45, 30, 3), counts(5_700, 850, 570, 57));
    const { word, rule } = verdictOf(outage, true);
    expect([word, rule]).toEqual(['hold', 'too few requests to prove safety']);
  });
});

describe('the pass bar', () => {
  const stable = counts(19_000, 95, 1_900, 190);
  const withFailures = (failuresAt: (index: number) => number) =>
    verdictOf(
      Array.from({ length: 15 }, (_, index) => minute(index, counts(1_000, failuresAt(index), 100, 10), stable)),
      true,
    );

  test('one bad minute does not fail a bake that is fine otherwise', () => {
    expect(withFailures((index) => (index === 3 ? 300 : 2)).word).toBe('advance');
  });

  test('a bake over 1 % beyond doubt fails although it differs from stable by less than the odds can tell', () => {
    const close = counts(19_000, 185, 1_900, 190);
    const minutes = Array.from({ length: 15 }, (_, index) => minute(index, counts(1_000, 15, 100, 10), close));
    expect(verdictOf(minutes, true)).toMatchObject({ word: 'abort', rule: 'error rate above the pass bar' });
    expect(verdictOf(minutes, false).word).toBe('continue');
  });
});

describe('silence and hosts', () => {
  const healthy = [counts(300, 0, 30, 3), counts(5_700, 6, 570, 57)] as const;

  test('a healthy bake with requests enough advances', () => {
    expect(verdictOf(bake(15, ...healthy), true).word).toBe('advance');
  });

  test('too few requests hold', () => {
    const { word, rule } = verdictOf(bake(15, counts(3, 0, 0, 0), counts(57, 0, 6, 1)), true);
    expect([word, rule]).toEqual(['hold', 'too few requests to prove safety']);
  });

  test('a release that was proven safe holds when its numbers stop coming', () => {
    const silent = [15, 16, 17].map((index) => minute(index));
    const { word, rule, evidence } = verdictOf([...bake(15, ...healthy), ...silent], true);
    expect(evidence.proven).toBe(true);
    expect([word, rule]).toEqual(['hold', 'no numbers delivered']);
  });

  test('response times that never come hold, although errors can be judged', () => {
    const blind = bake(15, { requests: 300, failures: 0 }, healthy[1]);
    expect(verdictOf(blind, true).rule).toBe('no numbers delivered');
  });

  test('a colour with no requests is a colour with no numbers', () => {
    const nothing = counts(0, 0, 0, 0);
    expect(judge(bake(15, healthy[0], nothing))).toEqual(judge(bake(15, healthy[0], undefined)));
    expect(judge(bake(15, nothing, healthy[1]))).toEqual(judge(bake(15, undefined, healthy[1])));
  });

  test('before the first minute a bake that is over holds', () => {
    expect(weigh(beginJudging(baseline), { bakeDone: true, names }).word).toBe('hold');
  });

  test('two delivered minutes without a healthy target abort, one does not', () => {
    const down = (index: number) => minute(index, undefined, healthy[1], { healthyCandidate: 0 });
    expect(verdictOf([...bake(5, ...healthy), down(5)], false).word).toBe('continue');
    expect(verdictOf([...bake(5, ...healthy), down(5), down(6)], false).rule).toBe('no healthy target for 2 minutes');
  });

  test('minutes in which stable has no healthy target either abort nothing', () => {
    const down = (index: number, stable: number) =>
      minute(index, undefined, healthy[1], { healthyCandidate: 0, tasks: { candidate: 0, stable } });
    expect(verdictOf([down(0, 0), down(1, 0), down(2, 0)], false).word).toBe('continue');
    // Health checks of the two fall out and come back up to a minute apart.
    expect(verdictOf([down(0, 4), down(1, 0), down(2, 4)], false).word).toBe('continue');
    expect(verdictOf([down(0, 0), down(1, 4), down(2, 4)], false).word).toBe('abort');
  });

  test('a minute whose hosts were not delivered neither counts nor forgives', () => {
    const hosts = (index: number, healthyCandidate?: number) =>
      minute(index, undefined, healthy[1], { healthyCandidate });
    expect(verdictOf([hosts(0, 0), hosts(1), hosts(2, 0)], false).word).toBe('abort');
    expect(verdictOf([hosts(0, 0), hosts(1), hosts(2, 1), hosts(3, 0)], false).word).toBe('continue');
  });
});

describe('reasons', () => {
  test('an abort names the four counts, the bar of the plan, the odds and the limit', () => {
    const { reason, evidence } = verdictOf(bake(3, counts(1_000, 31, 100, 10), counts(19_000, 19, 1_900, 190)), false);
    expect(reason).toMatch(
      /^green has more errors than blue: green failed 62 of 2,000 requests \(3\.10 %\), over the limit of 2 %, blue 38 of 38,000 requests \(0\.10 %\); odds [\d,.e+]+, limit 100$/,
    );
    expect(evidence).toMatchObject({
      minute: 1,
      candidate: { requests: 2_000, failures: 62 },
      stable: { requests: 38_000, failures: 38 },
      limit: 100,
    });
  });

  test('slow responses are counted over the threshold that stable set', () => {
    const { reason } = verdictOf(bake(15, counts(1_000, 1, 400, 10), counts(19_000, 19, 1_900, 190)), false);
    expect(reason).toContain('green took over 200 ms for 1,600 of 4,000 requests (40.00 %), blue 7,600 of 76,000');
  });

  test('a reason tells that usual noise was assumed when the baseline is short', () => {
    const state = beginJudging(learn([], [200, 300, 500]));
    expect(weigh(state, { bakeDone: false, names }).reason).toContain('0 baseline minutes');
  });

  test('every golden verdict comes with four counts, the odds and the limit', () => {
    for (const release of goldenReleases) {
      const state = judge(release.minutes.map(judgedMinute), beginJudging(baselineOf(release)));
      const { reason } = weigh(state, { bakeDone: true, names });
      expect(reason).toMatch(/[\d,]+ of [\d,]+ requests.* [\d,]+ of [\d,]+ requests.*odds .*, limit 100/);
      expect(reason).not.toContain('\n');
    }
  });
});

function numbersIn(value: unknown): readonly number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}
