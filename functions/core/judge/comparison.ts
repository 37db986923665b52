/**
 * The odds that the candidate is worse than stable: a likelihood ratio for each minute, multiplied over the minutes and
 * mixed over sizes of fault and the minutes in which it may have begun. It starts at 1, and as long as the candidate is
 * no worse than stable it is a nonnegative supermartingale: it passes 100 with a chance of at most 1 %, however often one
 * looks (Ville). Formulas and proof: docs/judge.md.
 */
import { eventsOf, type Noise } from './baseline.ts';
import {
  DEAD_CAP_NATS,
  DEAD_FAILURES,
  DEAD_SHARE,
  DEAD_STABLE_RATIO,
  EFFECTS,
  ERROR_MARGIN,
  ERROR_MARGIN_RATE,
  LATENCY_BLIND_MINUTES,
  LEAST_ERROR_RATE,
  LEAST_INDEPENDENT_EVENTS,
  METRIC_WEIGHT,
  METRICS,
  type Metric,
  MINUTE_CAP_NATS,
  ONSET_AT_SHIFT,
  ONSET_AT_START,
  ONSET_IN_MINUTES,
  ONSET_MINUTES,
  SLOW_MARGIN,
  VERY_SLOW_MARGIN,
  WARM_UP_MARGIN,
  WARM_UP_MINUTES,
} from './constants.ts';
import type { Counts } from './readings.ts';

/** One closed minute of both colours. A colour that delivered nothing is absent. */
export interface ComparedMinute {
  /** Minutes since the first share; 0 is the first full minute. */
  readonly index: number;
  /** Minutes since the present share; 0 is its first full minute. */
  readonly stageAge: number;
  readonly candidate?: Counts | undefined;
  readonly stable?: Counts | undefined;
  /** All requests go to the candidate, so that only its own past is left to compare with. @default - not */
  readonly alone?: true;
  /** Tasks in service. */
  readonly tasks: { readonly candidate: number; readonly stable: number };
}

export interface Odds {
  /** Chance not yet given to any minute as the one in which a fault begins. */
  readonly unspent: number;
  /** For each metric and size of fault: the odds of one that has begun. */
  readonly begun: Readonly<Record<Metric, readonly number[]>>;
}

/** What was known before the minute came. */
export interface Before {
  readonly noise: Noise;
  /** Stable's error rate, 0-1. */
  readonly usualRate: number;
  /** No minute of this release was judged yet. */
  readonly isFirst: boolean;
}

export const beginOdds = (): Odds => ({
  unspent: 1,
  begun: {
    errors: EFFECTS.errors.map(() => 0),
    slow: EFFECTS.slow.map(() => 0),
    verySlow: EFFECTS.verySlow.map(() => 0),
  },
});

/** The odds with one minute more. A minute without data of both colours says nothing. */
export const growOdds = (odds: Odds, minute: ComparedMinute, before: Before): Odds =>
  grow(odds, onsetChance(minute, before), (metric) => minuteNats(minute, metric, before));

/** `onsetNow`: the chance that a fault begins in this minute; `natsOf`: what the minute says of a fault of some ratio. */
export function grow(
  { unspent, begun }: Odds,
  onsetNow: number,
  natsOf: (metric: Metric) => (ratio: number) => number,
): Odds {
  const onset = Math.min(unspent, onsetNow);
  const grown = (metric: Metric) => {
    const nats = natsOf(metric);
    return EFFECTS[metric].map(({ ratio }, index) => (begun[metric][index]! + onset) * Math.exp(nats(ratio)));
  };
  return {
    unspent: unspent - onset,
    begun: { errors: grown('errors'), slow: grown('slow'), verySlow: grown('verySlow') },
  };
}

/** The odds of each comparison alone (of all the faults that may have begun, and the chance that none has yet) and of all. */
export function oddsOf({ unspent, begun }: Odds): { odds: number; parts: Readonly<Record<Metric, number>> } {
  const mixed = (metric: Metric) =>
    EFFECTS[metric].reduce((sum, { weight }, index) => sum + weight * begun[metric][index]!, unspent);
  const parts = { errors: mixed('errors'), slow: mixed('slow'), verySlow: mixed('verySlow') };
  return { odds: METRICS.reduce((sum, metric) => sum + METRIC_WEIGHT[metric] * parts[metric], 0), parts };
}

/**
 * What a minute says, in nats, for a fault that multiplies the candidate's rate by a ratio: the likelihood ratio of a
 * binomial (of all bad requests, how many are the candidate's), tempered so that a burst of failures, or a minute with
 * one noisy task, does not count as independent events.
 */
function minuteNats(minute: ComparedMinute, metric: Metric, { noise, usualRate }: Before): (ratio: number) => number {
  const { candidate, stable } = minute;
  if (!candidate || !stable || isTooEarly(metric, minute)) return () => 0;
  const mine = eventsOf(candidate, metric);
  const theirs = eventsOf(stable, metric);
  if (mine === undefined || theirs === undefined || mine + theirs === 0) return () => 0;

  const events = mine + theirs;
  const allowed = candidate.requests * margin(metric, minute.index, usualRate);
  const expected = (events * allowed) / (allowed + stable.requests);
  const tempering = Math.max(noise.burst[metric], expected / independentEvents(minute, noise.spread[metric]));
  const cap = metric === 'errors' && isDead(candidate, stable) ? DEAD_CAP_NATS : MINUTE_CAP_NATS[metric];
  return (ratio) => {
    const rest = Math.log((allowed + stable.requests) / (allowed * ratio + stable.requests));
    return Math.min(cap, (mine * Math.log(ratio) + events * rest) / tempering);
  };
}

/** How many times stable's rate the candidate may have before it counts as worse; `minute` since the first share. */
export function margin(metric: Metric, minute: number, usualRate: number): number {
  const warmUp = WARM_UP_MARGIN * Math.exp(-minute / WARM_UP_MINUTES);
  switch (metric) {
    case 'errors':
      return errorMargin(usualRate);
    case 'slow':
      return SLOW_MARGIN + warmUp;
    case 'verySlow':
      return VERY_SLOW_MARGIN + 2 * warmUp;
  }
}

/** The same for errors, from stable's usual error rate (0-1). */
export const errorMargin = (usualRate: number): number =>
  ERROR_MARGIN + ERROR_MARGIN_RATE / Math.max(usualRate, LEAST_ERROR_RATE);

/** The most independent events that a minute is believed to hold: tasks differ, and a colour of few tasks more so. */
function independentEvents({ tasks }: ComparedMinute, spread: number): number {
  const fewTasks = Math.max(1, 1 / tasks.candidate + 1 / tasks.stable);
  return Math.max(LEAST_INDEPENDENT_EVENTS, 1 / (spread * fewTasks));
}

/** Response times right after a start or a shift are start-up, not service. */
export const isTooEarly = (metric: Metric, { index, stageAge }: ComparedMinute): boolean =>
  metric !== 'errors' && (index < LATENCY_BLIND_MINUTES || stageAge === 0);

/** So bad, while stable is fine, that a second minute would only cost users. */
const isDead = (candidate: Counts, stable: Counts): boolean =>
  candidate.failures >= DEAD_FAILURES &&
  candidate.failures >= candidate.requests * DEAD_SHARE &&
  stable.failures / stable.requests < DEAD_STABLE_RATIO * (candidate.failures / candidate.requests);

/** The chance, fixed beforehand, that a fault begins in this very minute. */
function onsetChance({ index, stageAge }: ComparedMinute, { isFirst }: Before): number {
  const anyMinute = index < ONSET_MINUTES ? ONSET_IN_MINUTES / ONSET_MINUTES : 0;
  if (isFirst) return ONSET_AT_START + anyMinute;
  return stageAge === 0 ? ONSET_AT_SHIFT + anyMinute : anyMinute;
}
