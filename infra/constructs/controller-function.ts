import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Architecture, type Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Network } from '../../platform/infra/constructs/network.ts';
import { FUNCTIONS, type FunctionName, type FunctionRow, TIMEOUT_SECONDS } from './functions.ts';
import { roleFor } from './permission.ts';
import { type Reach, type RotationReach, rightOver } from './rights.ts';

/** The bundle of a handler; tests give one that need not be built. */
export type CodeFor = (name: FunctionName) => Code;

export interface ControllerFunctionProps {
  readonly plays: FunctionName;
  readonly reaches: Reach | RotationReach;
  readonly codeFor: CodeFor;
  readonly keepsLogsFor: RetentionDays;
  readonly environment?: Readonly<Record<string, string>>;
  /** For those who call it by a name that they were told. @default - one of CloudFormation's */
  readonly named?: string;
  /** As one of the data's clients. @default - in no network of ours */
  readonly standsIn?: Network;
}

/** One Lambda of the controller, as its row in functions.ts says, with exactly the rights that the row names. */
export class ControllerFunction extends Construct {
  readonly lambda: LambdaFunction;

  constructor(
    scope: Construct,
    id: string,
    { plays, reaches, codeFor, keepsLogsFor, environment = {}, named, standsIn }: ControllerFunctionProps,
  ) {
    super(scope, id);
    const row: FunctionRow = FUNCTIONS[plays];
    const logGroup = new LogGroup(this, 'Logs', { retention: keepsLogsFor, removalPolicy: RemovalPolicy.DESTROY });
    const role = roleFor(this, 'Role', {
      isOf: 'lambda',
      who: plays,
      may: {
        WriteLogs: {
          actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
          resources: [logGroup.logGroupArn],
          why: 'its own log',
        },
        ...Object.fromEntries(row.may.map((right) => [right, rightOver(right, reaches, Stack.of(this))])),
      },
    });
    this.lambda = new LambdaFunction(this, 'Function', {
      description: row.does,
      ...(named === undefined ? {} : { functionName: named }),
      code: codeFor(plays),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: row.memory,
      timeout: Duration.seconds(row.timeoutSeconds ?? TIMEOUT_SECONDS),
      ...(row.concurrency === undefined ? {} : { reservedConcurrentExecutions: row.concurrency }),
      role: role.withoutPolicyUpdates(),
      ...(standsIn
        ? {
            vpc: standsIn.vpc,
            vpcSubnets: { subnets: standsIn.vpc.privateSubnets },
            securityGroups: [standsIn.dataClients],
          }
        : {}),
      logGroup,
      environment: { ...environment },
      // A release that runs keeps the code that it began with, also across a deploy of the controller.
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN },
    });
    this.lambda.node.addDependency(role.node.findChild('Permissions'));
  }
}
