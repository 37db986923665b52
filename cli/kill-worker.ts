/** Flies kill points on a thread of its own. */
import { parentPort } from 'node:worker_threads';
import { flyKilled, type KillOptions, type KillPoint } from '../rehearsal/kill-everywhere.ts';

export interface KillJob {
  readonly point: KillPoint;
  readonly options: KillOptions;
}

parentPort?.on('message', ({ point, options }: KillJob) => {
  void flyKilled(point, options).then((result) => parentPort?.postMessage(result));
});
