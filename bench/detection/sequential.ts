/** Two sequential tests of the literature, as published: exact where requests fail independently, and only there. */

import { latencyColumns } from '../../functions/core/judge/baseline.ts';
import { LATENCY_GRID_MS } from '../../functions/core/judge/constants.ts';
import { type Counts, countsOf } from '../../functions/core/judge/readings.ts';
import { abortOn, type Detect, isStartUp } from './judges.ts';
import { logGamma } from './log-gamma.ts';

/** 1 % in all, half of it for errors and half for slow responses. */
const LOG_LIMIT = Math.log(200);

type Metric = 'failures' | 'slow';

/** A test of one metric: told of each minute, it answers with the log of its odds. */
type Test = (mine: Counts, theirs: Counts, share: number) => number;

const sequential =
  (test: (metric: Metric) => Test): Detect =>
  ({ baseline, minutes }) => {
    const at = latencyColumns(baseline, LATENCY_GRID_MS);
    const [errors, slow] = [test('failures'), test('slow')];
    for (const minute of minutes) {
      if (minute.share === 100) break;
      const [mine, theirs] = [countsOf(minute.candidate, at), countsOf(minute.stable, at)];
      if (!mine || !theirs) continue;
      const tests = isStartUp(minute) ? [errors] : [errors, slow];
      if (tests.some((each) => each(mine, theirs, minute.share / 100) >= LOG_LIMIT)) {
        return abortOn(minute.index);
      }
    }
    return {};
  };

/** The difference that the mixture expects: deviation of its normal prior. */
const EXPECTED_DIFFERENCE: Readonly<Record<Metric, number>> = { failures: 0.01, slow: 0.05 };

/**
 * mSPRT (Johari, Pekelis, Walsh, "Always valid inference", 2015, eq. 12): a normal mixture over the difference of the
 * two rates, from the sums so far; only a candidate that is worse counts.
 */
export const msprt: Detect = sequential((metric) => {
  let [requests, events, otherRequests, otherEvents] = [0, 0, 0, 0];
  return (mine, theirs) => {
    requests += mine.requests;
    events += mine[metric] ?? 0;
    otherRequests += theirs.requests;
    otherEvents += theirs[metric] ?? 0;
    const [rate, other] = [events / requests, otherEvents / otherRequests];
    const variance = (rate * (1 - rate)) / requests + (other * (1 - other)) / otherRequests;
    const difference = rate - other;
    if (variance === 0 || difference <= 0) return 0;
    const prior = EXPECTED_DIFFERENCE[metric] ** 2;
    return (
      0.5 * Math.log(variance / (variance + prior)) + (prior * difference ** 2) / (2 * variance * (variance + prior))
    );
  };
});

/** How sure the Dirichlet mixture is of the null, in events. */
const CONCENTRATION = 100;

/**
 * Lindon and Malek, "Anytime-valid inference for multinomial count data" (2022): the next failure belongs to the
 * candidate with its share of the traffic; a Beta mixture around that share, begun anew at each shift, because the
 * share is another one then. Only a candidate that is worse counts.
 */
export const lindonMalek: Detect = sequential((metric) => {
  let [past, mineInStage, allInStage] = [0, 0, 0];
  let now = 0;
  let stage = 0;
  return (mine, theirs, share) => {
    if (share !== stage) {
      past += now;
      [mineInStage, allInStage, stage] = [0, 0, share];
    }
    mineInStage += mine[metric] ?? 0;
    allInStage += (mine[metric] ?? 0) + (theirs[metric] ?? 0);
    const [a, b] = [CONCENTRATION * share, CONCENTRATION * (1 - share)];
    const [x, y] = [mineInStage, allInStage - mineInStage];
    now = logBeta(a + x, b + y) - logBeta(a, b) - x * Math.log(share) - y * Math.log(1 - share);
    return x > share * allInStage ? past + now : 0;
  };
});

const logBeta = (a: number, b: number): number => logGamma(a) + logGamma(b) - logGamma(a + b);
