/** What a rehearsal did, read from the execution's history and the world's log. */
import type { AbortOrder, Lock } from '../functions/core/protocol.ts';
import type { Colour } from '../functions/core/roles.ts';
import { ALL, type Share } from '../functions/core/share.ts';
import type { Instant } from '../functions/ports/clock.ts';
import type { HistoryEvent } from '../functions/ports/histories.ts';
import type { World } from './world.ts';
import type { WriteRow } from './writes.ts';

/** Second 0 of every rehearsal. */
export const START = Date.UTC(2026, 0, 5, 14, 0, 0) / 1000;

export interface TimelineEntry {
  readonly second: number;
  readonly state: string;
  readonly share: Share;
  readonly verdict?: string;
  /** How much likelier the numbers are if the candidate is worse; where the judge compared. */
  readonly odds?: number;
  readonly summary: string;
}

type OnEntry = (entry: TimelineEntry, lock: Lock | undefined) => void;

/** Every state but Wait and Choice, with what its Lambda answered. */
export class Timeline {
  readonly entries: TimelineEntry[] = [];
  readonly stages: StageStart[] = [];
  opened: Lock | undefined;
  abort: AbortOrder | undefined;
  #seen = 0;
  readonly #read: (events: readonly HistoryEvent[]) => void;
  readonly #world: World;
  readonly #candidate: Colour;
  readonly #onEntry: OnEntry | undefined;

  constructor(world: World, candidate: Colour, onEntry: OnEntry | undefined) {
    this.#world = world;
    this.#candidate = candidate;
    this.#onEntry = onEntry;
    this.#read = historyReader((answer) => this.#add(answer));
    world.onWrite((row) => {
      const { lock } = world.ledger.state;
      if (row.call === 'ledger: open') this.opened = lock;
      if (row.call === 'ledger: abort') this.abort = lock?.abort;
      if (row.call === 'ledger: share') this.stages.push({ share: lock!.share, from: lock!.stageFrom! });
    });
  }

  follow(history: readonly HistoryEvent[]): void {
    this.#read(history.slice(this.#seen));
    this.#seen = history.length;
  }

  #shareAt(instant: number): Share {
    const rule = this.#world.writes.findLast(({ at, weights }) => weights !== undefined && at < instant);
    return rule?.weights?.[this.#candidate] ?? 0;
  }

  #add(answered: Answered): void {
    const entry = entryOf(answered, START, this.#shareAt(answered.at));
    this.entries.push(entry);
    this.#onEntry?.(entry, this.#world.ledger.state.lock);
  }
}

/** A state, and what its Lambda answered, or the sentence with which it failed. */
export interface Answered {
  readonly state: string;
  /** When the state was entered and when it was answered, epoch seconds. */
  readonly enteredAt: Instant;
  readonly at: Instant;
  readonly answer: Readonly<Record<string, unknown>>;
}

/** Reads the history of an execution, in as many pieces as it comes in; tells of every state but Wait and Choice. */
export function historyReader(tell: (answered: Answered) => void): (events: readonly HistoryEvent[]) => void {
  let entered: Pick<Answered, 'state' | 'enteredAt'> | undefined;
  const answer = (given: unknown, at: Instant): void => {
    if (entered) tell({ ...entered, at, answer: given as Answered['answer'] });
  };
  return (events) => {
    for (const { type, timestamp, details } of events) {
      if (type === 'TaskStateEntered') entered = { enteredAt: timestamp, state: details.name! };
      else if (type === 'LambdaFunctionSucceeded') answer(details.output, timestamp);
      else if (type === 'TaskStateExited') entered = undefined;
      else if (type === 'LambdaFunctionFailed') answer({ summary: sentenceOf(details) }, timestamp);
      else if (type === 'SucceedStateEntered' || type === 'FailStateEntered') {
        entered = { enteredAt: timestamp, state: details.name! };
        answer(details.input, timestamp);
      }
    }
  };
}

/** `start`: epoch seconds of second 0. `share`: the candidate's when it was answered. */
export function entryOf({ state, enteredAt, answer }: Answered, start: Instant, share: Share): TimelineEntry {
  const { summary, verdict, odds } = answer;
  return {
    second: Math.floor(enteredAt - start),
    state,
    // Where the guard was first, the rule is back already; an abort is about the share that was watched.
    share: verdict === 'abort' ? (answer['share'] as Share) : share,
    ...(typeof verdict === 'string' ? { verdict } : {}),
    ...(typeof odds === 'number' ? { odds } : {}),
    summary: typeof summary === 'string' ? summary : '',
  };
}

export function sentenceOf({ error, cause }: HistoryEvent['details']): string {
  try {
    return (JSON.parse(cause ?? '') as { errorMessage: string }).errorMessage;
  } catch {
    return cause ?? error ?? '';
  }
}

/** Seconds watched below 100 %: from each confirmed share to the look that ended it. */
export function bakeSeconds(stages: readonly StageStart[], history: readonly HistoryEvent[]): number {
  let entered = 0;
  const ends: number[] = [];
  for (const { type, timestamp, details } of history) {
    const verdict = (details.output as { verdict?: unknown } | undefined)?.verdict;
    if (type === 'TaskStateEntered') entered = timestamp;
    if (type === 'LambdaFunctionSucceeded' && (verdict === 'advance' || verdict === 'abort')) ends.push(entered);
  }
  return stages
    .filter(({ share }) => share < ALL)
    .reduce((sum, { from }) => sum + Math.floor((ends.find((end) => end > from) ?? from) - from), 0);
}

interface StageStart {
  readonly share: Share;
  /** When the ledger has it confirmed. */
  readonly from: number;
}

/** From the abort's write to the reading that showed all requests on stable. */
export function secondsToStable(writes: readonly WriteRow[]): { readonly secondsFromVerdictToStable?: number } {
  const order = writes.findIndex(({ call }) => call === 'ledger: abort');
  if (order < 0) return {};
  const back = writes.slice(order + 1).find(({ call, readBack }) => call === 'ModifyRule' && readBack === 0);
  return back?.readBackAt === undefined
    ? {}
    : { secondsFromVerdictToStable: Math.ceil(back.readBackAt - writes[order]!.at) };
}
