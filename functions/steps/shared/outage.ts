/**
 * An outage of the control plane: what is needed to go forward cannot be read, or a step fails again and again. Users
 * stay where they are: going forward needs all of it, staying needs none. After a quarter of an hour an operator is asked.
 */
import { heldByPerson } from '../../core/bake.ts';
import { ANSWER_WITHIN_SECONDS, OUTAGE_SECONDS } from '../../core/plan.ts';
import { type Lock, type Mine, writes } from '../../core/protocol.ts';
import { NONE } from '../../core/share.ts';
import { commit, failureIn, type Ports, type StepInput } from './step.ts';

export interface Trouble {
  /** What this look could not read: it cannot go forward. */
  readonly unread?: string | undefined;
  /** How the step before failed; this look itself may go forward, which tries that step again. */
  readonly error?: StepInput['state']['error'];
}

export interface Waited {
  readonly word: 'hold' | 'abort';
  readonly reason: string;
}

/**
 * What follows from an outage at this look; undefined: the judge goes on as usual. `ask` tells a person, once an outage.
 */
export async function waitOut(
  { ledger, clock }: Pick<Ports, 'ledger' | 'clock'>,
  me: Mine,
  lock: Lock,
  { unread, error }: Trouble,
  ask: (reason: string) => Promise<void>,
): Promise<Waited | undefined> {
  const now = Math.round(clock.now());
  const what = unread ?? (error && `a step fails (${failureIn(error)})`);
  if (what === undefined) {
    if (lock.outage) await commit(ledger, me, writes.outageOver(me, lock, now));
    return undefined;
  }
  if (!lock.outage) await commit(ledger, me, writes.outage(me, what, now));
  const { from, askedAt } = lock.outage ?? { from: now };
  const goesOn = (reason: string): Waited | undefined => (unread === undefined ? undefined : { word: 'hold', reason });

  const held = lock.hold && heldByPerson(lock.hold, now);
  if (held?.word === 'abort') return { word: 'abort', reason: held.reason };
  if (held) return goesOn(held.reason);
  if (now < from + OUTAGE_SECONDS) return goesOn(`${what}; users stay where they are`);

  const long = `${what} for ${Math.round((now - from) / 60)} minutes`;
  // Nobody is harmed by going back: no user is on it, or only the first share, for which there is no evidence yet.
  if (lock.share === NONE) return { word: 'abort', reason: `${long}, before the first share was confirmed` };
  if (askedAt === undefined) {
    await ask(long);
    await commit(ledger, me, writes.outageAsked(me, now));
    return goesOn(`${long}; an operator is asked`);
  }
  if (now < askedAt + ANSWER_WITHIN_SECONDS) return goesOn(`${long}; waits for an operator`);
  return { word: 'abort', reason: `nobody gave an answer within ${ANSWER_WITHIN_SECONDS / 3600} hours: ${long}` };
}
