/** Runs kill points on a thread of its own. */
import { parentPort } from 'node:worker_threads';
import { type KillOptions, type KillPoint, runKilled } from '../rehearsal/kill-everywhere.ts';

export interface KillJob {
  readonly point: KillPoint;
  readonly options: KillOptions;
}

parentPort?.on('message', ({ point, options }: KillJob) => {
  void runKilled(point, options).then((result) => parentPort?.postMessage(result));
});
