/** `sluice rehearse --kill-everywhere`: thousands of short releases, on every core, each of which dies somewhere else. */
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { Sampler } from '../rehearsal/kill-everywhere/places.ts';
import { type KillReport, reportOf } from '../rehearsal/kill-everywhere/report.ts';
import { KILL_STORIES } from '../rehearsal/kill-everywhere/stories.ts';
import {
  firstPass,
  type KillOptions,
  type KillPoint,
  type KillResult,
  secondPass,
} from '../rehearsal/kill-everywhere.ts';
import type { KillJob } from './kill-worker.ts';
import type { Terminal } from './screen/verb.ts';

const MOST_VIOLATIONS_TOLD = 20;

/** The exit code: 1 when a promise was broken. */
export async function killEverywhere(options: KillOptions, json: boolean, terminal: Terminal): Promise<number> {
  const tell = (text: string): void => (json ? undefined : terminal.tell(text));
  const workers = Array.from({ length: availableParallelism() }, () => new Worker(WORKER));
  try {
    const results: KillResult[] = [];
    const sampler = new Sampler(options.seed);
    let places = 0;
    for (const scenario of KILL_STORIES.keys()) {
      const { whole, points, places: here } = await firstPass(scenario, options, sampler);
      const first = await runAll(points, options, workers);
      const second = await runAll(secondPass(first, sampler), options, workers);
      const found = [whole, ...first, ...second];
      results.push(...found);
      places += here;
      tell(lineOf(reportOf(found, here)));
    }
    const report = reportOf(results, places);
    if (json) terminal.print(JSON.stringify(report));
    else terminal.print(summaryOf(report));
    return report.violations.length === 0 ? 0 : 1;
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** Beside the bundle of this file. */
const WORKER = new URL('kill-worker.mjs', import.meta.url);

/** In the order of the points, on however many threads. */
async function runAll(
  points: readonly KillPoint[],
  options: KillOptions,
  workers: readonly Worker[],
): Promise<readonly KillResult[]> {
  const results: KillResult[] = [];
  let next = 0;
  await Promise.all(
    workers.map(async (worker) => {
      for (let index = next++; index < points.length; index = next++) {
        const job: KillJob = { point: points[index]!, options };
        const answered = once(worker, 'message');
        worker.postMessage(job);
        [results[index]] = (await answered) as [KillResult];
      }
    }),
  );
  return results;
}

const lineOf = ({ scenarios: [one], killPoints, tookOver, maxSecondsToStable, violations }: KillReport): string =>
  `  ${one?.scenario.padEnd(48)} ${String(killPoints).padStart(5)} deaths, ${tookOver} taken over, users safe within ${maxSecondsToStable} s, ${violations.length} promises broken`;

function summaryOf({
  killPoints,
  places,
  tookOver,
  maxSecondsToStable,
  maxSecondsToFree,
  violations,
}: KillReport): string {
  const told = violations
    .slice(0, MOST_VIOLATIONS_TOLD)
    .map(
      ({ scenario, kill, second, invariant, detail }) =>
        `  ${scenario}, ${kill}: promise ${invariant} at ${second} s, ${detail}`,
    );
  const more = violations.length - told.length;
  return [
    `${killPoints} deaths, ${tookOver} of them taken over, sampled by the seed from ${places} transitions and calls. ${violations.length === 0 ? 'Every promise was kept.' : `${violations.length} promises were broken.`}`,
    `All users on a healthy colour at most ${maxSecondsToStable} s after the last stop; lock free, or stuck with a notification, at most ${maxSecondsToFree} s after it.`,
    ...told,
    ...(more > 0 ? [`  and ${more} more`] : []),
  ].join('\n');
}
