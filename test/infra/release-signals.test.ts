import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { GroupMinute } from '../../functions/core/judge/readings.ts';
import { COLOURS } from '../../functions/core/roles.ts';
import { ALARMS, type AlarmRule, breaches, seenBy } from '../../functions/core/thresholds.ts';
import { ofType, type Resource, stacksOf, templateOf } from './fixture.ts';

const template = templateOf(stacksOf({}).releases[0]!);
const alarms = new Map(
  ofType(template, 'AWS::CloudWatch::Alarm').map((alarm) => [alarm.Properties.AlarmName as string, alarm]),
);
const rows = COLOURS.flatMap((colour) =>
  ALARMS.map((rule): readonly [name: string, rule: AlarmRule] => [`conductores-backend-${colour}-${rule.name}`, rule]),
);

/** What CloudWatch delivers of a minute, by metric and statistic. */
const delivered = (minute: GroupMinute): Readonly<Record<string, number | undefined>> => ({
  'RequestCount Sum': minute.requests,
  'HTTPCode_Target_5XX_Count Sum': minute.errors5xx,
  'TargetConnectionErrorCount Sum': minute.connectionErrors,
  'TargetResponseTime p95': minute.p95Ms === undefined ? undefined : minute.p95Ms / 1000,
  'UnHealthyHostCount Minimum': minute.unhealthyHosts,
  'HealthyHostCount Maximum': minute.healthyHosts,
});

/** The number that an alarm of the template looks at in one minute; undefined when there is none. */
function seen({ Properties }: Resource, minute: GroupMinute, other: GroupMinute): number | undefined {
  const numbers = delivered(minute);
  const own = groupOf(Properties.AlarmName.includes('-blue-') ? 'blue' : 'green');
  if (Properties.MetricName) return numbers[`${Properties.MetricName} ${statisticOf(Properties)}`];
  const metrics = Properties.Metrics as readonly MetricQuery[];
  const values = Object.fromEntries(
    metrics.flatMap(({ Id, MetricStat }) =>
      MetricStat
        ? [
            [
              Id,
              (JSON.stringify(MetricStat).includes(own) ? numbers : delivered(other))[
                `${MetricStat.Metric.MetricName} ${MetricStat.Stat}`
              ],
            ],
          ]
        : [],
    ),
  );
  const [expression] = metrics.flatMap(({ Expression, ReturnData = true }) =>
    Expression && ReturnData ? [Expression] : [],
  );
  return calculated(expression!, values);
}

interface MetricQuery {
  readonly Id: string;
  readonly Expression?: string;
  readonly ReturnData?: boolean;
  readonly MetricStat?: { readonly Metric: { readonly MetricName: string }; readonly Stat: string };
}

/** Part of the logical id of a colour's target group. */
const groupOf = (colour: 'blue' | 'green'): string => `Backend${colour === 'blue' ? 'Blue' : 'Green'}Targets`;

const statisticOf = ({ Statistic, ExtendedStatistic }: Resource['Properties']): string =>
  Statistic ?? ExtendedStatistic;

/** CloudWatch's arithmetic as far as we use it: a missing number makes the result missing, unless it was filled. */
function calculated(expression: string, values: Readonly<Record<string, number | undefined>>): number | undefined {
  const names = Object.keys(values);
  const FILL = (value: number | undefined, other: number) => value ?? other;
  const IF = (condition: number | boolean, yes: number, no: number) => (condition ? yes : no);
  const filled = [...expression.matchAll(/FILL\((\w+),/g)].map(([, name]) => name);
  if (names.some((name) => values[name] === undefined && !filled.includes(name))) return undefined;
  const run = new Function('FILL', 'IF', ...names, `return ${expression};`);
  const result = run(FILL, IF, ...names.map((name) => values[name])) as number;
  return Number.isFinite(result) ? result : undefined;
}

const COMPARE: Readonly<Record<string, (value: number, threshold: number) => boolean>> = {
  GreaterThanThreshold: (value, threshold) => value > threshold,
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
};

const count = (most: number) => fc.option(fc.nat(most), { nil: undefined });
const minutes = fc.record({
  requests: fc.option(fc.integer({ min: 1, max: 400 }), { nil: undefined }),
  errors5xx: count(100),
  connectionErrors: count(20),
  p95Ms: fc.option(fc.integer({ min: 1, max: 1500 }), { nil: undefined }),
  healthyHosts: count(3),
  unhealthyHosts: count(3),
});

/** ALB reports errors and response times only of requests. */
const asReported = ({ requests, errors5xx, connectionErrors, p95Ms, ...hosts }: GroupMinute): GroupMinute =>
  requests === undefined
    ? { ...hosts, withinPercent: [] }
    : {
        requests,
        errors5xx: errors5xx!,
        connectionErrors: connectionErrors!,
        p95Ms: p95Ms!,
        ...hosts,
        withinPercent: [],
      };

test.each(rows)(
  '%s rings in exactly the minutes in which it rings in the rehearsal [F13] [S498] [S501] [S569] [S576]',
  (name, rule) => {
    const alarm = alarms.get(name)!;
    const { Threshold, ComparisonOperator } = alarm.Properties;
    fc.assert(
      fc.property(minutes, minutes, (drawn, drawnOther) => {
        const [minute, other] = [drawn, drawnOther].map((one) =>
          asReported({ ...one, withinPercent: [] } as GroupMinute),
        ) as [GroupMinute, GroupMinute];
        const value = seen(alarm, minute, other);
        expect(value !== undefined && COMPARE[ComparisonOperator]!(value, Threshold)).toBe(
          breaches(rule, minute, other),
        );
        // Where there is nothing to measure there is no number either, so that the alarm is INSUFFICIENT_DATA and not OK.
        if (seenBy(rule, minute, other) === undefined) expect(value).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  },
);

test.each(rows)('%s counts the minutes of its row, and silence is not health [F37]', (name, { breaching, outOf }) => {
  const { DatapointsToAlarm = outOf, EvaluationPeriods, TreatMissingData } = alarms.get(name)!.Properties;
  expect([DatapointsToAlarm, EvaluationPeriods, TreatMissingData]).toEqual([breaching, outOf, 'missing']);
});

test('every alarm looks at its own colour, and the one that must tell an outage of both looks at both', () => {
  for (const [name, { ownMinutesOnly }] of rows) {
    const groups = new Set(JSON.stringify(alarms.get(name)!.Properties).match(/Backend(Blue|Green)Targets/g));
    const own = groupOf(name.includes('-blue-') ? 'blue' : 'green');
    expect(groups).toEqual(new Set(ownMinutesOnly ? [groupOf('blue'), groupOf('green')] : [own]));
  }
});

test('the backstop of a colour: far worse AND NOT the other likewise, OR no healthy target; it pages', () => {
  const composites = ofType(template, 'AWS::CloudWatch::CompositeAlarm').map(({ Properties }) => Properties);
  expect(composites.map(({ AlarmName }) => AlarmName)).toEqual([
    'conductores-backend-blue-backstop',
    'conductores-backend-green-backstop',
  ]);
  for (const { AlarmName, AlarmRule: parts, AlarmActions } of composites) {
    const [own, other] = AlarmName.includes('-blue-') ? ['blue', 'green'] : ['green', 'blue'];
    const rule = (parts['Fn::Join'][1] as readonly (string | { 'Fn::GetAtt': [string] })[])
      .map((part) =>
        typeof part === 'string' ? part : template.Resources[part['Fn::GetAtt'][0]]!.Properties.AlarmName,
      )
      .join('')
      .replaceAll('conductores-backend-', '')
      .replaceAll('"', '');
    expect(rule).toBe(
      `((ALARM(${own}-backstop-error-rate) AND (NOT (ALARM(${other}-backstop-error-rate)))) OR ALARM(${own}-backstop-no-healthy-target))`,
    );
    expect(AlarmActions.length).toBe(1);
  }
});

test('alarms of this account may page, and nobody may without TLS', () => {
  const [policy] = ofType(template, 'AWS::SNS::TopicPolicy').map(
    ({ Properties }) => Properties.PolicyDocument.Statement,
  );
  const allowed = policy.filter(({ Effect }: { Effect: string }) => Effect === 'Allow');
  expect(allowed).toMatchObject([
    { Action: 'sns:Publish', Principal: { Service: 'cloudwatch.amazonaws.com' }, Condition: expect.anything() },
  ]);
  const refused = policy.filter(({ Effect }: { Effect: string }) => Effect === 'Deny');
  expect(refused).toMatchObject([{ Condition: { Bool: { 'aws:SecureTransport': 'false' } } }]);
});
