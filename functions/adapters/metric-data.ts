/** GetMetricData: many numbers of many groups in one call, over all pages. A number that was not delivered is absent. */
import { type CloudWatchClient, GetMetricDataCommand, type MetricDataQuery } from '@aws-sdk/client-cloudwatch';
import { Transient } from '../core/failures.ts';
import type { Instant } from '../ports/clock.ts';

export type CloudWatch = Pick<CloudWatchClient, 'send'>;

/** One target group, as a whole or in one availability zone: the dimensions and their values. */
export type Dimensions = Readonly<Record<string, string>>;

/** A metric of AWS/ApplicationELB and a statistic of it, as `TargetResponseTime` and `p95`. */
export interface Column {
  readonly metric: string;
  readonly statistic: string;
}

/** For one group: by column, in the order asked for, its numbers by minute (epoch seconds). */
export type GroupNumbers = readonly ReadonlyMap<Instant, number>[];

const PERIOD_SECONDS = 60;
/** GetMetricData takes no more at once (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html). */
const QUERIES_AT_ONCE = 500;

/** The minutes in [from, to) of every column of every group, in the order of the groups. */
export async function metricData(
  cloudwatch: CloudWatch,
  {
    from,
    to,
    groups,
    columns,
  }: {
    readonly from: Instant;
    readonly to: Instant;
    readonly groups: readonly Dimensions[];
    readonly columns: readonly Column[];
  },
): Promise<readonly GroupNumbers[]> {
  const numbers = groups.map(() => columns.map(() => new Map<Instant, number>()));
  const queries = groups.flatMap((group, row) =>
    columns.map((column, index) => ({ row, index, query: queryOf(`q${row}_${index}`, group, column) })),
  );
  const byId = new Map(queries.map(({ row, index, query }) => [query.Id, numbers[row]![index]!]));
  for (let first = 0; first < queries.length; first += QUERIES_AT_ONCE) {
    const some = queries.slice(first, first + QUERIES_AT_ONCE).map(({ query }) => query);
    let token: string | undefined;
    do {
      const page = await cloudwatch.send(
        new GetMetricDataCommand({
          MetricDataQueries: some,
          StartTime: new Date(from * 1000),
          EndTime: new Date(to * 1000),
          ScanBy: 'TimestampAscending',
          NextToken: token,
        }),
      );
      for (const { Id, Timestamps = [], Values = [], StatusCode, Messages } of page.MetricDataResults ?? []) {
        if (StatusCode === 'InternalError' || StatusCode === 'Forbidden')
          throw new Transient(`GetMetricData: ${StatusCode}, ${Messages?.[0]?.Value ?? 'no reason given'}`);
        Timestamps.forEach((timestamp, at) => {
          const value = Values[at];
          if (value !== undefined) byId.get(Id!)?.set(timestamp.getTime() / 1000, value);
        });
      }
      token = page.NextToken;
    } while (token);
  }
  return numbers;
}

const queryOf = (Id: string, group: Dimensions, { metric, statistic }: Column) =>
  ({
    Id,
    MetricStat: {
      Metric: {
        Namespace: NAMESPACE,
        MetricName: metric,
        Dimensions: Object.entries(group).map(([Name, Value]) => ({ Name, Value })),
      },
      Period: PERIOD_SECONDS,
      Stat: statistic,
    },
  }) satisfies MetricDataQuery;

export const NAMESPACE = 'AWS/ApplicationELB';
