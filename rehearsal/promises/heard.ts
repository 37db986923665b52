/** 7. Every wait listens: an order to go back is carried out within a tick and the calls that it takes. */
import { isAbortable } from '../../functions/core/protocol.ts';
import type { Watch } from './promise.ts';

/** A tick, and the calls that it takes. */
const COMMAND_HEARD_AFTER_SECONDS = 45;

export const everyWaitListens: Watch = (it, found) => {
  let since: number | undefined;
  return {
    effect(actor, effect) {
      if (effect.is === 'ledger' && effect.write.name === 'abort' && effect.answer.written)
        since ??= it.world.clock.now();
      else if (effect.is === 'rule' && actor.by !== 'deploy') since = undefined;
    },
    second(now) {
      const { lock } = it;
      if (!lock || !isAbortable(lock)) since = undefined;
      if (since === undefined || it.ended.has(lock!.owner)) return;
      if (now - since > COMMAND_HEARD_AFTER_SECONDS)
        found(`the order to go back was not carried out within ${COMMAND_HEARD_AFTER_SECONDS} s`, 'unheard');
    },
  };
};
