/** The live view as text: what the ledger knows of a running release, in about 15 lines, cut to the window. */
import { ODDS_LIMIT, SUSPICIOUS_ODDS } from '../../functions/core/judge/constants.ts';
import type { Counts } from '../../functions/core/judge/readings.ts';
import { clock, grouped, oddsInWords } from '../../functions/core/numerals.ts';
import { ANSWER_WITHIN_SECONDS } from '../../functions/core/plan.ts';
import { type Lock, SETTLE_SECONDS } from '../../functions/core/protocol.ts';
import { ALL } from '../../functions/core/share.ts';
import type { MinuteEvidence } from '../../functions/ports/ledger.ts';
import type { Look } from '../../rehearsal/options.ts';
import { type Display, formatLine, type Line } from './lines.ts';
import { type Glyphs, type Style, unpainted } from './paint.ts';
import { cut, percentOf, stopwatch } from './words.ts';

export interface View {
  readonly service: string;
  /** Absent until a release is opened. */
  readonly look?: Look | undefined;
  /** Told so far, oldest first. */
  readonly lines: readonly Line[];
  readonly footer: string;
}

/** In characters. */
export interface Size {
  readonly rows: number;
  readonly columns: number;
}

interface Row {
  readonly text: string;
  readonly style?: Style | undefined;
}

const HISTORY_LINES = 3;
const BAR_COLUMNS = 18;
const SPARKLINE_MINUTES = 20;

/**
 * Never more rows, nor a longer one, than the window has. In a low window the history goes first, then the table, then
 * the odds, then the footer; the top two rows stay.
 */
export function frame(view: View, { rows, columns }: Size, { paint, glyphs }: Display): readonly string[] {
  const { look, lines, footer } = view;
  const head = headRows(view, columns, glyphs);
  const table = look ? [EMPTY, ...tableRows(look)] : [];
  const odds = look ? [EMPTY, ...oddsRows(look, glyphs)] : [];
  const history = lines.toReversed().map((line) => historyRow(line, glyphs));
  const bottom = [{ text: footer, style: 'dim' as const }];
  const newest = (count: number) => (count > 0 && history.length > 0 ? [EMPTY, ...history.slice(0, count)] : []);
  const shapes: readonly (readonly Row[])[] = [
    ...descending(HISTORY_LINES).map((count) => [...head, ...table, ...odds, ...newest(count), ...bottom]),
    [...head, ...odds, ...bottom],
    [...head, ...bottom],
    head,
  ];
  const fitting = shapes.find((shape) => shape.length <= rows) ?? head.slice(0, rows);
  return fitting.map(({ text, style }) => {
    const shown = cut(text, columns);
    return style ? paint(style, shown) : shown;
  });
}

const EMPTY: Row = { text: '' };

const descending = (from: number): readonly number[] => Array.from({ length: from + 1 }, (_, index) => from - index);

function historyRow(line: Line, glyphs: Glyphs): Row {
  const isBad = line.sign === '◆' || line.sign === '▼';
  return {
    text: formatLine(line, 'clock', { paint: unpainted, glyphs }),
    ...(isBad ? { style: 'red' as const } : line.sign === '‖' ? { style: 'yellow' as const } : {}),
  };
}

function headRows({ service, look }: View, columns: number, glyphs: Glyphs): readonly Row[] {
  if (!look) return [{ text: service, style: 'bold' }, { text: 'nothing is opened yet' }];
  const { lock } = look;
  const stages = lock.plan.stages
    .map(({ share }) => `${lock.share >= share ? glyphs.done : glyphs.toDo} ${share}`)
    .join('  ');
  const { text, part } = doing(look);
  const bar = part === undefined ? '' : `  ${barOf(part, glyphs)}`;
  const where = `${lock.share} % on ${lock.candidate}`;
  // In a narrow window the numbers are worth more than the pictures.
  const shapes = [
    `${lock.plan.strategy}  ${stages}     ${where}     ${text}${bar}`,
    `${stages}   ${where}   ${text}`,
    `${where}   ${text}`,
    `${lock.share} %  ${text}`,
  ];
  return [
    { text: `${service}  ${lock.image}  ${lock.releaseId}  policy ${lock.plan.policy}`, style: 'bold' },
    { text: shapes.find((shape) => shape.length <= columns) ?? shapes.at(-1)!, style: alarming(lock) },
  ];
}

function alarming({ phase, abort, hold, askedAt }: Lock): Style | undefined {
  if (phase === 'stuck' || phase === 'reverting' || abort) return 'red';
  return hold || askedAt !== undefined ? 'yellow' : undefined;
}

/** What goes on now, and, where it has a known end, which part of it is over (0-1). */
export function doing({ now, lock }: Pick<Look, 'now' | 'lock'>): { readonly text: string; readonly part?: number } {
  const { phase, share, plan, stageFrom = now, stable, candidate, hold, askedAt, settleFrom = now } = lock;
  const settling = stopwatch(Math.max(0, settleFrom + SETTLE_SECONDS - now));
  const part = (total: number) => ({ part: total > 0 ? Math.min(1, (now - stageFrom) / total) : 1 });
  if (phase === 'stuck') return { text: `STUCK: ${lock.reason ?? 'an operator must decide'}` };
  if (phase === 'reverting') return { text: `rolling back: ${candidate} off in ${settling}` };
  if (phase === 'closing') return { text: `closing: ${stable} off in ${settling}` };
  if (lock.abort) return { text: `rolling back to ${stable}` };
  if (hold) return { text: `held by ${hold.by} since ${clock(hold.at)}` };
  if (phase === 'warm')
    return {
      text: `warm ${stopwatch(Math.min(now - stageFrom, plan.warmSeconds))} of ${stopwatch(plan.warmSeconds)}`,
      ...part(plan.warmSeconds),
    };
  if (phase === 'migrating') return { text: 'migrating' };
  if (phase !== 'baking' || share === 0) return { text: `${candidate} gets ready` };
  const { bakeSeconds = 0 } = plan.stages.find((stage) => stage.share === share) ?? {};
  const over = now - stageFrom - bakeSeconds;
  if (askedAt !== undefined)
    return {
      text: `waits for an operator (since ${clock(askedAt)}, ends ${clock(askedAt + ANSWER_WITHIN_SECONDS)} by revert)`,
    };
  if (share === ALL) return { text: 'all requests are on it' };
  const baked = `bake ${stopwatch(Math.min(now - stageFrom, bakeSeconds))} of ${stopwatch(bakeSeconds)}`;
  return { text: over > 0 ? `${baked}, held for ${stopwatch(over)}` : baked, ...part(bakeSeconds) };
}

function barOf(part: number, { full, empty }: Glyphs): string {
  const done = Math.round(Math.max(0, Math.min(1, part)) * BAR_COLUMNS);
  return full.repeat(done) + empty.repeat(BAR_COLUMNS - done);
}

/** Both colours in the newest judged minute. */
function tableRows({ lock, judging, minutes }: Look): readonly Row[] {
  const newest = minutes.at(-1);
  if (!newest || !judging) return [{ text: `  ${waiting(lock)}`, style: 'dim' }];
  const { slowMs } = judging.state.baseline;
  const { tasks } = newest;
  const row = (colour: string, counts: Counts | undefined, healthy: number | undefined, style: Style): Row => ({
    text: `  ${colour.padEnd(9)}${cells(counts, healthy)}`,
    style,
  });
  return [
    {
      text: `  ${''.padEnd(9)}${columnsOf('requests', 'errors', `slow (over ${slowMs} ms)`, 'healthy tasks')}`,
      style: 'dim',
    },
    row(lock.candidate, newest.candidate, newest.healthyCandidate, COLOUR_STYLE[lock.candidate]),
    row(lock.stable, newest.stable, newest.stable && tasks.stable, COLOUR_STYLE[lock.stable]),
    { text: `  minute ${clock(newest.minute)}; numbers arrive one to two minutes late`, style: 'dim' },
  ];
}

const COLOUR_STYLE = { green: 'greenBright', blue: 'blueBright' } as const;

const waiting = ({ plan }: Lock): string =>
  plan.policy === 'literal'
    ? 'policy literal: fixed alarms decide, minutes are not compared'
    : 'no minute is judged yet; numbers arrive one to two minutes late';

const columnsOf = (requests: string, errors: string, slow: string, healthy: string): string =>
  `${requests.padStart(12)}  ${errors.padStart(14)}  ${slow.padStart(20)}  ${healthy.padStart(14)}`;

function cells(counts: Counts | undefined, healthy: number | undefined): string {
  const tasks = healthy === undefined ? '-' : String(healthy);
  if (!counts || counts.requests === 0) return columnsOf('none', '-', '-', tasks);
  const { requests, failures, slow } = counts;
  const errors = `${grouped(failures)}  ${percentOf(failures, requests)}`;
  return columnsOf(`${grouped(requests)}/min`, errors, slow === undefined ? '-' : percentOf(slow, requests, 1), tasks);
}

function oddsRows({ lock, judging, minutes }: Look, glyphs: Glyphs): readonly Row[] {
  const newest = minutes.at(-1);
  if (lock.plan.policy === 'literal') return [{ text: '  worse?   a single alarm rolls back' }];
  if (!newest || !judging) return [{ text: `  worse?   not known yet; reverts at odds of ${ODDS_LIMIT}` }];
  const seen = minutes.reduce((sum, { candidate }) => sum + (candidate?.requests ?? 0), 0);
  const counted = `${grouped(seen)} requests`;
  const { odds } = newest;
  const style = odds >= ODDS_LIMIT ? 'red' : odds >= SUSPICIOUS_ODDS ? 'yellow' : undefined;
  return [
    {
      text: `  worse?   odds ${oddsInWords(odds)}, reverts at ${ODDS_LIMIT}, no advance from ${SUSPICIOUS_ODDS}   ${sparkline(minutes, glyphs)}`,
      style,
    },
    {
      text: judging.state.proven
        ? `  safe?    shown: adds less than 2 points of errors (${counted})`
        : `  safe?    not yet shown to add less than 2 points of errors (${counted})`,
    },
  ];
}

/** The odds of the newest minutes on a logarithmic scale, from a tenth to the limit. */
function sparkline(minutes: readonly MinuteEvidence[], { heights }: Glyphs): string {
  const decades = Math.log10(ODDS_LIMIT) + 1;
  return minutes
    .slice(-SPARKLINE_MINUTES)
    .map(({ odds }) => {
      const part = (Math.log10(Math.max(odds, 0.1)) + 1) / decades;
      return heights[Math.min(heights.length - 1, Math.floor(part * heights.length))];
    })
    .join('');
}
