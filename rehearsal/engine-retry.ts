/** Which Retrier and which Catcher an error meets, and how long a Retrier waits. */
import type { Retrier } from './engine-states.ts';

/** No Retry and no Catch sees these. */
const UNCATCHABLE = ['States.Runtime', 'States.DataLimitExceeded'];

export const isCatchable = (error: string): boolean => !UNCATCHABLE.includes(error);

/** Whether a Retrier or a Catcher of these names takes a catchable error. A timeout is no States.TaskFailed. */
export const takes =
  (error: string) =>
  ({ ErrorEquals }: { readonly ErrorEquals: readonly string[] }): boolean =>
    ErrorEquals.includes(error) ||
    ErrorEquals.includes('States.ALL') ||
    (ErrorEquals.includes('States.TaskFailed') && error !== 'States.Timeout');

/**
 * Seconds before the next try. `retried`: how often this Retrier has acted before; `chance()` in [0, 1).
 * Full jitter draws from [0, delay): https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
 */
export function secondsBeforeRetry(retrier: Retrier, retried: number, chance: () => number): number {
  const delay = Math.min(
    retrier.IntervalSeconds * retrier.BackoffRate ** retried,
    retrier.MaxDelaySeconds ?? Number.POSITIVE_INFINITY,
  );
  return retrier.JitterStrategy === 'FULL' ? delay * chance() : delay;
}
