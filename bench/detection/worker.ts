/** Simulates and judges a few releases at a time, on a thread of its own. */
import { parentPort } from 'node:worker_threads';
import { type DetectorName, detectorNamed } from './detectors.ts';
import { type Scenario, scenarioNamed } from './scenarios.ts';
import { badUntil, type Outcome } from './tally.ts';
import { simulate } from './world.ts';

export interface Job {
  readonly scenario: Scenario['name'];
  readonly rps: number;
  readonly seed: number;
  /** Runs from this one on, up to but without that one. */
  readonly from: number;
  readonly to: number;
  readonly detectors: readonly DetectorName[];
}

/** For each detector of the job, its outcome of each run. */
export type Done = readonly (readonly Outcome[])[];

export function work({ scenario: wanted, rps, seed, from, to, detectors }: Job): Done {
  const scenario = scenarioNamed(wanted);
  const outcomes: Outcome[][] = detectors.map(() => []);
  for (let run = from; run < to; run++) {
    const release = simulate(scenario, rps, seed, run);
    for (const [index, detector] of detectors.entries()) {
      const found = detectorNamed(detector)(release);
      outcomes[index]!.push({ ...found, bad: badUntil(release.minutes, found.abort?.seenAt) });
    }
  }
  return outcomes;
}

parentPort?.on('message', (job: Job) => parentPort?.postMessage(work(job)));
