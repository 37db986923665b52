/**
 * The numbers of both colours as CloudWatch has them, minute by minute, and the alarms. Missing stays missing: what it
 * means is the judge's business (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html).
 */
import { DescribeAlarmsCommand, ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import { Transient } from '../core/failures.ts';
import { agreesWithP95, PERCENTILES, type Percentiles, withinByPercentiles } from '../core/judge/percentiles.ts';
import type { GroupMinute } from '../core/judge/readings.ts';
import { COLOURS, type Colour, otherColour } from '../core/roles.ts';
import { ALARMS } from '../core/thresholds.ts';
import type { Instant } from '../ports/clock.ts';
import type { AlarmReading, MinuteReading, Signals } from '../ports/signals.ts';
import { type Addresses, loadBalancerDimension, targetGroupDimension } from './addresses.ts';
import {
  type CloudWatch,
  type Column,
  type Dimensions,
  type GroupNumbers,
  metricData,
  NAMESPACE,
} from './metric-data.ts';

type SignalAddresses = Pick<Addresses, 'service' | 'loadBalancer' | 'targetGroups'>;
type Minutes = Parameters<Signals['minutes']>[0];

/** One group of numbers: a colour as a whole, or its part in one zone. */
interface Part {
  readonly colour: Colour;
  readonly zone?: string;
  readonly dimensions: Dimensions;
}

export const cloudwatchSignals = (cloudwatch: CloudWatch, at: SignalAddresses): Signals => ({
  async minutes(asked) {
    if (asked.from >= asked.to) return [];
    const parts = await partsOf(cloudwatch, at);
    const groups = parts.map(({ dimensions }) => dimensions);
    const { from, to, thresholdsMs } = asked;
    const numbers = await metricData(cloudwatch, { from, to, groups, columns: columnsFor(thresholdsMs) });
    const percentiles = await percentilesWherePrWillNotDo(cloudwatch, asked, groups, numbers);
    const readings: { readonly minute: Instant; readonly part: Part; readonly reading: GroupMinute }[] = [];
    parts.forEach((part, row) => {
      for (const minute of minutesOf(numbers[row]!))
        readings.push({ minute, part, reading: readingOf(numbers[row]!, percentiles?.[row], minute, thresholdsMs) });
    });
    return byMinute(readings);
  },

  async alarms() {
    const asked = COLOURS.flatMap((colour) =>
      ALARMS.map((rule) => ({ rule, colour, kind: rule.kind, name: `${at.service}-${colour}-${rule.name}` })),
    );
    const found = await alarmsNamed(
      cloudwatch,
      asked.map(({ name }) => name),
    );
    const missing = asked.filter(({ name }) => !found.has(name));
    // CloudWatch does not say that an alarm is unknown, it leaves it out.
    if (missing.length > 0) throw new Transient(`No such alarms: ${missing.map(({ name }) => name).join(', ')}`);
    const rings = (colour: Colour, name: string): boolean =>
      found.get(`${at.service}-${colour}-${name}`)?.state === 'ALARM';
    return asked.map(({ rule, ...alarm }) => {
      const reading = { ...alarm, ...found.get(alarm.name)! };
      // Beside both colours' alarms CloudWatch has a composite that weighs them; here the readings are weighed alike.
      return rule.unlessOtherLikewise && rings(otherColour(alarm.colour), rule.name) && reading.state === 'ALARM'
        ? { ...reading, state: 'OK', reason: `${reading.reason}, but the other colour likewise` }
        : reading;
    });
  },
});

const sum = (metric: string): Column => ({ metric, statistic: 'Sum' });
const latency = (statistic: string): Column => ({ metric: 'TargetResponseTime', statistic });

/**
 * What is asked of every part. A flutter within a minute is no outage: a colour had no healthy target in a minute if it
 * never had one in it, and an unhealthy one if it always had one.
 */
const COLUMNS = [
  sum('RequestCount'),
  sum('HTTPCode_Target_2XX_Count'),
  sum('HTTPCode_Target_3XX_Count'),
  sum('HTTPCode_Target_4XX_Count'),
  sum('HTTPCode_Target_5XX_Count'),
  sum('TargetConnectionErrorCount'),
  { metric: 'HealthyHostCount', statistic: 'Maximum' },
  { metric: 'UnHealthyHostCount', statistic: 'Minimum' },
  latency('p95'),
] as const;

const columnsFor = (thresholdsMs: readonly number[]): readonly Column[] => [
  ...COLUMNS,
  // CloudWatch counts seconds; PR(:0.3) is the percentage of values up to and with 0.3.
  ...thresholdsMs.map((ms) => latency(`PR(:${ms / 1000})`)),
];

/** Both colours, and each again for every zone that has reported lately. */
async function partsOf(
  cloudwatch: CloudWatch,
  { loadBalancer, targetGroups }: SignalAddresses,
): Promise<readonly Part[]> {
  const LoadBalancer = loadBalancerDimension(loadBalancer);
  const groupOf = (colour: Colour): string => targetGroupDimension(targetGroups[colour]);
  const parts: Part[] = COLOURS.map((colour) => ({
    colour,
    dimensions: { LoadBalancer, TargetGroup: groupOf(colour) },
  }));
  let token: string | undefined;
  do {
    const page = await cloudwatch.send(
      new ListMetricsCommand({
        Namespace: NAMESPACE,
        MetricName: 'RequestCount',
        Dimensions: [
          { Name: 'LoadBalancer', Value: LoadBalancer },
          { Name: 'TargetGroup' },
          { Name: 'AvailabilityZone' },
        ],
        RecentlyActive: 'PT3H',
        NextToken: token,
      }),
    );
    for (const { Dimensions = [] } of page.Metrics ?? []) {
      const dimensions = Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name!, Value!]));
      const colour = COLOURS.find((one) => groupOf(one) === dimensions['TargetGroup']);
      if (colour) parts.push({ colour, zone: dimensions['AvailabilityZone']!, dimensions });
    }
    token = page.NextToken;
  } while (token);
  return parts;
}

const minutesOf = (numbers: GroupNumbers): readonly Instant[] => [
  ...new Set(numbers.flatMap((one) => [...one.keys()])),
];

/** Counts of zero are not reported: beside requests, absent means none. */
function readingOf(
  numbers: GroupNumbers,
  percentiles: GroupNumbers | undefined,
  minute: Instant,
  thresholdsMs: readonly number[],
): GroupMinute {
  const [requests, ok, redirected, refused, errors5xx, connectionErrors, healthyHosts, unhealthyHosts, p95] = numbers
    .slice(0, COLUMNS.length)
    .map((column) => column.get(minute));
  const p95Ms = milliseconds(p95);
  const times: Percentiles = PERCENTILES.map((_, index) => milliseconds(percentiles?.[index]?.get(minute)));
  return {
    ...present('requests', requests),
    ...present('errors5xx', errors5xx),
    ...(requests === undefined ? {} : { answered: (ok ?? 0) + (redirected ?? 0) + (refused ?? 0) + (errors5xx ?? 0) }),
    ...present('connectionErrors', connectionErrors),
    withinPercent: thresholdsMs.map((ms, index) => {
      const within = numbers[COLUMNS.length + index]?.get(minute);
      return isBelievable(within, ms, p95Ms) ? within : withinByPercentiles(ms, times);
    }),
    ...present('p95Ms', p95Ms),
    ...present('healthyHosts', healthyHosts),
    ...present('unhealthyHosts', unhealthyHosts),
  };
}

/**
 * Self-check: where responses were timed (there is a p95), PR must be there and agree with it. Otherwise the percentiles
 * are asked for, in a second call.
 */
async function percentilesWherePrWillNotDo(
  cloudwatch: CloudWatch,
  { from, to, thresholdsMs }: Minutes,
  groups: readonly Dimensions[],
  numbers: readonly GroupNumbers[],
): Promise<readonly GroupNumbers[] | undefined> {
  const p95At = COLUMNS.length - 1;
  const allWell = numbers.every((group) =>
    [...group[p95At]!].every(([minute, p95]) =>
      thresholdsMs.every((ms, index) =>
        isBelievable(group[COLUMNS.length + index]!.get(minute), ms, milliseconds(p95)),
      ),
    ),
  );
  if (allWell) return undefined;
  return metricData(cloudwatch, { from, to, groups, columns: PERCENTILES.map((percent) => latency(`p${percent}`)) });
}

const isBelievable = (within: number | undefined, thresholdMs: number, p95Ms: number | undefined): boolean =>
  within !== undefined && (p95Ms === undefined || agreesWithP95(within, thresholdMs, p95Ms));

function byMinute(
  readings: readonly { readonly minute: Instant; readonly part: Part; readonly reading: GroupMinute }[],
): readonly MinuteReading[] {
  const minutes = [...new Set(readings.map(({ minute }) => minute))].toSorted((one, other) => one - other);
  return minutes.map((minute) => {
    const here = readings.filter((one) => one.minute === minute);
    const zonesOf = (colour: Colour): readonly GroupMinute[] =>
      here.filter(({ part }) => part.zone !== undefined && part.colour === colour).map(({ reading }) => reading);
    const whole = here.filter(({ part }) => part.zone === undefined);
    return {
      minute,
      colours: Object.fromEntries(whole.map(({ part, reading }) => [part.colour, reading])),
      zones: Object.fromEntries(COLOURS.map((colour) => [colour, zonesOf(colour)])) as Record<
        Colour,
        readonly GroupMinute[]
      >,
    };
  });
}

/** DescribeAlarms takes a hundred names. Without AlarmTypes it leaves composite alarms out. */
async function alarmsNamed(
  cloudwatch: CloudWatch,
  AlarmNames: string[],
): Promise<ReadonlyMap<string, Pick<AlarmReading, 'state' | 'since' | 'reason'>>> {
  const found = new Map<string, Pick<AlarmReading, 'state' | 'since' | 'reason'>>();
  let token: string | undefined;
  do {
    const page = await cloudwatch.send(
      new DescribeAlarmsCommand({ AlarmNames, AlarmTypes: ['MetricAlarm', 'CompositeAlarm'], NextToken: token }),
    );
    for (const alarm of [...(page.MetricAlarms ?? []), ...(page.CompositeAlarms ?? [])]) {
      const since = alarm.StateTransitionedTimestamp ?? alarm.StateUpdatedTimestamp;
      found.set(alarm.AlarmName!, {
        state: alarm.StateValue!,
        since: (since?.getTime() ?? 0) / 1000,
        reason: alarm.StateReason ?? 'no reason given',
      });
    }
    token = page.NextToken;
  } while (token);
  return found;
}

const milliseconds = (seconds: number | undefined): number | undefined =>
  seconds === undefined ? undefined : seconds * 1000;

const present = <Name extends string>(name: Name, value: number | undefined): { readonly [key in Name]?: number } =>
  (value === undefined ? {} : { [name]: value }) as { readonly [key in Name]?: number };
