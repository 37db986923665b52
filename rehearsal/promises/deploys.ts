/**
 * 6. A deploy of the stacks sends no weights at all, also not those that it read: they may be old when they arrive. And
 * it starts, stops and replaces no task of a colour that has users.
 */
import { described, isServiceWrite } from './facts.ts';
import type { Watch } from './promise.ts';

export const deploysMoveNothing: Watch = (it, found) => ({
  effect(actor, effect) {
    if (actor.by !== 'deploy' || !isServiceWrite(effect)) return;
    if (effect.is === 'rule') found(`a deploy sent weights: ${described(effect)}`);
    if (effect.is !== 'tasks' && effect.is !== 'scaling') return;
    const isSame = effect.is === 'tasks' && !effect.fresh && effect.to === effect.from;
    if (it.weights[effect.colour] > 0 && !isSame) found(`a deploy changed the live colour: ${described(effect)}`);
  },
});
