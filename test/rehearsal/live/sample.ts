import { fileURLToPath } from 'node:url';
import { type LiveTask, startTask } from '../../../rehearsal/live/processes.ts';
import type { TargetAddress } from '../../../rehearsal/live/proxy.ts';

export const SAMPLE_BACKEND = fileURLToPath(new URL('../../../examples/sample-backend.mjs', import.meta.url));

/** A healthy task of the sample backend that fails only when it is told to. */
export async function startSample(environment: Readonly<Record<string, string>> = {}): Promise<LiveTask> {
  const task = await startTask({
    command: [process.execPath, SAMPLE_BACKEND],
    environment: { BASE_ERROR_RATE: '0', ...environment },
  });
  await until(() => task.healthy());
  return task;
}

export const inZone = (zone: 0 | 1, { port }: LiveTask): TargetAddress => ({ port, zone });

export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Looks every 20 ms; an error when it has not come true in five seconds. */
export async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  for (const giveUpAt = performance.now() + 5000; performance.now() < giveUpAt; await sleep(20))
    if (await isTrue()) return;
  throw new Error('It did not come true within five seconds');
}
