/** 12. A healthy world never rolls back: only a person, or the death of a controller, ends a release that nothing speaks against. */
import { SPEAKS_AGAINST } from '../../functions/core/judge/verdict.ts';
import type { Lock } from '../../functions/core/protocol.ts';
import type { Watch } from './promise.ts';

export const healthy: Watch = (it, found) => {
  const takenOver = new Set<string>();
  let isByHand = false;
  return {
    byHand() {
      isByHand = true;
    },
    effect(_, effect) {
      const { lock, circumstances } = it;
      if (effect.is !== 'ledger' || !effect.answer.written || !lock) return;
      if (effect.write.name === 'take over') takenOver.add(lock.releaseId);
      if (effect.write.name !== 'reverting' || !circumstances.isHealthy?.() || isByHand) return;
      if (takenOver.has(lock.releaseId) || isByPerson(lock) || isComparison(lock) || isUnproven(lock)) return;
      found(`${lock.image} was rolled back although nothing spoke against it: ${lock.reason ?? 'no reason was given'}`);
    },
  };
};

/** Somebody said so, or was asked and said nothing in time. */
const isByPerson = ({ drift, abort, hold, askedAt }: Lock): boolean =>
  drift === true || abort?.by === 'person' || (hold ?? askedAt) !== undefined;

/** A plan may say that what could not be proven is rolled back unasked. */
function isUnproven({ plan, abort }: Lock): boolean {
  const rule = abort?.evidence?.rule;
  return plan.onUnproven === 'abort' && rule !== undefined && !SPEAKS_AGAINST.has(rule);
}

/** One healthy release in a hundred may be convicted by the comparison; the detection bench measures that. */
function isComparison({ abort }: Lock): boolean {
  const evidence = abort?.evidence;
  return evidence !== undefined && 'odds' in evidence && evidence.odds >= evidence.limit;
}
