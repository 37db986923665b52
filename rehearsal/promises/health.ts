/** 2. No colour with users is without a healthy target, and none is scaled down before its share is 0 and has settled. */
import { SETTLE_SECONDS } from '../../functions/core/protocol.ts';
import { COLOURS, type Colour, otherColour } from '../../functions/core/roles.ts';
import type { Effect } from '../effects.ts';
import type { Actor } from '../writes.ts';
import { type Facts, nameOf } from './facts.ts';
import type { Found, Watch } from './promise.ts';

/** How long users may meet a colour without a healthy target before somebody should have acted. */
const DEAD_COLOUR_SECONDS = 180;

export const healthyTargets: Watch = (it, found) => {
  const deadSince: Record<Colour, number | undefined> = { blue: undefined, green: undefined };
  return {
    effect(actor, effect) {
      if (effect.is === 'rule' && actor.by !== 'person') nobodyIsSentToTheDead(it, actor, effect, found);
      if (effect.is === 'tasks' && actor.by !== 'deploy') nothingIsTakenFromUsers(it, actor, effect, found);
    },
    second(now) {
      const { balancer } = it.world;
      for (const colour of COLOURS) {
        const isDead = balancer.inForce[colour] > 0 && !it.isAlive(colour) && it.isAlive(otherColour(colour));
        deadSince[colour] = isDead ? (deadSince[colour] ?? now) : undefined;
        if (now - (deadSince[colour] ?? now) > DEAD_COLOUR_SECONDS)
          found(
            `${colour} had ${it.weights[colour]} % of the requests and no healthy target for ${DEAD_COLOUR_SECONDS} s`,
          );
      }
    },
  };
};

function nobodyIsSentToTheDead(
  it: Facts,
  actor: Actor,
  { weights, before }: Extract<Effect, { is: 'rule' }>,
  found: Found,
): void {
  for (const colour of COLOURS) {
    const deadSince = it.deadSince[colour];
    if (weights[colour] <= before[colour] || deadSince === undefined || it.wasByHand(actor)) continue;
    const given = `${nameOf(actor)}: ${colour} was given ${weights[colour]} %`;
    if (it.world.tasks.side(colour).desired === 0) found(`${given} after it was put away`);
    else if (deadSince <= (it.knowledge(actor).healthReadAt ?? Number.POSITIVE_INFINITY))
      found(`${given} although it was known to be dead`);
  }
}

function nothingIsTakenFromUsers(
  it: Facts,
  actor: Actor,
  { colour, from, to, fresh }: Extract<Effect, { is: 'tasks' }>,
  found: Found,
): void {
  const destroys = fresh ? from > 0 : to < from;
  if (!destroys || it.wasByHand(actor)) return;
  const weight = it.weights[colour];
  const settled = it.world.clock.now() - (it.zeroSince[colour] ?? Number.NEGATIVE_INFINITY);
  const isDisturbed = it.handSecond >= (it.lock?.settleFrom ?? Number.POSITIVE_INFINITY);
  const scaled = `${nameOf(actor)}: ${colour} from ${from} to ${to} tasks`;
  if (weight > 0) found(`${scaled} at ${weight} %`);
  else if (settled < SETTLE_SECONDS && !isDisturbed) found(`${scaled} ${Math.round(settled)} s after its users left`);
}
