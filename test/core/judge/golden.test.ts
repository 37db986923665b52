import { describe, expect, test } from 'vitest';
import { beginJudging, foldMinute, weigh } from '../../../functions/core/judge/judge.ts';
import { baselineOf, goldenReleases, judgedMinute } from './golden.ts';

const names = { candidate: 'green', stable: 'blue' };

test('there are 37 golden releases', () => {
  expect(goldenReleases).toHaveLength(37);
});

describe.each(
  goldenReleases.map((release) => ({ release, title: `${release.scenario} at ${release.rps} requests/s` })),
)('$title', ({ release }) => {
  const verdicts = judgeAll();

  test('the odds agree with the golden ones to 1e-9 in every minute', () => {
    expect(verdicts).toHaveLength(release.E.length);
    const deviations = verdicts.map(({ evidence }, minute) => Math.abs(evidence.odds / release.E[minute]! - 1));
    expect(Math.max(...deviations)).toBeLessThan(1e-9);
  });

  test('every verdict is the golden one', () => {
    expect(verdicts.map(({ word }) => word)).toEqual(release.verdicts);
  });

  test('the abort comes in the golden minute, for the golden reason', () => {
    expect(verdicts.findIndex(({ word }) => word === 'abort')).toBe(release.abortAt);
    if (release.why) expect(verdicts.at(-1)!.rule).toBe(release.why);
  });

  function judgeAll() {
    let state = beginJudging(baselineOf(release));
    return release.minutes.map((minute) => {
      state = foldMinute(state, judgedMinute(minute));
      return weigh(state, { bakeDone: minute.bakeDone, names });
    });
  }
});
