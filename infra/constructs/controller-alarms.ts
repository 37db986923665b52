import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IMetric, MathExpression, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Construct } from 'constructs';
import { VERBS } from './functions.ts';
import type { Notices } from './notices.ts';
import type { ReleaseMachine } from './release-machine.ts';
import type { ReleaseTriggers } from './release-triggers.ts';
import type { ReleaseVerbs } from './release-verbs.ts';

export interface ControllerAlarmsProps {
  readonly watch: {
    readonly machine: ReleaseMachine;
    readonly verbs: ReleaseVerbs;
    readonly triggers: ReleaseTriggers;
  };
  readonly page: Notices;
}

const MINUTE = { period: Duration.minutes(1) };

/**
 * The controller watches itself. A failed execution is no alarm: a release that goes back, or that was refused, fails by
 * design and tells people itself.
 */
export class ControllerAlarms extends Construct {
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, { watch, page }: ControllerAlarmsProps) {
    super(scope, id);
    const { machine } = watch.machine;
    const { functions } = watch.verbs;
    const throttles = Object.fromEntries(VERBS.map((verb) => [verb, functions[verb].lambda.metricThrottles(MINUTE)]));
    this.alarms = [
      this.above(
        0,
        'Aborted',
        machine.metricAborted(MINUTE),
        'somebody stopped a release; the reconciler brings users back',
      ),
      this.above(0, 'TimedOut', machine.metricTimedOut(MINUTE), 'a release ran out of time without going back'),
      this.above(
        5,
        'Throttled',
        new MathExpression({ expression: `SUM([${VERBS.join(', ')}])`, usingMetrics: throttles, ...MINUTE }),
        'the account has no room for the controller; reserve concurrency or raise the limit',
      ),
      this.above(
        0,
        'PushNotDelivered',
        watch.triggers.undelivered.metricApproximateNumberOfMessagesVisible(MINUTE),
        'a pushed release tag could not start its release; start it by hand',
      ),
    ];
    for (const alarm of this.alarms) alarm.addAlarmAction(new SnsAction(page.topic));
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
