import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IMetric, MathExpression, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Construct } from 'constructs';
import type { GuardAndReconciler } from './guard-and-reconciler.ts';
import type { Notifications } from './notifications.ts';
import type { ReleaseMachine } from './release-machine.ts';
import type { ReleaseTriggers } from './release-triggers.ts';
import type { ReleaseVerbs } from './release-verbs.ts';

export interface ControllerAlarmsProps {
  readonly stateMachine: ReleaseMachine;
  readonly verbs: ReleaseVerbs;
  readonly safety: GuardAndReconciler;
  readonly triggers: ReleaseTriggers;
  readonly notifications: Notifications;
}

const MINUTE = { period: Duration.minutes(1) };

/**
 * The controller watches itself. A failed execution is no alarm: a release that goes back, or that was refused, fails by
 * design and tells people itself.
 */
export class ControllerAlarms extends Construct {
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, props: ControllerAlarmsProps) {
    super(scope, id);
    const { machine } = props.stateMachine;
    const { functions } = props.verbs;
    const { guard, reconciler, undelivered } = props.safety;
    // Not the reconciler's: that it does not overlap itself is by design.
    const busy = { ...functions, guard };
    const throttles = Object.fromEntries(
      Object.entries(busy).map(([name, { lambda }]) => [name, lambda.metricThrottles(MINUTE)]),
    );
    this.alarms = [
      this.above(
        0,
        'Aborted',
        machine.metricAborted(MINUTE),
        'somebody stopped a release; the reconciler rolls it back',
      ),
      this.above(0, 'TimedOut', machine.metricTimedOut(MINUTE), 'a release timed out without a rollback'),
      this.above(
        5,
        'Throttled',
        new MathExpression({
          expression: `SUM([${Object.keys(busy).join(', ')}])`,
          usingMetrics: throttles,
          ...MINUTE,
        }),
        'the account has no room for the controller; reserve concurrency or raise the limit',
      ),
      this.above(
        0,
        'PushNotDelivered',
        props.triggers.undelivered.metricApproximateNumberOfMessagesVisible(MINUTE),
        'a pushed release tag could not start its release; start it by hand',
      ),
      this.above(
        0,
        'GuardNotReached',
        undelivered.metricApproximateNumberOfMessagesVisible(MINUTE),
        'an alarm, a crash or the minute did not reach the guard or the reconciler; the owner looks every 30 s itself',
      ),
      new Alarm(this, 'ReconcilerBlind', {
        metric: new MathExpression({
          expression: 'FILL(looks, 0) - FILL(failures, 0)',
          usingMetrics: {
            looks: reconciler.lambda.metricInvocations(MINUTE),
            failures: reconciler.lambda.metricErrors(MINUTE),
          },
          ...MINUTE,
        }),
        threshold: 1,
        comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
        evaluationPeriods: 5,
        // A reconciler that is not called counts nothing at all.
        treatMissingData: TreatMissingData.BREACHING,
        alarmDescription: 'the reconciler has not finished a look for five minutes; nobody would bring users back',
      }),
    ];
    for (const alarm of this.alarms) alarm.addAlarmAction(new SnsAction(props.notifications.topic));
  }

  private above(threshold: number, id: string, metric: IMetric, alarmDescription: string): Alarm {
    return new Alarm(this, id, {
      metric,
      threshold,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 1,
      // These are counted only when they happen.
      treatMissingData: TreatMissingData.NOT_BREACHING,
      alarmDescription,
    });
  }
}
