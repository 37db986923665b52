import { ALL, type Share } from './share.ts';

/** Tasks that a colour must have healthy before it is sent `share` percent of what stable carries now. */
export function tasksNeeded(stableRunning: number, share: Share, minimum: number): number {
  return Math.max(minimum, Math.ceil((stableRunning * share) / ALL));
}
