/** The rights of whoever rotates secrets: which calls, on what, and why. */
import { ArnFormat, type Stack } from 'aws-cdk-lib';
import { everywhere, type Permission } from '../../../infra/constructs/permission.ts';
import type { RotationIds } from './rotation-ids.ts';

export type RotationRight = 'ChangeToken' | 'JoinNetwork' | 'LabelSecrets' | 'ReadAdmin' | 'ReadToken' | 'RotateSecret';

const SIX_LETTERS = 'Secrets Manager puts six letters of its own behind the name';

/** The secrets by their names. */
export const secretArns = (stack: Stack, names: readonly string[]): readonly string[] =>
  names.map((name) =>
    stack.formatArn({
      service: 'secretsmanager',
      resource: 'secret',
      resourceName: `${name}-??????`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    }),
  );

const RIGHTS: Readonly<Record<RotationRight, (ids: RotationIds, stack: Stack) => Permission>> = {
  RotateSecret: ({ app }, stack) => ({
    actions: [
      'secretsmanager:DescribeSecret',
      'secretsmanager:GetSecretValue',
      'secretsmanager:PutSecretValue',
      'secretsmanager:UpdateSecretVersionStage',
    ],
    resources: secretArns(stack, [app]),
    why: 'the four steps of a rotation, on this one secret',
    wide: SIX_LETTERS,
  }),
  LabelSecrets: ({ app, integrations }, stack) => ({
    actions: ['secretsmanager:DescribeSecret', 'secretsmanager:UpdateSecretVersionStage'],
    resources: secretArns(stack, [app, integrations]),
    why: 'which version every task has stands as labels on the versions',
    wide: SIX_LETTERS,
  }),
  ReadToken: ({ app }, stack) => ({
    actions: ['secretsmanager:GetSecretValue'],
    resources: secretArns(stack, [app]),
    why: "the cache's token, to be the only one",
    wide: SIX_LETTERS,
  }),
  ReadAdmin: ({ admin }) => ({
    actions: ['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue'],
    resources: [admin],
    why: 'only this user may make the two that take turns',
  }),
  ChangeToken: ({ cache }, stack) => ({
    actions: ['elasticache:DescribeReplicationGroups', 'elasticache:ModifyReplicationGroup'],
    resources: [
      stack.formatArn({
        service: 'elasticache',
        resource: 'replicationgroup',
        resourceName: cache.replicationGroup,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
    ],
    why: 'the token of this one cache',
  }),
  JoinNetwork: () => ({
    actions: [
      'ec2:AssignPrivateIpAddresses',
      'ec2:CreateNetworkInterface',
      'ec2:DeleteNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:UnassignPrivateIpAddresses',
    ],
    resources: everywhere,
    why: 'Lambda gives the function an address beside the database',
  }),
};

export const isRotationRight = (right: string): right is RotationRight => right in RIGHTS;

export const rotationRightOver = (right: RotationRight, ids: RotationIds, stack: Stack): Permission =>
  RIGHTS[right](ids, stack);
