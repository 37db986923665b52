/** The sentences of a rehearsal: one function makes them, for every place in which they are shown. */

import { clock, duration, grouped } from '../../functions/core/numerals.ts';
import { PROMISE_IDS } from '../../functions/core/promises.ts';
import type { Lock } from '../../functions/core/protocol.ts';
import type { Instant } from '../../functions/ports/clock.ts';
import type { RehearsalResult } from '../../rehearsal/account.ts';
import { START, type TimelineEntry } from '../../rehearsal/timeline.ts';
import { costOf } from '../../report/cost.ts';
import type { Sign } from '../../report/record.ts';
import { withoutPrefix } from '../../report/words.ts';
import { type Glyphs, type Paint, type Style, UNICODE, unpainted } from './paint.ts';
import { percentOf, printable } from './words.ts';

export interface Line {
  /** Epoch seconds. */
  readonly at: number;
  readonly sign: Sign;
  readonly share: number;
  readonly word: string;
  readonly text: string;
}

/** How lines look where they are shown. */
export interface Display {
  readonly paint: Paint;
  readonly glyphs: Glyphs;
}

const PLAIN: Display = { paint: unpainted, glyphs: UNICODE };

/** Odds under this are the usual noise of a healthy release. */
const WORTH_TELLING = 1;
/** Longest that a revert may take from its verdict to the read-back of stable. Source: docs/seed.md, rollback. */
export const REVERT_BUDGET_SECONDS = 120;

/**
 * Turns entries into lines one by one; quiet ones give none. `lock` is the ledger's at that entry; without it a line
 * says roles instead of colours. What was said in the same words at the same share is not said again, whatever its
 * numbers; with `everyMinute` other numbers are news. `start`: the entries' second 0, epoch seconds.
 */
export function narrator(
  everyMinute: boolean,
  start: Instant = START,
): (entry: TimelineEntry, lock?: Lock) => Line | undefined {
  let lock: Lock | undefined;
  let ready = '';
  let said = new Set<string>();
  let saidLast = '';
  let before = '';
  return (entry, seen) => {
    lock = seen ?? lock;
    const event = eventOf(entry);
    const isResumed = event === 'Judge continue' && before === 'Judge hold';
    before = event;
    const text = withoutPrefix(printable(entry.summary));
    if (event === 'Prepare ready') ready = text;
    const line = lineFor(entry, event, start + entry.second, { text, ready, lock });
    if (event === 'Shift shifted') said = new Set();
    if (!line || line.text === '' || line.text === saidLast) return undefined;

    const isQuiet = event === 'Judge continue' && (entry.odds ?? 0) <= WORTH_TELLING;
    const words = EACH_ONCE.has(event) ? event : `${event} ${line.text.replaceAll(/\d[\d.,:e-]*/g, '0')}`;
    const isNews = isResumed || (!isQuiet && !said.has(words));
    if (!isQuiet) said.add(words);
    if (!isNews && !(everyMinute && WATCHING.has(event))) return undefined;
    saidLast = line.text;
    return line;
  };
}

const eventOf = ({ state, verdict }: TimelineEntry): string => (verdict ? `${state} ${verdict}` : state);

/** Told once a share, in whatever words. */
const EACH_ONCE: ReadonlySet<string> = new Set(['Migrate wait', 'Prepare wait', 'Judge continue', 'Revert wait']);
const WATCHING: ReadonlySet<string> = new Set(['Judge continue', 'Judge hold', 'Watch continue']);

interface Known {
  readonly text: string;
  /** How the candidate was when Prepare called it ready. */
  readonly ready: string;
  readonly lock: Lock | undefined;
}

function lineFor(
  { state, share }: TimelineEntry,
  event: string,
  at: Instant,
  { text, ready, lock }: Known,
): Line | undefined {
  const line = (sign: Sign, word: string, said = text): Line => ({ at, sign, share, word, text: said });
  const { stable = 'stable', candidate = 'the candidate' } = lock ?? {};
  switch (event) {
    case 'Open opened':
      return line(' ', 'open');
    case 'Open':
      return line(' ', 'refused');
    case 'Migrate wait':
      return line(' ', 'migrate', 'the migration runs; no traffic is moved');
    case 'Prepare wait':
      return line(' ', 'prepare');
    case 'Shift shifted':
      return line('▲', 'shift', ready ? `${ready}; read back` : text);
    case 'Judge continue':
      return line(' ', 'continue');
    case 'Judge hold':
    case 'Watch hold':
      return line('‖', 'hold');
    case 'Judge advance':
      return line(' ', 'advance');
    case 'Judge abort':
    case 'Watch abort':
      return line('◆', 'abort');
    case 'Revert stuck':
    case 'Close stuck':
      return line('◆', 'stuck');
    case 'Watch continue':
      return line(' ', 'warm', lock ? `${text}; ${stable} stays warm until ${clock(warmUntil(lock))}` : text);
    case 'Watch advance':
      return line(' ', 'closing', `${text}; ${stable} goes off when it has had no request for 120 s`);
    case 'Revert wait':
      return line('▼', 'revert', wentBack(lock));
    case 'Revert reverted':
      return line('■', 'closed', `${candidate} off${settled(lock, at)}`);
    case 'Close closed':
      return line('■', 'closed', `${text}; ${stable} off`);
    case 'Migrate done':
    case 'Prepare ready':
    case 'Close wait':
    case 'Reverted reverted':
    case 'Promoted closed':
      return undefined;
    default:
      // A state that failed has no verdict; what it says is the failure.
      return line(' ', event === state ? 'trouble' : state.toLowerCase());
  }
}

const warmUntil = ({ stageFrom = 0, plan }: Lock): number => stageFrom + plan.warmSeconds;

function wentBack(lock: Lock | undefined): string {
  if (!lock) return 'all requests on stable, read back';
  const { stable, candidate, target, abort, secondsFromVerdictToStable: seconds } = lock;
  if (target === 'candidate') return `${stable} has no healthy target: all users are on ${candidate}`;
  if (abort?.by === 'guard') return `${stable} 100 %, read back; the guard moved it first`;
  const after = seconds === undefined ? '' : `, ${seconds} s after the verdict (budget ${REVERT_BUDGET_SECONDS} s)`;
  return `${stable} 100 %, read back${after}`;
}

const settled = (lock: Lock | undefined, now: number): string =>
  lock?.settleFrom === undefined ? '' : `; its share was 0 for ${Math.floor(now - lock.settleFrom)} s`;

export function formatLine(
  { at, sign, share, word, text }: Line,
  time: 'clock' | 'iso',
  { paint, glyphs }: Display = PLAIN,
): string {
  const iso = new Date(at * 1000).toISOString();
  const when = time === 'iso' ? `${iso.slice(0, 19)}Z` : iso.slice(11, 19);
  const style = STYLE[sign];
  const told = `${glyphs.signs[sign]}  ${String(share).padStart(3)} %  ${word.padEnd(9)}`;
  return `${paint('dim', when)}  ${style ? paint(style, told) : told} ${printable(text)}`;
}

const STYLE: Readonly<Partial<Record<Sign, Style>>> = { '◆': 'red', '▼': 'red', '‖': 'yellow', '▲': 'bold' };

export interface ClosingDisplay {
  readonly paint?: Paint;
  /** Where the report was written. */
  readonly report?: string | undefined;
}

/** The block at the end: how it ended, what it cost, what was watched, and, last, why. A broken promise comes first. */
export function closing(
  rehearsal: RehearsalResult,
  wallSeconds: number,
  { paint = unpainted, report }: ClosingDisplay = {},
): string {
  const { asExpected, violations, virtualSeconds, release } = rehearsal;
  const isGood = asExpected && violations.length === 0;
  const back = rehearsal.secondsFromVerdictToStable;
  const rows: readonly (readonly [string, string])[] = [
    ['Rehearsal', `${duration(virtualSeconds)} in ${wallSeconds.toFixed(1)} s`],
    ['Cost', costInWords(rehearsal)],
    ...(back === undefined
      ? []
      : ([
          [
            'Back',
            `all requests on ${release?.stable ?? 'stable'} ${back} s after the verdict (budget ${REVERT_BUDGET_SECONDS} s)`,
          ],
        ] as const)),
    ['Safe', safety(rehearsal)],
    ...(report === undefined ? [] : ([['Report', report]] as const)),
    ['Why', whyOf(rehearsal).map(printable).join('\n          ')],
  ];
  return [
    ...violations.map(
      ({ invariant, second, state, detail }) =>
        `${paint('red', `BROKEN promise ${invariant}`)} at second ${second} (${state}): ${printable(detail)}`,
    ),
    paint(isGood ? 'bold' : 'red', headline(rehearsal)),
    ...rows.map(([word, text]) => `  ${word.padEnd(7)} ${text}`),
  ].join('\n');
}

/** One wrong field is the reason itself; of several, each has a line. */
const whyOf = ({ reason, wrong = [] }: RehearsalResult): readonly string[] =>
  wrong.length > 1 ? [reason, ...wrong] : [reason];

/** "REVERTED at 25 %, as this scenario expects." */
export function headline({ outcome, expected, asExpected, shares }: RehearsalResult): string {
  const at = outcome === 'reverted' ? ` ${shares.length > 0 ? `at ${shares.at(-1)} %` : 'before any user met it'}` : '';
  const otherwise = `${expected.outcome}${expected.share === undefined ? '' : ` at ${expected.share} %`}`;
  const judged = asExpected ? 'as this scenario expects' : `but this scenario expects ${otherwise}`;
  return `${outcome.toUpperCase()}${at}, ${judged}.`;
}

export function costInWords(rehearsal: RehearsalResult): string {
  const { requests, release } = rehearsal;
  const candidate = release?.candidate ?? 'the candidate';
  if (requests.candidate === 0) return `none: no request met ${candidate}`;
  const { metCandidate, moreFailures } = costOf(rehearsal);
  const met = `${(100 * metCandidate).toFixed(1)} % of requests met ${candidate} (${grouped(requests.candidate)})`;
  const failures = requests.failedByCandidate;
  const failed =
    failures === 0
      ? 'none of them failed'
      : `${grouped(failures)} of them failed (${percentOf(failures, requests.candidate)})`;
  const dropped = requests.droppedByShift > 0 ? `; ${grouped(requests.droppedByShift)} dropped by a shift` : '';
  if (moreFailures === undefined) return `${met}; ${failed}${dropped}`;
  const more =
    moreFailures > 0
      ? `${grouped(moreFailures)} ${moreFailures === 1 ? 'error' : 'errors'} more than`
      : 'no more errors than';
  return `${more} at the rate of ${release?.stable}; ${met}${dropped}`;
}

function safety({ violations, unchecked }: RehearsalResult): string {
  const watched = PROMISE_IDS.filter((one) => !unchecked.includes(one)).join(', ');
  const broken = [...new Set(violations.map(({ invariant }) => invariant))].join(', ');
  return `${broken ? `promise ${broken} was broken` : 'no promise was broken'} (watched every second: ${watched})`;
}
