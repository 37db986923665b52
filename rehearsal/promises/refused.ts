/** 8. Input is refused before anything changes. */
import { described, isServiceWrite, type ServiceWrite } from './facts.ts';
import type { Watch } from './promise.ts';

export const refusedBeforeAnything: Watch = (it, found) => {
  let first: ServiceWrite | undefined;
  return {
    effect(_, effect) {
      if (isServiceWrite(effect) && it.world.clock.now() >= (it.circumstances.start ?? 0)) first ??= effect;
    },
    refused(fence) {
      if (first) found(`the input was refused, but ${described(first)} was written`);
      if (it.world.ledger.state.fence !== fence) found('the input was refused, but the lock had been taken');
    },
  };
};
