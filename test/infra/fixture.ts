/** Stacks as the tests synthesise them: no bundling, and each template as plain data. */

import { App, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { readSettings } from '../../bin/settings.ts';
import { makeStacks } from '../../bin/stacks.ts';
import { textOf } from '../repository-files.ts';

export interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a template is any JSON
  readonly Properties: any;
  readonly DependsOn?: readonly string[];
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly Metadata?: Readonly<Record<string, unknown>>;
}

export interface TemplateJson {
  /** Ids that CloudFormation looks up in Parameter Store. */
  readonly Parameters?: Readonly<Record<string, { readonly Type: string; readonly Default?: string }>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown; readonly Export?: unknown }>>;
  readonly Resources: Readonly<Record<string, Resource>>;
}

const context = (JSON.parse(textOf('cdk.json')) as { readonly context: Readonly<Record<string, unknown>> }).context;

/** An app with the stacks of these settings, not synthesised yet; tests may still edit it. */
export function stacksOf(raw: unknown) {
  const app = new App({ context: { ...context } });
  const releases = makeStacks(app, readSettings(raw), (name) => Code.fromInline(`exports.handler = '${name}'`));
  return { app, releases };
}

export const templateOf = (stack: Stack): TemplateJson => Template.fromStack(stack).toJSON() as TemplateJson;

export const trial = { profile: 'trial' } as const;

/** The plan, and whatever only its users can know. */
export const production = JSON.parse(textOf('examples/production.json')) as Readonly<Record<string, unknown>>;

export const attach = JSON.parse(textOf('examples/attach.json')) as Readonly<Record<string, unknown>>;

export const ofType = (template: TemplateJson, type: string): readonly Resource[] =>
  Object.values(template.Resources).filter(({ Type }) => Type === type);

export const idsOfType = (template: TemplateJson, type: string): readonly string[] =>
  Object.entries(template.Resources).flatMap(([id, { Type }]) => (Type === type ? [id] : []));

const ACCOUNT = '123456789012';
const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::Region': 'us-east-1',
  'AWS::AccountId': ACCOUNT,
  'AWS::URLSuffix': 'amazonaws.com',
  'AWS::StackId': `arn:aws:cloudformation:us-east-1:${ACCOUNT}:stack/name/guid`,
};

/** What CloudFormation returns for a resource of each type, near enough for whoever parses it. */
const RETURNED: Readonly<Record<string, string>> = {
  'AWS::DynamoDB::GlobalTable': 'table',
  'Custom::WeightedRule': `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:listener-rule/app/a/1/2/3`,
  'Custom::ProbeRule': `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:listener-rule/app/a/1/2/4`,
  'AWS::ElasticLoadBalancingV2::TargetGroup': `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:targetgroup/t/5`,
  'AWS::SNS::Topic': `arn:aws:sns:us-east-1:${ACCOUNT}:topic`,
  'AWS::EC2::SecurityGroup': 'sg-1',
};

const returned = (resource: Resource | undefined): string | undefined =>
  resource?.Type === 'AWS::StepFunctions::StateMachine'
    ? `arn:aws:states:us-east-1:${ACCOUNT}:stateMachine:${resource.Properties.StateMachineName}`
    : RETURNED[resource?.Type ?? ''];

/** What stands in Parameter Store, by the parameter's name here. */
const LOOKED_UP: Readonly<Record<string, string>> = {
  FoundationLoadBalancerArn: `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:loadbalancer/app/a/1`,
  FoundationListenerArn: `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:listener/app/a/1/2`,
  FoundationUrl: 'http://lb.example.com',
};

/** The text that CloudFormation would make of an expression, with pretended ids. */
export function pretended(template: TemplateJson, value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const [name, argument] = Object.entries(value)[0] as [string, never];
  const inner = (one: unknown) => pretended(template, one);
  switch (name) {
    case 'Ref':
      return PSEUDO[argument] ?? LOOKED_UP[argument] ?? returned(template.Resources[argument]) ?? `no ${argument}`;
    case 'Fn::GetAtt':
      return returned(template.Resources[argument[0]]) ?? `no ${argument[0]}`;
    case 'Fn::Join':
      return (argument[1] as readonly unknown[]).map(inner).join(argument[0]);
    case 'Fn::Select':
      return inner((argument[1] as { 'Fn::Split': unknown[] })['Fn::Split'][1]).split(
        (argument[1] as { 'Fn::Split': [string] })['Fn::Split'][0],
      )[argument[0] as number]!;
    default:
      throw new Error(`${name} is not pretended`);
  }
}
