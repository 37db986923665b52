/** Interleaves seed after seed on a thread of its own. */
import { parentPort } from 'node:worker_threads';
import { type Interleaved, interleave } from '../interleave.ts';
import { SABOTAGES } from './sabotage.ts';

export interface Job {
  /** From this seed on, up to but without that one. */
  readonly from: number;
  readonly to: number;
  readonly sabotage?: keyof typeof SABOTAGES | undefined;
}

export interface Done {
  readonly hashes: readonly string[];
  readonly events: number;
  readonly broken: readonly Pick<Interleaved, 'seed' | 'broken'>[];
}

// Thousands of failures are thrown here on purpose, and nobody reads where.
Error.stackTraceLimit = 0;

export async function work({ from, to, sabotage }: Job): Promise<Done> {
  const hashes: string[] = [];
  const found: Done['broken'][number][] = [];
  let all = 0;
  for (let seed = from; seed < to; seed++) {
    const { hash, events, broken } = await interleave(seed, sabotage ? { sabotage: SABOTAGES[sabotage] } : {});
    hashes.push(hash);
    all += events;
    if (broken.length > 0) found.push({ seed, broken });
  }
  return { hashes, events: all, broken: found };
}

parentPort?.on('message', (job: Job) => void work(job).then((done) => parentPort!.postMessage(done)));
