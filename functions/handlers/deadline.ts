/** The time of one invocation. One execution environment serves one at a time, so one deadline will do. */
import { CALLS_BEGIN_WITHIN_MS, type Deadline, LONGEST_CALL_MS } from '../adapters/client.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { Transient } from '../core/failures.ts';
import type { Clock } from '../ports/clock.ts';

export const deadline: Deadline = { lastCallAt: Number.POSITIVE_INFINITY };

/** Notifications come after what they tell of, and take three seconds at most. */
export const notificationDeadline: Deadline = { lastCallAt: Number.POSITIVE_INFINITY };

export function beginInvocation(callsBeginWithinMs = CALLS_BEGIN_WITHIN_MS): void {
  deadline.lastCallAt = Date.now() + callsBeginWithinMs;
  notificationDeadline.lastCallAt = deadline.lastCallAt + LONGEST_CALL_MS;
}

/** A sleep after which no call could begin is not begun. */
export const clock: Clock = {
  now: systemClock.now,
  async sleep(seconds) {
    if (Date.now() + seconds * 1000 > deadline.lastCallAt)
      throw new Transient('This invocation has no time left to wait in');
    await systemClock.sleep(seconds);
  },
};
