/** A recorded release, wherever it was recorded, as `sluice replay` judges it again. */
import type { Baseline } from '../../functions/core/judge/baseline.ts';
import type { JudgedMinute } from '../../functions/core/judge/judge.ts';
import type { GroupMinute } from '../../functions/core/judge/readings.ts';
import type { ColourNames } from '../../functions/core/judge/verdict.ts';
import type { Share } from '../../functions/core/share.ts';

export interface Recording {
  readonly id: string;
  /** Whole minutes after its end at which a minute was known. */
  readonly deliveryDelayMinutes: number;
  readonly names: ColourNames;
  readonly baseline: Baseline;
  /** One after the other, without gaps. */
  readonly minutes: readonly RecordedMinute[];
  /** The thresholds behind `withinPercent` of the candidate's readings, milliseconds. */
  readonly gridMs: readonly number[];
  readonly end: RecordingEnd;
}

export interface RecordedMinute extends JudgedMinute {
  readonly share: Share;
  /** The candidate as its alarms see it. */
  readonly reading: GroupMinute;
}

export interface RecordingEnd {
  /** The bake of the last minute was over: the share rose once more, or the plan's time had passed. */
  readonly bakeDone: boolean;
  /** All requests were on the candidate at some time, be it in a minute that is not in the recording. */
  readonly reached100: boolean;
  /** What became of the release, where that is recorded: the verdict that this amounts to, if any, and a sentence. */
  readonly fate?: { readonly verdict?: ReplayVerdict; readonly sentence: string };
}

export type ReplayVerdict = 'promote' | 'abort' | 'hold';

/** What is assumed of a recording that does not say it. */
export const ASSUMED_DELAY_MINUTES = 1;

/** More requests in a minute than any load balancer takes: 16 million a second. */
export const MOST_REQUESTS = 1e9;
