/** What calls the guard and the reconciler, and how often it may be late, twice, or at the same time. */
import { describe, expect, test } from 'vitest';
import { ACTING_ALARMS, ALARMS } from '../../functions/core/thresholds.ts';
import { alarmEvent, endEvent, STOP_CODES, taskEvent } from '../handlers/events.ts';
import { matches } from './event-pattern.ts';
import { attach, idsOfType, ofType, pretended, type Resource, stacksOf, templateOf } from './fixture.ts';

const template = templateOf(stacksOf(attach).releases[0]!);
const MACHINE = 'sluice-shop-orders';
const REVISION = 'arn:aws:ecs:us-east-1:123456789012:task-definition/shop-orders-green:7';

const codeOf = (name: string) => `exports.handler = '${name}'`;
const [idOf, lambdas] = [
  (name: string) =>
    idsOfType(template, 'AWS::Lambda::Function').find(
      (id) => template.Resources[id]!.Properties.Code.ZipFile === codeOf(name),
    )!,
  (name: string) =>
    ofType(template, 'AWS::Lambda::Function').find(({ Properties }) => Properties.Code.ZipFile === codeOf(name))!,
];
const rulesOf = (name: string): readonly Resource[] =>
  ofType(template, 'AWS::Events::Rule').filter(
    ({ Properties }) => Properties.Targets[0].Arn['Fn::GetAtt']?.[0] === idOf(name),
  );

/** The pattern as EventBridge reads it. */
const patternIn = ({ Properties }: Resource) =>
  JSON.parse(JSON.stringify(Properties.EventPattern), (_, value: unknown) =>
    typeof value === 'object' && value !== null && /^(Ref|Fn::\w+)$/.test(Object.keys(value)[0] ?? '')
      ? pretended(template, value)
      : value,
  );
const isDeliveredTo = (name: string, event: unknown): boolean =>
  rulesOf(name).some((rule) => rule.Properties.EventPattern && matches(patternIn(rule), event));

const task = (changes: object = {}, detail: object = {}) =>
  taskEvent({ cluster: 'shop', service: 'shop-orders-green', revision: REVISION, ...changes }, detail);
const elsewhere = { account: '210987654321' };

describe('the guard hears', () => {
  test.each(['blue', 'green'])('of %s every alarm that acts under one of the policies, and no other', (colour) => {
    const heard = (name: string) => isDeliveredTo('guard', alarmEvent(`shop-orders-${colour}-${name}`, 0));
    for (const { name } of ACTING_ALARMS) expect(heard(name)).toBe(true);
    // Parts of the backstop say nothing of the other colour.
    for (const { name, kind } of ALARMS) expect(heard(name)).toBe(kind === 'literal');
  });

  test('only alarms that stand in the template', () => {
    const named = [
      ...ofType(template, 'AWS::CloudWatch::Alarm'),
      ...ofType(template, 'AWS::CloudWatch::CompositeAlarm'),
    ];
    const [{ detail } = { detail: { alarmName: [] } }] = rulesOf('guard')
      .map(patternIn)
      .filter(({ source }) => source[0] === 'aws.cloudwatch');
    expect(named.map(({ Properties }) => Properties.AlarmName)).toEqual(expect.arrayContaining(detail.alarmName));
    expect(detail.alarmName.length).toBe(2 * ACTING_ALARMS.length);
  });

  test.each([
    ['the end of an alarm', alarmEvent('shop-orders-green-backstop', 0, { value: 'OK' })],
    ['an alarm without data', alarmEvent('shop-orders-green-backstop', 0, { value: 'INSUFFICIENT_DATA' })],
    ['the other service’s alarm', alarmEvent('shop-search-green-backstop', 0)],
    ['an alarm of another account', { ...alarmEvent('shop-orders-green-backstop', 0), ...elsewhere }],
    ['a task that is not gone yet', task({}, { lastStatus: 'DEACTIVATING' })],
    ['the other service’s task', task({ service: 'shop-search-green' })],
    ['a task of another cluster', task({ cluster: 'shop2' })],
    ['a migration', task({}, { group: 'family:shop-orders-template-migration' })],
    ['a task of another account', { ...task(), ...elsewhere }],
  ])('nothing of %s', (_, event) => {
    expect(isDeliveredTo('guard', event)).toBe(false);
  });

  test.each(['shop-orders-blue', 'shop-orders-green'])('of tasks of %s those that exited by themselves', (service) => {
    const heard = STOP_CODES.filter((stopCode) => isDeliveredTo('guard', task({ service }, { stopCode })));
    expect(heard).toEqual(['EssentialContainerExited']);
  });
});

describe('the reconciler', () => {
  test('looks every minute', () => {
    const schedules = rulesOf('reconcile').flatMap(({ Properties }) => Properties.ScheduleExpression ?? []);
    expect(schedules).toEqual(['rate(1 minute)']);
  });

  test('looks at once when an execution of this machine ended badly', () => {
    const heard = (status: string) => isDeliveredTo('reconcile', endEvent(MACHINE, { status }));
    expect(['ABORTED', 'FAILED', 'TIMED_OUT', 'SUCCEEDED', 'RUNNING'].filter(heard)).toEqual([
      'ABORTED',
      'FAILED',
      'TIMED_OUT',
    ]);
    expect(isDeliveredTo('reconcile', endEvent('sluice-shop-search'))).toBe(false);
    expect(isDeliveredTo('reconcile', { ...endEvent(MACHINE), ...elsewhere })).toBe(false);
  });

  // The protocol's rule 8: two that overlap could each undo what the other does, and no fence would tell them apart.
  test('never overlaps itself', () => {
    expect(lambdas('reconcile').Properties.ReservedConcurrentExecutions).toBe(1);
    const callers = ofType(template, 'AWS::Lambda::Permission').filter(
      ({ Properties }) => Properties.FunctionName['Fn::GetAtt']?.[0] === idOf('reconcile'),
    );
    expect(callers.length).toBe(rulesOf('reconcile').length);
    // Nor through a version or an alias, each of which could be given a concurrency of its own.
    for (const type of ['AWS::Lambda::Version', 'AWS::Lambda::Alias'])
      expect(
        ofType(template, type).filter(({ Properties }) => JSON.stringify(Properties).includes(idOf('reconcile'))),
      ).toEqual([]);
  });
});

test('the guard has room of its own, also when others use up the account’s', () => {
  expect(lambdas('guard').Properties.ReservedConcurrentExecutions).toBeGreaterThan(0);
});

test.each([
  ['guard', 300, 2],
  ['reconcile', 60, 0],
])(
  '%s: an event is tried for %i s at most, and what cannot be brought is kept where an alarm sees it',
  (name, age, again) => {
    const queue = idsOfType(template, 'AWS::SQS::Queue').find((id) => id.startsWith('Safety'));
    expect(rulesOf(name).length).toBe(2);
    for (const { Properties } of rulesOf(name)) {
      const [{ RetryPolicy, DeadLetterConfig }] = Properties.Targets;
      expect(RetryPolicy.MaximumEventAgeInSeconds).toBe(age);
      expect(RetryPolicy.MaximumRetryAttempts).toBeGreaterThan(0);
      expect(DeadLetterConfig.Arn['Fn::GetAtt'][0]).toBe(queue);
    }
    const [own] = ofType(template, 'AWS::Lambda::EventInvokeConfig').filter(
      ({ Properties }) => Properties.FunctionName.Ref === idOf(name),
    );
    expect(own?.Properties).toMatchObject({ MaximumEventAgeInSeconds: age, MaximumRetryAttempts: again });
    // A look that failed is made up for by the next; an alarm's or a crash's event comes only once.
    expect(own?.Properties.DestinationConfig?.OnFailure.Destination['Fn::GetAtt'][0]).toBe(
      name === 'guard' ? queue : undefined,
    );
  },
);

test('somebody is paged when an event did not reach them, and when the reconciler has not finished a look for five minutes', () => {
  const alarms = ofType(template, 'AWS::CloudWatch::Alarm').map(({ Properties }) => Properties);
  const [events] = alarms.filter(({ Dimensions: [{ Value } = { Value: {} }] = [] }) =>
    JSON.stringify(Value).includes('Safety'),
  );
  expect([events.MetricName, events.Threshold, events.AlarmActions.length]).toEqual([
    'ApproximateNumberOfMessagesVisible',
    0,
    1,
  ]);
  const [blind] = alarms.filter(({ AlarmDescription }) => /has not finished a look/.test(AlarmDescription));
  expect(blind).toMatchObject({ EvaluationPeriods: 5, TreatMissingData: 'breaching', Threshold: 1 });
  expect(blind.AlarmActions.length).toBe(1);
  expect(JSON.stringify(blind.Metrics)).toContain(idOf('reconcile'));
});
