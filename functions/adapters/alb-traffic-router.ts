/**
 * Traffic through one listener rule of an Application Load Balancer that forwards to both colours by weight. ALB has no
 * compare-and-set: weights are absolute, and whoever writes them reads them back (functions/steps/traffic.ts).
 */
import {
  type Action,
  DescribeRulesCommand,
  type ElasticLoadBalancingV2Client,
  ModifyRuleCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { Stuck } from '../core/failures.ts';
import { COLOURS, otherColour, rolesWhenStableIs, type Weights, weightsFor } from '../core/roles.ts';
import { ALL, NONE } from '../core/share.ts';
import type { Clock } from '../ports/clock.ts';
import type { TrafficRouter } from '../ports/traffic-router.ts';
import type { Addresses } from './addresses.ts';

type Elb = Pick<ElasticLoadBalancingV2Client, 'send'>;
type Groups = Addresses['targetGroups'];

export const albTrafficRouter = (
  elb: Elb,
  { ruleArn, targetGroups, probe }: Pick<Addresses, 'ruleArn' | 'targetGroups' | 'probe'>,
  clock: Pick<Clock, 'sleep'>,
  rule: RuleReader = ruleReader(elb, ruleArn),
): TrafficRouter => ({
  ...readingOf(rule, targetGroups),

  route: (weights) => writeWeights(elb, ruleArn, targetGroups, weights, rule.read),

  async proveRights() {
    const actions = await actionsOf(elb, ruleArn);
    await elb.send(new ModifyRuleCommand({ RuleArn: ruleArn, Actions: actions.map(kept) }));
  },

  async probe(colour) {
    const toColour = weightsFor(rolesWhenStableIs(otherColour(colour)), ALL);
    const atRest = weightsFor(rolesWhenStableIs(colour), ALL);
    await writeWeights(elb, probe.ruleArn, targetGroups, toColour);
    await clock.sleep(IN_FORCE_AFTER_SECONDS);
    const answers = await Promise.all(Array.from({ length: PROBES }, () => passes(probe)));
    await writeWeights(elb, probe.ruleArn, targetGroups, atRest);
    return { passed: answers.filter(Boolean).length, tried: PROBES };
  },

  async restProbe(stable) {
    const wanted = weightsFor(rolesWhenStableIs(stable), NONE);
    const { [stable]: has } = weightsIn(forwardOf(await actionsOf(elb, probe.ruleArn)), targetGroups);
    if (has !== wanted[stable]) await writeWeights(elb, probe.ruleArn, targetGroups, wanted);
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

const PROBES = 6;
const PROBE_WITHIN_MS = 2000;
/** A change of a rule reaches every node of the load balancer within seconds; AWS gives no figure. */
const IN_FORCE_AFTER_SECONDS = 8;

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

async function actionsOf(elb: Elb, ruleArn: string): Promise<readonly Action[]> {
  const { Rules: [rule] = [] } = await elb.send(new DescribeRulesCommand({ RuleArns: [ruleArn] }));
  if (!rule?.Actions) throw new Stuck(`The listener rule ${ruleArn} is not there`);
  return rule.Actions;
}

function forwardOf(actions: readonly Action[]): Action {
  const action = actions.find(({ Type }) => Type === 'forward');
  if (!action) throw new Stuck('The listener rule does not forward; somebody changed what it does');
  return action;
}

/** A group that the rule does not name gets nothing. Groups of others are not ours to weigh. */
function weightsIn({ ForwardConfig, TargetGroupArn }: Action, groups: Groups): Weights {
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
const kept = (action: Action): Action =>
  action.AuthenticateOidcConfig
    ? { ...action, AuthenticateOidcConfig: { ...action.AuthenticateOidcConfig, UseExistingClientSecret: true } }
    : action;

/** One new request with the secret header; only an answer of 2xx counts. */
async function passes({ url, header, secret }: Addresses['probe']): Promise<boolean> {
  try {
    const answer = await fetch(url, {
      headers: { [header]: secret },
      redirect: 'manual',
      signal: AbortSignal.timeout(PROBE_WITHIN_MS),
    });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}
