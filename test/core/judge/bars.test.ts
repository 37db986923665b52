import { describe, expect, test } from 'vitest';
import { RULES } from '../../../functions/core/judge/decision.ts';
import { beginJudging, foldMinute, type JudgedMinute, weigh } from '../../../functions/core/judge/judge.ts';
import type { Counts } from '../../../functions/core/judge/readings.ts';
import { baselineOf, goldenReleases } from './golden.ts';

const names = { candidate: 'green', stable: 'blue' };
const baseline = baselineOf(goldenReleases[0]!);

/** A minute in which so many of 1,000 requests failed, or took over 300 and 500 ms; a tenth over stable's usual 200 ms. */
const counts = (changes: Partial<Counts> = {}, requests = 1_000): Counts => ({
  requests,
  failures: 0,
  slow: requests / 10,
  verySlow: requests / 100,
  overPassBar: requests / 100,
  overRollbackBar: 0,
  ...changes,
});

type Row = readonly [candidate: Counts, stable: Counts];

function bake(rows: readonly Row[], bakeDone = true) {
  const state = rows
    .map(
      ([candidate, stable], index): JudgedMinute => ({
        index,
        stageAge: index,
        candidate,
        stable,
        tasks: { candidate: 1, stable: 4 },
        healthyCandidate: 1,
      }),
    )
    .reduce(foldMinute, beginJudging(baseline));
  return weigh(state, { bakeDone, names });
}

const minutes = (count: number, row: Row): readonly Row[] => Array.from({ length: count }, () => row);
const fine: Row = [counts(), counts({}, 10_000)];

describe('the pass bar of 300 ms', () => {
  const over = (mine: number, theirs: number): Row => [
    counts({ overPassBar: mine }),
    counts({ overPassBar: theirs }, 10_000),
  ];

  test('a bake of which 8 % took longer goes back, although its slow share is as usual', () => {
    const verdict = bake(minutes(15, over(80, 100)));
    expect(verdict).toMatchObject({ word: 'abort', rule: RULES.latencyPassBar });
    expect(verdict.reason).toMatch(
      /^green's 95th percentile is above the pass bar: green took over 300 ms for 1,200 of 15,000 requests \(8\.00 %\), blue 1,500 of 150,000/,
    );
  });

  test('it is asked at the end of the bake, not before', () => {
    expect(bake(minutes(15, over(80, 100)), false).word).toBe('continue');
  });

  test('a little over 5 % is not beyond doubt', () => {
    expect(bake(minutes(15, over(52, 100))).word).toBe('advance');
  });

  test('one slow minute does not fail a bake that is fine otherwise', () => {
    expect(bake([...minutes(7, fine), over(900, 100), ...minutes(7, fine)]).word).toBe('advance');
  });

  test('where stable fails it too, or nearly, only the comparison counts', () => {
    for (const theirs of [800, 480, 400]) expect(bake(minutes(15, over(80, theirs))).word).toBe('advance');
  });

  test('a bar that was not asked for fails nobody', () => {
    const blind = counts({ overPassBar: undefined });
    expect(bake(minutes(15, [blind, counts({}, 10_000)])).word).toBe('advance');
  });
});

describe('the rollback bars', () => {
  /** Stable fails a little under 2 %, so that 2.5 % are no evidence of harm. */
  const errors: Row = [counts({ failures: 25 }), counts({ failures: 190 }, 10_000)];
  const slow: Row = [counts({ overRollbackBar: 60 }), counts({ overRollbackBar: 400 }, 10_000)];

  test.each([
    [
      '2 % errors',
      errors,
      RULES.rollbackBarErrors,
      /^green was over the limit of 2 % errors in 2 of 3 minutes, and blue was/,
    ],
    [
      '500 ms',
      slow,
      RULES.rollbackBarLatency,
      /^green was over the limit of 500 ms .* took over 500 ms for 120 of 15,000/,
    ],
  ])('two of three minutes over %s hold the end of a bake, and say so', (_, bad, rule, sentence) => {
    const verdict = bake([...minutes(12, fine), bad, fine, bad]);
    expect(verdict).toMatchObject({ word: 'hold', rule });
    expect(verdict.reason).toMatch(sentence);
  });

  test('they send nothing back during the bake, and a person is told', () => {
    const verdict = bake([...minutes(6, fine), errors, errors], false);
    expect(verdict).toMatchObject({ word: 'continue', notification: { rule: RULES.rollbackBarErrors } });
    expect(verdict.notification?.reason).toContain('over the limit of 2 % errors');
  });

  test('one of three minutes is no news', () => {
    const verdict = bake([...minutes(12, fine), errors, fine, fine, errors]);
    expect(verdict.word).toBe('advance');
    expect(verdict).not.toHaveProperty('notification');
  });

  test('what stable is over as well is an outage of both', () => {
    const both: Row = [errors[0], counts({ failures: 210 }, 10_000)];
    expect(bake([...minutes(13, fine), both, both])).not.toHaveProperty('notification');
  });

  test('a minute with fewer than 200 requests cannot tell 2 %', () => {
    const quiet: Row = [counts({ failures: 5 }, 199), errors[1]];
    expect(bake([...minutes(13, fine), quiet, quiet])).not.toHaveProperty('notification');
  });

  test('a minute without numbers is none of the three', () => {
    const silent = [counts({}, 0), counts({}, 0)] as const;
    expect(bake([...minutes(11, fine), errors, silent, silent, errors]).rule).toBe(RULES.rollbackBarErrors);
  });

  test('the first minutes of a process do not count as slow', () => {
    expect(bake([slow, slow], false)).not.toHaveProperty('notification');
  });

  test('an abort for slowness names the bar of the plan', () => {
    const dragging: Row = [
      counts({ slow: 400, verySlow: 200, overPassBar: 150, overRollbackBar: 70 }),
      counts({}, 10_000),
    ];
    const { word, reason } = bake(minutes(15, dragging), false);
    expect(word).toBe('abort');
    expect(reason).toContain(', with 7.00 % over the limit of 500 ms, blue');
  });
});
