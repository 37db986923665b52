/**
 * What IAM is asked when a call is made: its action, the resources that it names, and what a condition may look at. Source:
 * https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */
import type { Check } from './evaluator.ts';

interface Place {
  readonly account: string;
  readonly region: string;
}

// biome-ignore lint/suspicious/noExplicitAny: requests of every shape
type Input = any;

type Checks = (input: Input, arn: (service: string, rest: string) => string) => readonly Check[];

const PASSED_TO_TASKS = { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } as const;

/** An action that knows no resources. */
const everywhere =
  (action: string): Checks =>
  () => [{ action, resource: '*' }];

type Arn = (service: string, rest: string) => string;

const nameIn = (cluster: string): string => cluster.split('/').at(-1)!;
const serviceArn = (arn: Arn, cluster: string, service: string) => arn('ecs', `service/${nameIn(cluster)}/${service}`);
const clusterOf = (arn: Arn, { cluster }: Input) => ({ 'ecs:cluster': arn('ecs', `cluster/${nameIn(cluster)}`) });
const revisionArn = (arn: Arn, revision: string): string =>
  revision.startsWith('arn:')
    ? revision
    : arn('ecs', `task-definition/${revision}${revision.includes(':') ? '' : ':1'}`);

/** The roles that a task definition names are handed on, and whoever does that must be allowed to. */
const passed = ({ taskRoleArn, executionRoleArn }: Input): readonly Check[] =>
  [taskRoleArn, executionRoleArn]
    .filter((role) => role !== undefined)
    .map((resource) => ({ action: 'iam:PassRole', resource, context: PASSED_TO_TASKS }));

const ledger =
  (action: string): Checks =>
  ({ TableName }, arn) => [{ action, resource: arn('dynamodb', `table/${TableName}`) }];

const CHECKS: Readonly<Record<string, Checks>> = {
  DescribeRules: everywhere('elasticloadbalancing:DescribeRules'),
  DescribeTargetHealth: everywhere('elasticloadbalancing:DescribeTargetHealth'),
  ModifyRule: ({ RuleArn }) => [{ action: 'elasticloadbalancing:ModifyRule', resource: RuleArn }],
  DescribeServices: ({ cluster, services }, arn) =>
    (services as string[]).map((service) => ({
      action: 'ecs:DescribeServices',
      resource: serviceArn(arn, cluster, service),
      context: clusterOf(arn, { cluster }),
    })),
  UpdateService: ({ cluster, service }, arn) => [
    { action: 'ecs:UpdateService', resource: serviceArn(arn, cluster, service), context: clusterOf(arn, { cluster }) },
  ],
  ListTasks: (input, arn) => [{ action: 'ecs:ListTasks', resource: '*', context: clusterOf(arn, input) }],
  DescribeTasks: ({ cluster, tasks }, arn) =>
    (tasks as string[]).map((task) => ({
      action: 'ecs:DescribeTasks',
      resource: task.startsWith('arn:') ? task : arn('ecs', `task/${nameIn(cluster)}/${task}`),
      context: clusterOf(arn, { cluster }),
    })),
  StopTask: ({ cluster, task }, arn) => [
    {
      action: 'ecs:StopTask',
      resource: task.startsWith('arn:') ? task : arn('ecs', `task/${nameIn(cluster)}/${task}`),
      context: clusterOf(arn, { cluster }),
    },
  ],
  RunTask: (input, arn) => [
    {
      action: 'ecs:RunTask',
      resource: revisionArn(arn, input.taskDefinition),
      context: clusterOf(arn, input),
    },
  ],
  DescribeTaskDefinition: everywhere('ecs:DescribeTaskDefinition'),
  RegisterTaskDefinition: (input, arn) => [
    { action: 'ecs:RegisterTaskDefinition', resource: '*' },
    ...passed(input),
    ...(input.tags?.length > 0
      ? [
          {
            action: 'ecs:TagResource',
            resource: arn('ecs', `task-definition/${input.family}:1`),
            context: { 'ecs:CreateAction': 'RegisterTaskDefinition' },
          },
        ]
      : []),
  ],
  DescribeScalableTargets: everywhere('application-autoscaling:DescribeScalableTargets'),
  RegisterScalableTarget: ({ ServiceNamespace }, arn) => [
    {
      action: 'application-autoscaling:RegisterScalableTarget',
      resource: arn('application-autoscaling', 'scalable-target/0ec5'),
      context: { 'application-autoscaling:service-namespace': ServiceNamespace },
    },
  ],
  DescribeAlarms: everywhere('cloudwatch:DescribeAlarms'),
  GetMetricData: everywhere('cloudwatch:GetMetricData'),
  ListMetrics: everywhere('cloudwatch:ListMetrics'),
  DescribeImages: ({ repositoryName }, arn) => [
    { action: 'ecr:DescribeImages', resource: arn('ecr', `repository/${repositoryName}`) },
  ],
  GetItem: ledger('dynamodb:GetItem'),
  PutItem: ledger('dynamodb:PutItem'),
  UpdateItem: ledger('dynamodb:UpdateItem'),
  Query: ledger('dynamodb:Query'),
};

/** Every question of one call. A call that is not known here is an error. */
export function checksOf(command: string, input: Input, { account, region }: Place): readonly Check[] {
  const checks = CHECKS[command];
  if (!checks) throw new Error(`Say in test/iam/requests.ts what ${command} asks of IAM`);
  return checks(input, (service, rest) => `arn:aws:${service}:${region}:${account}:${rest}`);
}
