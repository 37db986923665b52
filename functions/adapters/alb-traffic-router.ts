/**
 * Traffic through one listener rule of an Application Load Balancer that forwards to both colours by weight. ALB has no
 * compare-and-set: weights are absolute, and whoever writes them reads them back (functions/steps/shared/traffic.ts).
 */
import { type Action, ModifyRuleCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Clock } from '../ports/clock.ts';
import type { TrafficRouter } from '../ports/traffic-router.ts';
import type { Addresses } from './addresses.ts';
import { albProbe } from './alb-probe.ts';
import { actionsOf, type Elb, forwardOf, type Groups, kept, weightsIn, writeWeights } from './weighted-actions.ts';

export const albTrafficRouter = (
  elb: Elb,
  at: Pick<Addresses, 'ruleArn' | 'targetGroups' | 'probe'>,
  clock: Pick<Clock, 'sleep'>,
  rule: RuleReader = ruleReader(elb, at.ruleArn),
): TrafficRouter => ({
  ...readingOf(rule, at.targetGroups),
  ...albProbe(elb, at, clock),

  route: (weights) => writeWeights(elb, at.ruleArn, at.targetGroups, weights, rule.read),

  async checkWritePermission() {
    const actions = await actionsOf(elb, at.ruleArn);
    await elb.send(new ModifyRuleCommand({ RuleArn: at.ruleArn, Actions: actions.map(kept) }));
  },
});

/** The reading alone, for those who may not write. */
export const albReading = (elb: Elb, { ruleArn, targetGroups }: Pick<Addresses, 'ruleArn' | 'targetGroups'>) =>
  readingOf(ruleReader(elb, ruleArn), targetGroups);

/** Reads a rule's actions and remembers them, also those that are then found to be none of ours. */
interface RuleReader {
  readonly read: () => Promise<readonly Action[]>;
  readonly last: () => readonly Action[] | undefined;
}

function ruleReader(elb: Elb, ruleArn: string): RuleReader {
  let last: readonly Action[] | undefined;
  return {
    async read() {
      last = await actionsOf(elb, ruleArn);
      return last;
    },
    last: () => last,
  };
}

const readingOf = (rule: RuleReader, groups: Groups): Pick<TrafficRouter, 'current' | 'actions'> => ({
  current: async () => weightsIn(forwardOf(await rule.read()), groups),
  actions: () => rule.last()?.map(kept),
});
