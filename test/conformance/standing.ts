/** What stands in the account that our stacks made, read back by plain calls, in the words of the plan. */
import { DescribeTableCommand, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import {
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { DescribeRepositoriesCommand } from '@aws-sdk/client-ecr';
import { DescribeServicesCommand, ListClustersCommand, ListServicesCommand } from '@aws-sdk/client-ecs';
import {
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { EventBridgeClient, ListRulesCommand } from '@aws-sdk/client-eventbridge';
import { ListStateMachinesCommand } from '@aws-sdk/client-sfn';
import { type Moto, placeAt, query, rest, valuesIn } from './moto.ts';
import { clientsAt, type OwnClients } from './stage.ts';

/** CloudFormation begins a name that it makes with the stack's. */
const isOurs = (name: string | undefined): boolean => name?.startsWith('sluice-') ?? false;

export async function standingIn(moto: Moto) {
  const clients = clientsAt(moto.endpoint);
  const events = new EventBridgeClient(placeAt(moto.endpoint));
  const { repositories = [] } = await clients.ecr.send(new DescribeRepositoriesCommand({}));
  const { Rules = [] } = await events.send(new ListRulesCommand({}));
  const { stateMachines = [] } = await clients.sfn.send(new ListStateMachinesCommand({}));
  return {
    networks: await networksIn(moto),
    services: await servicesOf(clients),
    ...(await doorsOf(clients)),
    tags: Object.fromEntries(repositories.map((one) => [one.repositoryName, one.imageTagMutability])),
    tables: await tablesOf(clients),
    rules: Object.fromEntries(
      Rules.map((one) => [one.Description, one.ScheduleExpression ?? JSON.parse(one.EventPattern!)]),
    ),
    machines: stateMachines.map(({ name }) => name),
    encryption: await bucketsIn(moto),
    records: await recordsIn(moto),
    databases: await databasesIn(moto),
  };
}

/** By range. `openings`: the rules of its default group, which every VPC is born with. */
export async function networksIn({ endpoint }: Moto) {
  const ec2 = new EC2Client(placeAt(endpoint));
  const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({}));
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
  const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({}));
  return Object.fromEntries(
    Vpcs.map(({ VpcId, CidrBlock }) => {
      const subnets = Subnets.filter((one) => one.VpcId === VpcId);
      const group = SecurityGroups.find((one) => one.VpcId === VpcId && one.GroupName === 'default');
      return [
        CidrBlock!,
        {
          subnets: subnets.map((one) => `${one.AvailabilityZone} ${one.CidrBlock}`).toSorted(),
          defaultGroup: group?.GroupId,
          openings: (group?.IpPermissions ?? []).length + (group?.IpPermissionsEgress ?? []).length,
        },
      ];
    }),
  );
}

/** By name: where it runs, and from what. */
async function servicesOf({ ecs }: OwnClients) {
  const { clusterArns = [] } = await ecs.send(new ListClustersCommand({}));
  const found = await Promise.all(
    clusterArns.map(async (cluster) => {
      const { serviceArns = [] } = await ecs.send(new ListServicesCommand({ cluster }));
      if (serviceArns.length === 0) return [];
      return (await ecs.send(new DescribeServicesCommand({ cluster, services: serviceArns }))).services ?? [];
    }),
  );
  const lastOf = (arn: string | undefined) => arn?.split('/').at(-1);
  return Object.fromEntries(
    found
      .flat()
      .map((one) => [
        one.serviceName!,
        { cluster: lastOf(one.clusterArn), revision: lastOf(one.taskDefinition), desired: one.desiredCount },
      ]),
  );
}

async function doorsOf({ elb }: OwnClients) {
  const { LoadBalancers = [] } = await elb.send(new DescribeLoadBalancersCommand({}));
  const { TargetGroups = [] } = await elb.send(new DescribeTargetGroupsCommand({}));
  const listeners = await Promise.all(
    LoadBalancers.filter((one) => isOurs(one.LoadBalancerName)).map(async ({ LoadBalancerArn }) => {
      const { Listeners = [] } = await elb.send(new DescribeListenersCommand({ LoadBalancerArn }));
      return Listeners.map((one) => `${one.Protocol} ${one.Port}: ${one.DefaultActions?.[0]?.Type}`);
    }),
  );
  return {
    listeners: listeners.flat().toSorted(),
    groups: TargetGroups.filter((one) => isOurs(one.TargetGroupName)).map((one) => ({
      port: one.Port,
      path: one.HealthCheckPath,
      interval: one.HealthCheckIntervalSeconds,
      timeout: one.HealthCheckTimeoutSeconds,
      failures: one.UnhealthyThresholdCount,
    })),
  };
}

async function tablesOf({ dynamodb }: OwnClients) {
  const { TableNames = [] } = await dynamodb.send(new ListTablesCommand({}));
  return Promise.all(
    TableNames.filter(isOurs).map(async (TableName) => {
      const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName }));
      const keys = Table?.KeySchema?.map((one) => `${one.AttributeName} ${one.KeyType}`);
      return { keys, billing: Table?.BillingModeSummary?.BillingMode };
    }),
  );
}

/** How what lies in each bucket is encrypted. */
async function bucketsIn(moto: Moto) {
  const names = valuesIn(await rest(moto, 's3', ''), 'Name').filter((name) => !name.startsWith('cdk-'));
  const found = names.map(async (name) => [
    name,
    valuesIn(await rest(moto, 's3', `${name}?encryption`), 'SSEAlgorithm'),
  ]);
  return Object.fromEntries(await Promise.all(found)) as Readonly<Record<string, readonly string[]>>;
}

async function recordsIn(moto: Moto) {
  const zones = valuesIn(await rest(moto, 'route53', '2013-04-01/hostedzone'), 'Id');
  const found = await Promise.all(zones.map((id) => rest(moto, 'route53', `2013-04-01${id}/rrset`)));
  return found
    .flatMap((xml) => [...xml.matchAll(/<Name>([^<]*)<\/Name><Type>(\w+)<\/Type>/g)])
    .map(([, name, type]) => `${type} ${name}`)
    .toSorted();
}

async function databasesIn({ endpoint }: Moto) {
  const xml = await query(endpoint, 'rds', '2014-10-31', { Action: 'DescribeDBInstances' });
  const elements = [
    'DBInstanceIdentifier',
    'DBInstanceClass',
    'Engine',
    'EngineVersion',
    'MasterUsername',
    'DBName',
    'AllocatedStorage',
    'StorageType',
    'StorageEncrypted',
    'MultiAZ',
    'BackupRetentionPeriod',
    'PreferredBackupWindow',
    'PubliclyAccessible',
  ];
  return Object.fromEntries(elements.map((element) => [element, valuesIn(xml, element)[0]]));
}
