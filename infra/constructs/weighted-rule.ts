import { CustomResource, Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { RuleKeeper } from './rule-keeper.ts';

export interface WeightedRuleProps {
  readonly ruleKeeper: RuleKeeper;
  /** When the stack goes, the rule goes even while users are served through it. */
  readonly goesWithItsStack: boolean;
}

/** The rule that shares the service's requests between blue and green. The template does not say how. */
export class WeightedRule extends Construct {
  readonly arn: string;

  constructor(scope: Construct, id: string, { ruleKeeper, goesWithItsStack }: WeightedRuleProps) {
    super(scope, id);
    const { rule } = ruleKeeper.service.settings;
    this.arn = new CustomResource(this, 'Rule', {
      resourceType: 'Custom::WeightedRule',
      serviceToken: ruleKeeper.handler.lambda.functionArn,
      serviceTimeout: ANSWER_WITHIN,
      properties: {
        ...ruleKeeper.properties,
        Priority: rule.priority,
        PathPatterns: rule.paths,
        HostHeaders: rule.hosts,
        StickinessSeconds: rule.stickinessSeconds,
        RemoveRule: goesWithItsStack,
      },
    }).ref;
  }
}

/** A lost answer holds the stack for so long, and not for CloudFormation's hour. */
export const ANSWER_WITHIN = Duration.seconds(120);
