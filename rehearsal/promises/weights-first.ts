/** 1. Weights first: the first write of any revert is the rule, to stable, and it is read back before anything else. */
import { isAbortable, type Lock } from '../../functions/core/protocol.ts';
import { COLOURS, type Colour } from '../../functions/core/roles.ts';
import { ALL, NONE } from '../../functions/core/share.ts';
import type { Actor } from '../writes.ts';
import { described, type Facts, isServiceWrite, type ServiceWrite } from './facts.ts';
import type { Found, Watch } from './promise.ts';

export const weightsFirst: Watch = (it, found) => {
  const readBack = ruleIsReadBack(it, found);
  /** From the order to go back until the rule was written. */
  let owed: Lock | undefined;

  function firstWrite(actor: Actor, write: ServiceWrite): void {
    const { lock } = it;
    const begins = actor.verb === 'Revert' && lock !== undefined && isAbortable(lock) && lock.share !== NONE;
    if (begins) owed ??= lock;
    if (owed?.releaseId !== lock?.releaseId) owed = undefined;
    if (!owed || !knowsOfIt(it, actor)) return;
    const wanted = livingOf(it, actor, owed);
    // Whoever does not know of the order may have led users there.
    const areThere = write.is !== 'rule' && it.weights[wanted] === ALL;
    const leadsThere = write.is === 'rule' && write.weights[wanted] === ALL;
    if (!areThere && !leadsThere && !it.wasByHand(actor))
      found(`the first write after the order to go back was ${described(write)}, not the rule to ${wanted} ${ALL}`);
    owed = undefined;
  }

  return {
    effect(actor, effect) {
      if (effect.is === 'ledger' && effect.write.name === 'abort' && effect.answer.written)
        owed ??= effect.answer.state.lock;
      readBack(actor, effect);
      if (!isServiceWrite(effect) || actor.by === 'deploy' || actor.by === 'person') return;
      firstWrite(actor, effect);
      usersAreLedFirst(it, actor, effect, found);
    },
  };
};

/** Where users belong, by what the actor read of their health: on stable, unless only the candidate lives. */
function livingOf(it: Facts, actor: Actor, { stable, candidate }: Lock): Colour {
  const { health } = it.knowledge(actor);
  const isAlive = (colour: Colour) => (health ? health[colour] > 0 : it.isAlive(colour));
  return !isAlive(stable) && isAlive(candidate) ? candidate : stable;
}

const knowsOfIt = (it: Facts, actor: Actor): boolean =>
  actor.verb === 'Revert' || it.knowledge(actor).meant?.abort !== undefined;

/** Who leads users back touches nothing else while they are split. */
function usersAreLedFirst(it: Facts, actor: Actor, write: ServiceWrite, found: Found): void {
  if (write.is !== 'tasks' && write.is !== 'scaling') return;
  const leadsBack =
    ['Revert', 'Open'].includes(actor.verb ?? '') ||
    actor.by === 'guard' ||
    it.knowledge(actor).meant?.phase === 'reverting';
  const isSplit = COLOURS.every((colour) => it.weights[colour] > 0);
  if (leadsBack && isSplit && !it.wasByHand(actor)) found(`${described(write)} while users are split`);
}

/** Whoever wrote the rule reads it before the next write, and so does whoever began after that and finds it unread. */
function ruleIsReadBack(it: Facts, found: Found): NonNullable<ReturnType<Watch>['effect']> {
  let last: { readonly by: Actor; readonly event: number; isRead: boolean } | undefined;
  return (actor, effect) => {
    if (effect.is === 'rule read' && actor === last?.by) last.isRead = true;
    if (isServiceWrite(effect) && effect.is !== 'rule' && actor.by !== 'deploy' && last && !last.isRead) {
      const { beganAt, ruleReadAt = -1 } = it.knowledge(actor);
      const mustHave = actor === last.by || beganAt > last.event;
      if (mustHave && ruleReadAt < last.event) found(`${described(effect)} came before the rule was read back`);
    }
    if (effect.is === 'rule') last = { by: actor, event: it.event, isRead: false };
  };
}
