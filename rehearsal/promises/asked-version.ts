/** 13. No end on an older version than anybody asked for; a rollback without a name brings no newer one. */
import { COLOURS } from '../../functions/core/roles.ts';
import type { Effect } from '../effects.ts';
import type { Actor } from '../writes.ts';
import { Asked } from './asked.ts';
import { type Facts, nameOf } from './facts.ts';
import type { Watch } from './promise.ts';

export const askedVersion: Watch = (it, found) => {
  const { world } = it;
  const asked = new Asked(world.images, world.ledger.state);
  const tell = (actor: Actor, wrong: string | undefined): void => {
    if (wrong) found(`${nameOf(actor)}: ${wrong}`);
  };
  return {
    started(execution, { action, to }) {
      if (action === 'rollback')
        asked.rollback(execution, to && (world.resolve(to) ?? world.ledger.record(to))?.digest);
    },
    byHand: () => isWhereUsersAre(it, asked),
    effect(actor, effect) {
      if (effect.is === 'ledger' && effect.answer.written)
        tell(actor, asked.written(effect.write, actor.execution, effect.before));
      if (effect.is === 'rule' && actor.by !== 'person')
        for (const digest of movedTo(it, effect)) tell(actor, asked.moved(digest));
    },
  };
};

/** Whoever moves users by hand asks for where they are now. */
function isWhereUsersAre({ weights, world }: Facts, asked: Asked): void {
  for (const colour of COLOURS) if (weights[colour] > 0) asked.version(world.tasks.side(colour).digest);
}

const movedTo = (
  { world }: Facts,
  { weights, before }: Extract<Effect, { is: 'rule' }>,
): readonly (string | undefined)[] =>
  COLOURS.filter((colour) => weights[colour] > before[colour]).map((colour) => world.tasks.side(colour).digest);
