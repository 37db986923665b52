import { Aws, Duration, Validations } from 'aws-cdk-lib';
import { type EventPattern, Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as Call } from 'aws-cdk-lib/aws-events-targets';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { COLOURS } from '../../functions/core/roles.ts';
import { ACTING_ALARMS } from '../../functions/core/thresholds.ts';
import type { CodeFor } from './bundled-function.ts';
import { ControllerFunction } from './controller-function.ts';
import type { ReleaseMachine } from './release-machine.ts';
import type { ReleaseVerbs } from './release-verbs.ts';
import type { TwoColourService } from './two-colour-service.ts';

export interface GuardAndReconcilerProps {
  readonly service: TwoColourService;
  readonly stateMachine: ReleaseMachine;
  /** What the verbs are given to know, and what they act on. */
  readonly environment: ReleaseVerbs['environment'];
  readonly targets: ReleaseVerbs['targets'];
  readonly code: CodeFor;
  readonly logRetention: RetentionDays;
}

/** After so long the owner's own look, each 30 s, has seen the alarm or the crash. */
const OLDEST_HARM = Duration.minutes(5);
/** The next look comes anyway; Lambda knows no shorter age. */
const OLDEST_LOOK = Duration.minutes(1);

/**
 * Safety outside the machine: the guard, called by what may be harm, and the reconciler, called every minute and when an
 * execution ended badly. Both events may come twice, late, or never.
 */
export class GuardAndReconciler extends Construct {
  readonly guard: ControllerFunction;
  readonly reconciler: ControllerFunction;
  /** What could not be brought to either of them, or failed there for good. */
  readonly undelivered: Queue;

  constructor(
    scope: Construct,
    id: string,
    { service, stateMachine, environment, targets: those, code, logRetention }: GuardAndReconcilerProps,
  ) {
    super(scope, id);
    this.undelivered = new Queue(this, 'Undelivered', { enforceSSL: true, retentionPeriod: Duration.days(14) });
    Validations.of(this.undelivered).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'it is a dead-letter queue, of the rules and the guard below',
    });
    const targets = { ...those, undelivered: this.undelivered };
    this.guard = new ControllerFunction(this, 'Guard', { handler: 'guard', targets, code, logRetention, environment });
    this.reconciler = new ControllerFunction(this, 'Reconciler', {
      handler: 'reconcile',
      targets,
      code,
      logRetention,
      environment,
    });
    // EventBridge hands an event over and forgets it; from there on these count.
    this.guard.lambda.configureAsyncInvoke({
      maxEventAge: OLDEST_HARM,
      retryAttempts: 2,
      onFailure: new SqsDestination(this.undelivered),
    });
    this.reconciler.lambda.configureAsyncInvoke({ maxEventAge: OLDEST_LOOK, retryAttempts: 0 });

    this.when('AlarmRings', alarmsOf(service), 'An alarm that rolls a release back fires', this.guard, OLDEST_HARM);
    this.when('TaskExits', crashesOf(service), 'A task exited by itself', this.guard, OLDEST_HARM);
    this.when('ReleaseEnds', badEndsOf(stateMachine), 'An execution ended badly', this.reconciler, OLDEST_LOOK);
    new Rule(this, 'EveryMinute', {
      description: 'The reconciler looks',
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [this.call(this.reconciler, OLDEST_LOOK)],
    });
  }

  private when(id: string, eventPattern: EventPattern, description: string, who: ControllerFunction, age: Duration) {
    new Rule(this, id, { description, eventPattern, targets: [this.call(who, age)] });
  }

  private call({ lambda }: ControllerFunction, maxEventAge: Duration): Call {
    return new Call(lambda, { maxEventAge, retryAttempts: 60, deadLetterQueue: this.undelivered });
  }
}

/** Those of both policies: which counts is the release's own choice, and the guard's to know. */
const alarmsOf = ({ settings: { name } }: TwoColourService): EventPattern => ({
  source: ['aws.cloudwatch'],
  detailType: ['CloudWatch Alarm State Change'],
  account: [Aws.ACCOUNT_ID],
  detail: {
    alarmName: COLOURS.flatMap((colour) => ACTING_ALARMS.map((alarm) => `${name}-${colour}-${alarm.name}`)),
    state: { value: ['ALARM'] },
  },
});

/** Whatever ended otherwise, as by the scheduler or a person, is no crash. */
const crashesOf = ({ names, clusterArn }: TwoColourService): EventPattern => ({
  source: ['aws.ecs'],
  detailType: ['ECS Task State Change'],
  account: [Aws.ACCOUNT_ID],
  detail: {
    clusterArn: [clusterArn],
    group: COLOURS.map((colour) => `service:${names[colour]}`),
    lastStatus: ['STOPPED'],
    stopCode: ['EssentialContainerExited'],
  },
});

const badEndsOf = ({ machine }: ReleaseMachine): EventPattern => ({
  source: ['aws.states'],
  detailType: ['Step Functions Execution Status Change'],
  account: [Aws.ACCOUNT_ID],
  detail: { stateMachineArn: [machine.stateMachineArn], status: ['FAILED', 'TIMED_OUT', 'ABORTED'] },
});
