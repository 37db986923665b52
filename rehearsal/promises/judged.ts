/** 10. Whoever is above 0 % is being judged. */
import { isAbortable, RECONCILER } from '../../functions/core/protocol.ts';
import { NONE } from '../../functions/core/share.ts';
import type { Watch } from './promise.ts';

/**
 * Two ticks (60 s), six retries of one step (90 s at the most, as the policy has them), and the life of one Lambda (30 s).
 * The reconciler, which judges where the owner cannot, sees a stand-still at its second look: within 120 s.
 */
export const JUDGED_WITHIN_SECONDS = 180;

/** What a verdict is made of. That it could not be read is for the verdict: it was tried. */
export const READINGS: readonly string[] = ['GetMetricData', 'DescribeAlarms'];

export const judged: Watch = ({ world, ended }, found) => {
  let judgedAt = Number.NEGATIVE_INFINITY;
  let aboveSince: number | undefined;
  return {
    asked({ by, verb }, call) {
      const judges = by === 'reconciler' || verb === 'Judge';
      if (judges && READINGS.includes(call)) judgedAt = world.clock.now();
    },
    second(now) {
      const { lock } = world.ledger.state;
      // An order to roll back is promise 7's, and a dead owner promise 4's.
      const isWatched =
        lock !== undefined &&
        isAbortable(lock) &&
        !lock.abort &&
        lock.owner !== RECONCILER &&
        !ended.has(lock.owner) &&
        world.balancer.weights[lock.candidate] > NONE;
      aboveSince = isWatched ? (aboveSince ?? now) : undefined;
      if (aboveSince === undefined) return;
      if (now - Math.max(aboveSince, judgedAt) > JUDGED_WITHIN_SECONDS)
        found(
          `nobody looked at numbers or alarms for ${JUDGED_WITHIN_SECONDS} s at ${world.balancer.weights[lock!.candidate]} %`,
          `${lock!.releaseId} ${lock!.share}`,
        );
    },
  };
};
