/** Stacks as they are synthesised, deployed by moto's CloudFormation; no Lambda runs there. */
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStackResourcesCommand,
} from '@aws-sdk/client-cloudformation';
import type { Stack } from 'aws-cdk-lib';
import { policy } from '../../state-machines/policy.ts';
import { templateOf } from '../infra/fixture.ts';
import { ACCOUNT, json, type Moto, placeAt, REGION, rest } from './moto.ts';

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DependsOn?: string | readonly string[];
}
type Resources = Readonly<Record<string, Resource>>;

interface Reference {
  readonly Ref?: string;
  readonly 'Fn::GetAtt'?: readonly [string, string];
}
type Ids = Readonly<Record<string, string>>;

/** Types at which moto stops. docs/conformance.md says why, of these and of the next. */
const STOPS = ['AWS::CloudWatch::Dashboard', 'AWS::EC2::FlowLog'];

/** What moto is given instead of what it stops at. */
const INSTEAD: Readonly<Record<string, (resource: Resource) => Resource>> = {
  'AWS::DynamoDB::GlobalTable': (resource) => ({
    ...resource,
    Type: 'AWS::DynamoDB::Table',
    Properties: propertiesOf(resource, (name) => ['KeySchema', 'AttributeDefinitions', 'BillingMode'].includes(name)),
  }),
  'AWS::RDS::DBInstance': (resource) => ({
    ...resource,
    Properties: propertiesOf(
      resource,
      (name) => !['DBParameterGroupName', 'PreferredMaintenanceWindow'].includes(name),
    ),
  }),
};

/** What CloudFormation leaves out there, and others must find: it is made by a call, and this is its id. */
const BY_HAND: Readonly<Record<string, (moto: Moto, resource: Resource) => Promise<string>>> = {
  'AWS::CertificateManager::Certificate': async (moto, { Properties: { DomainName, SubjectAlternativeNames } }) => {
    const wanted = { DomainName, SubjectAlternativeNames, ValidationMethod: 'DNS' };
    return (await json(moto, 'acm', 'CertificateManager.RequestCertificate', wanted))['CertificateArn']!;
  },
  'AWS::SecretsManager::Secret': async (moto, { Properties: { Name, Description } }) =>
    (await json(moto, 'secretsmanager', 'secretsmanager.CreateSecret', { Name, Description }))['ARN']!,
};

/** Attributes of what moto makes that it does not know, as AWS would answer. */
const ATTRIBUTES: Ids = {
  'MasterUserSecret.SecretArn': `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:rds!db-guid-AbCdEf`,
};

const BUCKET = `cdk-hnb659fds-assets-${ACCOUNT}-${REGION}`;
const EMPTY_ZIP = `PK\x05\x06${'\0'.repeat(18)}`;

/**
 * One stack after the other, in order; returns the types that moto left out without a word. `played`: the id that the
 * handler of a custom resource returns. `unknown`: the types that it is expected to leave out; whoever refers to such a
 * resource is told its logical id.
 */
export async function deploy(
  moto: Moto,
  stacks: readonly Stack[],
  played: (resource: Resource) => Promise<string>,
  unknown: readonly string[],
): Promise<readonly string[]> {
  const cloudformation = new CloudFormationClient({ ...placeAt(moto.endpoint), maxAttempts: 1 });
  const leftOut = new Set<string>();
  await put(moto, BUCKET, '');
  for (const stack of stacks) {
    const { Parameters, Resources, Outputs, Mappings } = templateOf(stack) as unknown as Record<string, Resources>;
    const { BootstrapVersion: _, ...parameters } = Parameters ?? {};
    const ids: Record<string, string> = {};
    for (const [id, resource] of Object.entries(Resources!))
      if (isCustom(resource)) ids[id] = await played(resource);
      else if (unknown.includes(resource.Type) || STOPS.includes(resource.Type))
        ids[id] = (await BY_HAND[resource.Type]?.(moto, resource)) ?? id;
    const template = {
      Parameters: parameters,
      Mappings,
      Resources: deployable(Resources!, ids),
      Outputs: referringTo(ids, Outputs),
    };
    const TemplateBody = JSON.stringify(template);
    for (const [, key, ending] of TemplateBody.matchAll(/"(?:S3Key|Key)":"([0-9a-f]{64}\.(\w+))"/g))
      await put(moto, `${BUCKET}/${key}`, ending === 'json' ? JSON.stringify(policy) : EMPTY_ZIP);
    await cloudformation.send(new CreateStackCommand({ StackName: stack.stackName, TemplateBody }));
    const { StackResources = [] } = await cloudformation.send(
      new DescribeStackResourcesCommand({ StackName: stack.stackName }),
    );
    const made = StackResources.map(({ LogicalResourceId }) => LogicalResourceId);
    for (const [id, { Type }] of Object.entries(template.Resources)) if (!made.includes(id)) leftOut.add(Type);
  }
  return [...leftOut].toSorted();
}

const propertiesOf = ({ Properties }: Resource, isTaken: (name: string) => boolean): Resource['Properties'] =>
  Object.fromEntries(Object.entries(Properties).filter(([name]) => isTaken(name)));

const isCustom = ({ Type }: Resource): boolean => Type.startsWith('Custom::');

/** What moto is given of these resources, each of which may refer to another by the id that is known already. */
const deployable = (resources: Resources, ids: Ids): Resources =>
  Object.fromEntries(
    Object.entries(resources)
      .filter(([, resource]) => !isCustom(resource) && !STOPS.includes(resource.Type))
      .map(([id, resource]) => {
        const { DependsOn = [], ...taken } = INSTEAD[resource.Type]?.(resource) ?? resource;
        const before = [DependsOn].flat().filter((one) => !(one in ids));
        return [id, { ...(referringTo(ids, taken) as Resource), ...(before.length > 0 ? { DependsOn: before } : {}) }];
      }),
  );

function referringTo(ids: Ids, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => referringTo(ids, one));
  if (typeof value !== 'object' || value === null) return value;
  const { Ref, 'Fn::GetAtt': [owner, attribute] = [] } = value as Reference;
  if (Ref !== undefined && Ref in ids) return ids[Ref];
  if (attribute !== undefined && attribute in ATTRIBUTES) return ATTRIBUTES[attribute];
  if (owner !== undefined && owner in ids) return `${ids[owner]}.${attribute}`;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, referringTo(ids, inner)]));
}

/** A bucket or an object of S3. */
const put = (moto: Moto, path: string, body: string): Promise<string> =>
  rest(moto, 's3', path, { method: 'PUT', body });
