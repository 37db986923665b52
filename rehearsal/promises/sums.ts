/** 9. Shares always sum to 100. */
import { COLOURS } from '../../functions/core/roles.ts';
import { ALL } from '../../functions/core/share.ts';
import { TRAFFIC_SAFE_AFTER_SECONDS } from './left-behind.ts';
import type { Watch } from './promise.ts';

export const sharesSumTo100: Watch = (it, found) => {
  let unevenSince: number | undefined;
  return {
    effect(actor, effect) {
      // Nobody can keep a person from writing other ones; how long they last is watched below.
      if (effect.is !== 'rule' || actor.by === 'person') return;
      const { weights } = effect;
      const isSound = COLOURS.every((colour) => Number.isInteger(weights[colour]) && weights[colour] >= 0);
      if (!isSound || weights.blue + weights.green !== ALL)
        found(`weights blue ${weights.blue}, green ${weights.green} do not sum to ${ALL}`);
    },
    /** By hand the rule may come to serve nobody, or to a share that no release has: it is put right, or a person is called. */
    second(now) {
      const { blue, green } = it.weights;
      const isWhole = blue + green > 0 && (green * 100) % (blue + green) === 0;
      unevenSince = isWhole ? undefined : (unevenSince ?? now);
      if (now - (unevenSince ?? now) > TRAFFIC_SAFE_AFTER_SECONDS)
        found(`the rule's weights are blue ${blue} and green ${green} for ${TRAFFIC_SAFE_AFTER_SECONDS} s`);
    },
  };
};
