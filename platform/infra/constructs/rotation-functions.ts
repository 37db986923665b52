/** The Lambdas that rotate secrets, one row each, as infra/constructs/functions.ts has those of the controller. */
import { Stack } from 'aws-cdk-lib';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { RIGHTS_OF } from '../../../functions/core/service-rights.ts';
import { BundledFunction, type CodeFor, type FunctionRow } from '../../../infra/constructs/bundled-function.ts';
import type { Permissions } from '../../../infra/constructs/permission.ts';
import { type Reach, type Right, rightsOver } from '../../../infra/constructs/rights.ts';
import type { Network } from './network.ts';
import type { RotationIds } from './rotation-ids.ts';
import { isRotationRight, type RotationRight, rotationRightOver } from './rotation-rights.ts';

export const ROTATION_FUNCTIONS = {
  'rotate-app': {
    description: 'changes the keys of the application, for Secrets Manager',
    memory: 256,
    // A cache takes minutes to make a token valid everywhere.
    timeoutSeconds: 900,
    rights: ['RotateSecret', 'ReadAdmin', 'ChangeToken', 'JoinNetwork'],
  },
  'rotate-refresh': {
    description: 'brings a new version of a secret to the tasks that run',
    memory: 512,
    // Two at once could both restart the tasks.
    concurrency: 1,
    rights: ['ReadLedger', ...RIGHTS_OF['rotate-refresh'], 'LabelSecrets', 'ReadToken', 'ChangeToken'],
  },
  'rotate-reminder': {
    description: 'reminds people every month of the keys that only they can change',
    memory: 256,
    rights: ['Notify'],
  },
} as const satisfies Readonly<Record<string, FunctionRow<Right | RotationRight>>>;

export interface RotationFunctionProps {
  readonly handler: keyof typeof ROTATION_FUNCTIONS;
  readonly at: RotationIds;
  /** The controller of a service. @default - it needs none */
  readonly targets?: Reach;
  readonly code: CodeFor;
  readonly logRetention: RetentionDays;
  readonly environment?: Readonly<Record<string, string>>;
  /** As one of the data's clients. @default - in no network of ours */
  readonly standsIn?: Network;
}

/** One Lambda of the rotation, with exactly the rights that its row names. */
export class RotationFunction extends BundledFunction {
  constructor(scope: Construct, id: string, { handler, at, targets, standsIn, ...props }: RotationFunctionProps) {
    const row = ROTATION_FUNCTIONS[handler];
    const network = standsIn && {
      vpc: standsIn.vpc,
      vpcSubnets: { subnets: standsIn.vpc.privateSubnets },
      securityGroups: [standsIn.dataClients],
    };
    const allowed = permissions(row.rights, Stack.of(scope), at, targets);
    super(scope, id, { bundle: handler, row, permissions: allowed, ...(network ? { network } : {}), ...props });
  }
}

/** In the order of the row. Throws where a right is over a service, and the function is given none. */
function permissions(
  rights: readonly (Right | RotationRight)[],
  stack: Stack,
  at: RotationIds,
  targets: Reach | undefined,
): Permissions {
  const of = (right: Right | RotationRight): Permissions => {
    if (isRotationRight(right)) return { [right]: rotationRightOver(right, at, stack) };
    if (targets) return rightsOver([right], targets, stack);
    throw new Error(`${right} is over a service, which this function is not given`);
  };
  return Object.assign({}, ...rights.map(of)) as Permissions;
}
