import { ArnFormat, CfnOutput, Fn, Stack } from 'aws-cdk-lib';
import type { IVersion } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Profile } from '../settings.ts';
import type { CodeFor } from './bundled-function.ts';
import { ControllerFunction } from './controller-function.ts';
import { VERBS, type Verb } from './functions.ts';
import type { Notifications } from './notifications.ts';
import type { ProbeRule } from './probe-rule.ts';
import type { ReleaseTable } from './release-table.ts';
import type { Reach } from './rights.ts';
import type { TwoColourService } from './two-colour-service.ts';
import type { WeightedRule } from './weighted-rule.ts';

export interface ReleaseVerbsProps {
  readonly service: TwoColourService;
  readonly rule: WeightedRule;
  readonly probeRule: ProbeRule;
  readonly ledger: ReleaseTable;
  readonly notifications: Notifications;
  /** By its name, since the machine is made of these functions. */
  readonly machineName: string;
  readonly profile: Profile;
  readonly code: CodeFor;
  readonly logRetention: RetentionDays;
}

/** The seven verbs as Lambdas, each with the rights of its row in functions.ts; and, where there is one, the migration by hand. */
export class ReleaseVerbs extends Construct {
  readonly functions: Readonly<Record<Verb, ControllerFunction>>;
  /** As the state machine calls them: a release that runs keeps the versions that it began with. */
  readonly versions: Readonly<Record<Verb, IVersion>>;
  /** What they are given to know and to reach; the guard and the reconciler are given the same. */
  readonly targets: Reach;
  readonly environment: Readonly<Record<string, string>>;
  /** Where everything is, as JSON; nothing secret. Read by functions/adapters/addresses.ts for the command. */
  readonly description: string;

  constructor(scope: Construct, id: string, props: ReleaseVerbsProps) {
    super(scope, id);
    const { service, rule, probeRule, ledger, notifications, machineName, code, logRetention } = props;
    const machineArn = Stack.of(this).formatArn({
      service: 'states',
      resource: 'stateMachine',
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      resourceName: machineName,
    });
    this.targets = {
      service,
      ledger: ledger.table,
      rule: rule.arn,
      probeRule: probeRule.arn,
      machineArn,
      topic: notifications.topic,
    };
    this.description = Stack.of(this).toJsonString(descriptionOf(props, machineArn));
    this.environment = { SLUICE: Stack.of(this).toJsonString(addresses(props, machineArn)) };
    const { targets, environment } = this;
    this.functions = each(
      (verb) => new ControllerFunction(this, verb, { handler: verb, targets, code, logRetention, environment }),
    );
    this.versions = each((verb) => this.functions[verb].lambda.currentVersion);
    if (service.settings.migration) {
      const handler = 'migrate-by-hand';
      // The pipeline's role knows it by its name (platform/infra/constructs/pipeline-role.ts).
      const functionName = `sluice-${service.settings.name}-migrate`;
      const { lambda } = new ControllerFunction(this, handler, {
        handler,
        functionName,
        targets,
        code,
        logRetention,
        environment,
      });
      const description = 'for scripts/ci/migrate.sh';
      new CfnOutput(Stack.of(this), 'MigrateFunction', { value: lambda.functionName, description });
    }
  }
}

const each = <Thing>(make: (verb: Verb) => Thing): Readonly<Record<Verb, Thing>> =>
  Object.fromEntries(VERBS.map((verb) => [verb, make(verb)])) as Record<Verb, Thing>;

/** What a handler must know of its service; read by functions/adapters/addresses.ts. */
function addresses(props: ReleaseVerbsProps, stateMachineArn: string) {
  const { service, probeRule, notifications } = props;
  const { settings, foundation } = service;
  return {
    ...descriptionOf(props, stateMachineArn),
    probe: {
      ruleArn: probeRule.arn,
      url: probeRule.url,
      header: probeRule.header,
      secret: probeRule.secret,
    },
    topicArn: notifications.topic.topicArn,
    eventBus: 'default',
    ...(settings.migration
      ? {
          migration: {
            command: settings.migration.command,
            subnets: foundation.subnetIds,
            securityGroups: [service.tasks.securityGroupId, ...foundation.taskSecurityGroupIds],
            assignPublicIp: foundation.assignPublicIp,
          },
        }
      : {}),
  };
}

function descriptionOf({ service, rule, ledger, profile }: ReleaseVerbsProps, stateMachineArn: string) {
  const { settings, foundation, targetGroups, repository } = service;
  const { policy, onUnproven, warmMinutes, migration, scaling, readyWithinSeconds, migrateWithinSeconds } = settings;
  return {
    service: settings.name,
    table: ledger.table.tableName,
    ruleArn: rule.arn,
    targetGroups: { blue: targetGroups.blue.targetGroupArn, green: targetGroups.green.targetGroupArn },
    loadBalancer: foundation.loadBalancerArn,
    cluster: foundation.clusterName,
    services: service.names,
    families: service.families,
    container: settings.container.name,
    repository: { registry: Fn.select(0, Fn.split('/', repository.repositoryUri)), name: settings.repository },
    stateMachineArn,
    settings: {
      profile,
      policy,
      onUnproven,
      warmMinutes,
      hasMigration: migration !== undefined,
      minimumTasks: scaling.minimum,
      readyWithinSeconds,
      migrateWithinSeconds,
    },
  };
}
