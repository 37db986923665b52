/**
 * The comparison at 100 %, where there is no stable traffic: the candidate against what is known. What is usual is learned
 * from stable's hour before the release and followed through the release, by no more a minute than a service drifts, so
 * that the time of day is not convicted and a fault does not become usual. Formulas and proof: docs/judge.md.
 */
import { type Baseline, eventsOf, type Usual } from './baseline.ts';
import { type ComparedMinute, grow, isTooEarly, margin, type Odds } from './comparison.ts';
import {
  DEAD_CAP_NATS,
  DEAD_FAILURES,
  DEAD_SHARE,
  DEAD_STABLE_RATIO,
  DRIFT_A_MINUTE,
  LATELY_MOST,
  LATELY_WEIGHT,
  LEAST_ERROR_RATE,
  LEAST_INDEPENDENT_EVENTS,
  type Metric,
  WANDER_DEVIATIONS,
  WARM_MINUTE_CAP_NATS,
  WARM_ONSET_AT_SHIFT,
  WARM_ONSET_MINUTES,
} from './constants.ts';
import type { Counts } from './readings.ts';

/** Rates of all requests, 0-1. */
type Rates = Readonly<Record<Metric, number>>;

/** What is usual in this minute, and what was counted lately, of both colours together. */
export interface Past {
  readonly level: Rates;
  readonly lately: Rates;
}

/** A service without a failure has a rate all the same. */
export const usualRates = ({ rates }: Usual): Rates => each((metric) => Math.max(LEAST_ERROR_RATE, rates[metric]));

export function beginPast(usual: Usual): Past {
  const rates = usualRates(usual);
  return { level: rates, lately: rates };
}

/**
 * The past with one minute more. The level never falls under `floor`, what the release began with: a quiet half hour does
 * not make an ordinary one a fault.
 */
export function followPast({ level, lately }: Past, minute: ComparedMinute, floor: Rates): Past {
  const seen = (metric: Metric): number => {
    const rate = isTooEarly(metric, minute) ? undefined : rateOf([minute.candidate, minute.stable], metric);
    if (rate === undefined) return lately[metric];
    return lately[metric] + LATELY_WEIGHT * (Math.min(rate, LATELY_MOST * level[metric]) - lately[metric]);
  };
  const now = each(seen);
  return {
    lately: now,
    level: each((metric) => {
      const step = Math.log(now[metric] / level[metric]);
      const drift = Math.min(DRIFT_A_MINUTE, Math.max(-DRIFT_A_MINUTE, step));
      return Math.max(floor[metric], level[metric] * Math.exp(drift));
    }),
  };
}

/** The odds with one minute at 100 % more. While the old colour has no healthy target it is no better, and nothing is said. */
export function growAgainstPast(odds: Odds, minute: ComparedMinute, past: Past, baseline: Baseline): Odds {
  return grow(odds, onsetChance(odds, minute), (metric) => minuteNats(minute, metric, past, baseline));
}

/**
 * What a minute says, in nats: the likelihood ratio of a Poisson count, against the most that is usual. Tempered as below
 * 100 %; what a service wanders from minute to minute widens both the margin and the tempering.
 */
function minuteNats(
  minute: ComparedMinute,
  metric: Metric,
  { level }: Past,
  { burst, spread, usual }: Baseline,
): (ratio: number) => number {
  const { candidate, tasks } = minute;
  const events = candidate && eventsOf(candidate, metric);
  if (events === undefined || !usual || tasks.stable === 0 || isTooEarly(metric, minute)) return () => 0;
  const wander = usual.wander[metric];
  const widest = margin(metric, minute.index, level.errors) * Math.exp(WANDER_DEVIATIONS * Math.sqrt(wander));
  const expected = candidate!.requests * level[metric] * widest;
  const perTask = spread[metric] * Math.max(1, 1 / tasks.candidate);
  const independent = Math.max(LEAST_INDEPENDENT_EVENTS, 1 / (perTask + wander));
  const tempering = Math.max(burst[metric], expected / independent);
  const cap = metric === 'errors' && isDead(candidate!, level.errors) ? DEAD_CAP_NATS : WARM_MINUTE_CAP_NATS;
  return (ratio) => Math.min(cap, (events * Math.log(ratio) - expected * (ratio - 1)) / tempering);
}

/** So bad that a second minute would only cost users. */
const isDead = ({ requests, failures }: Counts, usualRate: number): boolean =>
  failures >= DEAD_FAILURES &&
  failures >= requests * DEAD_SHARE &&
  usualRate < DEAD_STABLE_RATIO * (failures / requests);

/** Parts of what is left, so that the sum of all stays under 1 however long the warm time is. */
const onsetChance = ({ unspent }: Odds, { stageAge }: ComparedMinute): number =>
  unspent * (stageAge === 0 ? WARM_ONSET_AT_SHIFT : 1 / (stageAge + WARM_ONSET_MINUTES));

function rateOf(groups: readonly (Counts | undefined)[], metric: Metric): number | undefined {
  const known = groups.filter((counts) => counts !== undefined && eventsOf(counts, metric) !== undefined);
  const requests = known.reduce((sum, counts) => sum + counts!.requests, 0);
  if (requests === 0) return undefined;
  return known.reduce((sum, counts) => sum + eventsOf(counts!, metric)!, 0) / requests;
}

const each = (of: (metric: Metric) => number): Rates => ({
  errors: of('errors'),
  slow: of('slow'),
  verySlow: of('verySlow'),
});
