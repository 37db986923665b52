/** Numbers and moments as the report writes them. */
import { clock as clockOf, grouped } from '../functions/core/numerals.ts';
import type { RunRecord } from './record.ts';

/** Between a number and its sign, so that no line breaks there. */
const JOINT = '\u00a0';

/** "25 %", and with decimals "2.22 %". */
export const percent = (value: number, decimals = 0): string => `${value.toFixed(decimals)}${JOINT}%`;

/** "2.22 %" of two counts; a dash where there was nothing to divide by. */
export const rate = (events: number, requests: number): string =>
  requests > 0 ? percent((100 * events) / requests, 2) : '–';

/** "28 of 1,261 (2.22 %)" */
export const portion = (events: number, requests: number): string =>
  `${grouped(events)} of ${grouped(requests)} (${rate(events, requests)})`;

/** "14:16" of a second of the rehearsal, UTC. */
export const clock = ({ start }: Pick<RunRecord, 'start'>, second: number): string => clockOf(start + second);

/** "14:16:04", UTC. */
export const clockSeconds = ({ start }: Pick<RunRecord, 'start'>, second: number): string =>
  iso(start + second).slice(11, 19);

export const iso = (epochSeconds: number): string => new Date(epochSeconds * 1000).toISOString();

/** No line breaks before a percent sign. */
export const joined = (text: string): string => text.replaceAll(/(\d) %/g, `$1${JOINT}%`);

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** "5, 25 and 50 %" */
export const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;

/** The share and the verdict have columns of their own. */
export const withoutPrefix = (summary: string): string =>
  summary.replace(/^\d+ %: (?:(?:continue|hold|advance|abort), )?/, '');
