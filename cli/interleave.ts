/**
 * Random interleavings of everybody who touches a service, over the real steps (rehearsal/interleave.ts).
 * `npm run interleave -- [--seed N] [--schedules N] [--threads N] [--sabotage NAME] [--json]`
 * With a seed alone that one schedule is replayed, event by event. Exit code 1: a promise was broken.
 */
import { availableParallelism } from 'node:os';
import { numberFrom, type Options, readArguments } from '../command-line/arguments.ts';
import { SABOTAGES } from '../rehearsal/interleave/sabotage.ts';
import { interleavings } from '../rehearsal/interleave/threads.ts';
import { interleave } from '../rehearsal/interleave.ts';

const NAMES = Object.keys(SABOTAGES) as (keyof typeof SABOTAGES)[];

const OPTIONS = {
  seed: { value: 'N', help: 'the first seed; alone: the one to replay', read: numberFrom(0, 2 ** 31 - 1) },
  schedules: { value: 'N', help: 'how many (100000)', read: numberFrom(1, 10_000_000) },
  threads: { value: 'N', help: 'how many (as many as there are cores)', read: numberFrom(1, 64) },
  sabotage: {
    value: 'NAME',
    help: `takes a protection away: ${NAMES.join(', ')}`,
    read: (text: string) =>
      NAMES.find((name) => name === text) ?? { wrong: 'is none', fix: `write ${NAMES.join(', ')}` },
  },
  json: { help: 'one JSON object' },
} as const satisfies Options;

const { values, words, wrong } = readArguments(process.argv.slice(2), OPTIONS);
const mistakes = [...wrong.map(({ field, message, fix }) => `${field} ${message}; ${fix}`), ...words];
if (mistakes.length > 0) {
  process.stderr.write(`${mistakes.join('\n')}\n`);
  process.exit(2);
}
const { seed, schedules, threads = availableParallelism(), sabotage, json } = values;

if (seed !== undefined && schedules === undefined) {
  const { trace, broken } = await interleave(seed, {
    trace: true,
    ...(sabotage ? { sabotage: SABOTAGES[sabotage] } : {}),
  });
  const lines = broken.map(({ promise, detail }) => `promise ${promise}: ${detail}`);
  process.stdout.write(`${[...trace, ...(broken.length > 0 ? lines : ['every promise was kept'])].join('\n')}\n`);
  process.exitCode = broken.length > 0 ? 1 : 0;
} else {
  const found = await interleavings({
    seed: seed ?? 1,
    schedules: schedules ?? 100_000,
    threads,
    sabotage,
    onProgress: (done, of) => process.stderr.write(`\r${done} of ${of}${done === of ? '\n' : ''}`),
  });
  const replay = (one: number) => `npm run interleave -- --seed ${one}${sabotage ? ` --sabotage ${sabotage}` : ''}`;
  const text = [
    `${found.schedules} schedules, ${found.distinct} distinct, ${found.events} events, ${found.seconds.toFixed(0)} s`,
    ...found.broken.flatMap(({ seed: one, broken }) => [
      ...broken.map(({ promise, detail }) => `promise ${promise}: ${detail}`),
      `  ${replay(one)}`,
    ]),
  ];
  process.stdout.write(
    json ? `${JSON.stringify({ schema: 'sluice.interleave/1', ...found })}\n` : `${text.join('\n')}\n`,
  );
  process.exitCode = found.broken.length > 0 ? 1 : 0;
}
