/**
 * How a bake ends: the judge says what the numbers show, this file says what follows from it at this moment, for every
 * case in which there is little to judge. Silence holds; only people or a written rule end a hold.
 */
import { RULES, type VerdictWord } from './judge/decision.ts';
import { SPEAKS_AGAINST } from './judge/verdict.ts';
import { ANSWER_WITHIN_SECONDS, HOLD_UP_TO, type OnUnproven, type Stage } from './plan.ts';
import type { Lock } from './protocol.ts';
import { ALL } from './share.ts';

export interface Moment {
  readonly now: number;
  readonly lock: Pick<Lock, 'share' | 'stageFrom' | 'askedAt' | 'hold' | 'command' | 'fence'>;
  readonly stage: Stage;
  readonly next: Stage;
  readonly onUnproven: OnUnproven;
  /** `trial` may promote to 100 % unproven. */
  readonly mayPromoteUnproven: boolean;
  readonly verdict: { readonly word: VerdictWord; readonly rule: string; readonly reason: string };
  /** Why nothing can be said now ("no requests reached green"), or undefined when the judge has been hearing both colours. */
  readonly silence: string | undefined;
}

export interface BakeEnd {
  readonly word: VerdictWord;
  readonly reason: string;
  /** Ask a person now (once). */
  readonly ask?: true;
}

export const isBakeOver = ({ now, lock, stage }: Pick<Moment, 'now' | 'lock' | 'stage'>): boolean =>
  now >= (lock.stageFrom ?? now) + stage.bakeSeconds;

/** The command that counts now: given for this release, at this share. */
export const isAdvanceAsked = ({ command, share, fence }: Moment['lock']): boolean =>
  command?.verb === 'advance' && command.share === share && command.fence === fence;

export function decide(moment: Moment): BakeEnd {
  const { now, lock, stage, next, verdict, silence } = moment;
  if (verdict.word === 'abort') return verdict;
  if (lock.hold) return heldByPerson(lock.hold, now);
  if (isAdvanceAsked(lock)) return { word: 'advance', reason: 'an operator ended this bake' };
  if (!isBakeOver(moment)) return { word: 'continue', reason: silence ?? verdict.reason };
  const waiting = lock.askedAt === undefined ? undefined : waitForAnswer(lock.askedAt, now, stage, verdict);
  if (stage.approval) return waiting ?? { word: 'hold', reason: `${lock.share} % waits for approval`, ask: true };
  // Proof that comes while a person is being asked answers the question.
  if (verdict.word === 'advance' && !silence) return verdict;
  if (waiting) return waiting;

  const reason = silence ?? verdict.reason;
  if (now < (lock.stageFrom ?? now) + HOLD_UP_TO * stage.bakeSeconds) return { word: 'hold', reason };
  if (verdict.rule === RULES.suspicion) return { word: 'abort', reason };
  if (moment.onUnproven === 'abort')
    return { word: 'abort', reason: `${reason}; this release is rolled back when unproven` };
  const isMerelyUnproven = !silence && !SPEAKS_AGAINST.has(verdict.rule);
  if (moment.onUnproven === 'proceed' && isMerelyUnproven && (next.share < ALL || moment.mayPromoteUnproven)) {
    return { word: 'advance', reason: `${reason}; goes on unproven` };
  }
  return { word: 'hold', reason: `${reason}; an operator is asked`, ask: true };
}

export function heldByPerson({ by, at }: { readonly by: string; readonly at: number }, now: number): BakeEnd {
  if (now < at + ANSWER_WITHIN_SECONDS) return { word: 'hold', reason: `held by ${by}` };
  return { word: 'abort', reason: `${by} held it for ${ANSWER_WITHIN_SECONDS / 3600} hours and nobody let it go on` };
}

function waitForAnswer(askedAt: number, now: number, stage: Stage, verdict: Moment['verdict']): BakeEnd {
  if (now >= askedAt + ANSWER_WITHIN_SECONDS) {
    const asked = stage.approval ? 'approval' : 'an answer';
    return {
      word: 'abort',
      reason: `nobody gave ${asked} within ${ANSWER_WITHIN_SECONDS / 3600} hours: ${verdict.reason}`,
    };
  }
  return { word: 'hold', reason: `waits for an operator: ${verdict.reason}` };
}
