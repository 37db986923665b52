/** 13. No end on an older version than anybody asked for; a rollback without a name brings no newer one. */
import { COLOURS } from '../../functions/core/roles.ts';
import { Asked } from './asked.ts';
import type { Watch } from './promise.ts';

export const askedVersion: Watch = ({ world }, found) => {
  const asked = new Asked(world.images, world.ledger.state);
  let before = { state: world.ledger.state, weights: world.balancer.weights };
  const tell = (wrong: string | undefined): void => {
    if (wrong) found(wrong);
  };
  return {
    started(execution, { action, to }) {
      if (action === 'rollback') asked.rollback(execution, to && world.ledger.record(to)?.digest);
    },
    write({ call, actor, weights }) {
      const { state } = world.ledger;
      if (call.startsWith('ledger: ')) {
        const set = state.lock ? { lock: state.lock } : {};
        tell(asked.written({ name: call.slice('ledger: '.length), set }, actor.execution, before.state));
      }
      for (const colour of weights ? COLOURS : []) {
        const { digest } = world.tasks.side(colour);
        if (weights![colour] <= before.weights[colour]) continue;
        // Whoever moves users by hand asks for where they are now.
        if (actor.by === 'person') asked.version(digest);
        else tell(asked.moved(digest));
      }
      before = { state, weights: weights ?? before.weights };
    },
  };
};
