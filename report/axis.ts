/** The one time axis of a report: where a second stands, and which minutes share a column. Pure numbers. */
import { type Counts, sumOf } from '../functions/core/judge/readings.ts';
import { ALL, NONE, type Share } from '../functions/core/share.ts';
import type { MinuteEvidence } from '../functions/ports/ledger.ts';
import type { RecordedRelease, RunRecord } from './record.ts';

const MINUTE = 60;
/** More would be thinner than a pixel on paper. */
const MOST_COLUMNS = 120;
const FOLD_WIDTH = 64;
/** What is seen of the warm time before the fold and after it, and how much must be left to be worth folding. */
const AFTER_FULL_SECONDS = 4 * MINUTE;
const BEFORE_END_SECONDS = 2 * MINUTE;
const WORTH_FOLDING_SECONDS = 10 * MINUTE;

export interface Span {
  /** Seconds of the rehearsal. */
  readonly from: number;
  readonly to: number;
}

export interface Axis {
  readonly from: number;
  readonly to: number;
  /** The quiet part of the warm time, drawn narrow. */
  readonly fold?: Span;
  /** From a second to pixels, 0 to `width`. */
  readonly x: (second: number) => number;
}

/** One or more minutes that are drawn as one. */
export interface Column extends Span {
  readonly share: Share;
  readonly minutes: readonly MinuteEvidence[];
  readonly isFold: boolean;
  readonly candidate?: Counts;
  readonly stable?: Counts;
  /** Failures of the candidate if it had failed at the rate of stable, minute by minute. */
  readonly expected?: number;
  /** As they stood at the end of the column. */
  readonly odds: number;
}

export function axisOf(record: RunRecord, width: number): Axis {
  const lastMinute = record.release?.minutes.at(-1)?.minute;
  const judgedTo = lastMinute === undefined ? 0 : lastMinute + MINUTE - record.start;
  const to = Math.ceil(Math.max(record.seconds, judgedTo, MINUTE) / MINUTE) * MINUTE;
  const fold = foldOf(record, to);
  if (!fold) return { from: 0, to, x: (second) => (second / to) * width };

  const scale = (width - FOLD_WIDTH) / (to - (fold.to - fold.from));
  const x = (second: number): number => {
    if (second <= fold.from) return second * scale;
    const inFold = Math.min(1, (second - fold.from) / (fold.to - fold.from));
    return fold.from * scale + inFold * FOLD_WIDTH + Math.max(0, second - fold.to) * scale;
  };
  return { from: 0, to, fold, x };
}

/** Between the arrival at 100 % and the next thing that was decided. */
function foldOf({ shifts, decisions, start }: RunRecord, end: number): Span | undefined {
  const full = shifts.find(({ share }) => share === ALL)?.second;
  if (full === undefined) return undefined;
  const next = decisions.find(({ second, word }) => second > full && ENDS_THE_WARM_TIME.has(word))?.second ?? end;
  const from = wholeMinute(full + AFTER_FULL_SECONDS, start);
  const to = wholeMinute(next - BEFORE_END_SECONDS, start);
  return to - from >= WORTH_FOLDING_SECONDS ? { from, to } : undefined;
}

const ENDS_THE_WARM_TIME: ReadonlySet<string> = new Set(['close', 'closing', 'abort', 'revert']);

/** The boundary of a clock minute at or after a second of the rehearsal. */
const wholeMinute = (second: number, start: number): number => Math.ceil((start + second) / MINUTE) * MINUTE - start;

/** The candidate's share in force at a second of the rehearsal. */
export const shareAt = ({ shifts }: Pick<RunRecord, 'shifts'>, second: number): Share =>
  shifts.findLast((shift) => shift.second <= second)?.share ?? NONE;

export function columnsOf(record: RunRecord, { fold }: Axis): readonly Column[] {
  const minutes = record.release?.minutes ?? [];
  const isFolded = ({ minute }: MinuteEvidence): boolean =>
    fold !== undefined && minute - record.start >= fold.from && minute - record.start < fold.to;
  const first = minutes[0]?.minute ?? 0;
  const together = MINUTE * Math.ceil(minutes.filter((minute) => !isFolded(minute)).length / MOST_COLUMNS);
  const groups = new Map<number, MinuteEvidence[]>();
  for (const minute of minutes) {
    const key = isFolded(minute) ? FOLDED : Math.floor((minute.minute - first) / together);
    groups.set(key, [...(groups.get(key) ?? []), minute]);
  }
  return [...groups].map(([key, members]) => columnOf(record, members, key === FOLDED));
}

const FOLDED = -1;

function columnOf(record: RunRecord, minutes: readonly MinuteEvidence[], isFold: boolean): Column {
  const from = minutes[0]!.minute - record.start;
  const to = minutes.at(-1)!.minute + MINUTE - record.start;
  const both = minutes.filter(({ candidate, stable }) => candidate && stable && stable.requests > 0);
  const candidate = sumOfSome(minutes.map((minute) => minute.candidate));
  const stable = sumOfSome(minutes.map((minute) => minute.stable));
  return {
    from,
    to,
    share: shareAt(record, to - 1),
    minutes,
    isFold,
    ...(candidate ? { candidate } : {}),
    ...(stable ? { stable } : {}),
    ...(both.length > 0 ? { expected: both.reduce((sum, minute) => sum + expectedIn(minute), 0) } : {}),
    odds: minutes.at(-1)!.odds,
  };
}

const expectedIn = ({ candidate, stable }: MinuteEvidence): number =>
  (candidate!.requests * stable!.failures) / stable!.requests;

/** The sum of what was delivered; undefined when nothing was. */
export function sumOfSome(counts: readonly (Counts | undefined)[]): Counts | undefined {
  const delivered = counts.filter((one) => one !== undefined).filter(({ requests }) => requests > 0);
  return delivered.length > 0 ? sumOf(delivered) : undefined;
}

/** The judged minutes of the last stage that had a stable to compare with, as the judge counted them at its verdict. */
export function lastComparedStage({ minutes }: Pick<RecordedRelease, 'minutes'>): readonly MinuteEvidence[] {
  const compared = minutes.filter(({ share }) => share < ALL);
  const begin = compared.findLastIndex(({ stageAge }) => stageAge === 0);
  return compared.slice(Math.max(0, begin));
}
