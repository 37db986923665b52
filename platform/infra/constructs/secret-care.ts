import { Duration, Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { CodeFor } from '../../../infra/constructs/bundled-function.ts';
import type { Notifications } from '../../../infra/constructs/notifications.ts';
import type { ReleaseVerbs } from '../../../infra/constructs/release-verbs.ts';
import type { Service } from '../../../infra/settings.ts';
import { RotationFunction } from './rotation-functions.ts';
import type { RotationIds } from './rotation-ids.ts';

export interface SecretCareProps {
  /** The controller's, whose service's tasks hear of a new version. */
  readonly environment: ReleaseVerbs['environment'];
  readonly targets: ReleaseVerbs['targets'];
  readonly at: RotationIds;
  /** Of all services: the old token is valid until the last of them has the new one. */
  readonly services: readonly Service[];
  readonly notifications: Notifications;
  readonly code: CodeFor;
  readonly logRetention: RetentionDays;
}

/** Whoever reads one of the two rotated secrets. */
const readersOf = ({ app, integrations }: RotationIds, services: readonly Service[]): readonly string[] =>
  services
    .filter(({ secrets }) => Object.values(secrets).some(({ secret }) => [app, integrations].includes(secret)))
    .map(({ name }) => name);

/** A new version of a secret reaches the tasks that run, and people are reminded of the keys that only they can change. */
export class SecretCare extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { environment, targets, at, services, notifications, code, logRetention }: SecretCareProps,
  ) {
    super(scope, id);
    const everyReader = readersOf(at, services);
    const own = targets.service.settings.name;
    if (!everyReader.includes(own)) return;
    const care = {
      code,
      logRetention,
      at,
      targets,
      environment: { ...environment, ROTATION: Stack.of(this).toJsonString({ ...at, readBy: everyReader }) },
    };
    const refresh = new RotationFunction(this, 'Refresh', { handler: 'rotate-refresh', ...care });
    // It is asked again in five minutes anyway: what is late is dropped.
    new Rule(this, 'EveryFiveMinutes', {
      description: 'New secrets reach the tasks that run',
      schedule: Schedule.rate(Duration.minutes(5)),
      targets: [new LambdaFunction(refresh.lambda, { maxEventAge: Duration.minutes(5), retryAttempts: 0 })],
    });
    const failing = new Alarm(this, 'Failing', {
      alarmDescription: 'new secrets do not reach the tasks; what runs is untouched (docs/runbook.md, "Secrets")',
      metric: refresh.lambda.metricErrors({ period: Duration.minutes(5) }),
      threshold: 0,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      // One look may find AWS busy.
      evaluationPeriods: 3,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    failing.addAlarmAction(new SnsAction(notifications.topic));
    // One reminder will do, however many services read the keys.
    if (own !== everyReader[0]) return;
    const reminder = new RotationFunction(this, 'Reminder', { handler: 'rotate-reminder', ...care });
    new Rule(this, 'Monthly', {
      description: 'Keys that only people can change',
      schedule: Schedule.cron({ minute: '0', hour: '9', day: '1' }),
      targets: [new LambdaFunction(reminder.lambda)],
    });
  }
}
