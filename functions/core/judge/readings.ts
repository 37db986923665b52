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
