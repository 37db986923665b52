/** What the commands of this bench share: their options, and the numbers as text. */
import { availableParallelism } from 'node:os';
import { numberFrom, type Options, readArguments, type Values, type Wrong } from '../../command-line/arguments.ts';
import type { Cell } from './tally.ts';

/** Some of a list of words, in the order of the list. */
export const someOf =
  <W extends string | number>(known: readonly W[]) =>
  (text: string): readonly W[] | Wrong => {
    const words = text.split(',');
    const unknown = words.find((word) => !known.some((one) => String(one) === word));
    if (unknown === undefined) return known.filter((one) => words.includes(String(one)));
    return { wrong: `"${unknown}" is none`, fix: `write some of ${known.join(',')}` };
  };

/** Requests a second of all traffic that the bench knows, and those that it runs unasked. */
export const TRAFFIC = [1, 3, 10, 30, 100, 300, 1000] as const;
export const USUAL_TRAFFIC: readonly (typeof TRAFFIC)[number][] = [1, 10, 100, 1000];

export const commonOptions = {
  runs: { value: 'N', help: 'releases a cell (200)', read: numberFrom(1, 1_000_000) },
  seed: { value: 'N', help: 'the same seed gives the same numbers (42)', read: numberFrom(0, 2 ** 31 - 1) },
  workers: { value: 'N', help: 'threads (as many as there are cores)', read: numberFrom(1, 64) },
  json: { help: 'one JSON object' },
} as const;

/** The options of the command line; ends with exit code 2 when something is wrong with them. */
export function optionsGiven<T extends Options>(table: T): Values<T> {
  const { values, words, wrong } = readArguments(process.argv.slice(2), table);
  const sentences = [
    ...wrong.map(({ field, message, fix }) => `${field} ${message}; ${fix}`),
    ...words.map((word) => `"${word}" is too much`),
  ];
  if (sentences.length === 0) return values;
  process.stderr.write(`${sentences.join('\n')}\n`);
  process.exit(2);
}

/** When, on what and from which seed numbers were made. */
export const circumstances = (seed: number) => ({
  at: new Date().toISOString(),
  node: process.version,
  cores: availableParallelism(),
  seed,
});

export const tellProgress = (done: number, of: number): void => {
  process.stderr.write(done === of ? `\r${of} parts done   \n` : `\r${done} of ${of} parts `);
};

/**
 * Where nothing is wrong: false aborts, in %. Else: missed, in % / median / 95th percentile of the minutes / bad responses.
 * As in docs/judge.md, appendix D.
 */
export function cellText({ falseAborts, missed, medianMinutes, p95Minutes, meanBadResponses }: Cell): string {
  if (missed === undefined) return percent(falseAborts);
  if (falseAborts === 1) return 'aborts before';
  const bad = meanBadResponses === undefined ? '-' : Math.round(meanBadResponses).toLocaleString('en-US');
  return [hundredths(missed), medianMinutes ?? '-', p95Minutes ?? '-', bad].join(' / ');
}

export const percent = (rate: number): string => `${hundredths(rate)} %`;

const hundredths = (rate: number): number => Number((100 * rate).toFixed(2));
