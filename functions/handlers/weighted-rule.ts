/**
 * The rule that shares requests between the colours, and the probe rule, for CloudFormation. An update never sends
 * weights: what a ModifyRule does not name stays as it is, so there is no moment at which a release could be overwritten.
 * Only a rule that must be new (another listener, other target groups) is given weights, those of the rule before it, and
 * never while a release runs. A rule of ours that stands there already is taken as it is: that is how a stack rolls back.
 * Releases that ended meanwhile moved the other one, so it is brought to where they left users (docs/decisions/0010).
 */
import { Logger } from '@aws-lambda-powertools/logger';
import {
  createRule,
  isServing,
  readRule,
  removeRule,
  reshapeRule,
  rulesBeside,
  rulesOn,
  type StandingRule,
  type WantedRule,
} from '../adapters/listener-rules.ts';
import { writeWeights } from '../adapters/weighted-actions.ts';
import type { ServiceState } from '../core/protocol.ts';
import { COLOURS, type Colour, rolesWhenStableIs, type Weights, weightsFor } from '../core/roles.ts';
import { NONE } from '../core/share.ts';
import { type Asked, customResource, type Properties, text } from './custom-resource.ts';
import { elb, ledger } from './ports.ts';

export const handler = customResource((asked) => (asked.to === 'Delete' ? remove(asked) : bringAbout(asked)));

async function bringAbout({ wanted: properties, before, physicalId }: Asked): Promise<string> {
  const wanted = wantedBy(properties);
  const standing = isRule(physicalId) ? await readRule(elb(), physicalId) : undefined;
  const others = await rulesOn(elb(), wanted.listenerArn);
  const ours = standing && isFor(standing, wanted) ? standing : others.find((rule) => isWhole(rule, wanted));
  if (ours) {
    await reshapeRule(elb(), ours, wanted, placeOf(ours, wanted, others, before));
    if (isRule(physicalId) && ours.arn !== physicalId) await catchUp(ours, wanted, properties);
    return ours.arn;
  }
  const state = await stateFor(properties);
  if (state.lock) {
    throw new Error(
      `${state.lock.releaseId} is being released (${state.lock.phase}), and a new listener or target group moves its users. Deploy again when it has ended; nothing was changed.`,
    );
  }
  const weights = liveWeights(standing, targetGroupsIn(before)) ?? atRest(state);
  return createRule(elb(), wanted, freePriority(wanted, others, standing), weights);
}

const stateFor = (properties: Properties): Promise<ServiceState> =>
  ledger({ table: text(properties, 'Table'), service: text(properties, 'Service') }).read();

/**
 * Never in the way of a release, nor of a stack that rolls back: what cannot be done here, the reconciler's next look or
 * the next release does.
 */
async function catchUp(rule: StandingRule, { targetGroups }: WantedRule, properties: Properties): Promise<void> {
  try {
    const state = await stateFor(properties);
    const weights = atRest(state);
    const isThere = COLOURS.every((colour) => rule.weights[targetGroups[colour]] === weights[colour]);
    if (!state.lock && !isThere) await writeWeights(elb(), rule.arn, targetGroups, weights);
  } catch (error) {
    new Logger({ serviceName: 'sluice' }).warn(`${rule.arn} keeps its weights`, error as Error);
  }
}

/**
 * Users may be served through it, also when the stack that made it goes. Unless another rule of ours does the same: then
 * this one was replaced.
 */
async function remove({ wanted: properties, physicalId = '' }: Asked): Promise<string> {
  const rule = isRule(physicalId) ? await readRule(elb(), physicalId) : undefined;
  if (!rule) return physicalId;
  const goes =
    properties['RemoveRule'] === 'true' || rule.isProbe || !(await isServing(elb(), rule)) || (await hasTwin(rule));
  if (goes) await removeRule(elb(), rule.arn);
  return physicalId;
}

async function hasTwin(rule: StandingRule): Promise<boolean> {
  const groups = Object.keys(rule.weights);
  return (await rulesBeside(elb(), rule)).some(
    (other) => other.arn !== rule.arn && !other.isProbe && groups.every((group) => group in other.weights),
  );
}

/** Both colours are in it. */
function isWhole(rule: StandingRule, { listenerArn, targetGroups, header }: WantedRule): boolean {
  const isOfItsKind = rule.listenerArn === listenerArn && rule.isProbe === (header !== undefined);
  return isOfItsKind && COLOURS.every((colour) => targetGroups[colour] in rule.weights);
}

/** The one that we made: also where a person took a colour out of it. */
function isFor(rule: StandingRule, wanted: WantedRule): boolean {
  const standing = Object.keys(rule.weights);
  const isPart = standing.length > 0 && standing.every((group) => Object.values(wanted.targetGroups).includes(group));
  return isWhole(rule, wanted) || (rule.listenerArn === wanted.listenerArn && isPart);
}

/** Blue's weight goes to blue's new group, green's to green's. */
function liveWeights(rule: StandingRule | undefined, groups: Readonly<Record<Colour, string>>): Weights | undefined {
  const weights = { blue: rule?.weights[groups.blue] ?? 0, green: rule?.weights[groups.green] ?? 0 };
  return weights.blue + weights.green > 0 ? weights : undefined;
}

const atRest = ({ stable }: ServiceState): Weights => weightsFor(rolesWhenStableIs(stable), NONE);

/**
 * Where the rule before it has the place on the same listener, the next free one: it serves until it is removed, and an
 * update after that gives the new rule its own place.
 */
function freePriority({ priority }: WantedRule, others: readonly StandingRule[], before?: StandingRule): number {
  const occupant = others.find((rule) => rule.priority === priority);
  if (!occupant) return priority;
  if (occupant.arn !== before?.arn) throw taken(occupant);
  let free = priority;
  while (others.some((rule) => rule.priority === free)) free += 1;
  return free;
}

/** Only who asks for another place than before is refused a taken one. */
function placeOf(
  rule: StandingRule,
  { priority }: WantedRule,
  others: readonly StandingRule[],
  before: Properties,
): number {
  const occupant = others.find((other) => other.priority === priority && other.arn !== rule.arn);
  if (!occupant) return priority;
  if ('Priority' in before && Number(before['Priority']) !== priority) throw taken(occupant);
  return rule.priority;
}

const taken = ({ arn, priority }: StandingRule): Error =>
  new Error(`Priority ${priority} of the listener is taken by ${arn}; choose another one.`);

const isRule = (id: string | undefined): id is string => id?.includes(':listener-rule/') ?? false;

function wantedBy(properties: Properties): WantedRule {
  const name = properties['HeaderName'];
  return {
    listenerArn: text(properties, 'ListenerArn'),
    priority: Number(text(properties, 'Priority')),
    targetGroups: targetGroupsIn(properties),
    pathPatterns: texts(properties['PathPatterns']),
    hostHeaders: texts(properties['HostHeaders']),
    ...(typeof name === 'string' && name ? { header: { name, value: text(properties, 'HeaderValue') } } : {}),
    stickinessSeconds: Number(properties['StickinessSeconds'] ?? 0),
  };
}

const targetGroupsIn = (properties: Properties): Readonly<Record<Colour, string>> => ({
  blue: String(properties['BlueTargetGroupArn']),
  green: String(properties['GreenTargetGroupArn']),
});

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
