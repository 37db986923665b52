/**
 * What the reconciler does while an owner runs and its ticks stand still: our Lambdas are throttled, crash, or the
 * execution is wedged. It judges in the owner's place, and takes over when something speaks against the candidate, when
 * nobody answered, or when nobody is harmed by going back.
 */
import { typed } from '../../core/commands.ts';
import { Transient } from '../../core/failures.ts';
import { ANSWER_WITHIN_SECONDS, OUTAGE_SECONDS } from '../../core/plan.ts';
import {
  type AbortOrder,
  isAbortable,
  type Lock,
  type ReconcilerMemory,
  type ServiceState,
  writes,
} from '../../core/protocol.ts';
import { NONE } from '../../core/share.ts';
import { hardRules } from '../shared/hard-rules.ts';
import type { ServiceSettings } from '../shared/settings.ts';
import type { Ports } from '../shared/step.ts';
import { commandTo } from '../shared/traffic.ts';
import { verdictOf } from '../shared/verdict.ts';
import { warmVerdict } from '../shared/warm-verdict.ts';
import { abortRelease } from './abort.ts';

const LOOK_SECONDS = 60;
/** Looks that are nearer to each other count as one: they also come when executions end. A look may be some seconds early. */
const LOOKS_APART_SECONDS = 45;
/** Looks without a sign of life after which an owner that rolls back or closes counts as wedged. */
const WEDGED_AFTER_LOOKS = 5;
const ASKS_AFTER_LOOKS = OUTAGE_SECONDS / LOOK_SECONDS;
const GIVES_UP_AFTER_LOOKS = ASKS_AFTER_LOOKS + ANSWER_WITHIN_SECONDS / LOOK_SECONDS;

export type StillAnswer = { readonly takeOver: string } | { readonly summary: string };

export async function lookAtOwner(
  ports: Ports,
  settings: Pick<ServiceSettings, 'service' | 'traffic'>,
  state: ServiceState & { readonly lock: Lock },
): Promise<StillAnswer> {
  const { lock } = state;
  const watch = counted(state, Math.round(ports.clock.now()));
  const { still } = watch;
  const note = async (facts: Partial<ReconcilerMemory>, summary: string): Promise<StillAnswer> => {
    await ports.ledger.write(writes.look(state.fence, { ...watch, ...facts }));
    return { summary };
  };
  if (still === 0) return note({}, `${lock.releaseId} goes on (${lock.phase})`);
  const stands = `its execution has not moved for ${minutes(still)}`;
  if (lock.abort && isAbortable(lock)) return { takeOver: `${stands}, and it was to roll back: ${lock.abort.reason}` };
  if (still >= longest(lock, ports.clock.now())) return { takeOver: stands };
  if (!isAbortable(lock) || isEmpty(lock)) return note({}, `${lock.releaseId}: ${stands}`);

  // Counted first: a look that dies on a call that hangs is a look all the same.
  await note({}, stands);
  const against = await whatSpeaksAgainst(ports, lock);
  if (against) {
    // The owner may have woken up meanwhile: what it moved is no edit by hand.
    const now = (await ports.ledger.read()).lock;
    if (now?.fence !== lock.fence || now.ticks !== lock.ticks) return { summary: `${lock.releaseId} moves again` };
    await abortRelease(ports, lock, { ...against, by: 'reconciler' });
    return { summary: `${stands}; ${lock.releaseId} rolls back: ${against.reason}` };
  }
  if (still < ASKS_AFTER_LOOKS || watch.asked)
    return { summary: `${stands}; nothing speaks against ${lock.releaseId}` };
  await ports.notifications.send({
    kind: 'held',
    releaseId: lock.releaseId,
    title: `held at ${lock.share} %: the controller has not moved for ${minutes(still)}, an operator must decide`,
    body: `Nothing speaks against ${lock.candidate}, so users stay where they are. Without an answer it rolls back in ${ANSWER_WITHIN_SECONDS / 3600} hours.`,
    next: [
      typed('abort', settings.service),
      ...(lock.phase === 'warm' ? [] : [typed('hold', settings.service)]),
      commandTo(ports, settings.traffic, lock.stable),
    ],
  });
  return note({ asked: true }, `${stands}; an operator is asked`);
}

const minutes = (count: number): string => `${count} ${count === 1 ? 'minute' : 'minutes'}`;

function counted({ lock, watch }: ServiceState & { readonly lock: Lock }, now: number): ReconcilerMemory {
  const { fence, ticks } = lock;
  const told = watch?.told ?? [];
  if (watch?.fence !== fence || watch.ticks !== ticks) return { fence, ticks, still: 0, told, at: now };
  const isNear = watch.at !== undefined && now - watch.at < LOOKS_APART_SECONDS;
  return isNear ? watch : { ...watch, still: watch.still + 1, at: now };
}

/** No user is on the candidate, nor may be. */
const isEmpty = ({ share, intent = NONE }: Lock): boolean => share === NONE && intent === NONE;

/** Looks after which the owner is taken over although nothing speaks against the candidate. */
function longest(lock: Lock, now: number): number {
  if (!isAbortable(lock)) return WEDGED_AFTER_LOOKS;
  if (isEmpty(lock)) return ASKS_AFTER_LOOKS;
  // The first share is not confirmed: users may be on it, and there is no evidence of it to judge.
  if (lock.share === NONE) return WEDGED_AFTER_LOOKS;
  const isHeld = lock.hold !== undefined && now < lock.hold.at + ANSWER_WITHIN_SECONDS;
  return isHeld ? Number.POSITIVE_INFINITY : GIVES_UP_AFTER_LOOKS;
}

/** The same hard rules and the same policy as the owner's. What cannot be read speaks neither for nor against. */
async function whatSpeaksAgainst(
  ports: Ports,
  lock: Lock,
): Promise<Pick<AbortOrder, 'reason' | 'evidence'> | undefined> {
  const { against } = await hardRules(ports, lock);
  if (against || lock.share === NONE) return against;
  try {
    const { word, reason, evidence } =
      lock.phase === 'warm' ? await warmVerdict(ports, lock) : (await verdictOf(ports, lock, false)).verdict;
    return word === 'abort' ? { reason, ...(evidence ? { evidence } : {}) } : undefined;
  } catch (error) {
    if (error instanceof Transient) return undefined;
    throw error;
  }
}
