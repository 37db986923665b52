import { CALLS_BEGIN_WITHIN_MS, type Deadline } from '../adapters/client.ts';

/** One execution environment serves one invocation at a time, so one deadline will do. */
export const deadline: Deadline = { lastCallAt: Number.POSITIVE_INFINITY };

export function beginInvocation(): void {
  deadline.lastCallAt = Date.now() + CALLS_BEGIN_WITHIN_MS;
}
