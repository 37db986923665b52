/** Whose alarm it is: an alarm knows its colour and when it rang, and a colour serves one release after another. */
import type { Lock } from './protocol.ts';

export interface FiringAlarm {
  readonly name: string;
  readonly kind: 'backstop' | 'literal';
  /** When it entered ALARM, epoch seconds. */
  readonly since: number;
}

/**
 * Minutes of before the first share, when the colour slept, came up or held an older release, may ring afterwards still:
 * numbers arrive up to two minutes late and are looked at once a minute.
 */
const LATE_SECONDS = 180;
/** Then none of those minutes is in a backstop's window any more, which is three minutes wide: what still fires is ours. */
const FORGOTTEN_AFTER_SECONDS = 600;

/** Why an alarm of the candidate's colour is not about this release; undefined: it is. */
export function whyNotOurs({ firstShareAt, alarmsSeen }: Lock, { name, kind, since }: FiringAlarm): string | undefined {
  if (firstShareAt === undefined) return 'no user has met it yet';
  if (since <= (alarmsSeen?.[name] ?? firstShareAt)) return `${name} fired before its first share`;
  if (kind === 'backstop' && since <= firstShareAt + LATE_SECONDS)
    return `${name} fired too soon after its first share to be about this release`;
  return undefined;
}

/** Whether an alarm that fires at this moment is about this release, whenever it began to. */
export const isOurs = (lock: Lock, alarm: FiringAlarm, now: number): boolean =>
  whyNotOurs(lock, alarm) === undefined ||
  (lock.firstShareAt !== undefined && now >= lock.firstShareAt + FORGOTTEN_AFTER_SECONDS);
