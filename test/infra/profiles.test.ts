/** Another profile in the same account: what happens to whatever holds data, as `cdk diff` tells it. */
import type { Stack } from 'aws-cdk-lib';
import { expect, test } from 'vitest';
import { type Difference, differences } from './cdk-diff.ts';
import { attach, ofType, type Resource, stacksOf, type TemplateJson, templateOf } from './fixture.ts';

/** What cannot be made again from the settings, and the property that names it in its account or in the world. */
const HOLDS_DATA: Readonly<Record<string, string>> = {
  'AWS::DynamoDB::GlobalTable': 'TableName',
  'AWS::ECR::Repository': 'RepositoryName',
  'AWS::ElastiCache::ReplicationGroup': 'ReplicationGroupId',
  'AWS::Logs::LogGroup': 'LogGroupName',
  'AWS::RDS::DBInstance': 'DBInstanceIdentifier',
  'AWS::Route53::HostedZone': 'Name',
  'AWS::S3::Bucket': 'BucketName',
  'AWS::SQS::Queue': 'QueueName',
  'AWS::SecretsManager::Secret': 'Name',
};

const HOLDS_NONE = [
  'AWS::ApplicationAutoScaling::',
  'AWS::CertificateManager::',
  'AWS::CloudFront::',
  'AWS::CloudWatch::',
  'AWS::EC2::',
  'AWS::ECS::',
  'AWS::ElastiCache::SubnetGroup',
  'AWS::ElasticLoadBalancingV2::',
  'AWS::Events::',
  'AWS::IAM::',
  'AWS::Lambda::',
  'AWS::Logs::ResourcePolicy',
  'AWS::RDS::DBParameterGroup',
  'AWS::RDS::DBSubnetGroup',
  'AWS::Route53::RecordSet',
  'AWS::S3::BucketPolicy',
  'AWS::SNS::',
  'AWS::SQS::QueuePolicy',
  'AWS::SSM::Parameter',
  'AWS::SecretsManager::RotationSchedule',
  'AWS::StepFunctions::',
  'Custom::',
];

function templatesOf(raw: unknown): Readonly<Record<string, TemplateJson>> {
  const { app } = stacksOf(raw);
  const stacks = app.node.children.filter((one): one is Stack => 'stackName' in one);
  return Object.fromEntries(stacks.map((stack) => [stack.stackName, templateOf(stack)]));
}

const dataOf = ({ Resources }: TemplateJson): readonly Resource[] =>
  Object.values(Resources).filter(({ Type }) => Type in HOLDS_DATA);

const keeps = (policy: string | undefined): boolean => policy?.startsWith('Retain') ?? false;
const outlives = ({ DeletionPolicy }: Resource): boolean => keeps(DeletionPolicy);

const nameOf = ({ Type, Properties }: Resource): unknown => Properties?.[HOLDS_DATA[Type]!];

/** What a deploy of `to` does to the data of `from`, a sentence each. Stacks that `to` does not have are not touched. */
function happensTo(from: unknown, to: unknown): readonly string[] {
  const [before, after] = [templatesOf(from), templatesOf(to)];
  return Object.entries(before).flatMap(([stack, template]) => [
    ...dataOf(template).flatMap((was) => {
      const rival = Object.keys(after).find((name) => !(name in before) && hasTwin(after[name]!, was));
      return rival ? [`${was.Type}: ${stack} has it already, so the deploy of ${rival} stops`] : [];
    }),
    ...(stack in after ? [...differences(template, after[stack]).values()].flatMap(sentencesOn) : []),
  ]);
}

const hasTwin = (template: TemplateJson, { Type, ...was }: Resource): boolean =>
  ofType(template, Type).some((one) => nameOf(one) !== undefined && nameOf(one) === nameOf({ Type, ...was }));

function sentencesOn({ type, becomes, isAnother, was, is }: Difference): readonly string[] {
  if (!(type in HOLDS_DATA) || !was) return [];
  if (becomes.endsWith('replaced'))
    return [`${type} is ${becomes}, and the old one ${keeps(was.UpdateReplacePolicy) ? 'left behind' : 'deleted'}`];
  if (!is) return [`${type} is ${becomes}`];
  // Its protection against deletion comes and goes with outliving.
  const isProtection = outlives(was) !== outlives(is);
  return [
    ...(isProtection
      ? [`${type} ${outlives(is) ? 'outlives its stack from now on' : 'goes with its stack from now on'}`]
      : []),
    ...(isAnother && JSON.stringify(unprotected(was)) !== JSON.stringify(unprotected(is))
      ? [`${type} is changed in its place`]
      : []),
  ];
}

const unprotected = ({ Properties }: Resource): unknown =>
  JSON.parse(JSON.stringify(Properties, (key, value) => (key === 'DeletionProtectionEnabled' ? undefined : value)));

// In one region: stacks of two regions never meet.
const trial = (more = {}) => ({ profile: 'trial', region: 'us-east-1', ...more });
const production = (more = {}) => ({ profile: 'production', ...more });
const sameService = { services: [{ name: 'shop', container: { cpu: 512, memory: 1024 } }] };
const ownRepository = { services: [{ name: 'shop', repository: 'shop-trial', container: { cpu: 512, memory: 1024 } }] };

test('of every type of resource it is known whether it holds data', () => {
  const types = [trial(), production(), attach].flatMap((raw) =>
    Object.values(templatesOf(raw)).flatMap(({ Resources }) => Object.values(Resources).map(({ Type }) => Type)),
  );
  const unknown = types.filter((type) => !(type in HOLDS_DATA) && !HOLDS_NONE.some((one) => type.startsWith(one)));
  expect(types.length).toBeGreaterThan(300);
  expect([...new Set(unknown)]).toEqual([]);
});

test('a trial and a production beside each other share no data: deploying one touches nothing of the other', () => {
  expect(happensTo(trial(), production())).toEqual([]);
  expect(happensTo(production(), trial())).toEqual([]);
});

/** docs/adoption.md, "Another profile", says the same in words. */
const OF_ONE_SERVICE = {
  there: [
    'AWS::DynamoDB::GlobalTable outlives its stack from now on',
    'AWS::Logs::LogGroup outlives its stack from now on',
  ],
  back: [
    'AWS::DynamoDB::GlobalTable goes with its stack from now on',
    'AWS::Logs::LogGroup goes with its stack from now on',
    // Of the Lambdas that a trial does not have: the migration by hand, the refresh of secrets, the reminder.
    'AWS::Logs::LogGroup is deleted',
    'AWS::Logs::LogGroup is deleted',
    'AWS::Logs::LogGroup is deleted',
  ],
};

test('one service from trial to production and back: its ledger and its log stay, and only what becomes of them later changes', () => {
  const withMigration = { services: sameService.services.map((one) => ({ ...one, migration: { command: ['up'] } })) };
  expect(happensTo(trial(ownRepository), production(withMigration)).toSorted()).toEqual(OF_ONE_SERVICE.there);
  expect(happensTo(production(withMigration), trial(ownRepository)).toSorted()).toEqual(OF_ONE_SERVICE.back);
});

test('and the service begins anew in the other network: its two ECS services are replaced', () => {
  const stack = (raw: unknown) => templatesOf(raw)['sluice-shop'];
  for (const [from, to] of [
    [trial(ownRepository), production(sameService)],
    [production(sameService), trial(ownRepository)],
  ]) {
    const services = [...differences(stack(from), stack(to)).values()].filter(
      ({ type }) => type === 'AWS::ECS::Service',
    );
    expect(services.map(({ becomes }) => becomes)).toEqual(['replaced', 'replaced']);
  }
});

test('a repository of the same name stops the deploy, before anything is changed', () => {
  const stops = (stack: string, next: string) =>
    `AWS::ECR::Repository: ${stack} has it already, so the deploy of ${next} stops`;
  expect(happensTo(trial(sameService), production(sameService))).toContain(
    stops('sluice-trial-foundation', 'sluice-core'),
  );
  expect(happensTo(production(sameService), trial(sameService))).toContain(
    stops('sluice-core', 'sluice-trial-foundation'),
  );
});

test('what the plan keeps, no deploy and no deletion of the stack takes away', () => {
  const kept = dataOf(templatesOf(production())['sluice-core']!).filter(({ Type }) => Type !== 'AWS::Logs::LogGroup');
  expect(kept.length).toBeGreaterThan(8);
  for (const policy of ['DeletionPolicy', 'UpdateReplacePolicy'] as const) {
    const gone = kept.filter((one) => !keeps(one[policy]));
    // A cache can be filled again.
    expect(gone.map(({ Type }) => Type)).toEqual(['AWS::ElastiCache::ReplicationGroup']);
  }
});

test('another name for the core is another database, cache, buckets and secrets beside the old ones: it is chosen once', () => {
  const renamed = happensTo(production(), production({ core: { name: 'other' } }));
  const aside = 'is replaced, and the old one left behind';
  expect([...new Set(renamed)].toSorted()).toEqual([
    'AWS::ElastiCache::ReplicationGroup is replaced, and the old one deleted',
    `AWS::Logs::LogGroup ${aside}`,
    `AWS::RDS::DBInstance ${aside}`,
    `AWS::S3::Bucket ${aside}`,
    `AWS::SecretsManager::Secret ${aside}`,
  ]);
});

test('another size changes the database in its place', () => {
  const core = { database: { storageGb: 200, instance: 'db.m6g.large' } };
  expect(happensTo(production(), production({ core }))).toEqual(['AWS::RDS::DBInstance is changed in its place']);
});
