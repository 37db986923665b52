import { RemovalPolicies, RemovalPolicy } from 'aws-cdk-lib';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { policy } from '../../state-machines/policy.ts';
import { VERBS, type Verb } from './functions.ts';
import { everywhere, roleFor } from './permission.ts';
import type { ReleaseVerbs } from './release-verbs.ts';

export interface ReleaseMachineProps {
  readonly stateMachineName: string;
  readonly verbs: ReleaseVerbs;
  readonly logRetention: RetentionDays;
}

/** The release policy of state-machines/release.asl.yaml, with a version of a Lambda for each of its placeholders. */
export class ReleaseMachine extends Construct {
  readonly machine: StateMachine;

  constructor(scope: Construct, id: string, { stateMachineName, verbs, logRetention }: ReleaseMachineProps) {
    super(scope, id);
    const logs = new LogGroup(this, 'Logs', { retention: logRetention, removalPolicy: RemovalPolicy.DESTROY });
    const role = roleFor(this, 'Role', {
      isOf: 'states',
      who: 'the state machine',
      may: {
        PlayVerbs: {
          actions: ['lambda:InvokeFunction'],
          resources: VERBS.map((verb) => `${verbs.functions[verb].lambda.functionArn}:*`),
          why: 'the verbs of the policy',
          wide: 'a release that runs while the controller is deployed goes on with the versions that it began with',
        },
        DeliverLogs: {
          actions: [
            'logs:CreateLogDelivery',
            'logs:DeleteLogDelivery',
            'logs:DescribeLogGroups',
            'logs:DescribeResourcePolicies',
            'logs:GetLogDelivery',
            'logs:ListLogDeliveries',
            'logs:PutResourcePolicy',
            'logs:UpdateLogDelivery',
          ],
          resources: everywhere,
          why: 'what Step Functions needs to write its log',
        },
        Trace: {
          actions: [
            'xray:GetSamplingRules',
            'xray:GetSamplingTargets',
            'xray:PutTelemetryRecords',
            'xray:PutTraceSegments',
          ],
          resources: everywhere,
          why: 'one trace a release',
        },
      },
    });
    // A running execution keeps the role that it began with, and needs it to bring its users back.
    RemovalPolicies.of(role).apply(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    this.machine = new StateMachine(this, 'Machine', {
      stateMachineName,
      definitionBody: DefinitionBody.fromString(JSON.stringify(policy)),
      definitionSubstitutions: Object.fromEntries(
        VERBS.map((verb) => [placeholderOf(verb), verbs.versions[verb].functionArn]),
      ),
      role: role.withoutPolicyUpdates(),
      logs: { destination: logs, level: LogLevel.ALL, includeExecutionData: true },
      tracingEnabled: true,
    });
    this.machine.node.addDependency(role.node.findChild('Permissions'));
  }
}

/** `open` -> `Open` */
const placeholderOf = (verb: Verb): string => `${verb.charAt(0).toUpperCase()}${verb.slice(1)}`;
