import { LATENCY_GRID_MS } from '../../functions/core/judge/constants.ts';

const STATUS_CLASSES = ['2xx', '3xx', '4xx', '5xx'] as const;
export type StatusClass = (typeof STATUS_CLASSES)[number];

/** How one request to a target ended: with its answer, or with none. */
export type Outcome =
  | { readonly status: number; readonly latencyMs: number }
  /** `refused`: no connection could be made. `reset`: it was made, and no answer came. */
  | { readonly lost: 'refused' | 'reset' };

/**
 * What ALB counts for a target group, under CloudWatch's names:
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
 */
export interface Counts {
  /** RequestCount: a target was chosen, whatever came of it. */
  readonly requests: number;
  /** HTTPCode_Target_2XX_Count and its siblings: answers of targets, none that the load balancer made itself. */
  readonly answered: Readonly<Record<StatusClass, number>>;
  /** TargetConnectionErrorCount. */
  readonly connectionErrors: number;
  /** TargetResponseTime: how many answers came at or under each threshold of LATENCY_GRID_MS. */
  readonly withinGrid: readonly number[];
  /** 95th percentile of TargetResponseTime, milliseconds; absent when nothing was answered. */
  readonly p95Ms?: number;
}

export function countsOf(outcomes: readonly Outcome[]): Counts {
  const answers = outcomes.filter((outcome) => 'status' in outcome);
  const ofClass = (first: number) => answers.filter(({ status }) => Math.floor(status / 100) === first).length;
  const latencies = answers.map(({ latencyMs }) => latencyMs);
  const p95Ms = percentile(latencies, 95);
  return {
    requests: outcomes.length,
    answered: { '2xx': ofClass(2), '3xx': ofClass(3), '4xx': ofClass(4), '5xx': ofClass(5) },
    connectionErrors: outcomes.filter((outcome) => 'lost' in outcome && outcome.lost === 'refused').length,
    withinGrid: LATENCY_GRID_MS.map((threshold) => latencies.filter((latency) => latency <= threshold).length),
    ...(p95Ms !== undefined && { p95Ms }),
  };
}

/** A 5xx of its own or no answer at all: what a user would call a failure of the target. */
export const isFailure = (outcome: Outcome): boolean => 'lost' in outcome || outcome.status >= 500;

/** The smallest value that at least `percent` of them do not exceed (nearest rank); undefined when there are none. */
export function percentile(values: readonly number[], percent: number): number | undefined {
  const ascending = Float64Array.from(values).sort();
  return ascending[Math.max(0, Math.ceil((percent / 100) * ascending.length) - 1)];
}
