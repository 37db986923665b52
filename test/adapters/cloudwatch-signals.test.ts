import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { expect, test } from 'vitest';
import { withDeadline } from '../../functions/adapters/client.ts';
import { cloudwatchSignals } from '../../functions/adapters/cloudwatch-signals.ts';
import { Transient } from '../../functions/core/failures.ts';
import { LATENCY_GRID_MS } from '../../functions/core/judge/constants.ts';
import { COLOURS } from '../../functions/core/roles.ts';
import { ALARMS } from '../../functions/core/thresholds.ts';
import { type Answers, answering, type Call, PLACE } from './answering.ts';
import { GROUPS, LOAD_BALANCER } from './balancer.ts';

const SERVICE = 'conductores-backend';
const T0 = Date.UTC(2026, 0, 5, 14) / 1000;
const BLUE = 'targetgroup/blue/73e2';
const GREEN = 'targetgroup/green/73e2';

interface Query {
  readonly Id: string;
  readonly MetricStat: {
    readonly Metric: { readonly MetricName: string; readonly Dimensions: readonly { Name: string; Value: string }[] };
    readonly Period: number;
    readonly Stat: string;
  };
}

/** What was measured in a minute of a group (`targetgroup/...`, or that and a zone): by metric and statistic. */
type Measured = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** CloudWatch with these minutes, from T0 on. Three metrics a page. */
function cloudwatch(minutes: readonly Measured[], more: Answers = {}) {
  const calls: Call[] = [];
  const measuredIn = ({ MetricStat: { Metric, Stat } }: Query, minute: Measured): number | undefined => {
    const dimensions = Object.fromEntries(Metric.Dimensions.map(({ Name, Value }) => [Name, Value]));
    if (dimensions['LoadBalancer'] !== 'app/conductores/50dc') return undefined;
    const group = [dimensions['TargetGroup'], dimensions['AvailabilityZone']].filter(Boolean).join(' ');
    return minute[group]?.[`${Metric.MetricName} ${Stat}`];
  };
  const answers: Answers = {
    GetMetricData: (asked: { MetricDataQueries: Query[]; StartTime: Date; EndTime: Date; NextToken?: string }) => {
      if (asked.MetricDataQueries.length > 500) throw new Error('Too many queries');
      const at = Number(asked.NextToken ?? 0);
      const page = asked.MetricDataQueries.slice(at, at + 3).map((query) => {
        const points = minutes.flatMap((minute, index) => {
          const value = measuredIn(query, minute);
          const timestamp = new Date((T0 + 60 * index) * 1000);
          const isAsked = timestamp >= asked.StartTime && timestamp < asked.EndTime;
          return value === undefined || !isAsked ? [] : [{ timestamp, value }];
        });
        return {
          Id: query.Id,
          Timestamps: points.map(({ timestamp }) => timestamp),
          Values: points.map(({ value }) => value),
          StatusCode: 'Complete',
        };
      });
      const isLast = at + 3 >= asked.MetricDataQueries.length;
      return { MetricDataResults: page, ...(isLast ? {} : { NextToken: String(at + 3) }) };
    },
    ListMetrics: ({ NextToken }: { NextToken?: string }) => {
      const zone = (TargetGroup: string, AvailabilityZone: string) => ({
        Dimensions: Object.entries({ LoadBalancer: 'app/conductores/50dc', TargetGroup, AvailabilityZone }).map(
          ([Name, Value]) => ({ Name, Value }),
        ),
      });
      return NextToken
        ? { Metrics: [zone(BLUE, 'us-east-1b'), zone('targetgroup/others/1', 'us-east-1a')] }
        : { Metrics: [zone(BLUE, 'us-east-1a')], NextToken: 'more' };
    },
    ...more,
  };
  const client = answering(withDeadline(new CloudWatchClient(PLACE)), answers, calls);
  const signals = cloudwatchSignals(client, { service: SERVICE, loadBalancer: LOAD_BALANCER, targetGroups: GROUPS });
  return { signals, calls };
}

const busy = {
  'RequestCount Sum': 1000,
  'HTTPCode_Target_2XX_Count Sum': 950,
  'HTTPCode_Target_4XX_Count Sum': 30,
  'HTTPCode_Target_5XX_Count Sum': 12,
  'TargetConnectionErrorCount Sum': 5,
  'HealthyHostCount Maximum': 4,
  'UnHealthyHostCount Minimum': 0,
  'TargetResponseTime p95': 0.215,
  'TargetResponseTime PR(:0.3)': 98.5,
  'TargetResponseTime PR(:0.5)': 99.9,
};
const silent = { 'HealthyHostCount Maximum': 2, 'UnHealthyHostCount Minimum': 1 };

test('a minute of a colour is what the load balancer counted for its group', async () => {
  const { signals } = cloudwatch([{ [BLUE]: busy, [GREEN]: silent }]);
  const [minute, ...rest] = await signals.minutes({ from: T0, to: T0 + 600, thresholdsMs: [300, 500] });
  expect(rest).toEqual([]);
  expect(minute).toEqual({
    minute: T0,
    colours: {
      blue: {
        requests: 1000,
        errors5xx: 12,
        answered: 992,
        connectionErrors: 5,
        withinPercent: [98.5, 99.9],
        p95Ms: 215,
        healthyHosts: 4,
        unhealthyHosts: 0,
      },
      // No request: then no count, and silence is not a count of 0.
      green: { withinPercent: [undefined, undefined], healthyHosts: 2, unhealthyHosts: 1 },
    },
    zones: { blue: [], green: [] },
  });
});

test('a candidate that drops every request has answered none [F40]', async () => {
  const { signals } = cloudwatch([{ [GREEN]: { ...silent, 'RequestCount Sum': 50 } }]);
  const [minute] = await signals.minutes({ from: T0, to: T0 + 60, thresholdsMs: [] });
  expect(minute?.colours.green).toMatchObject({ requests: 50, answered: 0 });
});

test('a colour, or a minute, that was not delivered is absent', async () => {
  const { signals } = cloudwatch([{ [BLUE]: busy }, {}, { [BLUE]: busy, [GREEN]: busy }, { [BLUE]: busy }]);
  const minutes = await signals.minutes({ from: T0, to: T0 + 180, thresholdsMs: [] });
  expect(minutes.map(({ minute, colours }) => [minute - T0, Object.keys(colours)])).toEqual([
    [0, ['blue']],
    [120, ['blue', 'green']],
  ]);
});

test('a colour is told again by zone, and other people’s groups are not told', async () => {
  const { signals } = cloudwatch([
    {
      [BLUE]: busy,
      [`${BLUE} us-east-1a`]: { 'RequestCount Sum': 600 },
      [`${BLUE} us-east-1b`]: { 'RequestCount Sum': 400 },
    },
  ]);
  const [minute] = await signals.minutes({ from: T0, to: T0 + 60, thresholdsMs: [] });
  expect(minute?.zones.blue.map(({ requests }) => requests)).toEqual([600, 400]);
  expect(minute?.zones.green).toEqual([]);
});

test('a tick asks once for everything, page after page, and not at all for no minute', async () => {
  const { signals, calls } = cloudwatch([{ [BLUE]: busy, [GREEN]: busy }]);
  await signals.minutes({ from: T0, to: T0 + 60, thresholdsMs: [300, 500] });
  const asked = calls.filter(({ command }) => command === 'GetMetricData').map(({ input }) => input);
  expect(new Set(asked.map(({ MetricDataQueries }) => JSON.stringify(MetricDataQueries))).size).toBe(1);
  expect(await signals.minutes({ from: T0 + 60, to: T0, thresholdsMs: [] })).toEqual([]);
  expect(calls.filter(({ command }) => command === 'GetMetricData')).toHaveLength(asked.length);
});

test('an hour on the whole grid, in many zones, is asked for in calls that CloudWatch takes', async () => {
  const zones = Array.from({ length: 14 }, (_, zone) => ({
    Dimensions: Object.entries({
      LoadBalancer: 'app/conductores/50dc',
      TargetGroup: BLUE,
      AvailabilityZone: `z${zone}`,
    }).map(([Name, Value]) => ({ Name, Value })),
  }));
  const { signals } = cloudwatch([{ [BLUE]: busy, [`${BLUE} z13`]: busy }], {
    ListMetrics: () => ({ Metrics: zones }),
  });
  const [minute] = await signals.minutes({ from: T0, to: T0 + 3600, thresholdsMs: LATENCY_GRID_MS });
  expect(minute?.zones.blue).toHaveLength(1);
  expect(minute?.colours.blue?.withinPercent[LATENCY_GRID_MS.indexOf(300)]).toBe(98.5);
});

const percentiles = {
  'TargetResponseTime p50': 0.1,
  'TargetResponseTime p75': 0.15,
  'TargetResponseTime p90': 0.2,
  'TargetResponseTime p95': 0.25,
  'TargetResponseTime p99.5': 0.5,
};

test('where PR gives nothing, the percentiles say how many responses were in time', async () => {
  const { signals } = cloudwatch([{ [BLUE]: { 'RequestCount Sum': 1000, ...percentiles } }]);
  const [minute] = await signals.minutes({ from: T0, to: T0 + 60, thresholdsMs: [50, 150, 200, 500, 600, 1000] });
  const [faster, p75, p90, p995, slower, slowest] = minute!.colours.blue!.withinPercent.map(Number);
  expect(p75).toBeCloseTo(75);
  expect(p90).toBeCloseTo(90);
  expect(p995).toBeCloseTo(99.5);
  // Half of the way to p50 in time is half of the way to 50 % in the logarithm; beyond p99.5 it goes on like before it.
  expect(faster).toBeCloseTo(100 - 100 * Math.sqrt(0.5));
  expect(slower).toBeCloseTo(100 - 0.5 * 0.1 ** 0.4);
  expect(slowest).toBeGreaterThan(99.99);
  expect(slowest).toBeLessThan(100);
});

test('a PR that contradicts p95 is not believed', async () => {
  const { signals } = cloudwatch([
    {
      [BLUE]: {
        'RequestCount Sum': 1000,
        ...percentiles,
        'TargetResponseTime PR(:0.5)': 12,
        'TargetResponseTime PR(:0.15)': 75,
      },
    },
  ]);
  const [minute] = await signals.minutes({ from: T0, to: T0 + 60, thresholdsMs: [500, 150] });
  expect(minute!.colours.blue!.withinPercent.map((percent) => Math.round(Number(percent) * 10) / 10)).toEqual([
    99.5, 75,
  ]);
});

test('where PR does what it should, the percentiles are not paid for', async () => {
  const { signals, calls } = cloudwatch([{ [BLUE]: busy, [GREEN]: busy }]);
  await signals.minutes({ from: T0, to: T0 + 60, thresholdsMs: [300, 500] });
  expect(JSON.stringify(calls)).not.toContain('p99.5');
});

test('numbers that CloudWatch could not add up are Transient, not silence', async () => {
  const { signals } = cloudwatch([], {
    GetMetricData: () => ({
      MetricDataResults: [{ Id: 'q0_0', StatusCode: 'InternalError', Values: [], Timestamps: [] }],
    }),
  });
  await expect(signals.minutes({ from: T0, to: T0 + 60, thresholdsMs: [] })).rejects.toThrow(Transient);
});

const NAMES = COLOURS.flatMap((colour) => ALARMS.map(({ name }) => `${SERVICE}-${colour}-${name}`));

/** All alarms are OK, but for these; half of them on a second page. */
function alarms(facts: Readonly<Record<string, object>> = {}, names: readonly string[] = NAMES) {
  const all = names.map((AlarmName) => ({
    AlarmName,
    StateValue: 'OK',
    StateReason: 'Threshold not crossed',
    StateTransitionedTimestamp: new Date((T0 - 900) * 1000),
    StateUpdatedTimestamp: new Date(T0 * 1000),
    ...facts[AlarmName],
  }));
  const asked: unknown[] = [];
  const { signals } = cloudwatch([], {
    DescribeAlarms: ({
      NextToken,
      AlarmNames,
      AlarmTypes,
    }: {
      NextToken?: string;
      AlarmNames: string[];
      AlarmTypes: string[];
    }) => {
      asked.push(AlarmNames);
      if (!AlarmTypes?.includes('CompositeAlarm')) throw new Error('Composite alarms are told only to who asks');
      return NextToken
        ? { MetricAlarms: all.slice(8, -1), CompositeAlarms: all.slice(-1) }
        : { MetricAlarms: all.slice(0, 8), NextToken: 'more' };
    },
  });
  return { signals, asked };
}

test('every alarm of both colours is told, with its kind and since when', async () => {
  const name = `${SERVICE}-green-literal-p95`;
  const { signals, asked } = alarms({ [name]: { StateValue: 'ALARM', StateReason: 'p95 612 ms' } });
  const told = await signals.alarms();
  expect(told.map((alarm) => alarm.name)).toEqual(NAMES);
  expect(asked[0]).toEqual(NAMES);
  expect(told.find((alarm) => alarm.name === name)).toEqual({
    name,
    colour: 'green',
    kind: 'literal',
    state: 'ALARM',
    since: T0 - 900,
    reason: 'p95 612 ms',
  });
});

test('an alarm that CloudWatch leaves out is an error, never an all is well [F38]', async () => {
  const { signals } = alarms({}, NAMES.slice(1));
  await expect(signals.alarms()).rejects.toThrow(`No such alarms: ${NAMES[0]}`);
});

test('the backstop on errors is silent while the other colour fails likewise, as in the rehearsal', async () => {
  const both = COLOURS.map((colour) => `${SERVICE}-${colour}-backstop-error-rate`);
  const firing = { StateValue: 'ALARM' };
  const one = await alarms({ [both[1]!]: firing }).signals.alarms();
  expect(one.filter(({ state }) => state === 'ALARM').map(({ name }) => name)).toEqual([both[1]]);
  const outage = await alarms({ [both[0]!]: firing, [both[1]!]: firing }).signals.alarms();
  expect(outage.filter(({ state }) => state === 'ALARM')).toEqual([]);
});
