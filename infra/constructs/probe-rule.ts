import { Aws, CustomResource, Fn } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { RuleKeeper } from './rule-keeper.ts';
import { ANSWER_WITHIN } from './weighted-rule.ts';

export interface ProbeRuleProps {
  readonly ruleKeeper: RuleKeeper;
}

/** The rule before the weighted one: requests with the right header reach one colour, at rest the stable one. */
export class ProbeRule extends Construct {
  readonly arn: string;
  readonly header = 'x-sluice-probe';
  /**
   * The id that CloudFormation made up for this stack: nobody outside the account can guess it, and whoever may read the
   * rule may read it anyway. It keeps strangers from choosing a colour, no more.
   */
  readonly secret = Fn.select(2, Fn.split('/', Aws.STACK_ID));
  /** What is asked: the health check, through the load balancer. */
  readonly url: string;

  constructor(scope: Construct, id: string, { ruleKeeper }: ProbeRuleProps) {
    super(scope, id);
    const { settings, foundation } = ruleKeeper.service;
    this.url = `${foundation.url}${settings.container.healthPath}`;
    this.arn = new CustomResource(this, 'Rule', {
      resourceType: 'Custom::ProbeRule',
      serviceToken: ruleKeeper.handler.lambda.functionArn,
      serviceTimeout: ANSWER_WITHIN,
      properties: {
        ...ruleKeeper.properties,
        Priority: settings.rule.priority - 1,
        HeaderName: this.header,
        HeaderValue: this.secret,
      },
    }).ref;
  }
}
