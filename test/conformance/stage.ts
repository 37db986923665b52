/** One service as its stacks would leave it, made in moto by plain calls; and the ports of the product over it. */
import { ApplicationAutoScalingClient, RegisterScalableTargetCommand } from '@aws-sdk/client-application-auto-scaling';
import { CloudWatchClient, PutMetricAlarmCommand } from '@aws-sdk/client-cloudwatch';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateRepositoryCommand, ECRClient } from '@aws-sdk/client-ecr';
import {
  CreateClusterCommand,
  CreateServiceCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
} from '@aws-sdk/client-ecs';
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateRuleCommand,
  CreateTargetGroupCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { CreateStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn';
import { CreateTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import type { Addresses } from '../../functions/adapters/addresses.ts';
import { albTrafficRouter } from '../../functions/adapters/alb-traffic-router.ts';
import { BOUNDED, withDeadline as bounding, ONCE } from '../../functions/adapters/client.ts';
import { cloudwatchSignals } from '../../functions/adapters/cloudwatch-signals.ts';
import { dynamodbLedger } from '../../functions/adapters/dynamodb-ledger.ts';
import { ecrRegistry } from '../../functions/adapters/ecr-registry.ts';
import { ecsFleet } from '../../functions/adapters/ecs-fleet.ts';
import { NAMESPACE } from '../../functions/adapters/metric-data.ts';
import { sfnExecutions } from '../../functions/adapters/sfn-executions.ts';
import { snsNotifications } from '../../functions/adapters/sns-notifications.ts';
import { COLOURS, type Colour } from '../../functions/core/roles.ts';
import { ALARMS } from '../../functions/core/thresholds.ts';
import type { Clock } from '../../functions/ports/clock.ts';
import type { Ports } from '../../functions/steps/shared/step.ts';
import { SLUICE } from '../adapters/sluice.ts';
import { ACCOUNT, placeAt, query, REGION, valuesIn } from './moto.ts';

export const SERVICE = 'conductores-backend';

/** Clients of the test's own: no retry, and none of our names for failures. */
export function clientsAt(endpoint: string) {
  const place = { ...placeAt(endpoint), maxAttempts: 1 };
  return {
    elb: new ElasticLoadBalancingV2Client(place),
    ecs: new ECSClient(place),
    scaling: new ApplicationAutoScalingClient(place),
    cloudwatch: new CloudWatchClient(place),
    dynamodb: new DynamoDBClient(place),
    ecr: new ECRClient(place),
    sfn: new SFNClient(place),
    sns: new SNSClient(place),
    events: new EventBridgeClient(place),
  };
}

export type OwnClients = ReturnType<typeof clientsAt>;

/**
 * The product's adapters as its Lambdas make them, but for where AWS is. `onTrouble` hears of notifications that were not taken.
 * `requestTimeout`: where a story is not about slow answers, so that a busy machine does not make it one.
 */
/** Told of every call before it is made; may refuse it. */
export type OnCall = (command: string, input: object) => void;

function heard<Client extends { readonly middlewareStack: unknown }>(client: Client, onCall: OnCall): Client {
  const stack = client.middlewareStack as DynamoDBClient['middlewareStack'];
  stack.add(
    (next, { commandName = '' }) =>
      async (call) => {
        onCall(commandName.replace(/Command$/, ''), call.input);
        return next(call);
      },
    { step: 'initialize', name: 'hear' },
  );
  return client;
}

export function portsAt(
  endpoint: string,
  at: Addresses,
  clock: Clock,
  onTrouble: (error: unknown) => void = () => {},
  requestTimeout: number = BOUNDED.requestHandler.requestTimeout,
  onCall?: OnCall,
): Ports {
  const requestHandler = { ...BOUNDED.requestHandler, requestTimeout };
  const bounded = { ...BOUNDED, requestHandler, ...placeAt(endpoint) };
  const withDeadline = <Client extends { readonly middlewareStack: unknown }>(client: Client): Client =>
    onCall ? heard(bounding(client), onCall) : bounding(client);
  const elb = withDeadline(new ElasticLoadBalancingV2Client(bounded));
  const fleetClients = {
    elb,
    ecs: withDeadline(new ECSClient(bounded)),
    scaling: withDeadline(new ApplicationAutoScalingClient(bounded)),
  };
  const ledgerClients = {
    again: withDeadline(new DynamoDBClient(bounded)),
    once: withDeadline(new DynamoDBClient({ ...ONCE, requestHandler, ...placeAt(endpoint) })),
  };
  const messages = { sns: withDeadline(new SNSClient(bounded)), events: withDeadline(new EventBridgeClient(bounded)) };
  return {
    router: albTrafficRouter(elb, at, clock),
    fleet: ecsFleet(fleetClients, at, clock),
    signals: cloudwatchSignals(withDeadline(new CloudWatchClient(bounded)), at),
    ledger: dynamodbLedger(ledgerClients, at),
    registry: ecrRegistry(withDeadline(new ECRClient(bounded)), at),
    executions: sfnExecutions(withDeadline(new SFNClient(bounded)), at),
    notifications: snsNotifications(messages, at, onTrouble),
    clock,
  };
}

/** Developers' own: what every revision is a copy of. It has a field of every kind that must not be lost. */
export const TEMPLATE = {
  family: 'app-template',
  requiresCompatibilities: ['FARGATE'],
  networkMode: 'awsvpc',
  cpu: '1024',
  memory: '2048',
  executionRoleArn: `arn:aws:iam::${ACCOUNT}:role/execution`,
  taskRoleArn: `arn:aws:iam::${ACCOUNT}:role/task`,
  volumes: [{ name: 'scratch' }],
  tags: [
    { key: 'team', value: 'drivers' },
    { key: 'cost-centre', value: '42' },
  ],
  containerDefinitions: [
    {
      name: 'backend',
      image: 'backend:template',
      essential: true,
      // moto adds up the memory of containers, where AWS is content with the task's.
      memory: 1536,
      portMappings: [{ containerPort: 8000, protocol: 'tcp' }],
      environment: [{ name: 'DB_HOST', value: 'db.internal' }],
      secrets: [
        { name: 'SECRET_KEY', valueFrom: `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:app:SECRET_KEY::` },
      ],
      mountPoints: [{ sourceVolume: 'scratch', containerPath: '/scratch' }],
      stopTimeout: 30,
    },
    { name: 'sidecar', image: 'public.ecr.aws/otel/collector:1', essential: false, memory: 512 },
  ],
} as const satisfies RegisterTaskDefinitionCommandInput;

/** Makes the service: both colours have a first revision and no task. */
export async function setTheStage(endpoint: string, clients: OwnClients, service = SERVICE): Promise<Addresses> {
  const { elb, ecs, scaling, dynamodb, ecr, sfn, sns } = clients;
  const ec2 = (Action: string) => query(endpoint, 'ec2', '2016-11-15', { Action });
  const [found, groups] = await Promise.all([ec2('DescribeSubnets'), ec2('DescribeSecurityGroups')]);
  const subnets = valuesIn(found, 'subnetId');
  const [vpc] = valuesIn(found, 'vpcId');

  const { LoadBalancers: [balancer] = [] } = await elb.send(
    new CreateLoadBalancerCommand({ Name: 'conductores', Type: 'application', Subnets: subnets.slice(0, 2) }),
  );
  const groupFor = async (colour: Colour): Promise<string> => {
    const { TargetGroups: [group] = [] } = await elb.send(
      new CreateTargetGroupCommand({
        Name: `app-${colour}`,
        Protocol: 'HTTP',
        Port: 8000,
        VpcId: vpc,
        TargetType: 'ip',
        HealthCheckPath: '/health',
      }),
    );
    return group!.TargetGroupArn!;
  };
  const targetGroups = { blue: await groupFor('blue'), green: await groupFor('green') };
  const { Listeners: [listener] = [] } = await elb.send(
    new CreateListenerCommand({
      LoadBalancerArn: balancer!.LoadBalancerArn,
      Protocol: 'HTTP',
      Port: 80,
      DefaultActions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '503' } }],
    }),
  );
  const ruleWith = async (priority: number, conditions: object[], sticks: boolean): Promise<string> => {
    const { Rules: [rule] = [] } = await elb.send(
      new CreateRuleCommand({
        ListenerArn: listener!.ListenerArn,
        Priority: priority,
        Conditions: conditions,
        Actions: [
          {
            Type: 'forward',
            ForwardConfig: {
              TargetGroups: [
                { TargetGroupArn: targetGroups.blue, Weight: 100 },
                { TargetGroupArn: targetGroups.green, Weight: 0 },
              ],
              TargetGroupStickinessConfig: sticks ? { Enabled: true, DurationSeconds: 300 } : { Enabled: false },
            },
          },
        ],
      }),
    );
    return rule!.RuleArn!;
  };
  const header = { Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'x-sluice-probe', Values: ['guid'] } };
  const probeRule = await ruleWith(1, [header], false);
  const ruleArn = await ruleWith(100, [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/*'] } }], true);

  await ecs.send(new CreateClusterCommand({ clusterName: 'main' }));
  await ecs.send(new RegisterTaskDefinitionCommand(TEMPLATE));
  const bootstrap = {
    requiresCompatibilities: ['FARGATE' as const],
    networkMode: 'awsvpc' as const,
    cpu: '256',
    memory: '512',
    containerDefinitions: [{ name: 'backend', image: 'public.ecr.aws/docker/library/busybox:1', essential: true }],
  };
  for (const colour of COLOURS) {
    const family = `app-${colour}`;
    await ecs.send(new RegisterTaskDefinitionCommand({ family, ...bootstrap }));
    await ecs.send(
      new CreateServiceCommand({
        cluster: 'main',
        serviceName: family,
        taskDefinition: family,
        desiredCount: 0,
        launchType: 'FARGATE',
        deploymentConfiguration: { minimumHealthyPercent: 100, maximumPercent: 200 },
      }),
    );
    await scaling.send(
      new RegisterScalableTargetCommand({
        ServiceNamespace: 'ecs',
        ScalableDimension: 'ecs:service:DesiredCount',
        ResourceId: `service/main/${family}`,
        MinCapacity: 2,
        MaxCapacity: 10,
      }),
    );
  }

  await dynamodb.send(
    new CreateTableCommand({
      TableName: 'ledger',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
    }),
  );
  await ecr.send(new CreateRepositoryCommand({ repositoryName: service }));
  const { stateMachineArn } = await sfn.send(
    new CreateStateMachineCommand({
      name: `sluice-${service}`,
      definition: JSON.stringify({ StartAt: 'Done', States: { Done: { Type: 'Succeed' } } }),
      roleArn: `arn:aws:iam::${ACCOUNT}:role/machine`,
    }),
  );
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'notifications' }));

  return {
    service,
    table: 'ledger',
    ruleArn,
    probe: { ruleArn: probeRule, url: 'http://127.0.0.1:9/health', header: 'x-sluice-probe', secret: 'guid' },
    targetGroups,
    loadBalancer: balancer!.LoadBalancerArn!,
    cluster: 'main',
    services: { blue: 'app-blue', green: 'app-green' },
    families: { blue: 'app-blue', green: 'app-green', template: TEMPLATE.family },
    container: 'backend',
    repository: { registry: `${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com`, name: service },
    stateMachineArn: stateMachineArn!,
    topicArn: TopicArn!,
    eventBus: 'default',
    migration: {
      command: ['alembic', 'upgrade', 'head'],
      subnets: subnets.slice(0, 2),
      securityGroups: [valuesIn(groups, 'groupId')[0]!],
    },
    settings: SLUICE.settings,
  };
}

/** Every alarm of both colours, in no state yet. What it looks at does not matter: moto never evaluates one. */
export async function hangAlarms({ cloudwatch }: OwnClients): Promise<void> {
  const names = COLOURS.flatMap((colour) => ALARMS.map(({ name }) => `${SERVICE}-${colour}-${name}`));
  await Promise.all(
    names.map((AlarmName) =>
      cloudwatch.send(
        new PutMetricAlarmCommand({
          AlarmName,
          Namespace: NAMESPACE,
          MetricName: 'RequestCount',
          Statistic: 'Sum',
          Period: 60,
          EvaluationPeriods: 1,
          Threshold: 1,
          ComparisonOperator: 'GreaterThanThreshold',
        }),
      ),
    ),
  );
}
