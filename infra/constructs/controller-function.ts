import { Stack } from 'aws-cdk-lib';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { BundledFunction, type CodeFor } from './bundled-function.ts';
import { FUNCTIONS, type FunctionName } from './functions.ts';
import { type Reach, rightsOver } from './rights.ts';

export interface ControllerFunctionProps {
  readonly plays: FunctionName;
  readonly reaches: Reach;
  readonly codeFor: CodeFor;
  readonly keepsLogsFor: RetentionDays;
  readonly environment?: Readonly<Record<string, string>>;
  /** For those who call it by a name that they were told. @default - one of CloudFormation's */
  readonly named?: string;
}

/** One Lambda of the controller, as its row in functions.ts says, with exactly the rights that the row names. */
export class ControllerFunction extends BundledFunction {
  constructor(scope: Construct, id: string, { plays, reaches, ...props }: ControllerFunctionProps) {
    const row = FUNCTIONS[plays];
    super(scope, id, { bundle: plays, row, may: rightsOver(row.may, reaches, Stack.of(scope)), ...props });
  }
}
