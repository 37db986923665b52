/** The actions of a listener rule that forwards to both colours by weight: read, and written with other weights. */
import {
  type Action,
  DescribeRulesCommand,
  type ElasticLoadBalancingV2Client,
  ModifyRuleCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { Stuck } from '../core/failures.ts';
import { COLOURS, type Weights } from '../core/roles.ts';
import type { Addresses } from './addresses.ts';

export type Elb = Pick<ElasticLoadBalancingV2Client, 'send'>;
export type Groups = Addresses['targetGroups'];

/** Reads, replaces the forward, writes: only Actions are sent, so the rule's conditions and priority stay. */
export async function writeWeights(
  elb: Elb,
  ruleArn: string,
  groups: Groups,
  weights: Weights,
  read: () => Promise<readonly Action[]> = () => actionsOf(elb, ruleArn),
): Promise<void> {
  const actions = await read();
  weightsIn(forwardOf(actions), groups);
  await elb.send(
    new ModifyRuleCommand({
      RuleArn: ruleArn,
      Actions: actions.map((action) => (action.Type === 'forward' ? forward(action, groups, weights) : kept(action))),
    }),
  );
}

export async function actionsOf(elb: Elb, ruleArn: string): Promise<readonly Action[]> {
  const { Rules: [rule] = [] } = await elb.send(new DescribeRulesCommand({ RuleArns: [ruleArn] }));
  if (!rule?.Actions) throw new Stuck(`The listener rule ${ruleArn} is not there`);
  return rule.Actions;
}

export function forwardOf(actions: readonly Action[]): Action {
  const action = actions.find(({ Type }) => Type === 'forward');
  if (!action) throw new Stuck('The listener rule does not forward; somebody changed what it does');
  return action;
}

/** A group that the rule does not name gets nothing. Groups of others are not ours to weigh. */
export function weightsIn({ ForwardConfig, TargetGroupArn }: Action, groups: Groups): Weights {
  const named = ForwardConfig?.TargetGroups ?? [{ TargetGroupArn, Weight: 1 }];
  const stranger = named.find(({ TargetGroupArn: arn }) => !COLOURS.some((colour) => groups[colour] === arn));
  if (stranger) throw new Stuck(`The listener rule also forwards to ${stranger.TargetGroupArn}, which is none of ours`);
  const weightOf = (arn: string) => named.find(({ TargetGroupArn }) => TargetGroupArn === arn)?.Weight ?? 0;
  return { blue: weightOf(groups.blue), green: weightOf(groups.green) };
}

/** Group stickiness goes off with every write: a client that sticks would not feel the weights. */
const forward = ({ Order }: Action, groups: Groups, weights: Weights): Action => ({
  Type: 'forward',
  ...(Order === undefined ? {} : { Order }),
  ForwardConfig: {
    TargetGroups: COLOURS.map((colour) => ({ TargetGroupArn: groups[colour], Weight: weights[colour] })),
    TargetGroupStickinessConfig: { Enabled: false },
  },
});

/** The client secret of a sign-in is never read out; this says that it stays. */
export const kept = (action: Action): Action =>
  action.AuthenticateOidcConfig
    ? { ...action, AuthenticateOidcConfig: { ...action.AuthenticateOidcConfig, UseExistingClientSecret: true } }
    : action;
