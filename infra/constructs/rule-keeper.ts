import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { CodeFor } from './bundled-function.ts';
import { ControllerFunction } from './controller-function.ts';
import type { TwoColourService } from './two-colour-service.ts';

export interface RuleKeeperProps {
  readonly splitsBetween: TwoColourService;
  readonly asks: ITable;
  readonly codeFor: CodeFor;
  readonly keepsLogsFor: RetentionDays;
}

/**
 * Plays both rules for CloudFormation. A rule in a template would bring its weights back to those of the template
 * (https://github.com/aws/aws-cdk/issues/36649); this one changes everything but the weights.
 */
export class RuleKeeper extends Construct {
  readonly handler: ControllerFunction;
  readonly splitsBetween: TwoColourService;
  readonly asks: ITable;

  constructor(scope: Construct, id: string, { splitsBetween, asks, codeFor, keepsLogsFor }: RuleKeeperProps) {
    super(scope, id);
    this.splitsBetween = splitsBetween;
    this.asks = asks;
    this.handler = new ControllerFunction(this, 'Handler', {
      plays: 'weighted-rule',
      reaches: { service: splitsBetween, ledger: asks },
      codeFor,
      keepsLogsFor,
    });
  }

  /** What both rules tell the handler. */
  get properties(): Readonly<Record<string, unknown>> {
    const { settings, foundation, targetGroups } = this.splitsBetween;
    return {
      Service: settings.name,
      Table: this.asks.tableName,
      ListenerArn: foundation.listenerArn,
      BlueTargetGroupArn: targetGroups.blue.targetGroupArn,
      GreenTargetGroupArn: targetGroups.green.targetGroupArn,
    };
  }
}
