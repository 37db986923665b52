import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import { Architecture, type Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { type Permissions, roleFor } from './permission.ts';

/** The bundle of a handler, by its name; tests give one that need not be built. */
export type CodeFor = (name: string) => Code;

/** One row of a table of Lambdas: what it does, what it may, and how much of it there is. */
export interface FunctionRow<Right extends string> {
  /** One line, for people who read the console. */
  readonly description: string;
  /** MiB; of a Lambda's processor as well, which is most of a cold start. */
  readonly memory: number;
  /** How many may run at once, kept free for it. @default - as many as the account has left */
  readonly concurrency?: number;
  /** Only for what writes neither the rule nor a service. @default - TIMEOUT_SECONDS */
  readonly timeoutSeconds?: number;
  readonly rights: readonly Right[];
}

/**
 * Every Lambda that writes the rule or a service must have ended when the drain of 120 s is over, and before its state's
 * own timeout of 40 s.
 */
export const TIMEOUT_SECONDS = 30;

export interface BundledFunctionProps {
  /** Of its handler and bundle. */
  readonly bundle: string;
  readonly row: FunctionRow<string>;
  /** Beside writing its own log. */
  readonly permissions: Permissions;
  readonly code: CodeFor;
  readonly logRetention: RetentionDays;
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** For those who call it by a name that they were told. @default - one of CloudFormation's */
  readonly functionName?: string | undefined;
  /** @default - in no network of ours */
  readonly network?: {
    readonly vpc: IVpc;
    readonly vpcSubnets: SubnetSelection;
    readonly securityGroups: ISecurityGroup[];
  };
}

/** One Lambda with a log of its own, and exactly the rights that it is given. */
export class BundledFunction extends Construct {
  readonly lambda: LambdaFunction;

  constructor(scope: Construct, id: string, props: BundledFunctionProps) {
    super(scope, id);
    const { bundle, row, permissions, code, logRetention, environment = {}, functionName, network = {} } = props;
    const logGroup = new LogGroup(this, 'Logs', { retention: logRetention, removalPolicy: RemovalPolicy.DESTROY });
    const role = roleFor(this, 'Role', {
      isOf: 'lambda',
      who: bundle,
      may: {
        WriteLogs: {
          actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
          resources: [logGroup.logGroupArn],
          why: 'its own log',
        },
        ...permissions,
      },
    });
    this.lambda = new LambdaFunction(this, 'Function', {
      description: row.description,
      ...(functionName === undefined ? {} : { functionName }),
      code: code(bundle),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: row.memory,
      timeout: Duration.seconds(row.timeoutSeconds ?? TIMEOUT_SECONDS),
      ...(row.concurrency === undefined ? {} : { reservedConcurrentExecutions: row.concurrency }),
      role: role.withoutPolicyUpdates(),
      ...network,
      logGroup,
      environment: { ...environment },
      // A release that runs keeps the code that it began with, also across a deploy of the controller.
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN },
    });
    this.lambda.node.addDependency(role.node.findChild('Permissions'));
  }
}
