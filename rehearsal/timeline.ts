/** What a flight did, read from the execution's history and the world's log. */
import type { LiteralEvidence } from '../functions/core/judge/literal.ts';
import type { Evidence } from '../functions/core/judge/verdict.ts';
import type { Lock } from '../functions/core/protocol.ts';
import type { Colour } from '../functions/core/roles.ts';
import { ALL, type Share } from '../functions/core/share.ts';
import type { HistoryEvent } from './engine-history.ts';
import type { World, WriteRow } from './world.ts';

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
  abort: { readonly evidence?: Evidence | LiteralEvidence } | undefined;
  #read = 0;
  #open: { readonly second: number; readonly state: string } | undefined;
  readonly #world: World;
  readonly #candidate: Colour;
  readonly #onEntry: OnEntry | undefined;

  constructor(world: World, candidate: Colour, onEntry: OnEntry | undefined) {
    this.#world = world;
    this.#candidate = candidate;
    this.#onEntry = onEntry;
    world.onWrite((row) => {
      const { lock } = world.ledger.state;
      if (row.call === 'ledger: open') this.opened = lock;
      if (row.call === 'ledger: abort') this.abort = lock?.abort;
      if (row.call === 'ledger: share') this.stages.push({ share: lock!.share, from: lock!.stageFrom! });
    });
  }

  follow(history: readonly HistoryEvent[]): void {
    for (; this.#read < history.length; this.#read++) {
      const { type, timestamp, details } = history[this.#read]!;
      const second = Math.floor(timestamp - START);
      if (type === 'TaskStateEntered') this.#open = { second, state: details.name! };
      else if (type === 'LambdaFunctionSucceeded') this.#close(details.output as Record<string, unknown>, timestamp);
      else if (type === 'TaskStateExited') this.#open = undefined;
      else if (type === 'LambdaFunctionFailed') this.#close({ summary: sentenceOf(details) }, timestamp);
      else if (type === 'SucceedStateEntered' || type === 'FailStateEntered') {
        this.#open = { second, state: details.name! };
        this.#close(details.input as Record<string, unknown>, timestamp);
      }
    }
  }

  #shareAt(instant: number): Share {
    const rule = this.#world.writes.findLast(({ at, weights }) => weights !== undefined && at < instant);
    return rule?.weights?.[this.#candidate] ?? 0;
  }

  #close(answer: Record<string, unknown>, at: number): void {
    if (!this.#open) return;
    const { summary, verdict, odds } = answer;
    const entry = {
      ...this.#open,
      share: this.#shareAt(at),
      ...(typeof verdict === 'string' ? { verdict } : {}),
      ...(typeof odds === 'number' ? { odds } : {}),
      summary: typeof summary === 'string' ? summary : '',
    };
    this.entries.push(entry);
    this.#onEntry?.(entry, this.#world.ledger.state.lock);
  }
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
