/** The sentences of a flight: one function makes them, for every place in which they are shown. */
import type { Flight, TimelineEntry } from '../rehearsal/flight.ts';
import { START } from '../rehearsal/flight.ts';

export interface Line {
  /** Epoch seconds. */
  readonly at: number;
  readonly sign: '▲' | '◆' | '▼' | '■' | '‖' | ' ';
  readonly share: number;
  readonly word: string;
  readonly text: string;
}

/** Odds under this are the usual noise of a healthy release. */
const WORTH_TELLING = 1;

/** Turns entries into lines one by one; quiet ones give none. */
export function narrator(everyMinute: boolean): (entry: TimelineEntry) => Line | undefined {
  let lastState = '';
  let lastVerdict: string | undefined;
  let wasWorthTelling = false;
  return (entry) => {
    const isNews = entry.state !== lastState || entry.verdict !== lastVerdict;
    const rose = (entry.odds ?? 0) >= WORTH_TELLING && !wasWorthTelling;
    if (rose) wasWorthTelling = true;
    lastState = entry.state;
    lastVerdict = entry.verdict;
    return lineFor(entry, isNews || rose || everyMinute);
  };
}

function lineFor({ second, state, share, verdict, summary }: TimelineEntry, tell: boolean): Line | undefined {
  const line = (sign: Line['sign'], word: string): Line | undefined =>
    tell ? { at: START + second, sign, share, word, text: withoutPrefix(summary) } : undefined;
  switch (`${state} ${verdict ?? ''}`.trim()) {
    case 'Open opened':
      return line(' ', 'open');
    case 'Migrate done':
      return undefined;
    case 'Migrate wait':
      return line(' ', 'migrate');
    case 'Prepare wait':
    case 'Prepare ready':
      return line(' ', 'prepare');
    case 'Shift shifted':
      return line('▲', 'shift');
    case 'Judge continue':
    case 'Watch continue':
      return line(' ', state === 'Watch' ? 'warm' : 'continue');
    case 'Judge hold':
      return line('‖', 'hold');
    case 'Judge advance':
      return line(' ', 'advance');
    case 'Watch advance':
      return line(' ', 'close');
    case 'Judge abort':
    case 'Watch abort':
      return line('◆', 'abort');
    case 'Revert wait':
      return line('▼', 'revert');
    case 'Revert reverted':
    case 'Close closed':
      return line('■', 'closed');
    case 'Close wait':
      return line(' ', 'closing');
    case 'Reverted reverted':
    case 'Promoted closed':
      return undefined;
    default:
      return line(' ', state.toLowerCase());
  }
}

/** The share and the verdict have columns of their own. */
const withoutPrefix = (summary: string): string =>
  summary.replace(/^\d+ %: (?:(?:continue|hold|advance|abort), )?/, '');

export function formatLine({ at, sign, share, word, text }: Line, time: 'clock' | 'iso'): string {
  const iso = new Date(at * 1000).toISOString();
  const when = time === 'iso' ? `${iso.slice(0, 19)}Z` : iso.slice(11, 19);
  return `${when}  ${sign}  ${String(share).padStart(3)} %  ${word.padEnd(9)} ${text}`;
}

/** The block at the end: how it ended, what it cost, what was watched, and, last, why. */
export function closing(flight: Flight, wallSeconds: number): string {
  const { outcome, expected, asExpected, requests, violations, unchecked, virtualSeconds, timeline } = flight;
  const at =
    outcome === 'reverted'
      ? ` at ${timeline.find(({ verdict }) => verdict === 'abort')?.share ?? flight.shares.at(-1) ?? 0} %`
      : '';
  const scenario = asExpected
    ? 'as this scenario expects'
    : `but this scenario expects ${expected.outcome}${expected.share === undefined ? '' : ` at ${expected.share} %`}`;
  const safe =
    violations.length === 0
      ? `no promise was broken (watched every second: ${WATCHED.filter((one) => !unchecked.includes(one)).join(', ')})`
      : violations
          .map(
            ({ invariant, second, state, detail }) =>
              `BROKEN promise ${invariant} at second ${second} (${state}): ${detail}`,
          )
          .join('\n         ');
  const back = flight.secondsFromVerdictToStable;
  return [
    `${outcome.toUpperCase()}${at}, ${scenario}.`,
    `  Flown  ${duration(virtualSeconds)} in ${wallSeconds.toFixed(1)} s`,
    `  Users  ${grouped(requests.candidate)} of ${grouped(requests.total)} requests met the candidate, it failed ${grouped(requests.failedByCandidate)}, ${grouped(requests.droppedByShift)} were dropped by a shift`,
    ...(back === undefined ? [] : [`  Back   all requests on stable ${back} s after the verdict (budget 120 s)`]),
    `  Safe   ${safe}`,
    `  Why    ${flight.reason}`,
  ].join('\n');
}

const WATCHED = [1, 2, 3, 4, 5, 6, 7, 8, 9];

export const duration = (seconds: number): string => {
  const minutes = Math.floor(seconds / 60);
  const parts = [
    [Math.floor(minutes / 60), 'h'],
    [minutes % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  return (
    parts
      .filter(([count]) => count > 0)
      .map(([count, unit]) => `${count} ${unit}`)
      .join(' ') || '0 s'
  );
};

const grouped = (count: number): string => count.toLocaleString('en-US');
