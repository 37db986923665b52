import { Aws, Duration, Validations } from 'aws-cdk-lib';
import type { IRepository } from 'aws-cdk-lib/aws-ecr';
import { EventField, type IRuleTarget, Match, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { roleFor } from './permission.ts';
import type { ReleaseMachine } from './release-machine.ts';

export interface ReleaseTriggersProps {
  readonly repository: IRepository;
  readonly stateMachine: ReleaseMachine;
}

/** A push that could not be delivered for so long starts nothing any more; the reconciler reports the tag. */
const OLDEST_PUSH = Duration.hours(1);

const ANY_HEX_DIGIT = '0123456789abcdef'.split('');

/** A push of a release tag to the service's repository starts a release. */
export class ReleaseTriggers extends Construct {
  readonly push: Rule;
  /** Pushes that EventBridge could not deliver. */
  readonly undelivered: Queue;

  constructor(scope: Construct, id: string, { repository, stateMachine }: ReleaseTriggersProps) {
    super(scope, id);
    this.undelivered = new Queue(this, 'Undelivered', { enforceSSL: true, retentionPeriod: Duration.days(14) });
    Validations.of(this.undelivered).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'it is a dead-letter queue, of the rule below',
    });
    const role = roleFor(this, 'Role', {
      isOf: 'events',
      who: 'the push rule',
      may: {
        StartRelease: {
          actions: ['states:StartExecution'],
          resources: [stateMachine.machine.stateMachineArn],
          why: 'a pushed release tag starts a release',
        },
      },
    });
    const release: IRuleTarget = {
      bind: () => ({
        arn: stateMachine.machine.stateMachineArn,
        role,
        // What Open is given; it reads the tag's digest from the registry itself.
        input: RuleTargetInput.fromObject({
          image: EventField.fromPath('$.detail.image-tag'),
          pushedAt: EventField.time,
          source: 'push',
        }),
        retryPolicy: { maximumEventAgeInSeconds: OLDEST_PUSH.toSeconds(), maximumRetryAttempts: 60 },
        deadLetterConfig: { arn: this.undelivered.queueArn },
      }),
    };
    this.push = new Rule(this, 'Push', {
      description: `A release tag was pushed to ${repository.repositoryName}`,
      eventPattern: {
        source: ['aws.ecr'],
        detailType: ['ECR Image Action'],
        account: [Aws.ACCOUNT_ID],
        detail: {
          'action-type': ['PUSH'],
          result: ['SUCCESS'],
          'repository-name': [repository.repositoryName],
          // Release tags are `v...` and commit shas. Patterns have no regular expressions: here whatever may begin a sha
          // passes, and Open looks at all of it.
          'image-tag': [Match.prefix('v'), ...ANY_HEX_DIGIT.map((digit) => Match.prefix(digit))].flat(),
        },
      },
      targets: [release],
    });
    this.undelivered.grantSendMessages(
      new ServicePrincipal('events.amazonaws.com', {
        conditions: { ArnEquals: { 'aws:SourceArn': this.push.ruleArn } },
      }),
    );
  }
}
