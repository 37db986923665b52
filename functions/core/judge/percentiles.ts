/** The share of responses at or under a threshold, from CloudWatch's PR statistic or, where that is invalid, from percentiles. */

/** Percentiles that are asked for in PR's place. */
export const PERCENTILES = [50, 75, 90, 95, 99.5] as const;

/** Milliseconds, in the order of `PERCENTILES`; absent where not delivered. */
export type Percentiles = readonly (number | undefined)[];

/**
 * Percent (0-100) of responses at or under `thresholdMs`: between the percentiles, and beyond the last, the logarithm of
 * the share that is slower falls linearly with the time. Undefined without a percentile.
 */
export function withinByPercentiles(thresholdMs: number, percentiles: Percentiles): number | undefined {
  const knots: Knot[] = [{ ms: 0, slower: 100 }];
  PERCENTILES.forEach((percent, index) => {
    const ms = percentiles[index];
    if (ms === undefined) return;
    // Where several percentiles have one value, the highest of them says how many are slower.
    if (ms <= knots.at(-1)!.ms) knots.pop();
    knots.push({ ms, slower: 100 - percent });
  });
  if (knots.length < 2) return undefined;
  const after = knots.slice(1).find(({ ms }) => thresholdMs <= ms) ?? knots.at(-1)!;
  const before = knots[knots.indexOf(after) - 1]!;
  const way = (thresholdMs - before.ms) / (after.ms - before.ms);
  return 100 - before.slower * (after.slower / before.slower) ** way;
}

interface Knot {
  readonly ms: number;
  readonly slower: number;
}

/** Distance from p95, as a factor, at which PR must be on its right side; nearer, both are too coarse to tell. */
const CLEARLY = 1.2;
const SLACK_PERCENT = 1;

/**
 * Whether what PR says of a threshold can be: no page of AWS promises PR for TargetResponseTime, so it must agree with
 * p95, which is promised.
 */
export function agreesWithP95(withinPercent: number, thresholdMs: number, p95Ms: number): boolean {
  if (thresholdMs >= p95Ms * CLEARLY) return withinPercent >= 95 - SLACK_PERCENT;
  if (thresholdMs <= p95Ms / CLEARLY) return withinPercent <= 95 + SLACK_PERCENT;
  return true;
}
