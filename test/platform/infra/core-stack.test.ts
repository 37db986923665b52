/** The plan's infrastructure, value by value: each title is a line of the plan (docs/seed.md). */
import type { Stack } from 'aws-cdk-lib';
import { describe, expect, test } from 'vitest';
import { BACKUP_FOLDER, DUMP, UPLOAD } from '../../../platform/infra/backup.ts';
import { rotationAddresses } from '../../../platform/rotation/adapters/rotation-addresses.ts';
import { KEYS } from '../../../platform/rotation/core/rotation.ts';
import {
  idsOfType,
  ofType,
  pretended,
  production,
  type Resource,
  stacksOf,
  templateOf,
  trial,
} from '../../infra/fixture.ts';

const { app, releases } = stacksOf(production);
const core = templateOf(app.node.findChild('sluice-core') as Stack);
const backend = templateOf(releases[0]!);

/** The properties of the only resource of that type. */
function the(type: string, template = core): Resource['Properties'] {
  const found = ofType(template, type);
  expect(found.length).toBe(1);
  return found[0]!.Properties;
}

const nameOf = ({ Properties }: Resource): string | undefined =>
  Properties.Tags?.find(({ Key }: { Key: string }) => Key === 'Name')?.Value;

const named = (type: string, name: string): Resource =>
  ofType(core, type).find(({ Properties }) => JSON.stringify(Properties).includes(`"${name}"`))!;

test('stacks are joined by plain ids that their owner writes: nothing is exported, so that nothing blocks a change', () => {
  const written = ofType(core, 'AWS::SSM::Parameter').map(({ Properties }) => Properties.Name);
  const read = Object.entries(backend.Parameters ?? {}).flatMap(([name, one]) =>
    name === 'BootstrapVersion' ? [] : [one],
  );
  expect(read.length).toBeGreaterThan(8);
  for (const { Type, Default } of read) {
    expect(Type).toBe('AWS::SSM::Parameter::Value<String>');
    expect(written).toContain(Default);
  }
  expect(releases[0]!.dependencies.map(({ stackName }) => stackName)).toEqual(['sluice-core']);
  for (const raw of [production, trial])
    for (const stack of stacksOf(raw).app.node.children.filter((one): one is Stack => 'stackName' in one))
      expect(JSON.stringify(templateOf(stack))).not.toMatch(/"Export"|Fn::ImportValue|Fn::GetStackOutput/);
});

test('a first deploy that failed leaves nothing whose name is in the way of the next; docs/adoption.md names the rest', () => {
  const left = Object.values(core.Resources).flatMap(({ Type, DeletionPolicy }) =>
    DeletionPolicy === 'Retain' ? [Type] : [],
  );
  expect(left.toSorted()).toEqual([
    'AWS::RDS::DBInstance',
    'AWS::RDS::DBSubnetGroup',
    'AWS::Route53::HostedZone',
    // The access logs: it has no name, and what was written into it would hold up the rest.
    'AWS::S3::Bucket',
  ]);
});

test('provider: region us-east-1 [S58]', () => {
  expect(releases[0]!.region).toBe('us-east-1');
  expect((app.node.findChild('sluice-core') as Stack).region).toBe('us-east-1');
});

describe('VPC & Networking', () => {
  const cidrs = (kind: 'public' | 'private') =>
    ofType(core, 'AWS::EC2::Subnet')
      .filter((subnet) => nameOf(subnet)?.includes(`-${kind}-`))
      .map((subnet) => [nameOf(subnet), subnet.Properties.CidrBlock]);

  test('aws_vpc: 10.0.0.0/16 with DNS host names, named conductores-vpc [S66]', () => {
    expect(the('AWS::EC2::VPC')).toMatchObject({ CidrBlock: '10.0.0.0/16', EnableDnsHostnames: true });
    expect(nameOf(ofType(core, 'AWS::EC2::VPC')[0]!)).toBe('conductores-vpc');
  });

  test('aws_subnet public: 10.0.0.0/24 and 10.0.1.0/24, one a zone [S76]', () => {
    expect(cidrs('public')).toEqual([
      ['conductores-public-0', '10.0.0.0/24'],
      ['conductores-public-1', '10.0.1.0/24'],
    ]);
  });

  test('aws_subnet private: 10.0.10.0/24 and 10.0.11.0/24, one a zone [S88]', () => {
    expect(cidrs('private')).toEqual([
      ['conductores-private-0', '10.0.10.0/24'],
      ['conductores-private-1', '10.0.11.0/24'],
    ]);
    const zones = ofType(core, 'AWS::EC2::Subnet').map(
      ({ Properties }) => Properties.AvailabilityZone['Fn::Select'][0],
    );
    expect(zones).toEqual([0, 1, 0, 1]);
  });

  test('private subnets reach out through one NAT gateway, and S3 through an endpoint of its own [S88]', () => {
    expect(ofType(core, 'AWS::EC2::NatGateway').length).toBe(1);
    expect(the('AWS::EC2::VPCEndpoint')).toMatchObject({ VpcEndpointType: 'Gateway' });
    expect(JSON.stringify(the('AWS::EC2::VPCEndpoint').ServiceName)).toContain('.s3');
  });
});

describe('RDS PostgreSQL', () => {
  const database = () => the('AWS::RDS::DBInstance');

  test('aws_db_instance: conductores-db, PostgreSQL 15 in a version that RDS offers, on db.t3.large [S44] [S99] [S104]', () => {
    expect(database()).toMatchObject({
      DBInstanceIdentifier: 'conductores-db',
      Engine: 'postgres',
      EngineVersion: '15.19',
      DBInstanceClass: 'db.t3.large',
    });
  });

  test('allocated_storage 100, storage_type gp3, encrypted [S104]', () => {
    expect(database()).toMatchObject({ AllocatedStorage: '100', StorageType: 'gp3', StorageEncrypted: true });
  });

  test('tags: conductores-postgres [S120]', () => {
    expect(nameOf(ofType(core, 'AWS::RDS::DBInstance')[0]!)).toBe('conductores-postgres');
  });

  test('multi_az, in the private subnets [S44] [S104]', () => {
    expect(database()).toMatchObject({ MultiAZ: true, PubliclyAccessible: false });
    const subnets = the('AWS::RDS::DBSubnetGroup').SubnetIds.map(({ Ref }: { Ref: string }) => core.Resources[Ref]);
    expect(subnets.map(nameOf)).toEqual(['conductores-private-0', 'conductores-private-1']);
  });

  test('username conductores_admin, its password from Secrets Manager and in no template [S111]', () => {
    expect(database()).toMatchObject({ MasterUsername: 'conductores_admin', ManageMasterUserPassword: true });
    expect(database()).not.toHaveProperty('MasterUserPassword');
  });

  test('backup_retention_period 7, backup_window 03:00-04:00, maintenance_window mon:04:00-mon:05:00 [S114]', () => {
    expect(database()).toMatchObject({
      BackupRetentionPeriod: 7,
      PreferredBackupWindow: '03:00-04:00',
      PreferredMaintenanceWindow: 'mon:04:00-mon:05:00',
    });
  });

  test('enabled_cloudwatch_logs_exports: postgresql and upgrade [S114]', () => {
    expect(database().EnableCloudwatchLogsExports).toEqual(['postgresql', 'upgrade']);
  });

  test('it cannot be deleted by mistake, and refuses a connection without TLS', () => {
    expect(database().DeletionProtection).toBe(true);
    expect(ofType(core, 'AWS::RDS::DBInstance')[0]?.DeletionPolicy).toBe('Retain');
    expect(the('AWS::RDS::DBParameterGroup').Parameters).toEqual({ 'rds.force_ssl': '1' });
  });
});

describe('ElastiCache Redis', () => {
  const cache = () => the('AWS::ElastiCache::ReplicationGroup');

  test('aws_elasticache: conductores-redis, Redis 7.0 on cache.t3.micro, default.redis7 [S44] [S125] [S131]', () => {
    expect(cache()).toMatchObject({
      ReplicationGroupId: 'conductores-redis',
      Engine: 'redis',
      EngineVersion: '7.0',
      CacheNodeType: 'cache.t3.micro',
      CacheParameterGroupName: 'default.redis7',
    });
    expect(nameOf(ofType(core, 'AWS::ElastiCache::ReplicationGroup')[0]!)).toBe('conductores-redis');
  });

  test('a replication group, since REDIS_PASSWORD needs AUTH, and AUTH needs TLS [S125]', () => {
    expect(cache()).toMatchObject({ TransitEncryptionEnabled: true, AtRestEncryptionEnabled: true });
    expect(JSON.stringify(cache().AuthToken)).toMatch(/resolve:secretsmanager:.*:SecretString:REDIS_PASSWORD::/);
  });

  test('subnet_group_name: in the private subnets [S131]', () => {
    expect(cache().CacheSubnetGroupName.Ref).toBe(idsOfType(core, 'AWS::ElastiCache::SubnetGroup')[0]);
    const subnets = the('AWS::ElastiCache::SubnetGroup').SubnetIds.map(
      ({ Ref }: { Ref: string }) => core.Resources[Ref],
    );
    expect(subnets.map(nameOf)).toEqual(['conductores-private-0', 'conductores-private-1']);
  });

  test('one node may die [S131]', () => {
    expect(cache()).toMatchObject({ NumCacheClusters: 2, AutomaticFailoverEnabled: true, MultiAZEnabled: true });
  });
});

test('only whoever is one of the data’s clients reaches the database and the cache', () => {
  const ingress = ofType(core, 'AWS::EC2::SecurityGroupIngress').map(({ Properties }) => [
    Properties.FromPort,
    Properties.SourceSecurityGroupId['Fn::GetAtt'][0],
  ]);
  const [clients] = idsOfType(core, 'AWS::EC2::SecurityGroup').filter((id) => id.startsWith('NetworkDataClients'));
  expect(ingress).toEqual([
    [5432, clients],
    [6379, clients],
  ]);
});

describe('ECS', () => {
  test('aws_ecs_cluster: conductores-cluster with containerInsights [S140]', () => {
    expect(the('AWS::ECS::Cluster')).toMatchObject({
      ClusterName: 'conductores-cluster',
      ClusterSettings: [{ Name: 'containerInsights', Value: 'enabled' }],
    });
  });

  const template = () => the('AWS::ECS::TaskDefinition', backend);
  const container = () => template().ContainerDefinitions[0];

  test('aws_ecs_task_definition: awsvpc on Fargate, cpu 1024, memory 2048 [S150]', () => {
    expect(template()).toMatchObject({
      NetworkMode: 'awsvpc',
      RequiresCompatibilities: ['FARGATE'],
      Cpu: '1024',
      Memory: '2048',
    });
  });

  test('execution_role_arn, task_role_arn: roles of its own, and a candidate runs under the same [S157]', () => {
    for (const role of ['ExecutionRoleArn', 'TaskRoleArn']) {
      const [id] = template()[role]['Fn::GetAtt'];
      expect(backend.Resources[id]?.Properties.AssumeRolePolicyDocument.Statement[0].Principal).toEqual({
        Service: 'ecs-tasks.amazonaws.com',
      });
    }
  });

  test('container backend on port 8000, its image from ECR [S159] [S163]', () => {
    expect(container()).toMatchObject({ Name: 'backend', PortMappings: [{ ContainerPort: 8000, Protocol: 'tcp' }] });
    expect(pretended(backend, container().Image)).toMatch(/\.dkr\.ecr\.us-east-1\..*\/conductores-backend:/);
  });

  test('DATABASE_URL and REDIS_URL: parts in the environment, over TLS, no password among them [S169]', () => {
    const environment = Object.fromEntries(
      container().Environment.map(({ Name, Value }: { Name: string; Value: unknown }) => [Name, Value]),
    );
    expect(Object.keys(environment).toSorted()).toEqual([
      'DATABASE_HOST',
      'DATABASE_NAME',
      'DATABASE_PORT',
      'DOCUMENTS_BUCKET',
      'REDIS_URL',
    ]);
    const redis = ofType(core, 'AWS::SSM::Parameter').find(
      ({ Properties }) => Properties.Name === '/sluice-core/tells/REDIS_URL',
    );
    expect(pretended(core, redis?.Properties.Value)).toMatch(/^rediss:\/\/.*:6379$/);
  });

  test('secrets: all eleven keys reach the container by reference, and what travels with them [S174] [S515]', () => {
    const secrets: readonly { Name: string; ValueFrom: unknown }[] = container().Secrets;
    const given = Object.fromEntries(secrets.map(({ Name, ValueFrom }) => [Name, pretended(backend, ValueFrom)]));
    expect(Object.keys(KEYS).length).toBe(11);
    for (const [key, { secret }] of Object.entries(KEYS))
      expect(given[key]).toMatch(new RegExp(`:secret:conductores/prod/${secret}:${key}::$`));
    expect(Object.keys(given).filter((key) => !(key in KEYS))).toEqual([
      'SECRET_KEY_NEXT',
      'SECRET_KEY_PREVIOUS',
      'DATABASE_USER',
    ]);
  });

  test('logConfiguration: awslogs into /ecs/conductores-backend [S179]', () => {
    expect(
      the('AWS::Logs::LogGroup', {
        Resources: { one: backend.Resources[container().LogConfiguration.Options['awslogs-group'].Ref]! },
      }),
    ).toMatchObject({
      LogGroupName: '/ecs/conductores-backend',
    });
    expect(container().LogConfiguration).toMatchObject({
      LogDriver: 'awslogs',
      Options: { 'awslogs-region': 'us-east-1', 'awslogs-stream-prefix': 'ecs' },
    });
  });

  test('healthCheck: /health every 30 s, 5 s patience, out after 3, the first 60 s do not count [S188]', () => {
    for (const { Properties } of ofType(backend, 'AWS::ElasticLoadBalancingV2::TargetGroup'))
      expect(Properties).toMatchObject({
        Port: 8000,
        HealthCheckPath: '/health',
        HealthCheckIntervalSeconds: 30,
        HealthCheckTimeoutSeconds: 5,
        UnhealthyThresholdCount: 3,
      });
    for (const { Properties } of ofType(backend, 'AWS::ECS::Service'))
      expect(Properties.HealthCheckGracePeriodSeconds).toBe(60);
  });

  test('aws_ecs_service: Fargate in the private subnets without public addresses, behind the load balancer [S198] [S203] [S206] [S212]', () => {
    const services = ofType(backend, 'AWS::ECS::Service').map(({ Properties }) => Properties);
    expect(services.length).toBe(2);
    for (const { LaunchType, NetworkConfiguration, LoadBalancers } of services) {
      expect(LaunchType).toBe('FARGATE');
      expect(NetworkConfiguration.AwsvpcConfiguration).toMatchObject({
        AssignPublicIp: 'DISABLED',
        Subnets: [{ Ref: 'FoundationSubnetIds0' }, { Ref: 'FoundationSubnetIds1' }],
      });
      expect(LoadBalancers).toMatchObject([{ ContainerName: 'backend', ContainerPort: 8000 }]);
    }
    // Each is registered in the target group of its own colour.
    expect(services.map(({ LoadBalancers: [{ TargetGroupArn }] }) => TargetGroupArn.Ref)).toEqual(
      idsOfType(backend, 'AWS::ElasticLoadBalancingV2::TargetGroup'),
    );
    expect(services.map(({ ServiceName }) => ServiceName)).toEqual([
      'conductores-backend-blue',
      'conductores-backend-green',
    ]);
    const subnet = ofType(core, 'AWS::SSM::Parameter').find(
      ({ Properties }) => Properties.Name === backend.Parameters?.['FoundationSubnetIds0']?.Default,
    );
    expect(nameOf(core.Resources[subnet?.Properties.Value.Ref]!)).toBe('conductores-private-0');
  });

  test('aws_appautoscaling: 2 to 10 tasks at 70 % CPU [S221] [S230]', () => {
    const targets = ofType(backend, 'AWS::ApplicationAutoScaling::ScalableTarget').map(({ Properties }) => Properties);
    expect(targets.map(({ MinCapacity, MaxCapacity }) => [MinCapacity, MaxCapacity])).toEqual([
      [2, 10],
      [2, 10],
    ]);
    for (const [index, target] of targets.entries()) {
      expect(target).toMatchObject({ ScalableDimension: 'ecs:service:DesiredCount', ServiceNamespace: 'ecs' });
      const resource = JSON.stringify(target.ResourceId);
      expect(resource).toContain('service/conductores-cluster/');
      expect(resource).toContain(idsOfType(backend, 'AWS::ECS::Service')[index]);
    }
    for (const { Properties } of ofType(backend, 'AWS::ApplicationAutoScaling::ScalingPolicy'))
      expect(Properties).toMatchObject({
        PolicyType: 'TargetTrackingScaling',
        TargetTrackingScalingPolicyConfiguration: {
          TargetValue: 70,
          PredefinedMetricSpecification: { PredefinedMetricType: 'ECSServiceAverageCPUUtilization' },
        },
      });
  });
});

test('ECR conductores-backend: tags never move, pushes are scanned, and no tagged image is ever cleared away', () => {
  const repository = the('AWS::ECR::Repository');
  expect(repository).toMatchObject({
    RepositoryName: 'conductores-backend',
    ImageTagMutability: 'IMMUTABLE',
    ImageScanningConfiguration: { ScanOnPush: true },
  });
  const { rules } = JSON.parse(repository.LifecyclePolicy.LifecyclePolicyText);
  expect(rules.map(({ selection }: { selection: { tagStatus: string } }) => selection.tagStatus)).toEqual(['untagged']);
});

describe('S3 Buckets', () => {
  const BUCKETS = ['conductores-frontend-prod', 'conductores-documents-prod', 'conductores-backups-prod'];

  test('aws_s3_bucket: frontend, documents and backups, by the names of the plan, and they outlive the stack [S29] [S245] [S254] [S262]', () => {
    for (const name of BUCKETS) {
      const bucket = named('AWS::S3::Bucket', name);
      expect([bucket.DeletionPolicy, nameOf(bucket)]).toEqual(['RetainExceptOnCreate', name.replace('-prod', '')]);
    }
  });

  test('a backup that is written over is still there: what may write one can take none away', () => {
    const { Properties } = named('AWS::S3::Bucket', 'conductores-backups-prod');
    expect(Properties.VersioningConfiguration).toEqual({ Status: 'Enabled' });
  });

  test('every bucket is private, encrypted, and over TLS only [S245]', () => {
    const everything = {
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    };
    const buckets = idsOfType(core, 'AWS::S3::Bucket');
    expect(buckets.length).toBe(BUCKETS.length + 1);
    for (const id of buckets) {
      const { PublicAccessBlockConfiguration, BucketEncryption } = core.Resources[id]!.Properties;
      expect(PublicAccessBlockConfiguration).toEqual(everything);
      expect(BucketEncryption).toBeDefined();
      const policy = ofType(core, 'AWS::S3::BucketPolicy').find(({ Properties }) => Properties.Bucket.Ref === id);
      expect(policy?.Properties.PolicyDocument.Statement).toContainEqual(
        expect.objectContaining({
          Effect: 'Deny',
          Action: 's3:*',
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        }),
      );
    }
  });

  test('backups go to STANDARD_IA after 30 days and to GLACIER after 90 [S262] [S268] [S273]', () => {
    const { LifecycleConfiguration } = named('AWS::S3::Bucket', 'conductores-backups-prod').Properties;
    expect(LifecycleConfiguration.Rules).toEqual([
      {
        Status: 'Enabled',
        Transitions: [
          { StorageClass: 'STANDARD_IA', TransitionInDays: 30 },
          { StorageClass: 'GLACIER', TransitionInDays: 90 },
        ],
      },
    ]);
  });

  test('the tasks may read and write documents, and no other bucket [S254]', () => {
    const statements = ofType(backend, 'AWS::IAM::Policy').flatMap(
      ({ Properties }) => Properties.PolicyDocument.Statement,
    );
    const onBuckets = statements.filter((one) => JSON.stringify(one.Action).includes('s3:'));
    expect(onBuckets.flatMap(({ Resource }) => [Resource].flat()).map((arn) => pretended(backend, arn))).toEqual([
      'arn:aws:s3:::conductores-documents-prod',
      'arn:aws:s3:::conductores-documents-prod/*',
    ]);
  });
});

describe('S3 Backups: automated daily backups', () => {
  const task = () => the('AWS::ECS::TaskDefinition');

  test('every night at 02:00 UTC a task runs pg_dump and uploads what it made [S52]', () => {
    const [dump, upload] = task().ContainerDefinitions;
    expect([...dump.EntryPoint, ...dump.Command]).toEqual(DUMP);
    expect([...upload.EntryPoint, ...upload.Command]).toEqual(UPLOAD);
    expect(upload.DependsOn).toEqual([{ ContainerName: 'dump', Condition: 'SUCCESS' }]);
    for (const { MountPoints } of [dump, upload]) expect(MountPoints).toMatchObject([{ ContainerPath: BACKUP_FOLDER }]);
    const nightly = named('AWS::Events::Rule', 'cron(0 2 * * ? *)').Properties;
    expect(nightly.Targets[0].EcsParameters.TaskDefinitionArn.Ref).toBe(idsOfType(core, 'AWS::ECS::TaskDefinition')[0]);
  });

  test('it logs in as the application does, over TLS, and has room for the whole database', () => {
    const [dump] = task().ContainerDefinitions;
    expect(dump.Secrets.map(({ Name }: { Name: string }) => Name)).toEqual(['PGUSER', 'PGPASSWORD']);
    expect(dump.Environment).toContainEqual({ Name: 'PGSSLMODE', Value: 'require' });
    expect(task().EphemeralStorage.SizeInGiB).toBe(100);
  });

  test('when none came in 26 hours the on-call engineer is notified, also when nothing at all is heard [S52]', () => {
    const alarm = named('AWS::CloudWatch::Alarm', 'Invocations').Properties;
    expect(alarm).toMatchObject({
      Namespace: 'AWS/Events',
      Period: 3600,
      EvaluationPeriods: 26,
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
    });
    const rule = core.Resources[alarm.Dimensions[0].Value.Ref];
    expect(rule?.Properties.EventPattern).toMatchObject({
      source: ['aws.s3'],
      'detail-type': ['Object Created'],
      detail: { object: { key: [{ suffix: '.dump' }] } },
    });
    const { NotificationConfiguration } = named('AWS::S3::Bucket', 'conductores-backups-prod').Properties;
    expect(NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled).toBe(true);
    expect(alarm.AlarmActions).toEqual([{ Ref: idsOfType(core, 'AWS::SNS::Topic')[0] }]);
  });
});

describe('CloudFront and Route 53', () => {
  const distribution = () => the('AWS::CloudFront::Distribution').DistributionConfig;

  test('CloudFront shows the frontend from S3, which only it may read (origin access control) [S22]', () => {
    const control = the('AWS::CloudFront::OriginAccessControl').OriginAccessControlConfig;
    expect(control).toMatchObject({ OriginAccessControlOriginType: 's3', SigningBehavior: 'always' });
    const origin = distribution().Origins.find(
      ({ Id }: { Id: string }) => Id === distribution().DefaultCacheBehavior.TargetOriginId,
    );
    expect(origin.OriginAccessControlId['Fn::GetAtt'][0]).toBe(
      idsOfType(core, 'AWS::CloudFront::OriginAccessControl')[0],
    );
    expect(distribution()).toMatchObject({
      Aliases: ['conductoresdelmundo.com', 'www.conductoresdelmundo.com'],
      DefaultRootObject: 'index.html',
    });
  });

  test('/api/* goes to the load balancer, uncached, over HTTPS [S22]', () => {
    const [api] = distribution().CacheBehaviors;
    // AWS's own policies: CachingDisabled, AllViewerExceptHostHeader.
    expect(api).toMatchObject({
      PathPattern: '/api/*',
      CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
      OriginRequestPolicyId: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
      ViewerProtocolPolicy: 'https-only',
    });
    expect(api.AllowedMethods).toContain('POST');
    const origin = distribution().Origins.find(({ Id }: { Id: string }) => Id === api.TargetOriginId);
    expect(origin).toMatchObject({
      DomainName: 'api.conductoresdelmundo.com',
      CustomOriginConfig: { OriginProtocolPolicy: 'https-only' },
    });
  });

  test('Route 53: the domain and www lead to CloudFront, api to the load balancer [S17]', () => {
    expect(the('AWS::Route53::HostedZone').Name).toBe('conductoresdelmundo.com.');
    const records = ofType(core, 'AWS::Route53::RecordSet').map(({ Properties: { Name, Type, AliasTarget } }) => [
      Name,
      Type,
      core.Resources[(AliasTarget.DNSName['Fn::GetAtt'] ?? AliasTarget.DNSName['Fn::Join'][1][1]['Fn::GetAtt'])[0]]
        ?.Type,
    ]);
    expect(records).toEqual([
      ['conductoresdelmundo.com.', 'A', 'AWS::CloudFront::Distribution'],
      ['conductoresdelmundo.com.', 'AAAA', 'AWS::CloudFront::Distribution'],
      ['www.conductoresdelmundo.com.', 'A', 'AWS::CloudFront::Distribution'],
      ['www.conductoresdelmundo.com.', 'AAAA', 'AWS::CloudFront::Distribution'],
      ['api.conductoresdelmundo.com.', 'A', 'AWS::ElasticLoadBalancingV2::LoadBalancer'],
    ]);
  });

  test('ALB: public, HTTPS, and who comes over HTTP is sent there [S8] [S29]', () => {
    expect(the('AWS::ElasticLoadBalancingV2::LoadBalancer').Scheme).toBe('internet-facing');
    const listeners = ofType(core, 'AWS::ElasticLoadBalancingV2::Listener').map(({ Properties }) => Properties);
    expect(listeners.map(({ Port, Protocol, DefaultActions }) => [Port, Protocol, DefaultActions[0].Type])).toEqual([
      [443, 'HTTPS', 'fixed-response'],
      [80, 'HTTP', 'redirect'],
    ]);
    expect(the('AWS::CertificateManager::Certificate')).toMatchObject({
      DomainName: 'conductoresdelmundo.com',
      SubjectAlternativeNames: ['www.conductoresdelmundo.com', 'api.conductoresdelmundo.com'],
      ValidationMethod: 'DNS',
    });
  });
});

describe('Secrets Management', () => {
  test('AWS Secrets Manager: conductores/prod/app and conductores/prod/integrations, and no value in the template [S506] [S515]', () => {
    const secrets = ofType(core, 'AWS::SecretsManager::Secret');
    expect(secrets.map(({ Properties }) => Properties.Name)).toEqual([
      'conductores/prod/app',
      'conductores/prod/integrations',
    ]);
    for (const { Properties, DeletionPolicy } of secrets) {
      expect(Properties).not.toHaveProperty('SecretString');
      expect(DeletionPolicy).toBe('RetainExceptOnCreate');
    }
    expect(JSON.parse(secrets[0]!.Properties.GenerateSecretString.SecretStringTemplate)).toEqual({
      DATABASE_USER: 'conductores_app',
    });
    expect(secrets[1]!.Properties).not.toHaveProperty('GenerateSecretString');
  });

  test('Automatic monthly rotation, of the app’s secret, by a Lambda [S525]', () => {
    const schedule = the('AWS::SecretsManager::RotationSchedule');
    expect(schedule.RotationRules.ScheduleExpression).toBe('cron(0 5 1 * ? *)');
    expect(core.Resources[schedule.SecretId.Ref]?.Properties.Name).toBe('conductores/prod/app');
    const handler = core.Resources[schedule.RotationLambdaARN['Fn::GetAtt'][0]]?.Properties;
    expect(handler).toMatchObject({ Timeout: 900, Code: { ZipFile: expect.stringContaining('rotate-app') } });
    expect(handler.VpcConfig.SubnetIds.length).toBe(2);
  });

  test('a rotation that fails once is told: how often Secrets Manager tries again is its own affair', () => {
    const schedule = the('AWS::SecretsManager::RotationSchedule');
    const [handler] = schedule.RotationLambdaARN['Fn::GetAtt'];
    const alarm = ofType(core, 'AWS::CloudWatch::Alarm').find(({ Properties }) =>
      Properties.Dimensions?.some(({ Value }: { Value: { Ref?: string } }) => Value.Ref === handler),
    )?.Properties;
    expect(alarm).toMatchObject({
      MetricName: 'Errors',
      Statistic: 'Sum',
      Threshold: 0,
      EvaluationPeriods: 1,
      ComparisonOperator: 'GreaterThanThreshold',
    });
  });

  test('the rotation finds in ROTATION what it looks for, on both sides', () => {
    const variables = [core, backend].flatMap((template) =>
      ofType(template, 'AWS::Lambda::Function').flatMap(({ Properties }) => {
        const { ROTATION } = Properties.Environment?.Variables ?? {};
        return ROTATION ? [rotationAddresses({ ROTATION: pretended(template, ROTATION) })] : [];
      }),
    );
    expect(variables.length).toBe(3);
    for (const addresses of variables)
      expect(addresses).toMatchObject({
        app: 'conductores/prod/app',
        integrations: 'conductores/prod/integrations',
        database: { port: 5432, database: 'conductores', tls: true },
        cache: { replicationGroup: 'conductores-redis', port: 6379, tls: true },
        readBy: ['conductores-backend'],
      });
  });

  test('Lambda function updates ECS tasks: every five minutes it looks, one at a time [S528]', () => {
    const [rule] = ofType(backend, 'AWS::Events::Rule').filter(
      ({ Properties }) => Properties.ScheduleExpression === 'rate(5 minutes)',
    );
    const refresh = backend.Resources[rule?.Properties.Targets[0].Arn['Fn::GetAtt'][0]]?.Properties;
    expect(refresh).toMatchObject({
      ReservedConcurrentExecutions: 1,
      Code: { ZipFile: expect.stringContaining('rotate-refresh') },
    });
  });

  test('when new secrets do not reach the tasks for a quarter of an hour, the on-call engineer is notified', () => {
    const refresh = idsOfType(backend, 'AWS::Lambda::Function').find((id) => id.startsWith('SecretCareRefresh'));
    const alarm = ofType(backend, 'AWS::CloudWatch::Alarm').find(
      ({ Properties }) => Properties.Dimensions?.[0]?.Value.Ref === refresh,
    );
    expect(alarm?.Properties).toMatchObject({ MetricName: 'Errors', Period: 300, EvaluationPeriods: 3, Threshold: 0 });
    expect(alarm?.Properties.AlarmActions).toEqual([{ Ref: idsOfType(backend, 'AWS::SNS::Topic')[0] }]);
  });

  test('third-party keys: people are reminded on the first of the month [S525]', () => {
    const [rule] = ofType(backend, 'AWS::Events::Rule').filter(
      ({ Properties }) => Properties.ScheduleExpression === 'cron(0 9 1 * ? *)',
    );
    const reminder = backend.Resources[rule?.Properties.Targets[0].Arn['Fn::GetAtt'][0]]?.Properties;
    expect(reminder.Code.ZipFile).toContain('rotate-reminder');
  });
});

describe('GitHub Actions', () => {
  const role = () =>
    ofType(core, 'AWS::IAM::Role').find(({ Properties }) => Properties.MaxSessionDuration !== undefined)?.Properties;

  test('Configure AWS credentials: by OIDC, for jobs of one repository in one environment, six hours at most, no key [S334] [S365]', () => {
    expect(the('AWS::IAM::OIDCProvider')).toMatchObject({
      Url: 'https://token.actions.githubusercontent.com',
      ClientIdList: ['sts.amazonaws.com'],
    });
    expect(role().MaxSessionDuration).toBe(6 * 3600);
    expect(role().AssumeRolePolicyDocument.Statement).toMatchObject([
      {
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: {
          StringEquals: {
            'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
          },
        },
      },
    ]);
    expect(ofType(core, 'AWS::IAM::AccessKey')).toEqual([]);
    expect(ofType(core, 'AWS::IAM::User')).toEqual([]);
  });

  /** Who may assume the role: their tokens' subjects. The `*` of IAM's StringLike is any text. */
  function admittedBy(repository: string): (subject: string) => boolean {
    const { app: mine } = stacksOf({ ...production, core: { github: { repository } } });
    const role = ofType(templateOf(mine.node.findChild('sluice-core') as Stack), 'AWS::IAM::Role').find(
      ({ Properties }) => Properties.MaxSessionDuration !== undefined,
    );
    const [{ Condition }] = role!.Properties.AssumeRolePolicyDocument.Statement;
    const patterns = [Condition.StringLike['token.actions.githubusercontent.com:sub']].flat() as readonly string[];
    const expressions = patterns.map((one) => RegExp(`^${one.replaceAll('.', '\\.').replaceAll('*', '.*')}$`));
    return (subject) => expressions.some((expression) => expression.test(subject));
  }

  test('a repository that is trusted by its name may have the numbers of GitHub in its jobs’ tokens, or not yet', () => {
    const admitted = [
      'repo:conductores/backend:environment:production',
      'repo:conductores@12/backend@345:environment:production',
    ];
    const others = [
      'repo:conductores/backend:environment:staging',
      'repo:conductores/backend:ref:refs/heads/main',
      'repo:conductores/backend-2:environment:production',
      'repo:conductores-2/backend:environment:production',
      'repo:conductores-2@12/backend@345:environment:production',
      'repo:conductores@12/backend-2@345:environment:production',
      'repo:conductores@12/backend@345:environment:staging',
      'repo:conductores@12/backend@345:ref:refs/heads/main',
    ];
    expect([...admitted, ...others].filter(admittedBy('conductores/backend'))).toEqual(admitted);
  });

  test('with its numbers no other one is trusted that took over its name', () => {
    const admitted = ['repo:conductores@12/backend@345:environment:production'];
    const others = [
      'repo:conductores/backend:environment:production',
      'repo:conductores@13/backend@345:environment:production',
      'repo:conductores@12/backend@346:environment:production',
    ];
    expect([...admitted, ...others].filter(admittedBy('conductores@12/backend@345'))).toEqual(admitted);
  });

  test('it may push, follow, migrate and publish; it can change no service, rule or right [S344] [S365]', () => {
    const policy = ofType(core, 'AWS::IAM::Policy').find(({ Metadata }) => Metadata?.['Who'] === 'GitHub');
    const actions: string[] = policy?.Properties.PolicyDocument.Statement.flatMap(
      ({ Action }: { Action: string | string[] }) => Action,
    );
    expect([...new Set(actions.map((action) => action.split(':')[0]))].toSorted()).toEqual([
      'cloudfront',
      'ecr',
      'lambda',
      's3',
      'states',
    ]);
    expect(actions.filter((action) => /Delete|Update|Put(?!Image|Object)/.test(action))).toEqual([]);
  });

  test('it calls the migration by the name that the function has [S544]', () => {
    const lambdas = ofType(backend, 'AWS::Lambda::Function').map(({ Properties }) => Properties.FunctionName);
    const policy = ofType(core, 'AWS::IAM::Policy').find(({ Metadata }) => Metadata?.['Who'] === 'GitHub');
    const migrate = policy?.Properties.PolicyDocument.Statement.find(({ Sid }: { Sid: string }) => Sid === 'Migrate');
    expect(lambdas).toContain(pretended(core, migrate.Resource).split(':function:')[1]);
  });

  test('HEALTH_URL is what the public asks: https://api.conductoresdelmundo.com/health [S388]', () => {
    expect(core.Outputs?.['HealthUrl']?.Value).toBe('https://api.conductoresdelmundo.com/health');
  });

  test('nobody is trusted unless the settings name a repository', () => {
    const plan = templateOf(stacksOf({}).app.node.findChild('sluice-core') as Stack);
    expect(ofType(plan, 'AWS::IAM::OIDCProvider')).toEqual([]);
  });
});
