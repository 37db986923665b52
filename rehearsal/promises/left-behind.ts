/** 4. A dead controller cannot leave users split: within two minutes they are safe, within five the lock is free. */
import { type Lock, RECONCILER } from '../../functions/core/protocol.ts';
import { COLOURS, type Colour } from '../../functions/core/roles.ts';
import { ALL } from '../../functions/core/share.ts';
import type { Facts } from './facts.ts';
import type { Found, Watch } from './promise.ts';

export const TRAFFIC_SAFE_AFTER_SECONDS = 120;
const LOCK_FREE_AFTER_SECONDS = 300;

export const leftBehind: Watch = (it, found) => {
  /** When an owner died that still held the lock; until all that it left behind is put right. */
  let since: number | undefined;
  const { circumstances } = it;

  function look(now: number, diedAt: number): void {
    const seconds = Math.floor(now - Math.max(diedAt, circumstances.reconcilerDiedAt?.() ?? 0));
    it.orphaned ??= { secondsToStable: 0, secondsToFree: 0 };
    if (!areUsersSafe(it)) {
      it.orphaned = { ...it.orphaned, secondsToStable: seconds };
      if (seconds > TRAFFIC_SAFE_AFTER_SECONDS)
        found(`users are split ${TRAFFIC_SAFE_AFTER_SECONDS} s after the controller died`, 'split');
    }
    const left = whatIsLeft(it);
    if (!left) {
      since = undefined;
      return;
    }
    it.orphaned = { ...it.orphaned, secondsToFree: seconds };
    if (seconds > LOCK_FREE_AFTER_SECONDS)
      found(`${left.what} ${LOCK_FREE_AFTER_SECONDS} s after the controller died`, left.is);
  }

  return {
    effect(_, effect) {
      const isStuck = effect.is === 'ledger' && effect.answer.written && effect.write.name === 'stuck';
      if (isStuck && !it.world.notifications.some(({ notification }) => notification.kind === 'stuck'))
        found('the release is stuck and nobody was paged');
    },
    second(now) {
      const { lock } = it;
      const endedAt = lock && it.ended.get(lock.owner);
      if (endedAt !== undefined && lock?.phase !== 'stuck') since ??= endedAt;
      if (since !== undefined) look(now, since);
    },
    rest: (excused) => atRest(it, excused, found),
  };
};

const areUsersSafe = (it: Facts): boolean =>
  COLOURS.some((colour) => it.weights[colour] === ALL && it.isAlive(colour)) ||
  !COLOURS.some((colour) => it.isAlive(colour));

function whatIsLeft(it: Facts): { readonly is: 'held' | 'scaling'; readonly what: string } | undefined {
  const { lock, world, ended } = it;
  const isDead = ({ owner }: Lock) => owner === RECONCILER || ended.has(owner);
  const { stable } = world.ledger.state;
  if (!lock) return isScaling(it, stable) ? undefined : { is: 'scaling', what: `scaling of ${stable} is suspended` };
  return isDead(lock) && lock.phase !== 'stuck' ? { is: 'held', what: `the lock is held by ${lock.owner}` } : undefined;
}

const isScaling = ({ world }: Facts, colour: Colour): boolean => world.tasks.side(colour).suspended === 'none';

function atRest(it: Facts, excused: boolean, found: Found): void {
  const { weights, lock, world } = it;
  const { stable } = world.ledger.state;
  const users = COLOURS.find((colour) => weights[colour] === ALL);
  // Where neither colour lives there is nowhere to go; when one lives again, the reconciler leads users there.
  const somebodyLives = COLOURS.some((colour) => it.isAlive(colour));
  // Where both live, a person who split them while it was stuck, or on the way there, may know why.
  const isPersons = lock !== undefined && it.handAt >= 0 && COLOURS.every((colour) => it.isAlive(colour));
  if (!users && somebodyLives && !isPersons) found(`users are split at the end: ${weights.blue} and ${weights.green}`);
  if (users && somebodyLives && !it.isAlive(users) && !excused) found(`users are on ${users}, which is dead`);
  if (lock) {
    if (lock.phase !== 'stuck') found(`${lock.owner} holds the lock for ever (${lock.phase})`);
    return;
  }
  if (users && users !== stable) found(`users are on ${users}, and ${stable} is called stable`);
  if (!isScaling(it, stable)) found(`scaling of ${stable} is suspended for ever`);
}
