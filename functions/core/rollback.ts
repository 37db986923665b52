/**
 * What a rollback without a name means at a moment. It is about the newest release, once: people ask for it without
 * knowing of each other, or minutes after it was needed, and nobody may be moved to a version that nobody asked for.
 */
import type { LiveRelease, Lock, ReleaseRecord, ServiceState } from './protocol.ts';
import { ALL } from './share.ts';

export type UnnamedRollback =
  /** The release that runs is aborted: users return to what they had. */
  | { readonly is: 'abort'; readonly lock: Lock }
  /** A new release of that version. */
  | { readonly is: 'open'; readonly release: Pick<LiveRelease, 'digest' | 'image'> }
  /** Somebody's rollback runs, and users do not have all of it yet. */
  | { readonly is: 'on its way'; readonly lock: Lock; readonly sentence: string }
  /** Users have it. `sentence`: what they have, and why. */
  | { readonly is: 'done'; readonly sentence: string }
  /** Nobody can tell what is meant, or it cannot be done now. */
  | { readonly is: 'refused'; readonly sentence: string; readonly fix: string }
  /** The newest record is younger than the state that was read. */
  | { readonly is: 'look again' };

/**
 * @param newest the record of the release that was opened last, read after `state`; asked for only when no release runs
 */
export function unnamedRollback(state: ServiceState, newest: ReleaseRecord | undefined): UnnamedRollback {
  const { current, previous } = state;
  const lock = releaseIn(state);
  if (lock) return whileItRuns(lock, state);
  if (current?.rollback)
    return { is: 'done', sentence: `${current.image} is live; ${current.releaseId} brought it back` };
  // Release ids sort by their time. Nothing is newer than what is live, unless it was never promoted, or users were
  // taken off it by hand.
  if (newest && (!current || newest.releaseId > current.releaseId)) return afterIt(newest, current);
  if (previous) return { is: 'open', release: previous };
  return NONE_BEFORE;
}

/** Whether `unnamedRollback` needs the newest record. */
export const needsNewest = (state: ServiceState): boolean => !releaseIn(state) && !state.current?.rollback;

/** The release that runs. While the reconciler puts the rule right, none does. */
export const releaseIn = ({ lock }: ServiceState): Lock | undefined => (lock?.drift ? undefined : lock);

const NAME_ONE = 'name a version with "to"';
const NONE_BEFORE = {
  is: 'refused',
  sentence: 'there is no earlier release of this service',
  fix: NAME_ONE,
} as const;

function whileItRuns(lock: Lock, { current, previous }: ServiceState): UnnamedRollback {
  const { phase, releaseId, image, share, abort, reason } = lock;
  if (phase === 'stuck')
    return {
      is: 'refused',
      sentence: `${releaseId} is stuck: ${reason}`,
      fix: 'an operator must decide: sluice doctor',
    };
  if (!lock.rollback) {
    if (phase !== 'closing') return { is: 'abort', lock };
    // What closes now is current when this rollback opens.
    return current ? { is: 'open', release: current } : NONE_BEFORE;
  }
  if (abort || phase === 'reverting')
    return {
      is: 'refused',
      sentence: `${releaseId}, the rollback to ${image}, is being rolled back itself: ${abort?.reason ?? reason}; ${liveIn(current)} stays`,
      fix: `wait until it has ended, about three minutes, then ${NAME_ONE}${previous ? `: ${previous.image}` : ''}`,
    };
  return share === ALL
    ? { is: 'done', sentence: `${image} is live; ${releaseId} brought it back` }
    : { is: 'on its way', lock, sentence: `${releaseId} brings ${image} back already` };
}

function afterIt(newest: ReleaseRecord, current: LiveRelease | undefined): UnnamedRollback {
  const { image, releaseId, status, rollback, reason } = newest;
  if (status === 'open') return { is: 'look again' };
  if (!rollback) return { is: 'done', sentence: `${image} is rolled back already; ${liveIn(current)} is live` };
  const what =
    status === 'reverted' ? `failed: ${reason ?? 'no reason is known'}` : 'was undone by hand, by writing the rule';
  return {
    is: 'refused',
    sentence: `the rollback to ${image} (${releaseId}) ${what}; ${liveIn(current)} stays`,
    fix: `${NAME_ONE}, for instance ${image}`,
  };
}

export const liveIn = (current: LiveRelease | undefined): string => current?.image ?? 'what the service began with';
