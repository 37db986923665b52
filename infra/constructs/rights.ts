/** The rights that the rows of functions.ts name: which calls, on what, and why. */
import { ArnFormat, Fn, type Stack } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { COLOURS } from '../../functions/core/roles.ts';
import { SERVICE_RIGHTS, type ServiceRight } from '../../functions/core/service-rights.ts';
import type { Foundation } from '../settings.ts';
import { everywhere, type Permission, type Permissions } from './permission.ts';
import type { TwoColourService } from './two-colour-service.ts';

/** Those over the service's own parts, and those over the controller's. */
export type Right =
  | ServiceRight
  | 'FindExecution'
  | 'FindRelease'
  | 'KeepLedger'
  | 'KeepUndelivered'
  | 'Notify'
  | 'OwnRules'
  | 'ReadLedger'
  | 'ReadListeners'
  | 'StartRelease';

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
  Object.fromEntries(rights.map((right) => [right, RIGHTS[right](resourcesOf(right, reach, stack))]));

/** What the rights are over, by name. What the function is not given is missed when it is asked for. */
function resourcesOf(right: Right, reach: Reach, stack: Stack) {
  const { service, ledger, rule, probeRule, machineArn, topic, undelivered } = reach;
  const arn = (of: string, resource: string, name: string): string =>
    stack.formatArn({ service: of, resource, resourceName: name, arnFormat: ArnFormat.SLASH_RESOURCE_NAME });
  const given = (what: string | undefined, name: string) => (): string => {
    if (what === undefined) throw new Error(`${right} needs ${name}, which this function is not given`);
    return what;
  };
  const cluster = service.foundation.clusterName;
  // functions/adapters/ecs-migration.ts gives the migration a family of its own.
  const families = { ...service.families, migration: `${service.families.template}-migration` };
  return {
    service,
    ledger: given(ledger?.tableArn, 'the ledger'),
    rule: given(rule, 'the rule'),
    probeRule: given(probeRule, 'the probe rule'),
    machine: given(machineArn, 'the machine'),
    topic: given(topic?.topicArn, 'the topic'),
    undelivered: given(undelivered?.queueArn, 'the queue'),
    eventBus: arn('events', 'event-bus', 'default'),
    services: COLOURS.map((colour) => arn('ecs', 'service', `${cluster}/${service.names[colour]}`)),
    tasks: arn('ecs', 'task', `${cluster}/*`),
    revisionsOf: (names: readonly (keyof typeof families)[]): readonly string[] =>
      names.map((name) => arn('ecs', 'task-definition', `${families[name]}:*`)),
  };
}

type Resources = ReturnType<typeof resourcesOf>;

const ANY_TASK = "a task's id is not known before it runs; the cluster is named";
const ANY_REVISION = "a revision's number is not known before it is registered; its family is named";

/** One row a right: the actions, what they are over, and why. */
const RIGHTS: Readonly<Record<Right, (on: Resources) => Permission>> = {
  KeepLedger: (on) => ({
    actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
    resources: [on.ledger()],
    why: 'every step proves its ownership in the ledger, and writes there first what it does',
  }),
  FindRelease: (on) => ({
    actions: ['dynamodb:Query'],
    resources: [on.ledger()],
    why: 'the newest release, which a rollback without a version undoes',
  }),
  ReadLedger: (on) => ({
    actions: ['dynamodb:GetItem'],
    resources: [on.ledger()],
    why: 'not while a release runs',
  }),
  ReadRule: () => ({
    actions: SERVICE_RIGHTS.ReadRule,
    resources: everywhere,
    why: 'the weights as the load balancer holds them',
  }),
  MoveTraffic: (on) => ({
    actions: SERVICE_RIGHTS.MoveTraffic,
    resources: [on.rule()],
    why: 'the weights of this one rule',
  }),
  PointProbe: (on) => ({
    actions: SERVICE_RIGHTS.PointProbe,
    resources: [on.probeRule()],
    why: 'points the probe at the candidate before any user meets it, and at stable when it rests',
  }),
  OwnRules: (on) => ({
    actions: [
      'elasticloadbalancing:CreateRule',
      'elasticloadbalancing:DeleteRule',
      'elasticloadbalancing:ModifyRule',
      'elasticloadbalancing:SetRulePriorities',
    ],
    // Not of one listener only: a rule moves to another one, and back when the stack rolls back.
    resources: ['listener', 'listener-rule'].map((kind) => `${balancerAs(kind, on.service.foundation)}/*`),
    why: 'CloudFormation owns the rule, except for its weights',
    wide: "a rule's id is not known before it is made, nor the listener that it moves to; the load balancer is named",
  }),
  ReadListeners: () => ({
    actions: ['elasticloadbalancing:DescribeListeners'],
    resources: everywhere,
    why: 'whether a rule that goes has been replaced on another listener',
  }),
  ReadHealth: () => ({
    actions: SERVICE_RIGHTS.ReadHealth,
    resources: everywhere,
    why: 'nobody is sent to a colour without a healthy target',
  }),
  ReadServices: (on) => ({
    actions: SERVICE_RIGHTS.ReadServices,
    resources: on.services,
    why: 'how many tasks run, and of which revision',
  }),
  ReadTasks: (on) => ({
    actions: SERVICE_RIGHTS.ReadTasks,
    resources: [on.tasks],
    why: 'how a task ended',
    wide: ANY_TASK,
  }),
  FindTasks: (on) => ({
    actions: SERVICE_RIGHTS.FindTasks,
    resources: everywhere,
    why: "the tasks of this cluster's services and migrations",
    when: { ArnEquals: { 'ecs:cluster': on.service.clusterArn } },
  }),
  ReadRevisions: () => ({
    actions: SERVICE_RIGHTS.ReadRevisions,
    resources: everywhere,
    why: 'the template that is copied, and the image that a colour runs',
  }),
  RegisterRevision: () => ({
    actions: SERVICE_RIGHTS.RegisterRevision,
    resources: everywhere,
    why: 'a copy of the template with the image of the release',
  }),
  TagRevision: (on) => ({
    actions: SERVICE_RIGHTS.TagRevision,
    resources: on.revisionsOf(['blue', 'green', 'migration']),
    why: "a copy keeps the template's tags",
    wide: ANY_REVISION,
    when: { StringEquals: { 'ecs:CreateAction': 'RegisterTaskDefinition' } },
  }),
  ReadScaling: () => ({
    actions: SERVICE_RIGHTS.ReadScaling,
    resources: everywhere,
    why: 'whether scaling rests',
  }),
  ChangeService: (on) => ({
    actions: SERVICE_RIGHTS.ChangeService,
    resources: on.services,
    why: "a colour's revision and number of tasks",
  }),
  HoldScaling: () => ({
    actions: SERVICE_RIGHTS.HoldScaling,
    resources: everywhere,
    why: 'scaling is suspended on a colour that loses its traffic, and on the one that is scaled to zero',
    when: { StringEquals: { 'application-autoscaling:service-namespace': 'ecs' } },
  }),
  RunMigration: (on) => ({
    actions: SERVICE_RIGHTS.RunMigration,
    resources: on.revisionsOf(['migration']),
    why: "the service's migration, once",
    wide: ANY_REVISION,
    when: { ArnEquals: { 'ecs:cluster': on.service.clusterArn } },
  }),
  StopMigration: (on) => ({
    actions: SERVICE_RIGHTS.StopMigration,
    resources: [on.tasks],
    why: 'a migration that takes too long is stopped, so that two never overlap',
    wide: ANY_TASK,
  }),
  PassTaskRoles: (on) => ({
    actions: SERVICE_RIGHTS.PassTaskRoles,
    resources: [on.service.executionRole.roleArn, on.service.template.taskRole.roleArn],
    why: 'a revision names the roles that its tasks run under',
    when: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
  }),
  ReadAlarms: () => ({
    actions: SERVICE_RIGHTS.ReadAlarms,
    resources: everywhere,
    why: 'the alarms of both colours, by name',
  }),
  ReadNumbers: () => ({
    actions: SERVICE_RIGHTS.ReadNumbers,
    resources: everywhere,
    why: 'what the load balancer counted for both colours, minute by minute',
  }),
  FindImage: (on) => ({
    actions: SERVICE_RIGHTS.FindImage,
    resources: [on.service.repository.repositoryArn],
    why: 'from a tag to the digest that is released',
  }),
  StartRelease: (on) => ({
    actions: ['states:StartExecution'],
    resources: [on.machine()],
    why: 'the push that waited starts when the lock is free',
  }),
  FindExecution: (on) => ({
    actions: ['states:DescribeExecution'],
    resources: [`${on.machine().replace(':stateMachine:', ':execution:')}:*`],
    why: 'a push that was started before under the same name is not started again',
    wide: "an execution's name is not known before it starts; the machine is named",
  }),
  KeepUndelivered: (on) => ({
    actions: ['sqs:SendMessage'],
    resources: [on.undelivered()],
    why: 'an event that it failed on three times is kept where an alarm sees it',
  }),
  Notify: (on) => ({
    actions: ['events:PutEvents', 'sns:Publish'],
    resources: [on.topic(), on.eventBus],
    why: 'people and other systems are notified',
  }),
};

/** `arn:…:loadbalancer/app/x/1` -> `arn:…:listener-rule/app/x/1` */
function balancerAs(kind: string, { loadBalancerArn }: Foundation): string {
  const [before, after] = [0, 1].map((part) => Fn.select(part, Fn.split(':loadbalancer/', loadBalancerArn)));
  return `${before}:${kind}/${after}`;
}
