/** What the policy says in the warm time, when all users are on the new version and the old one is up without traffic. */
import { type JudgeState, weigh } from '../../core/judge/judge.ts';
import type { Verdict } from '../../core/judge/verdict.ts';
import { ABSOLUTE_BAR, judgeWarm, PLAN_RULES, type WarmVerdict, type WarmWatch } from '../../core/judge/warm.ts';
import type { Lock } from '../../core/protocol.ts';
import { ALL } from '../../core/share.ts';
import { foldMinutes } from './fold-minutes.ts';
import type { Ports } from './step.ts';
import { firingBackstop, minutesAtThisShare, ownAlarms, type PolicyVerdict } from './verdict.ts';

type WarmPorts = Pick<Ports, 'signals' | 'fleet' | 'ledger' | 'clock'>;

/** @throws Transient when something cannot be read */
export async function warmVerdict(
  ports: WarmPorts,
  lock: Lock,
): Promise<PolicyVerdict['verdict'] & Pick<WarmVerdict, 'word' | 'page'>> {
  const { signals, fleet, clock } = ports;
  const firing = firingBackstop(await ownAlarms(ports, lock));
  if (firing && !lock.rollback) {
    // Nobody is rolled back to a colour that cannot serve: a person is told instead.
    const oldColourFine = (await fleet.health())[lock.stable] > 0;
    return { ...firing, word: oldColourFine ? 'abort' : 'continue', page: !oldColourFine };
  }
  const readings = await minutesAtThisShare(signals, clock, lock, []);
  const { state } = await foldMinutes(ports, lock);
  const judged = weigh(state, { bakeDone: false, names: lock });
  const minutes = readings.map(({ colours }) => ({ candidate: colours[lock.candidate], stable: colours[lock.stable] }));
  const watch = { errors: errorRules(lock, state, judged), names: lock };
  const verdict = judgeWarm(minutes, { ...watch, oldColourFine: true });
  // Whether the old colour is fine is asked where it decides something, and not at every tick.
  // A person brought this version back: its alarm tells people, and only its targets can roll it back.
  if (verdict.word !== 'abort') return firing ? { ...firing, word: 'continue', page: true } : verdict;
  if ((await fleet.health())[lock.stable] > 0) return verdict;
  return judgeWarm(minutes, { ...watch, oldColourFine: false });
}

/** Who says how many errors are too many at 100 %. The first release of a service goes straight there. */
function errorRules({ plan, hotfix, rollback }: Lock, { past }: JudgeState, verdict: Verdict): WarmWatch['errors'] {
  // What a person brought back is not held against a bar: rolled back, users would be on the version that they left.
  if (rollback) return { by: 'plan', rules: [] };
  const isBaked = plan.stages[0]?.share !== ALL;
  if (plan.policy === 'literal' && !hotfix && isBaked) return { by: 'plan', rules: PLAN_RULES };
  if (plan.policy === 'compare' && !hotfix && past) return { by: 'judge', verdict };
  return { by: 'plan', rules: ABSOLUTE_BAR };
}
