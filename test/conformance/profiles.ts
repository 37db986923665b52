/** The three profiles: their settings, what moto leaves out of their stacks, and what must stand afterwards. */
import type { Addresses } from '../../functions/adapters/addresses.ts';
import { COLOURS } from '../../functions/core/roles.ts';
import { attach, production, trial } from '../infra/fixture.ts';

/** What moto's CloudFormation leaves out of a releases stack without a word; docs/conformance.md lists them. */
const LEFT_OUT = [
  'AWS::ApplicationAutoScaling::ScalableTarget',
  'AWS::ApplicationAutoScaling::ScalingPolicy',
  'AWS::CloudWatch::Alarm',
  'AWS::CloudWatch::CompositeAlarm',
  'AWS::Lambda::EventInvokeConfig',
  'AWS::SNS::TopicPolicy',
  'AWS::SQS::QueuePolicy',
];
const LEFT_OUT_OF_PRODUCTION = [
  'AWS::CertificateManager::Certificate',
  'AWS::CloudFront::Distribution',
  'AWS::CloudFront::Function',
  'AWS::CloudFront::OriginAccessControl',
  'AWS::ElastiCache::ReplicationGroup',
  'AWS::ElastiCache::SubnetGroup',
  'AWS::IAM::OIDCProvider',
  'AWS::S3::BucketPolicy',
  'AWS::SNS::Subscription',
  'AWS::SecretsManager::RotationSchedule',
  'AWS::SecretsManager::Secret',
];

/** What every releases stack makes, whatever it stands on. */
const GROUP = { port: 8000, path: '/health', interval: 30, timeout: 5, failures: 3 };
const TABLE = { keys: ['pk HASH', 'sk RANGE'], billing: 'PAY_PER_REQUEST' };

const serviceOf = (name: string, where: object = {}) =>
  Object.fromEntries(
    COLOURS.map((colour) => `${name}-${colour}`).map((one) => [one, { ...where, revision: `${one}:1`, desired: 0 }]),
  );

interface Profile {
  readonly profile: string;
  /** `at`: a service that stands already, in that VPC. */
  readonly settings: (at: Addresses, vpcId: string) => unknown;
  readonly leftOut: readonly string[];
  readonly stands: object;
}

export const PROFILES: readonly Profile[] = [
  {
    profile: 'trial',
    settings: () => trial,
    leftOut: LEFT_OUT,
    stands: {
      networks: { '10.0.0.0/16': { subnets: ['us-east-1a 10.0.0.0/24', 'us-east-1b 10.0.1.0/24'] } },
      listeners: ['HTTP 80: fixed-response'],
      groups: [GROUP, GROUP],
      services: serviceOf('trial'),
      tags: { 'sluice-trial': 'IMMUTABLE' },
      tables: [TABLE],
      machines: ['sluice-shop-before', 'sluice-trial'],
      rules: { 'The reconciler looks': 'rate(1 minute)' },
    },
  },
  {
    profile: 'production',
    settings: () => production,
    leftOut: [...LEFT_OUT, ...LEFT_OUT_OF_PRODUCTION],
    // docs/seed.md, line by line; what moto forgets of it is in docs/conformance.md.
    stands: {
      networks: {
        '10.0.0.0/16': {
          subnets: [
            'us-east-1a 10.0.0.0/24',
            'us-east-1a 10.0.10.0/24',
            'us-east-1b 10.0.1.0/24',
            'us-east-1b 10.0.11.0/24',
          ],
        },
      },
      listeners: ['HTTP 80: redirect', 'HTTPS 443: fixed-response'],
      groups: [GROUP, GROUP],
      services: serviceOf('conductores-backend', { cluster: 'conductores-cluster' }),
      tags: { 'conductores-backend': 'IMMUTABLE' },
      tables: [TABLE],
      machines: ['sluice-shop-before', 'sluice-conductores-backend'],
      rules: {
        'A dump of the database, every night': 'cron(0 2 * * ? *)',
        'A dump arrived in the bucket': { detail: { bucket: { name: ['conductores-backups-prod'] } } },
        'Keys that only people can change': 'cron(0 9 1 * ? *)',
        'New secrets reach the tasks that run': 'rate(5 minutes)',
        'The reconciler looks': 'rate(1 minute)',
        'A release tag was pushed to conductores-backend': {
          detail: { 'action-type': ['PUSH'], result: ['SUCCESS'], 'repository-name': ['conductores-backend'] },
        },
        'A task exited by itself': {
          detail: { group: ['service:conductores-backend-blue', 'service:conductores-backend-green'] },
        },
        'An execution ended badly': { detail: { status: ['FAILED', 'TIMED_OUT', 'ABORTED'] } },
      },
      encryption: {
        'conductores-frontend-prod': ['AES256'],
        'conductores-documents-prod': ['AES256'],
        'conductores-backups-prod': ['AES256'],
      },
      records: [
        'A api.conductoresdelmundo.com.',
        'A conductoresdelmundo.com.',
        'A www.conductoresdelmundo.com.',
        'AAAA conductoresdelmundo.com.',
        'AAAA www.conductoresdelmundo.com.',
        'NS conductoresdelmundo.com.',
        'SOA conductoresdelmundo.com.',
      ],
      databases: {
        DBInstanceIdentifier: 'conductores-db',
        DBInstanceClass: 'db.t3.large',
        Engine: 'postgres',
        EngineVersion: '15.19',
        MasterUsername: 'conductores_admin',
        DBName: 'conductores',
        AllocatedStorage: '100',
        StorageType: 'gp3',
        StorageEncrypted: 'true',
        MultiAZ: 'true',
        BackupRetentionPeriod: '7',
        PreferredBackupWindow: '03:00-04:00',
        PubliclyAccessible: 'false',
      },
    },
  },
  {
    profile: 'attach',
    settings: (at, vpcId) => ({
      ...attach,
      foundation: {
        vpcId,
        subnetIds: at.migration!.subnets,
        loadBalancerArn: at.loadBalancer,
        loadBalancerSecurityGroupId: at.migration!.securityGroups[0]!,
        listenerArn: listenerOf(at),
        url: 'https://shop.example.com',
        clusterName: at.cluster,
      },
    }),
    leftOut: LEFT_OUT,
    stands: {
      listeners: [],
      groups: [8000, 8000, 9000, 9000].map((port) => ({ ...GROUP, port })),
      services: { ...serviceOf('shop-orders'), ...serviceOf('shop-search') },
      tables: [TABLE, TABLE],
      machines: ['sluice-shop-before', 'sluice-shop-orders', 'sluice-shop-search'],
    },
  },
];

export const listenerOf = ({ ruleArn }: Addresses): string =>
  ruleArn.replace(':listener-rule/', ':listener/').replace(/\/[^/]+$/, '');
