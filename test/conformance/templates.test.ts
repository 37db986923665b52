/** The templates as they are synthesised, deployed by a CloudFormation that is not AWS'. No Lambda runs there. */
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStackResourcesCommand,
} from '@aws-sdk/client-cloudformation';
import { Stack } from 'aws-cdk-lib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { handler as taskFamily } from '../../functions/handlers/task-family.ts';
import { handler as weightedRule } from '../../functions/handlers/weighted-rule.ts';
import { StackResource } from '../handlers/cloudformation.ts';
import { stacksOf, templateOf, trial } from '../infra/scene.ts';
import { textOf } from '../repository-files.ts';
import { A_MINUTE, ACCOUNT, type Moto, motoForTests, placeAt, REGION, startMoto } from './moto.ts';
import { clientsAt, SERVICE, setTheStage } from './stage.ts';

const programs = motoForTests();

/** What moto's CloudFormation leaves out without a word; docs/conformance.md lists them. */
const LEFT_OUT = [
  'AWS::ApplicationAutoScaling::ScalableTarget',
  'AWS::ApplicationAutoScaling::ScalingPolicy',
  'AWS::CloudWatch::Alarm',
  'AWS::CloudWatch::CompositeAlarm',
  'AWS::Lambda::EventInvokeConfig',
  'AWS::SNS::TopicPolicy',
  'AWS::SQS::QueuePolicy',
];
const BUCKET = `cdk-hnb659fds-assets-${ACCOUNT}-${REGION}`;
const EMPTY_ZIP = `PK\x05\x06${'\0'.repeat(18)}`;

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DependsOn?: string | readonly string[];
}
type Resources = Readonly<Record<string, Resource>>;

describe.skipIf(!programs)('the templates of a trial', () => {
  let moto: Moto;
  beforeAll(async () => {
    moto = await startMoto(programs!);
    await moto.configure({ lambda: { use_docker: false } });
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: moto.endpoint,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      POWERTOOLS_LOG_LEVEL: 'SILENT',
    });
  }, A_MINUTE);
  afterAll(() => moto?.stop());

  test(
    'are deployed whole, but for what moto does not know',
    async () => {
      const at = await setTheStage(moto.endpoint, clientsAt(moto.endpoint));
      const listener = at.ruleArn.replace(':listener-rule/', ':listener/').replace(/\/[^/]+$/, '');
      const { blue, green } = at.targetGroups;
      const place = { Service: SERVICE, Table: at.table, ListenerArn: listener };
      const groups = { BlueTargetGroupArn: blue, GreenTargetGroupArn: green };
      /** What the handler of that resource returns when it is played, on a service that stands already. */
      const played = async ({ Type, Properties }: Resource): Promise<string> => {
        const isFamily = Type === 'Custom::TaskFamily';
        const texts = Object.entries(Properties).map(([name, value]) => [
          name,
          typeof value === 'object' ? 'x' : value,
        ]);
        const wanted = isFamily
          ? Object.fromEntries(texts)
          : { ...Properties, HeaderValue: 'guid', ...place, ...groups };
        const answer = await new StackResource((isFamily ? taskFamily : weightedRule) as never).create(wanted);
        expect(answer.Status).toBe('SUCCESS');
        return answer.PhysicalResourceId;
      };
      const { app } = stacksOf(trial);
      const cloudformation = new CloudFormationClient({ ...placeAt(moto.endpoint), maxAttempts: 1 });
      const leftOut = new Set<string>();
      await put(moto, BUCKET, '');
      for (const stack of app.node.children.filter((one): one is Stack => Stack.isStack(one))) {
        const { Parameters, Resources, Outputs } = templateOf(stack) as unknown as Record<string, Resources>;
        const { BootstrapVersion: _, ...parameters } = Parameters ?? {};
        const ids: Record<string, string> = {};
        for (const [id, resource] of Object.entries(Resources!))
          if (resource.Type.startsWith('Custom::'))
            ids[id] = resource.Type === 'Custom::VpcRestrictDefaultSG' ? 'restricted' : await played(resource);
        const template = {
          Parameters: parameters,
          Resources: deployable(Resources!, ids),
          Outputs: asLiteral(Outputs, ids),
        };
        const TemplateBody = JSON.stringify(template);
        for (const [, key, ending] of TemplateBody.matchAll(/"(?:S3Key|Key)":"([0-9a-f]{64}\.(\w+))"/g))
          await put(
            moto,
            `${BUCKET}/${key}`,
            ending === 'json' ? textOf('state-machines/release.asl.json') : EMPTY_ZIP,
          );
        await cloudformation.send(new CreateStackCommand({ StackName: stack.stackName, TemplateBody }));
        const { StackResources = [] } = await cloudformation.send(
          new DescribeStackResourcesCommand({ StackName: stack.stackName }),
        );
        const made = StackResources.map(({ LogicalResourceId }) => LogicalResourceId);
        for (const [id, { Type }] of Object.entries(template.Resources)) if (!made.includes(id)) leftOut.add(Type);
      }
      expect([...leftOut].toSorted()).toEqual(LEFT_OUT);
    },
    4 * A_MINUTE,
  );
});

/** Custom resources as what they returned; the two types at which moto stops, as a table and not at all. */
function deployable(resources: Resources, ids: Readonly<Record<string, string>>): Resources {
  const kept = Object.entries(resources).filter(
    ([id, { Type }]) => !(id in ids) && Type !== 'AWS::CloudWatch::Dashboard',
  );
  return Object.fromEntries(
    kept.map(([id, { DependsOn = [], ...resource }]) => {
      const before = [DependsOn].flat().filter((one) => !(one in ids));
      const { KeySchema, AttributeDefinitions, BillingMode } = resource.Properties ?? {};
      const plain: Resource =
        resource.Type === 'AWS::DynamoDB::GlobalTable'
          ? { Type: 'AWS::DynamoDB::Table', Properties: { KeySchema, AttributeDefinitions, BillingMode } }
          : (asLiteral(resource, ids) as Resource);
      return [id, before.length > 0 ? { ...plain, DependsOn: before } : plain];
    }),
  );
}

function asLiteral(value: unknown, ids: Readonly<Record<string, string>>): unknown {
  if (Array.isArray(value)) return value.map((one) => asLiteral(one, ids));
  if (typeof value !== 'object' || value === null) return value;
  const { Ref } = value as { readonly Ref?: string };
  if (Ref !== undefined && Ref in ids) return ids[Ref];
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, asLiteral(inner, ids)]));
}

/** A bucket or an object of S3, with the only header that moto looks at. */
async function put({ endpoint }: Moto, path: string, body: string): Promise<void> {
  const authorization = `AWS4-HMAC-SHA256 Credential=test/20260101/${REGION}/s3/aws4_request, SignedHeaders=host, Signature=none`;
  const answer = await fetch(`${endpoint}/${path}`, { method: 'PUT', headers: { authorization }, body });
  if (!answer.ok) throw new Error(`S3 answered ${answer.status} for ${path}`);
}
