/** Listener rules that forward to both colours, as CloudFormation's custom resource makes, changes and removes them. */
import {
  CreateRuleCommand,
  DeleteRuleCommand,
  DescribeListenersCommand,
  DescribeRulesCommand,
  DescribeTargetHealthCommand,
  type ElasticLoadBalancingV2Client,
  ModifyRuleCommand,
  type Rule,
  type RuleCondition,
  SetRulePrioritiesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { COLOURS, type Weights } from '../core/roles.ts';
import type { Addresses } from './addresses.ts';
import { isCalled } from './failures.ts';

type Elb = Pick<ElasticLoadBalancingV2Client, 'send'>;

/** What the template says of a rule: everything but its weights. */
export interface WantedRule {
  readonly listenerArn: string;
  readonly priority: number;
  readonly targetGroups: Addresses['targetGroups'];
  readonly pathPatterns: readonly string[];
  readonly hostHeaders: readonly string[];
  /** A probe rule's: only requests with this header are its. */
  readonly header?: { readonly name: string; readonly value: string };
  /** Group stickiness of a new rule, seconds; the first shift ends it. @default - off */
  readonly stickinessSeconds: number;
}

export interface StandingRule {
  readonly arn: string;
  readonly listenerArn: string;
  readonly priority: number;
  /** By the group's ARN. */
  readonly weights: Readonly<Record<string, number>>;
  readonly isProbe: boolean;
}

export async function readRule(elb: Elb, arn: string): Promise<StandingRule | undefined> {
  try {
    const { Rules: [rule] = [] } = await elb.send(new DescribeRulesCommand({ RuleArns: [arn] }));
    return rule && standing(rule);
  } catch (error) {
    if (isCalled(error, 'RuleNotFound')) return undefined;
    throw error;
  }
}

export async function rulesOn(elb: Elb, listenerArn: string): Promise<readonly StandingRule[]> {
  const rules: StandingRule[] = [];
  let Marker: string | undefined;
  do {
    const page = await elb.send(new DescribeRulesCommand({ ListenerArn: listenerArn, Marker }));
    for (const rule of page.Rules ?? []) if (!rule.IsDefault) rules.push(standing(rule));
    Marker = page.NextMarker;
  } while (Marker);
  return rules;
}

/** The rules of all listeners of the load balancer that this one is of, as far as we may see them. */
export async function rulesBeside(elb: Elb, { listenerArn }: StandingRule): Promise<readonly StandingRule[]> {
  const rules = await Promise.all((await listenersBeside(elb, listenerArn)).map((arn) => rulesOn(elb, arn)));
  return rules.flat();
}

async function listenersBeside(elb: Elb, listenerArn: string): Promise<readonly string[]> {
  const LoadBalancerArn = listenerArn.replace(':listener/', ':loadbalancer/').replace(/\/[^/]+$/, '');
  const arns: string[] = [];
  let Marker: string | undefined;
  try {
    do {
      const page = await elb.send(new DescribeListenersCommand({ LoadBalancerArn, Marker }));
      arns.push(...(page.Listeners ?? []).map(({ ListenerArn }) => ListenerArn!));
      Marker = page.NextMarker;
    } while (Marker);
    return arns;
  } catch (error) {
    if (isCalled(error, 'AccessDenied')) return [listenerArn];
    throw error;
  }
}

/** Returns the new rule's ARN. The only place where a rule of ours gets weights that no release has written. */
export async function createRule(elb: Elb, wanted: WantedRule, priority: number, weights: Weights): Promise<string> {
  const { stickinessSeconds, targetGroups } = wanted;
  const { Rules: [rule] = [] } = await elb.send(
    new CreateRuleCommand({
      ListenerArn: wanted.listenerArn,
      Priority: priority,
      Conditions: conditionsOf(wanted),
      Actions: [
        {
          Type: 'forward',
          ForwardConfig: {
            TargetGroups: COLOURS.map((colour) => ({ TargetGroupArn: targetGroups[colour], Weight: weights[colour] })),
            TargetGroupStickinessConfig:
              stickinessSeconds > 0 ? { Enabled: true, DurationSeconds: stickinessSeconds } : { Enabled: false },
          },
        },
      ],
    }),
  );
  return rule!.RuleArn!;
}

/** Conditions and priority; never Actions, and what a ModifyRule does not name stays as it is. */
export async function reshapeRule(elb: Elb, rule: StandingRule, wanted: WantedRule, priority: number): Promise<void> {
  await elb.send(new ModifyRuleCommand({ RuleArn: rule.arn, Conditions: conditionsOf(wanted) }));
  if (rule.priority !== priority)
    await elb.send(new SetRulePrioritiesCommand({ RulePriorities: [{ RuleArn: rule.arn, Priority: priority }] }));
}

/** Deleting what is gone already is fine. */
export async function removeRule(elb: Elb, arn: string): Promise<void> {
  try {
    await elb.send(new DeleteRuleCommand({ RuleArn: arn }));
  } catch (error) {
    if (!isCalled(error, 'RuleNotFound')) throw error;
  }
}

/** Whether users could be served through the rule. */
export async function isServing(elb: Elb, { weights }: StandingRule): Promise<boolean> {
  for (const TargetGroupArn of Object.keys(weights)) {
    try {
      const { TargetHealthDescriptions = [] } = await elb.send(new DescribeTargetHealthCommand({ TargetGroupArn }));
      if (TargetHealthDescriptions.some(({ TargetHealth }) => TargetHealth?.State === 'healthy')) return true;
    } catch (error) {
      if (!isCalled(error, 'TargetGroupNotFound')) throw error;
    }
  }
  return false;
}

/** `arn:…:listener-rule/app/<lb>/<id>/<listener>/<rule>` is a rule of `arn:…:listener/app/<lb>/<id>/<listener>`. */
function standing({ RuleArn = '', Priority = '', Actions = [], Conditions = [] }: Rule): StandingRule {
  const forward = Actions.find(({ Type }) => Type === 'forward');
  const groups = forward?.ForwardConfig?.TargetGroups ?? [{ TargetGroupArn: forward?.TargetGroupArn, Weight: 1 }];
  return {
    arn: RuleArn,
    listenerArn: RuleArn.replace(':listener-rule/', ':listener/').replace(/\/[^/]+$/, ''),
    priority: Number(Priority),
    weights: Object.fromEntries(
      groups.flatMap(({ TargetGroupArn, Weight = 0 }) => (TargetGroupArn ? [[TargetGroupArn, Weight]] : [])),
    ),
    isProbe: Conditions.some(({ Field }) => Field === 'http-header'),
  };
}

function conditionsOf({ pathPatterns, hostHeaders, header }: WantedRule): RuleCondition[] {
  const conditions: RuleCondition[] = [
    ...(pathPatterns.length > 0 ? [{ Field: 'path-pattern', PathPatternConfig: { Values: [...pathPatterns] } }] : []),
    ...(hostHeaders.length > 0 ? [{ Field: 'host-header', HostHeaderConfig: { Values: [...hostHeaders] } }] : []),
    ...(header
      ? [{ Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: header.name, Values: [header.value] } }]
      : []),
  ];
  // A rule must have a condition; this one holds for every request.
  return conditions.length > 0 ? conditions : [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/*'] } }];
}
