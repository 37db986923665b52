/**
 * One service and its controller: everything that a release needs, on a network, load balancer and cluster that stand
 * already. Read it as the diagram: each line is a box, and the names of what it is given are the arrows.
 */
import { CfnOutput, RemovalPolicies, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { CodeFor } from './constructs/bundled-function.ts';
import { ControllerAlarms } from './constructs/controller-alarms.ts';
import { GuardAndReconciler } from './constructs/guard-and-reconciler.ts';
import { Notifications } from './constructs/notifications.ts';
import { ProbeRule } from './constructs/probe-rule.ts';
import { ReleaseDashboard } from './constructs/release-dashboard.ts';
import { ReleaseMachine } from './constructs/release-machine.ts';
import { ReleaseSignals } from './constructs/release-signals.ts';
import { ReleaseTable } from './constructs/release-table.ts';
import { ReleaseTriggers } from './constructs/release-triggers.ts';
import { ReleaseVerbs } from './constructs/release-verbs.ts';
import { RuleKeeper } from './constructs/rule-keeper.ts';
import { TaskFamilies } from './constructs/task-families.ts';
import { TwoColourService } from './constructs/two-colour-service.ts';
import { WeightedRule } from './constructs/weighted-rule.ts';
import type { IdsFor, Platform } from './platform.ts';
import type { Service, Settings } from './settings.ts';

export interface ReleasesStackProps extends StackProps {
  readonly service: Service;
  /** Plain ids, of another stack of ours or of whatever stands already. */
  readonly platform: IdsFor<Platform>;
  readonly settings: Settings;
  readonly code: CodeFor;
}

export class ReleasesStack extends Stack {
  readonly backend: TwoColourService;
  /** For whatever else looks after the service, as a rotation of its secrets. */
  readonly verbs: ReleaseVerbs;
  readonly notifications: Notifications;

  constructor(scope: Construct, id: string, { service, platform, settings, code, ...props }: ReleasesStackProps) {
    super(scope, id, props);
    const { foundation, tells } = platform(this);
    const { profile, logDays: logRetention } = settings;
    const machineName = `sluice-${service.name}`;
    const lambdas = { code, logRetention };

    const ledger = new ReleaseTable(this, 'Ledger', { outlivesItsStack: settings.keepData });
    const notifications = new Notifications(this, 'Notices', { mailTo: settings.mails });

    const backend = new TwoColourService(this, 'Backend', {
      settings: { ...service, environment: { ...tells, ...service.environment } },
      foundation,
      logRetention,
    });
    const ruleKeeper = new RuleKeeper(this, 'RuleKeeper', { service: backend, table: ledger.table, ...lambdas });
    const rule = new WeightedRule(this, 'WeightedRule', { ruleKeeper, goesWithItsStack: settings.removeRule });
    const probeRule = new ProbeRule(this, 'ProbeRule', { ruleKeeper });
    const families = new TaskFamilies(this, 'TaskFamilies', { service: backend, ...lambdas });
    backend.startsAfter(rule, probeRule, families);
    // Without its controller a service still serves: uninstalling is no outage.
    if (!settings.removeRule) RemovalPolicies.of(backend).apply(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);

    const signals = new ReleaseSignals(this, 'Signals', { service: backend, notifications: notifications });
    const verbs = new ReleaseVerbs(this, 'Verbs', {
      service: backend,
      rule,
      probeRule,
      ledger,
      notifications: notifications,
      machineName,
      profile,
      ...lambdas,
    });
    const stateMachine = new ReleaseMachine(this, 'Machine', { stateMachineName: machineName, verbs, logRetention });
    const safety = new GuardAndReconciler(this, 'Safety', {
      service: backend,
      stateMachine,
      environment: verbs.environment,
      targets: verbs.targets,
      ...lambdas,
    });
    const triggers = new ReleaseTriggers(this, 'Triggers', { repository: backend.repository, stateMachine });

    const alarms = new ControllerAlarms(this, 'Controller', {
      stateMachine,
      verbs,
      safety,
      triggers,
      notifications: notifications,
    });
    new ReleaseDashboard(this, 'Dashboard', { service: backend, signals, stateMachine, alarms });

    new CfnOutput(this, 'StateMachineArn', {
      value: stateMachine.machine.stateMachineArn,
      description: 'for scripts/ci/follow.sh and rollback.sh',
    });
    new CfnOutput(this, 'Sluice', { description: 'Where the command finds everything', value: verbs.description });
    this.backend = backend;
    this.verbs = verbs;
    this.notifications = notifications;
  }
}
