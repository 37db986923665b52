/** Spreads a table of cells over worker threads. The numbers do not depend on how many there are. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { build, type Plugin } from 'esbuild';
import type { DetectorName } from './detectors.ts';
import { type Scenario, scenarioNamed } from './scenarios.ts';
import { type Cell, cellOf, type Outcome } from './tally.ts';
import type { Done, Job } from './worker.ts';

export interface Bench {
  readonly scenarios: readonly Scenario['name'][];
  readonly rps: readonly number[];
  readonly detectors: readonly DetectorName[];
  readonly runs: number;
  readonly seed: number;
  readonly workers: number;
  /** Constants of the judge by their name, with another value: for this bench's own copy of it. */
  readonly constants?: Readonly<Record<string, unknown>>;
  /** Told of each finished job. */
  readonly onProgress?: (done: number, of: number) => void;
}

const RUNS_A_JOB = 200;

export async function cellsOf(bench: Bench): Promise<readonly Cell[]> {
  const tables = bench.rps.flatMap((rps) => bench.scenarios.map((scenario) => ({ rps, scenario })));
  const jobs = tables.flatMap(({ rps, scenario }) =>
    Array.from({ length: Math.ceil(bench.runs / RUNS_A_JOB) }, (_, index): Job => {
      const from = index * RUNS_A_JOB;
      const to = Math.min(bench.runs, from + RUNS_A_JOB);
      return { scenario, rps, seed: bench.seed, from, to, detectors: bench.detectors };
    }),
  );
  const done = await allDone(jobs, bench);
  return tables.flatMap(({ rps, scenario: wanted }) => {
    const scenario = scenarioNamed(wanted);
    const mine = done.filter((_, index) => jobs[index]!.rps === rps && jobs[index]!.scenario === wanted);
    return bench.detectors.map((detector, column) =>
      cellOf(
        detector,
        scenario,
        rps,
        mine.flatMap((part): readonly Outcome[] => part[column]!),
      ),
    );
  });
}

async function allDone(jobs: readonly Job[], { workers, constants = {}, onProgress }: Bench): Promise<readonly Done[]> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  try {
    const file = join(folder, 'worker.mjs');
    await bundle(file, constants);
    const done: Done[] = [];
    let [next, finished] = [0, 0];
    await Promise.all(
      Array.from({ length: Math.min(workers, jobs.length) }, async () => {
        const worker = new Worker(file);
        try {
          for (let index = next++; index < jobs.length; index = next++) {
            done[index] = await answerOf(worker, jobs[index]!);
            onProgress?.(++finished, jobs.length);
          }
        } finally {
          await worker.terminate();
        }
      }),
    );
    return done;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const answerOf = (worker: Worker, job: Job): Promise<Done> =>
  new Promise((resolve, reject) => {
    const settle = (then: () => void) => {
      worker.off('message', onMessage);
      worker.off('error', onError);
      then();
    };
    const onMessage = (done: Done) => settle(() => resolve(done));
    const onError = (error: Error) => settle(() => reject(error));
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.postMessage(job);
  });

const bundle = (outfile: string, constants: Readonly<Record<string, unknown>>) =>
  build({
    entryPoints: [fileURLToPath(new URL('worker.ts', import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'silent',
    plugins: [withConstants(constants)],
  });

/** Builds the judge with other constants. The product has no such switch: its constants are constants. */
export const withConstants = (constants: Readonly<Record<string, unknown>>): Plugin => ({
  name: 'other-constants',
  setup({ onLoad }) {
    onLoad({ filter: /functions[\\/]core[\\/]judge[\\/]constants\.ts$/ }, async ({ path }) => ({
      contents: Object.entries(constants).reduce(otherConstant, await readFile(path, 'utf8')),
      loader: 'ts',
    }));
  },
});

function otherConstant(source: string, [name, value]: readonly [string, unknown]): string {
  const declared = new RegExp(`^export const ${name}\\b`, 'm');
  if (!declared.test(source)) throw new Error(`The judge has no constant ${name}`);
  return `${source.replace(declared, `const usual${name}`)}\nexport const ${name} = ${literalOf(value)};\n`;
}

/** As a source text; JSON knows no infinity. */
const literalOf = (value: unknown): string =>
  value === Number.POSITIVE_INFINITY ? 'Number.POSITIVE_INFINITY' : JSON.stringify(value);
