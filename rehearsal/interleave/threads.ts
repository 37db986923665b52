/** Many interleavings on several threads, and how many of them were really different. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { policyAsJson } from '../../state-machines/policy-as-json.ts';
import type { Done, Job } from './worker.ts';

export interface Interleavings {
  readonly schedules: number;
  /** By the order of their events. */
  readonly distinct: number;
  readonly events: number;
  readonly seconds: number;
  readonly broken: Done['broken'];
}

export interface Wanted {
  /** The first seed. */
  readonly seed: number;
  readonly schedules: number;
  readonly threads: number;
  readonly sabotage?: Job['sabotage'];
  /** No job is begun after one in which a promise was broken. */
  readonly untilBroken?: boolean;
  readonly onProgress?: (done: number, of: number) => void;
}

const SEEDS_A_JOB = 500;

export async function interleavings({
  seed,
  schedules,
  threads,
  sabotage,
  untilBroken = false,
  onProgress,
}: Wanted): Promise<Interleavings> {
  const startedAt = performance.now();
  const end = seed + schedules;
  const hashes = new Set<string>();
  const broken: Done['broken'][number][] = [];
  let events = 0;
  let next = seed;
  let done = 0;
  await withWorkers(threads, async (worker) => {
    for (let from = next; from < end && !(untilBroken && broken.length > 0); from = next) {
      next = Math.min(end, from + SEEDS_A_JOB);
      worker.postMessage({ from, to: next, sabotage } satisfies Job);
      const [answer] = (await once(worker, 'message')) as [Done];
      for (const hash of answer.hashes) hashes.add(hash);
      broken.push(...answer.broken);
      events += answer.events;
      done += answer.hashes.length;
      onProgress?.(done, schedules);
    }
  });
  broken.sort((one, other) => one.seed - other.seed);
  const seconds = (performance.now() - startedAt) / 1000;
  return { schedules, distinct: hashes.size, events, seconds, broken };
}

async function withWorkers(threads: number, use: (worker: Worker) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-interleave-'));
  try {
    const file = join(folder, 'worker.mjs');
    await build({
      entryPoints: [fileURLToPath(new URL('worker.ts', import.meta.url))],
      outfile: file,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      plugins: [policyAsJson],
      logLevel: 'silent',
    });
    await Promise.all(
      Array.from({ length: threads }, async () => {
        const worker = new Worker(file);
        try {
          await use(worker);
        } finally {
          await worker.terminate();
        }
      }),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
