import { LOST_SLACK_REQUESTS, LOST_SLACK_SHARE } from './constants.ts';

/**
 * What the load balancer reports for one target group in one minute, before anything is made of it.
 * A number that was not reported is absent: ALB leaves zero counts out, so absent beside `requests` means 0, and a
 * minute without `requests` has no data at all (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html).
 */
export interface GroupMinute {
  readonly requests?: number;
  readonly errors5xx?: number;
  /** 2xx + 3xx + 4xx + 5xx answered by targets; absent when the response-code columns were not asked for. */
  readonly answered?: number;
  readonly connectionErrors?: number;
  /** Percent (0-100) of responses at or under each threshold that was asked for. */
  readonly withinPercent: readonly (number | undefined)[];
  /** 95th percentile of the response time, milliseconds. */
  readonly p95Ms?: number;
  readonly healthyHosts?: number;
  readonly unhealthyHosts?: number;
}

/** Responses over a threshold: stable's usual 90th and 99th percentile, and the plan's bars, 300 and 500 ms. */
export const LATENCY_COUNTS = ['slow', 'verySlow', 'overPassBar', 'overRollbackBar'] as const;
export type LatencyCount = (typeof LATENCY_COUNTS)[number];

/** One group's minute (or stage) as the judge counts it. Responses that were not timed are absent, not 0. */
export interface Counts extends Readonly<Partial<Record<LatencyCount, number | undefined>>> {
  readonly requests: number;
  /** Requests that ended badly because of the target: its own 5xx, and those that it refused or dropped. */
  readonly failures: number;
}

/** Where in `withinPercent` each threshold stands; -1 where it is none of those that were asked for. */
export type LatencyColumns = Readonly<Record<LatencyCount, number>>;

export const NOTHING: Counts = { requests: 0, failures: 0, slow: 0, verySlow: 0, overPassBar: 0, overRollbackBar: 0 };

/**
 * Failures of a minute. A target that dies in mid-request shows no 5xx of its own: the load balancer answers 502 in
 * its place and does not say for which group. So what was neither answered nor in flight counts as lost.
 */
export function failuresOf({ requests = 0, errors5xx = 0, connectionErrors = 0, answered }: GroupMinute): number {
  const slack = LOST_SLACK_REQUESTS + LOST_SLACK_SHARE * requests;
  const lost = answered === undefined ? 0 : Math.max(0, Math.round(requests - answered - slack));
  return errors5xx + Math.max(connectionErrors, lost);
}

/** The counts of one minute; undefined when there was no request, because then there is nothing to judge. */
export function countsOf(reading: GroupMinute, at: LatencyColumns): Counts | undefined {
  const { requests = 0 } = reading;
  if (requests <= 0) return undefined;
  const over = (percent: number | undefined) =>
    percent === undefined ? undefined : Math.round(requests * (1 - percent / 100));
  return {
    requests,
    failures: failuresOf(reading),
    ...eachLatencyCount((count) => over(reading.withinPercent[at[count]])),
  };
}

/** Several zones (or minutes) as one. What one of them did not deliver, the sum does not know. */
export const sumOf = (parts: readonly Counts[]): Counts =>
  parts.reduce(
    (sum, part) => ({
      requests: sum.requests + part.requests,
      failures: sum.failures + part.failures,
      ...eachLatencyCount((count) => plus(sum[count], part[count])),
    }),
    NOTHING,
  );

/** The counts of a colour from its zones; undefined when none of them had a request. */
export function countsOfZones(zones: readonly GroupMinute[], at: LatencyColumns): Counts | undefined {
  const delivered = zones.map((zone) => countsOf(zone, at)).filter((counts) => counts !== undefined);
  return delivered.length > 0 ? sumOf(delivered) : undefined;
}

/** One value for each of the four. */
export const eachLatencyCount = <T>(of: (count: LatencyCount) => T): Record<LatencyCount, T> => ({
  slow: of('slow'),
  verySlow: of('verySlow'),
  overPassBar: of('overPassBar'),
  overRollbackBar: of('overRollbackBar'),
});

const plus = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : a + b;
