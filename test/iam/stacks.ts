/** Two services of one account with their roles, as synthesised, and the policies in their templates as IAM would get them. */
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { readSettings } from '../../bin/settings.ts';
import type { Registration } from '../../functions/core/registration.ts';
import { ServiceRole } from '../../infra/constructs/service-role.ts';
import { TwoColourService } from '../../infra/constructs/two-colour-service.ts';
import type { Foundation, Service } from '../../infra/settings.ts';
import { registrationOf } from '../adapters/registered.ts';
import { attach } from '../infra/fixture.ts';
import type { Policy } from './evaluator.ts';

export const PLACE = { account: '111111111111', region: 'us-east-1' } as const;
export const CONTROLLER_ROLES = ['open', 'shift', 'guard'].map(
  (name) => `arn:aws:iam::${PLACE.account}:role/sluice-controller-${name}`,
);

const settings = readSettings(attach);
const [backend] = settings.services as readonly [Service];
const foundation: Foundation = { ...settings.foundation!, clusterName: 'main' };

export interface RoleOf {
  readonly arn: string;
  readonly trust: Policy;
  readonly may: readonly Policy[];
  /** Of its tasks: the one that starts them, and theirs. */
  readonly taskRoles: readonly string[];
  readonly registration: Registration;
}

export function roleOf(name: string): RoleOf {
  const stack = new Stack(new App(), `${name}-stack`, { env: PLACE });
  const registration = registrationOf(name, { cluster: foundation.clusterName });
  const service = new TwoColourService(stack, 'Service', {
    settings: { ...backend, name, repository: name },
    foundation,
    logRetention: settings.logDays,
  });
  new ServiceRole(stack, 'Access', {
    service,
    rule: registration.ruleArn,
    probeRule: registration.probe.ruleArn,
    trusts: CONTROLLER_ROLES,
  });
  const { Resources } = Template.fromStack(stack).toJSON() as { readonly Resources: Readonly<Record<string, Made>> };
  const concrete = <T>(value: unknown): T => resolved(value, name) as T;
  const made = Object.entries(Resources);
  const [id, own] = made.find(([, { Properties }]) => Properties?.['RoleName'] === registration.role.split('/')[1])!;
  const policies = made.filter(
    ([, { Type, Properties }]) =>
      Type === 'AWS::IAM::Policy' && JSON.stringify(Properties!['Roles']) === JSON.stringify([{ Ref: id }]),
  );
  return {
    arn: registration.role,
    trust: concrete(own.Properties!['AssumeRolePolicyDocument']),
    may: policies.map(([, { Properties }]) => concrete(Properties!['PolicyDocument'])),
    taskRoles: made
      .filter(([other, { Type }]) => Type === 'AWS::IAM::Role' && other !== id)
      .map(([other]) => roleArn(name, other)),
    registration,
  };
}

interface Made {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

const roleArn = (stack: string, id: string): string => `arn:aws:iam::${PLACE.account}:role/${stack}-${id}`;

const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::Region': PLACE.region,
  'AWS::AccountId': PLACE.account,
};

/** As CloudFormation would fill it in; every role has the ARN of its stack and id. */
function resolved(value: unknown, stack: string): unknown {
  if (Array.isArray(value)) return value.map((one) => resolved(one, stack));
  if (typeof value !== 'object' || value === null) return value;
  const [[name, argument] = ['', undefined], ...more] = Object.entries(value);
  if (more.length === 0 && name === 'Ref') return PSEUDO[argument as string] ?? `ref-${argument}`;
  if (more.length === 0 && name === 'Fn::GetAtt') return roleArn(stack, (argument as readonly string[])[0]!);
  if (more.length === 0 && name === 'Fn::Join') {
    const [between, parts] = argument as readonly [string, readonly unknown[]];
    return parts.map((part) => resolved(part, stack)).join(between);
  }
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolved(inner, stack)]));
}
