/** Follows a release to its end, wherever it goes: through the queue, and from a dead owner to the reconciler. */
import { Transient } from '../../functions/core/failures.ts';
import { type Lock, RECONCILER, type ReleaseRecord, type ServiceState } from '../../functions/core/protocol.ts';
import { NONE, type Share } from '../../functions/core/share.ts';
import type { Instant } from '../../functions/ports/clock.ts';
import type { HistoryEvent } from '../../functions/ports/histories.ts';
import type { Look } from '../../rehearsal/options.ts';
import { type Answered, entryOf, historyReader } from '../../rehearsal/timeline.ts';
import { type Line, narrator } from '../screen/lines.ts';
import type { Progress } from '../screen/progress.ts';
import { CANNOT_TELL, type Controller, WAITS_FOR_A_PERSON } from './controller.ts';

export interface Ended {
  /** `waits`: an operator was asked. `live`: users have it already. `unknown`: it cannot be seen from here. */
  readonly outcome: 'promoted' | 'live' | 'reverted' | 'refused' | 'nothing' | 'stuck' | 'waits' | 'unknown';
  readonly reason: string;
  /** The highest that it had, or was about to have. */
  readonly share: Share;
  readonly releaseId?: string;
  readonly record?: ReleaseRecord;
}

export const EXIT_CODE: Readonly<Record<Ended['outcome'], number>> = {
  promoted: 0,
  live: 0,
  reverted: 1,
  refused: 1,
  nothing: 1,
  stuck: WAITS_FOR_A_PERSON,
  waits: WAITS_FOR_A_PERSON,
  unknown: CANNOT_TELL,
};

export interface Followed {
  /** By its ARN or its name. */
  readonly execution: string;
  /** Whose release is meant, also when another execution carries it out. */
  readonly digest?: string | undefined;
}

/** Where the story goes. */
export interface Audience {
  readonly progress: Pick<Progress, 'tell' | 'look'>;
  readonly everyMinute: boolean;
}

const LOOK_EVERY_SECONDS = 10;
/** Looks in a row without an answer after which nobody can say how it goes on. */
const MOST_MISSES = 20;
/** The lock of a dead owner is free in about five minutes. */
const AFTER_DEATH_SECONDS = 15 * 60;

/** @throws what AWS answered, when it did so at twenty looks in a row */
export async function follow(controller: Controller, followed: Followed, audience: Audience): Promise<Ended> {
  const { ledger, clock } = controller;
  const { progress } = audience;
  let reading = new Reading(followed.execution, audience);
  let look: Look | undefined;
  for (let misses = 0; ; ) {
    try {
      const state = await ledger.read();
      const isOver = await reading.readOn(controller, state.lock);
      // It may have ended after the ledger was read: what it left behind is read anew.
      const now = isOver
        ? await afterIt(controller, reading, followed, await ledger.read())
        : whileItRuns(reading, state);
      if (now === 'carried out by another') reading = new Reading(state.lock!.owner, audience);
      else if (now !== undefined) return now;
      look = (await lookAt(controller, reading, state)) ?? look;
      misses = 0;
    } catch (error) {
      misses += 1;
      if (!(error instanceof Transient) || misses === MOST_MISSES) throw error;
    }
    for (let second = 0; second < LOOK_EVERY_SECONDS; second++) {
      progress.look(() => look && { ...look, now: clock.now() });
      await clock.sleep(1);
    }
  }
}

/** One execution, told as it is read. */
class Reading {
  readonly execution: string;
  /** What it opened or carries on. */
  release: { readonly id: string } | undefined;
  /** The state that was answered last, and the last sentence: a refusal has its own with the state before. */
  state: string | undefined;
  said = '';
  highest: Share = NONE;
  #overSince: Instant | undefined;
  #seen = 0;
  #share: Share = NONE;
  #lock: Lock | undefined;
  readonly #tell: (line: Line) => void;
  readonly #read: (events: readonly HistoryEvent[]) => void;

  constructor(execution: string, { progress, everyMinute }: Audience) {
    this.execution = execution;
    this.#tell = progress.tell;
    const narrate = narrator(everyMinute, 0);
    this.#read = historyReader((answered) => {
      this.#take(answered);
      const line = narrate(entryOf(answered, 0, this.#share), this.#lock);
      if (line) progress.tell(line);
    });
  }

  /** Whether it has ended, and all that it did is told. */
  async readOn({ executions, histories }: Controller, lock: Lock | undefined): Promise<boolean> {
    if (this.execution === RECONCILER) {
      this.release ??= lock && { id: lock.releaseId };
      this.#meet(lock);
      return true;
    }
    const status = await executions.status(this.execution);
    if (status === 'unknown') throw new Transient(`Step Functions does not know ${this.execution} yet`);
    const events = await histories.after(this.execution, this.#seen);
    this.#seen = events.at(-1)?.id ?? this.#seen;
    if (lock?.owner === this.execution || lock?.owner.endsWith(`:${this.execution}`)) this.#lock = lock;
    this.#read(events);
    this.#meet(lock);
    return status !== 'RUNNING';
  }

  /** The execution has ended, and its lock is there; answers with how long ago that was seen first, seconds. */
  outlive(now: Instant): number {
    if (this.#overSince === undefined && this.execution !== RECONCILER)
      this.#tell({
        at: now,
        sign: ' ',
        share: this.#share,
        word: 'trouble',
        text: 'its execution has ended before it was done; the reconciler goes on within two minutes',
      });
    this.#overSince ??= now;
    return now - this.#overSince;
  }

  /** What was about to be confirmed when its owner died is told by the ledger only. */
  #meet(lock: Lock | undefined): void {
    if (lock && lock.releaseId === this.release?.id) this.highest = Math.max(this.highest, lock.intent ?? NONE);
  }

  #take(answered: Answered): void {
    const { state, answer } = answered;
    const { verdict, share, release, summary } = answer;
    this.state = state;
    if (typeof summary === 'string' && summary !== '') this.said = summary;
    this.release = (release as Reading['release']) ?? this.release;
    const hasMoved = (state === 'Shift' && verdict === 'shifted') || (state === 'Revert' && verdict === 'wait');
    if (hasMoved) this.#share = share as Share;
    this.highest = Math.max(this.highest, this.#share);
  }
}

function whileItRuns(reading: Reading, { lock }: ServiceState): Ended | undefined {
  if (lock === undefined || lock.releaseId !== reading.release?.id) return undefined;
  if (lock.askedAt === undefined || lock.command || lock.abort) return undefined;
  return { outcome: 'waits', reason: reading.said, share: lock.share, releaseId: lock.releaseId };
}

/** The execution has ended; what it opened may have not. */
async function afterIt(
  { ledger, clock }: Controller,
  reading: Reading,
  { digest }: Followed,
  { lock, pending }: ServiceState,
): Promise<Ended | 'carried out by another' | undefined> {
  const { release, highest: share, state, said } = reading;
  const end = (outcome: Ended['outcome'], reason: string, record?: ReleaseRecord): Ended => ({
    outcome,
    reason,
    share,
    ...(release ? { releaseId: release.id } : {}),
    ...(record ? { record } : {}),
  });
  if (release && lock?.releaseId === release.id) {
    if (lock.phase === 'stuck') return end('stuck', lock.reason ?? 'an operator must decide');
    const isLate = reading.outlive(clock.now()) > AFTER_DEATH_SECONDS;
    return isLate ? end('unknown', `its execution has ended, and ${lock.owner} holds its lock still`) : undefined;
  }
  if (release) return endIn(await ledger.record(release.id), reading, end);

  if (state !== 'Nothing to do')
    return end(state ? 'refused' : 'unknown', said || 'its execution has ended before it did anything');
  if (said.startsWith('already live') || said.startsWith('done already')) return end('live', said);
  if (digest === undefined || said.startsWith('stale')) return end('nothing', said);
  if (lock?.digest === digest) return 'carried out by another';
  if (pending?.digest === digest) return undefined;
  if (said.startsWith('queued')) return endIn(await ledger.record(digest), reading, end);
  return end('nothing', said);
}

function endIn(
  record: ReleaseRecord | undefined,
  reading: Reading,
  end: (outcome: Ended['outcome'], reason: string, record?: ReleaseRecord) => Ended,
): Ended {
  switch (record?.status) {
    case 'promoted':
      return end('promoted', reading.said, record);
    case 'reverted':
      return end('reverted', record.reason ?? reading.said, record);
    case 'open':
      return end('unknown', 'its lock was taken away by hand', record);
    default:
      return end('nothing', 'it waits no longer, and was not released');
  }
}

async function lookAt({ ledger, clock }: Controller, { release }: Reading, { lock }: ServiceState) {
  if (lock === undefined || lock.releaseId !== release?.id) return undefined;
  const [judging, minutes] = await Promise.all([ledger.judging(lock.releaseId), ledger.evidence(lock.releaseId)]);
  return { now: clock.now(), lock, ...(judging ? { judging } : {}), minutes };
}
