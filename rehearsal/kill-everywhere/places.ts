/**
 * Which of the places in which a release can die are worth a release of their own. A bake ends with the fiftieth look as
 * it does with the second, and most releases open alike: what was seen before is only sampled, by the seed.
 */
import type { Policy } from '../../functions/core/plan.ts';
import { type Chance, chance } from '../chance.ts';
import type { Kill, Place } from '../options.ts';

const HOWS: { readonly transition: readonly Kill['how'][]; readonly call: readonly Kill['how'][] } = {
  transition: ['ABORTED', 'TIMED_OUT'],
  call: ['dies before', 'dies after', 'outlives'],
};

/** Stories in which a place is looked at in full. */
const IN_FULL = 2;
/** Of the others one in so many. */
const ONE_IN = 6;

/** Remembers which places were in how many stories; one for a whole sweep. */
export class Sampler {
  readonly #seen = new Map<string, number>();
  readonly #chance: Chance;

  constructor(seed: number) {
    this.#chance = chance(seed, 'kills');
  }

  /** Whether a place of a story is taken; a place is asked for once a story. */
  takes(where: string): boolean {
    const times = (this.#seen.get(where) ?? 0) + 1;
    this.#seen.set(where, times);
    return times <= IN_FULL || this.#chance.between(1, ONE_IN) === 1;
  }

  /** Each way to die at the first visit of each place, and one way at one later visit. */
  kills(policy: Policy, places: readonly Place[]): readonly Kill[] {
    const visits = new Map<string, Place[]>();
    for (const place of places) {
      const key = `${policy} ${place.at} ${place.where}`;
      visits.set(key, [...(visits.get(key) ?? []), place]);
    }
    return [...visits].flatMap(([key, [first, ...later]]) => {
      if (!this.takes(key)) return [];
      const { at } = first!;
      const again = later[this.#chance.between(0, later.length - 1)];
      const how = HOWS[at][this.#chance.between(0, HOWS[at].length - 1)]!;
      return [
        ...HOWS[at].map((each) => ({ at, count: first!.count, how: each }) as Kill),
        ...(again ? [{ at, count: again.count, how } as Kill] : []),
      ];
    });
  }
}
