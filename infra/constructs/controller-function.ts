import { Stack } from 'aws-cdk-lib';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { BundledFunction, type CodeFor } from './bundled-function.ts';
import { FUNCTIONS, type FunctionName } from './functions.ts';
import { type Reach, rightsOver } from './rights.ts';

export interface ControllerFunctionProps {
  readonly handler: FunctionName;
  readonly targets: Reach;
  readonly code: CodeFor;
  readonly logRetention: RetentionDays;
  readonly environment?: Readonly<Record<string, string>>;
  /** For those who call it by a name that they were told. @default - one of CloudFormation's */
  readonly functionName?: string;
}

/** One Lambda of the controller, as its row in functions.ts says, with exactly the rights that the row names. */
export class ControllerFunction extends BundledFunction {
  constructor(scope: Construct, id: string, { handler, targets, ...props }: ControllerFunctionProps) {
    const row = FUNCTIONS[handler];
    super(scope, id, { bundle: handler, row, permissions: rightsOver(row.rights, targets, Stack.of(scope)), ...props });
  }
}
