/** The rights that the rows of functions.ts name: which calls, on what, and why. */
import { ArnFormat, Fn, type Stack } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { COLOURS } from '../../functions/core/roles.ts';
import type { Foundation } from '../settings.ts';
import { everywhere, type Permission, type Permissions } from './permission.ts';
import type { TwoColourService } from './two-colour-service.ts';

export type Right =
  | 'ChangeService'
  | 'FindExecution'
  | 'FindImage'
  | 'FindRelease'
  | 'FindTasks'
  | 'HoldScaling'
  | 'KeepLedger'
  | 'KeepUndelivered'
  | 'MoveTraffic'
  | 'OwnRules'
  | 'PassTaskRoles'
  | 'PointProbe'
  | 'ReadAlarms'
  | 'ReadHealth'
  | 'ReadLedger'
  | 'ReadListeners'
  | 'ReadNumbers'
  | 'ReadRevisions'
  | 'ReadRule'
  | 'ReadScaling'
  | 'ReadServices'
  | 'ReadTasks'
  | 'RegisterRevision'
  | 'RunMigration'
  | 'StartRelease'
  | 'StopMigration'
  | 'TagRevision'
  | 'Tell';

/** What the rights are over. A function is given only what exists before it does: the rules' own handler has no rule. */
export interface Reach {
  readonly service: TwoColourService;
  readonly ledger?: ITable;
  readonly rule?: string;
  readonly probeRule?: string;
  readonly machineArn?: string;
  readonly topic?: ITopic;
  readonly undelivered?: IQueue;
}

/** The permissions of some rights, for a function of that stack. Throws where the reach does not cover one. */
export const rightsOver = (rights: readonly Right[], reach: Reach, stack: Stack): Permissions =>
  Object.fromEntries(rights.map((right) => [right, serviceRightOver(right, reach, stack)]));

function serviceRightOver(
  right: Right,
  { service, ledger, rule, probeRule, machineArn, topic, undelivered }: Reach,
  stack: Stack,
): Permission {
  const arn = (of: string, resource: string, name: string): string =>
    stack.formatArn({ service: of, resource, resourceName: name, arnFormat: ArnFormat.SLASH_RESOURCE_NAME });
  const within = (what: string | undefined, name: string): string => {
    if (what === undefined) throw new Error(`${right} needs ${name}, which this function is not given`);
    return what;
  };
  const cluster = service.foundation.clusterName;
  const services = COLOURS.map((colour) => arn('ecs', 'service', `${cluster}/${service.names[colour]}`));
  const tasks = arn('ecs', 'task', `${cluster}/*`);
  const anyTask = "a task's id is not known before it runs; the cluster is named";
  const { blue, green, template } = service.families;
  // functions/adapters/ecs-migration.ts gives the migration a family of its own.
  const migration = `${template}-migration`;
  const revisionsOf = (families: readonly string[]): readonly string[] =>
    families.map((family) => arn('ecs', 'task-definition', `${family}:*`));
  const anyRevision = "a revision's number is not known before it is registered; its family is named";

  switch (right) {
    case 'KeepLedger':
      return {
        actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
        resources: [within(ledger?.tableArn, 'the ledger')],
        why: 'every step proves its ownership in the ledger, and writes there first what it does',
      };
    case 'FindRelease':
      return {
        actions: ['dynamodb:Query'],
        resources: [within(ledger?.tableArn, 'the ledger')],
        why: 'the newest release, which a rollback without a version takes back',
      };
    case 'ReadLedger':
      return {
        actions: ['dynamodb:GetItem'],
        resources: [within(ledger?.tableArn, 'the ledger')],
        why: 'not while a release runs',
      };
    case 'ReadRule':
      return {
        actions: ['elasticloadbalancing:DescribeRules'],
        resources: everywhere,
        why: 'the weights as the load balancer holds them',
      };
    case 'MoveTraffic':
      return {
        actions: ['elasticloadbalancing:ModifyRule'],
        resources: [within(rule, 'the rule')],
        why: 'the weights of this one rule',
      };
    case 'PointProbe':
      return {
        actions: ['elasticloadbalancing:ModifyRule'],
        resources: [within(probeRule, 'the probe rule')],
        why: 'points the probe at the candidate before any user meets it, and at stable when it rests',
      };
    case 'OwnRules':
      return {
        actions: [
          'elasticloadbalancing:CreateRule',
          'elasticloadbalancing:DeleteRule',
          'elasticloadbalancing:ModifyRule',
          'elasticloadbalancing:SetRulePriorities',
        ],
        // Not of one listener only: a rule moves to another one, and back when the stack rolls back.
        resources: ['listener', 'listener-rule'].map((kind) => `${balancerAs(kind, service.foundation)}/*`),
        why: 'CloudFormation owns the rule, except for its weights',
        wide: "a rule's id is not known before it is made, nor the listener that it moves to; the load balancer is named",
      };
    case 'ReadListeners':
      return {
        actions: ['elasticloadbalancing:DescribeListeners'],
        resources: everywhere,
        why: 'whether a rule that goes has been replaced on another listener',
      };
    case 'ReadHealth':
      return {
        actions: ['elasticloadbalancing:DescribeTargetHealth'],
        resources: everywhere,
        why: 'nobody is sent to a colour without a healthy target',
      };
    case 'ReadServices':
      return {
        actions: ['ecs:DescribeServices'],
        resources: services,
        why: 'how many tasks run, and of which revision',
      };
    case 'ReadTasks':
      return {
        actions: ['ecs:DescribeTasks'],
        resources: [tasks],
        why: 'how a task ended',
        wide: anyTask,
      };
    case 'FindTasks':
      return {
        actions: ['ecs:ListTasks'],
        resources: everywhere,
        why: "the tasks of this cluster's services and migrations",
        when: { ArnEquals: { 'ecs:cluster': service.clusterArn } },
      };
    case 'ReadRevisions':
      return {
        actions: ['ecs:DescribeTaskDefinition'],
        resources: everywhere,
        why: 'the template that is copied, and the image that a colour runs',
      };
    case 'RegisterRevision':
      return {
        actions: ['ecs:RegisterTaskDefinition'],
        resources: everywhere,
        why: 'a copy of the template with the image of the release',
      };
    case 'TagRevision':
      return {
        actions: ['ecs:TagResource'],
        resources: revisionsOf([blue, green, migration]),
        why: "a copy keeps the template's tags",
        wide: anyRevision,
        when: { StringEquals: { 'ecs:CreateAction': 'RegisterTaskDefinition' } },
      };
    case 'ReadScaling':
      return {
        actions: ['application-autoscaling:DescribeScalableTargets'],
        resources: everywhere,
        why: 'whether scaling rests',
      };
    case 'ChangeService':
      return {
        actions: ['ecs:UpdateService'],
        resources: services,
        why: "a colour's revision and number of tasks",
      };
    case 'HoldScaling':
      return {
        actions: ['application-autoscaling:RegisterScalableTarget'],
        resources: everywhere,
        why: 'scaling rests on a colour that loses its traffic, and on the one that sleeps',
        when: { StringEquals: { 'application-autoscaling:service-namespace': 'ecs' } },
      };
    case 'RunMigration':
      return {
        actions: ['ecs:RunTask'],
        resources: revisionsOf([migration]),
        why: "the service's migration, once",
        wide: anyRevision,
        when: { ArnEquals: { 'ecs:cluster': service.clusterArn } },
      };
    case 'StopMigration':
      return {
        actions: ['ecs:StopTask'],
        resources: [tasks],
        why: 'a migration that takes too long is stopped, so that two never overlap',
        wide: anyTask,
      };
    case 'PassTaskRoles':
      return {
        actions: ['iam:PassRole'],
        resources: [service.executionRole.roleArn, service.template.taskRole.roleArn],
        why: 'a revision names the roles that its tasks run under',
        when: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
      };
    case 'ReadAlarms':
      return {
        actions: ['cloudwatch:DescribeAlarms'],
        resources: everywhere,
        why: 'the alarms of both colours, by name',
      };
    case 'ReadNumbers':
      return {
        actions: ['cloudwatch:GetMetricData', 'cloudwatch:ListMetrics'],
        resources: everywhere,
        why: 'what the load balancer counted for both colours, minute by minute',
      };
    case 'FindImage':
      return {
        actions: ['ecr:DescribeImages'],
        resources: [service.repository.repositoryArn],
        why: 'from a tag to the digest that is released',
      };
    case 'StartRelease':
      return {
        actions: ['states:StartExecution'],
        resources: [within(machineArn, 'the machine')],
        why: 'the push that waited starts when the lock is free',
      };
    case 'FindExecution':
      return {
        actions: ['states:DescribeExecution'],
        resources: [`${within(machineArn, 'the machine').replace(':stateMachine:', ':execution:')}:*`],
        why: 'a push that was started before under the same name is not started again',
        wide: "an execution's name is not known before it starts; the machine is named",
      };
    case 'KeepUndelivered':
      return {
        actions: ['sqs:SendMessage'],
        resources: [within(undelivered?.queueArn, 'the queue')],
        why: 'an event that it failed on three times is kept where an alarm sees it',
      };
    case 'Tell':
      return {
        actions: ['events:PutEvents', 'sns:Publish'],
        resources: [within(topic?.topicArn, 'the topic'), arn('events', 'event-bus', 'default')],
        why: 'people and other systems hear what happens',
      };
  }
}

/** `arn:…:loadbalancer/app/x/1` -> `arn:…:listener-rule/app/x/1` */
function balancerAs(kind: string, { loadBalancerArn }: Foundation): string {
  const [before, after] = [0, 1].map((part) => Fn.select(part, Fn.split(':loadbalancer/', loadBalancerArn)));
  return `${before}:${kind}/${after}`;
}
