import { PASS_P95_MS, ROLLBACK_P95_MS } from '../thresholds.ts';
import {
  BURST_CAP_VARIANCE,
  BURST_LEAST,
  BURST_MINUTE_MOST,
  BURST_MOST,
  BURST_PRIOR,
  BURST_PRIOR_MINUTES,
  LATENCY_BURST,
  LEAST_BASELINE_MINUTES,
  LEAST_EVENTS,
  type Metric,
  SPREAD_CHANCE,
  SPREAD_LEAST,
  SPREAD_PRIOR,
  SPREAD_PRIOR_WEIGHT,
  WANDER_MINUTE_MOST,
  WANDER_PRIOR,
} from './constants.ts';
import { type Counts, countsOf, countsOfZones, type GroupMinute, type LatencyColumns, sumOf } from './readings.ts';

/** What an hour of stable alone teaches: its usual rates, and how noisy its numbers are beyond chance. */
export interface Noise {
  /** Failures that come together (phi), 1.5-6: so many of them count as one piece of evidence. */
  readonly burst: Readonly<Record<Metric, number>>;
  /** Variance of a half's share beyond chance (tau2): bounds what one minute can be worth. */
  readonly spread: Readonly<Record<Metric, number>>;
  readonly requests: number;
  readonly failures: number;
  /** Minutes with data. */
  readonly minutes: number;
  /** False: fewer than ten minutes, or one zone only, so the noise is the priors'. */
  readonly learned: boolean;
}

export interface Baseline extends Noise {
  /** Responses over these are slow and very slow: stable's 90th and 99th percentile, milliseconds, for the whole release. */
  readonly slowMs: number;
  readonly verySlowMs: number;
  /** What the hour says of minutes to come, for 100 %, where nothing else is there to compare with; absent when it was too short. */
  readonly usual?: Usual;
}

/** Each of all requests: rates 0-1, and their variance from minute to minute beyond chance (of the logarithm, about). */
export interface Usual {
  readonly rates: Readonly<Record<Metric, number>>;
  readonly wander: Readonly<Record<Metric, number>>;
}

/** One minute of stable, as one zone and all its others. */
export interface Halves {
  readonly one: Counts;
  readonly rest: Counts;
}

/**
 * Learns from the hour before a release. `hour`: for each minute, stable's zones; `gridMs`: the thresholds, ascending,
 * that `withinPercent` was asked for. Without any data the slow thresholds are the plan's own bars.
 */
export function learn(hour: readonly (readonly GroupMinute[])[], gridMs: readonly number[]): Baseline {
  const readings = hour.flat();
  const slowMs = percentileOf(readings, gridMs, 90) ?? atLeast(PASS_P95_MS, gridMs);
  const verySlowMs = percentileOf(readings, gridMs, 99) ?? atLeast(ROLLBACK_P95_MS, gridMs);
  const at = latencyColumns({ slowMs, verySlowMs }, gridMs);
  const minutes = hour.map((zones) => countsOfZones(zones, at)).filter((counts) => counts !== undefined);
  const noise = learnNoise(
    hour.map((zones) => halvesOf(zones, at)).filter((halves) => halves !== undefined),
    sumOf(minutes),
    minutes.length,
  );
  const usual = learnUsual(minutes, noise.burst);
  return { slowMs, verySlowMs, ...noise, ...(usual ? { usual } : {}) };
}

/** From stable's minutes as a whole: what both colours share does not differ between its halves. */
function learnUsual(minutes: readonly Counts[], burst: Noise['burst']): Usual | undefined {
  if (minutes.length < LEAST_BASELINE_MINUTES) return undefined;
  const of = (metric: Metric) => {
    const known = minutes.filter((counts) => eventsOf(counts, metric) !== undefined);
    const rate = total(known.map((counts) => eventsOf(counts, metric)!)) / total(known.map(({ requests }) => requests));
    const minutesApart = known.map((counts): Difference => {
      const expected = counts.requests * rate;
      const apart = Math.min(Math.abs(eventsOf(counts, metric)! - expected), WANDER_MINUTE_MOST * expected);
      return { squared: apart ** 2, variance: expected };
    });
    return { rate, wander: spreadOf(minutesApart, WANDER_PRIOR[metric], burst[metric]) };
  };
  const [errors, slow, verySlow] = [of('errors'), of('slow'), of('verySlow')];
  if ([errors, slow, verySlow].some(({ rate }) => Number.isNaN(rate))) return undefined;
  return {
    rates: { errors: errors.rate, slow: slow.rate, verySlow: verySlow.rate },
    wander: { errors: errors.wander, slow: slow.wander, verySlow: verySlow.wander },
  };
}

/** Where a baseline's thresholds, and the plan's, stand in a grid. */
export const latencyColumns = (
  { slowMs, verySlowMs }: Pick<Baseline, 'slowMs' | 'verySlowMs'>,
  gridMs: readonly number[],
): LatencyColumns => ({
  slow: gridMs.indexOf(slowMs),
  verySlow: gridMs.indexOf(verySlowMs),
  overPassBar: gridMs.indexOf(PASS_P95_MS),
  overRollbackBar: gridMs.indexOf(ROLLBACK_P95_MS),
});

/**
 * Two zones serve the same version, so what differs between them beyond chance is noise (docs/judge.md, over-dispersion).
 * `whole` and `minutes` are stable's totals, if they know more than the halves do.
 */
export function learnNoise(
  halves: readonly Halves[],
  whole: Counts = sumOf(halves.flatMap(({ one, rest }) => [one, rest])),
  minutes: number = halves.length,
): Noise {
  const learned = halves.length >= LEAST_BASELINE_MINUTES;
  const teachers = learned ? halves : [];
  return {
    burst: { errors: burstOf(differences(teachers, 'errors')), slow: LATENCY_BURST, verySlow: LATENCY_BURST },
    spread: {
      errors: spreadOf(differences(teachers, 'errors'), SPREAD_PRIOR.errors),
      slow: spreadOf(differences(teachers, 'slow'), SPREAD_PRIOR.slow),
      verySlow: spreadOf(differences(teachers, 'verySlow'), SPREAD_PRIOR.verySlow),
    },
    requests: whole.requests,
    failures: whole.failures,
    minutes,
    learned,
  };
}

/** How far one half's events were from its share of them, squared, and how far chance alone would put them. */
interface Difference {
  readonly squared: number;
  readonly variance: number;
}

function differences(halves: readonly Halves[], metric: Metric): readonly Difference[] {
  return halves.flatMap(({ one, rest }) => {
    const [mine, theirs] = [eventsOf(one, metric), eventsOf(rest, metric)];
    if (mine === undefined || theirs === undefined || mine + theirs < LEAST_EVENTS) return [];
    const events = mine + theirs;
    const share = one.requests / (one.requests + rest.requests);
    return [{ squared: (mine - events * share) ** 2, variance: events * share * (1 - share) }];
  });
}

function burstOf(minutes: readonly Difference[]): number {
  const ratios = minutes.map(({ squared, variance }) =>
    variance >= BURST_CAP_VARIANCE ? Math.min(BURST_MINUTE_MOST, squared / variance) : squared / variance,
  );
  const mean = (BURST_PRIOR_MINUTES * BURST_PRIOR + total(ratios)) / (BURST_PRIOR_MINUTES + minutes.length);
  return Math.min(BURST_MOST, Math.max(BURST_LEAST, mean));
}

/** `burst`: how much wider than one by one events are spread by chance, because they come together. */
function spreadOf(minutes: readonly Difference[], prior: number, burst = 1): number {
  const beyondChance = total(minutes.map(({ squared, variance }) => squared - SPREAD_CHANCE * burst * variance));
  const weight = total(minutes.map(({ variance }) => variance ** 2));
  const mean = (Math.max(0, beyondChance) + SPREAD_PRIOR_WEIGHT * prior) / (weight + SPREAD_PRIOR_WEIGHT);
  return Math.max(SPREAD_LEAST, mean);
}

/** How many requests of a group's counts were bad in the sense of the metric; undefined when that was not delivered. */
export const eventsOf = (counts: Counts, metric: Metric): number | undefined =>
  metric === 'errors' ? counts.failures : counts[metric];

/** One zone against all the others; undefined when there are not two with data. */
function halvesOf(zones: readonly GroupMinute[], at: LatencyColumns): Halves | undefined {
  const [one, ...others] = zones.map((zone) => countsOf(zone, at));
  const delivered = others.filter((counts) => counts !== undefined);
  return one && delivered.length > 0 ? { one, rest: sumOf(delivered) } : undefined;
}

/** The smallest threshold at or under which at least `percent` of all responses fell; undefined without data. */
function percentileOf(readings: readonly GroupMinute[], gridMs: readonly number[], percent: number) {
  const pooled = gridMs.map((_, column) => {
    const delivered = readings.filter((reading) => reading.withinPercent[column] !== undefined);
    const requests = total(delivered.map((reading) => reading.requests ?? 0));
    return total(delivered.map((reading) => (reading.requests ?? 0) * reading.withinPercent[column]!)) / requests;
  });
  if (pooled.every(Number.isNaN)) return undefined;
  return gridMs.find((_, column) => pooled[column]! >= percent) ?? gridMs.at(-1);
}

const atLeast = (bar: number, gridMs: readonly number[]): number =>
  gridMs.find((threshold) => threshold >= bar) ?? gridMs.at(-1) ?? bar;

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
