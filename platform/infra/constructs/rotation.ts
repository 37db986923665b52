import { Aws, Duration, Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnRotationSchedule } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { CodeFor } from '../../../infra/constructs/bundled-function.ts';
import type { Notifications } from '../../../infra/constructs/notifications.ts';
import type { Network } from './network.ts';
import { RotationFunction } from './rotation-functions.ts';
import type { RotationIds } from './rotation-ids.ts';
import type { Secrets } from './secrets.ts';

export interface RotationProps {
  readonly changes: Secrets;
  /** Where it is valid. */
  readonly at: RotationIds;
  readonly readBy: readonly string[];
  readonly standsIn: Network;
  /** What must be there for the first one, which is right after the stack is made. */
  readonly after: readonly Construct[];
  readonly notifications: Notifications;
  readonly code: CodeFor;
  readonly logRetention: RetentionDays;
}

/** At 05:00 UTC of the month's first day, after the database's windows. */
const MONTHLY = 'cron(0 5 1 * ? *)';

/** The application's keys change every month. Running tasks hear of it by the refresh of their releases stack. */
export class Rotation extends Construct {
  readonly handler: RotationFunction;

  constructor(scope: Construct, id: string, props: RotationProps) {
    super(scope, id);
    const { changes, at, readBy, standsIn, after, notifications, code, logRetention } = props;
    this.handler = new RotationFunction(this, 'Handler', {
      handler: 'rotate-app',
      at,
      standsIn,
      code,
      logRetention,
      environment: {
        ROTATION: Stack.of(this).toJsonString({ ...at, readBy }),
        // The certificates of RDS, which Node's own list does not have; the cache's are Amazon's public ones, which it has. From
        // Node 20 on Lambda reads its file only when told (Lambda's guide, "CA certificate loading"). Without it no password
        // would leave: the server is not believed, and the rotation fails and pages with what is in force still in force.
        NODE_EXTRA_CA_CERTS: '/var/runtime/ca-cert.pem',
      },
    });
    this.handler.lambda.addPermission('SecretsManager', {
      principal: new ServicePrincipal('secretsmanager.amazonaws.com'),
      sourceArn: changes.app.secretArn,
      sourceAccount: Aws.ACCOUNT_ID,
    });
    const schedule = new CfnRotationSchedule(this, 'Schedule', {
      secretId: changes.app.secretArn,
      rotationLambdaArn: this.handler.lambda.functionArn,
      rotationRules: { scheduleExpression: MONTHLY, duration: '4h' },
    });
    schedule.node.addDependency(this.handler, ...after);
    const failing = new Alarm(this, 'Failing', {
      alarmDescription: 'a rotation failed; what is in force stays in force (docs/runbook.md, "Secrets")',
      metric: this.handler.lambda.metricErrors({ period: Duration.hours(1) }),
      // AWS does not say how often it tries again: one error may be all that is ever seen of it.
      threshold: 0,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    failing.addAlarmAction(new SnsAction(notifications.topic));
  }
}
