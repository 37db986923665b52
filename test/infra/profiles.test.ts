/** Another profile in the same account: what happens to whatever holds data, as a comparison of templates tells it. */
import type { Stack } from 'aws-cdk-lib';
import { expect, test } from 'vitest';
import { textOf } from '../repository-files.ts';
import { type Resource, stacksOf, type TemplateJson, templateOf } from './scene.ts';

/** What cannot be made again from the settings. Logs can be lost with their Lambda; docs/adoption.md says so. */
const HOLDS_DATA = [
  'AWS::DynamoDB::GlobalTable',
  'AWS::ECR::Repository',
  'AWS::ElastiCache::ReplicationGroup',
  'AWS::RDS::DBInstance',
  'AWS::Route53::HostedZone',
  'AWS::S3::Bucket',
  'AWS::SecretsManager::Secret',
];

type Data = Readonly<Record<string, Resource>>;

/** Per stack, what holds data. */
function dataOf(raw: unknown): Readonly<Record<string, Data>> {
  const { app } = stacksOf(raw);
  const stacks = app.node.children.filter((one): one is Stack => 'stackName' in one);
  return Object.fromEntries(stacks.map((stack) => [stack.stackName, holding(templateOf(stack))]));
}

const holding = ({ Resources }: TemplateJson): Data =>
  Object.fromEntries(Object.entries(Resources).filter(([, { Type }]) => HOLDS_DATA.includes(Type)));

const outlives = ({ DeletionPolicy = '' }: Resource): boolean => DeletionPolicy.startsWith('Retain');

/** Its protection against deletion aside, which comes and goes with outliving. */
const contents = ({ Properties }: Resource): string =>
  JSON.stringify(Properties, (key, value) => (key === 'DeletionProtectionEnabled' ? undefined : value));

/** A name that can be there only once. */
const nameOf = ({ Properties: { RepositoryName, BucketName, Name, DBInstanceIdentifier } }: Resource): unknown =>
  RepositoryName ?? BucketName ?? Name ?? DBInstanceIdentifier;

/** What a deploy of `to` does to the data of `from`, a sentence each. Stacks that `to` does not have are not touched. */
function happensTo(from: unknown, to: unknown): readonly string[] {
  const [before, after] = [dataOf(from), dataOf(to)];
  return Object.entries(before).flatMap(([stack, resources]) =>
    Object.entries(resources).flatMap(([id, was]) => {
      const { Type } = was;
      const others = Object.entries(after).filter(([name]) => !(name in before));
      const rival = others.find(([, data]) =>
        Object.values(data).some(
          (one) => one.Type === Type && nameOf(one) !== undefined && nameOf(one) === nameOf(was),
        ),
      );
      if (rival) return [`${Type}: ${stack} has it already, so the deploy of ${rival[0]} stops`];
      if (!(stack in after)) return [];
      const is = after[stack]?.[id];
      if (!is) return [`${Type} is ${outlives(was) ? 'left behind' : 'deleted'}`];
      if (contents(is) !== contents(was)) return [`${Type} is changed`];
      if (outlives(is) !== outlives(was))
        return [`${Type} ${outlives(is) ? 'outlives its stack from now on' : 'goes with its stack from now on'}`];
      return [];
    }),
  );
}

// In one region: stacks of two regions never meet.
const trial = (more = {}) => ({ profile: 'trial', region: 'us-east-1', ...more });
const production = (more = {}) => ({ profile: 'production', ...more });
const sameService = { services: [{ name: 'shop', container: { cpu: 512, memory: 1024 } }] };
const ownRepository = { services: [{ name: 'shop', repository: 'shop-trial', container: { cpu: 512, memory: 1024 } }] };

test('a trial and a production beside each other share no data: deploying one touches nothing of the other', () => {
  expect(happensTo(trial(), production())).toEqual([]);
  expect(happensTo(production(), trial())).toEqual([]);
});

/** docs/adoption.md, "Another profile", has these sentences. */
const OF_ONE_SERVICE = {
  there: ['AWS::DynamoDB::GlobalTable outlives its stack from now on'],
  back: ['AWS::DynamoDB::GlobalTable goes with its stack from now on'],
};

test('one service from trial to production and back: its ledger stays, and only what becomes of it later changes', () => {
  expect(happensTo(trial(ownRepository), production(sameService))).toEqual(OF_ONE_SERVICE.there);
  expect(happensTo(production(sameService), trial(ownRepository))).toEqual(OF_ONE_SERVICE.back);
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
  const core = dataOf(production())['sluice-core'] ?? {};
  const gone = Object.values(core).filter((one) => !outlives(one));
  expect(Object.keys(core).length).toBeGreaterThan(8);
  // A cache can be filled again.
  expect(gone.map(({ Type }) => Type)).toEqual(['AWS::ElastiCache::ReplicationGroup']);
});

test('the page about another profile says all of it', () => {
  const page = textOf('docs/adoption.md');
  for (const sentence of Object.values(OF_ONE_SERVICE).flat())
    expect(page).toContain(sentence.replace(/^\S+/, 'the ledger'));
  expect(page).toContain('has it already, so the deploy');
});
