import type { GroupMinute } from '../core/judge/readings.ts';
import type { Colour } from '../core/roles.ts';
import type { Instant } from './clock.ts';

/** What one minute looked like, as far as it has been delivered: a colour that reported nothing is absent. */
export interface MinuteReading {
  /** Start of the minute, epoch seconds, a multiple of 60. */
  readonly minute: Instant;
  readonly colours: Readonly<Partial<Record<Colour, GroupMinute>>>;
  /** The same minute of one colour, split by availability zone. */
  readonly zones: Readonly<Record<Colour, readonly GroupMinute[]>>;
}

export interface AlarmReading {
  readonly name: string;
  readonly colour: Colour;
  /** `backstop` acts in both policies, `literal` only under that policy. */
  readonly kind: 'backstop' | 'literal';
  readonly state: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
  /** When it entered this state, epoch seconds. */
  readonly since: Instant;
  /** What crossed what, in words. */
  readonly reason: string;
}

export interface Signals {
  /**
   * Closed minutes in [from, to), oldest first, as delivered by now. `thresholdsMs`: for each, the share of responses
   * at or under it is asked for, in the same order as `GroupMinute.withinPercent`.
   */
  minutes(query: { from: Instant; to: Instant; thresholdsMs: readonly number[] }): Promise<readonly MinuteReading[]>;
  /** Every alarm of the service; fewer than exist is an error, never an "all is well". */
  alarms(): Promise<readonly AlarmReading[]>;
}
