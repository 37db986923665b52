/**
 * Kayenta's NetflixACAJudge, once at the end of each bake, on per-minute values: a metric fails when the lower bound of
 * the Mann-Whitney interval of the shift (98 %) is over a quarter of the estimated shift, and the ratio of the means is
 * at least `allowedIncrease`. After spinnaker/kayenta a69573b: MannWhitney.scala, MannWhitneyClassifier.scala.
 */
import { failuresOf } from '../../functions/core/judge/readings.ts';
import { abortOn, type Detect } from './judges.ts';
import type { SimulatedMinute } from './world.ts';

/** Two-sided 98 %. */
const Z = 2.3263478740408408;
const TOLERANCE = 0.25;
/** Its default is 1, with which 9 to 33 % of healthy releases fail here; 1.25 brings it to our own rate of false aborts. */
const ALLOWED_INCREASE = 1.25;

export const kayenta: Detect = ({ minutes }) => {
  for (const { bakeDone, index, stageAge } of minutes) {
    if (!bakeDone) continue;
    const bake = minutes.slice(index - stageAge, index + 1);
    if (METRICS.some((metric) => isHigh(bake.map(metric.of), bake.map(metric.usual)))) {
      return abortOn(index);
    }
  }
  return {};
};

type Value = (minute: SimulatedMinute) => number | undefined;

const errorRate = (group: SimulatedMinute['candidate']): number | undefined =>
  group.requests ? failuresOf(group) / group.requests : undefined;

const METRICS: readonly { readonly of: Value; readonly usual: Value }[] = [
  { of: ({ candidate }) => errorRate(candidate), usual: ({ stable }) => errorRate(stable) },
  { of: ({ candidate }) => candidate.p95Ms, usual: ({ stable }) => stable.p95Ms },
];

export function isHigh(of: readonly (number | undefined)[], usual: readonly (number | undefined)[]): boolean {
  const [mine, theirs] = [of.filter(isNumber), usual.filter(isNumber)];
  if (mine.length === 0 || theirs.length === 0) return false;
  const differences = Float64Array.from(mine.flatMap((one) => theirs.map((other) => one - other))).sort();
  const pairs = differences.length;
  const spread = Math.sqrt((pairs * (mine.length + theirs.length + 1)) / 12);
  const lower = differences[Math.max(0, Math.round(pairs / 2 - Z * spread))]!;
  const estimate = (differences[(pairs - 1) >> 1]! + differences[pairs >> 1]!) / 2;
  return lower > TOLERANCE * Math.abs(estimate) && mean(mine) >= ALLOWED_INCREASE * mean(theirs);
}

const isNumber = (value: number | undefined): value is number => value !== undefined;
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
