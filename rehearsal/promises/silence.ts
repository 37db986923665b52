/** 5. Silence is not health: a higher share needs numbers of the share before it, a person's word, or the release's own rule. */
import type { Watch } from './promise.ts';

export const silenceNeverAdvances: Watch = (it, found) => {
  let heldTaken: string | undefined;
  return {
    effect(actor, effect) {
      const { lock, world } = it;
      if (effect.is !== 'rule' || actor.by !== 'owner' || !lock) return;
      const [from, to] = [effect.before[lock.candidate], effect.weights[lock.candidate]];
      // Not an advance: users leave a stable that is dead, or a closing release is put right.
      if (from === 0 || to <= from || lock.target !== undefined || lock.phase === 'closing') return;
      const byPerson = lock.taken !== heldTaken;
      heldTaken = lock.taken;
      if (byPerson || lock.plan.onUnproven === 'proceed') return;
      if (!world.numbers.wasHeard(lock.candidate, lock.stageFrom ?? 0, world.clock.now()))
        found(`the share rose from ${from} to ${to} although nothing was heard of ${lock.candidate} at ${from} %`);
    },
  };
};
