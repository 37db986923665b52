import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { CodeFor } from './bundled-function.ts';
import { ControllerFunction } from './controller-function.ts';
import type { TwoColourService } from './two-colour-service.ts';

export interface RuleKeeperProps {
  readonly service: TwoColourService;
  readonly table: ITable;
  readonly code: CodeFor;
  readonly logRetention: RetentionDays;
}

/**
 * Plays both rules for CloudFormation. A rule in a template would bring its weights back to those of the template
 * (https://github.com/aws/aws-cdk/issues/36649); this one changes everything but the weights.
 */
export class RuleKeeper extends Construct {
  readonly handler: ControllerFunction;
  readonly service: TwoColourService;
  readonly table: ITable;

  constructor(scope: Construct, id: string, { service, table, code, logRetention }: RuleKeeperProps) {
    super(scope, id);
    this.service = service;
    this.table = table;
    this.handler = new ControllerFunction(this, 'Handler', {
      handler: 'weighted-rule',
      targets: { service, ledger: table },
      code,
      logRetention,
    });
  }

  /** What both rules tell the handler. */
  get properties(): Readonly<Record<string, unknown>> {
    const { settings, foundation, targetGroups } = this.service;
    return {
      Service: settings.name,
      Table: this.table.tableName,
      ListenerArn: foundation.listenerArn,
      BlueTargetGroupArn: targetGroups.blue.targetGroupArn,
      GreenTargetGroupArn: targetGroups.green.targetGroupArn,
    };
  }
}
