/** 11. Every wait is bounded: no share takes longer than its plan allows, and no hour passes without a verdict. */
import { ANSWER_WITHIN_SECONDS, HOLD_UP_TO, MIGRATION_SECONDS, PREPARE_SECONDS } from '../../functions/core/plan.ts';
import type { Lock, Phase, ReconcilerMemory } from '../../functions/core/protocol.ts';
import { READINGS } from './judged.ts';
import type { Watch } from './promise.ts';

/** The retries of three steps in a row, and their Lambdas: 3 x (90 + 30) s. */
const RETRIES_SECONDS = 360;
/** So long an outage of the control plane is waited out before somebody is asked or the release is rolled back. */
const OUTAGE_SECONDS = 900;
const HOUR = 3600;

const BEFORE_WARM: readonly Phase[] = ['opening', 'migrating', 'deploying', 'baking'];

/** Seconds that a release may be in its phase and at its share, by its plan, with what people were given to answer. */
export function longestHere(
  { phase, share, plan, askedAt, hold, firstHeldAt, outage }: Lock,
  watch?: ReconcilerMemory,
): number {
  const stage = plan.stages.find((one) => one.share === share);
  const work =
    phase === 'opening' || phase === 'migrating'
      ? plan.migrates
        ? MIGRATION_SECONDS
        : 0
      : PREPARE_SECONDS + (stage?.bakeSeconds ?? 0) * HOLD_UP_TO;
  const asked = [askedAt, outage?.askedAt, watch?.asked].filter((one) => one !== undefined).length;
  const people = asked + ((hold ?? firstHeldAt) ? 1 : 0);
  return work + people * ANSWER_WITHIN_SECONDS + OUTAGE_SECONDS + RETRIES_SECONDS;
}

export const bounded: Watch = ({ world, ended }, found) => {
  let here: { readonly key: string; readonly since: number; readonly longest: number } | undefined;
  let verdictAt = Number.NEGATIVE_INFINITY;
  return {
    answered(verb, verdict) {
      // Every other verb's "wait" says only that it will be asked again.
      if (verb === 'Judge' || verdict !== 'wait') verdictAt = world.clock.now();
    },
    asked({ by }, call) {
      // While the owner stands still the reconciler judges in its place.
      if (by === 'reconciler' && READINGS.includes(call)) verdictAt = world.clock.now();
    },
    second(now) {
      const { lock } = world.ledger.state;
      if (!lock || !BEFORE_WARM.includes(lock.phase) || lock.abort || ended.has(lock.owner)) {
        here = undefined;
        return;
      }
      const key = `${lock.releaseId} ${lock.phase} ${lock.share}`;
      const before = here?.key === key ? here : { since: now, longest: 0 };
      // What an outage was given stays given when it is over.
      here = {
        key,
        since: before.since,
        longest: Math.max(before.longest, longestHere(lock, world.ledger.state.watch)),
      };
      const { longest } = here;
      if (now - here.since > longest)
        found(`${lock.phase} at ${lock.share} % took longer than the ${longest} s that its plan allows`, key);
      if (now - Math.max(here.since, verdictAt) > HOUR)
        found(`${lock.phase} at ${lock.share} % for an hour without a verdict`, `${key} verdict`);
    },
  };
};
