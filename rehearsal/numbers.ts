/**
 * CloudWatch as the judge meets it: minutes per target group and zone, late, with zero counts left out, and alarms that
 * are looked at once a minute.
 */
import { LATENCY_GRID_MS } from '../functions/core/judge/constants.ts';
import { PERCENTILES, withinByPercentiles } from '../functions/core/judge/percentiles.ts';
import type { GroupMinute } from '../functions/core/judge/readings.ts';
import { COLOURS, type Colour, otherColour } from '../functions/core/roles.ts';
import { ALARMS, alarmState } from '../functions/core/thresholds.ts';
import type { AlarmReading, MinuteReading } from '../functions/ports/signals.ts';
import type { Chance } from './chance.ts';
import { noCounts, type ZoneCounts } from './traffic.ts';

/** What really happened in a minute; what is told of it, and when, is another matter. */
export interface MinuteRow {
  readonly minute: number;
  readonly zones: Record<Colour, readonly ZoneCounts[]>;
  readonly hosts: Record<Colour, readonly Hosts[]>;
  readonly deliveredAt: Record<Colour, number>;
}

export interface Hosts {
  readonly healthy: number;
  readonly unhealthy: number;
}

/** How minutes reach the judge. */
export interface Delivery {
  /** Seconds after its end at which a minute has arrived at the latest (at the earliest 30 s before that). */
  readonly latestSeconds: number;
  /** A colour's minute that never arrives. @default - all arrive */
  readonly isLost?: ((colour: Colour) => boolean) | undefined;
  /** Shares of fast responses are made of percentiles, as the adapter does where PR is not answered. */
  readonly percentilesOnly?: boolean | undefined;
}

export class Numbers {
  readonly rows: MinuteRow[] = [];
  readonly #alarms = new Map<string, AlarmReading>();
  /** Told of every alarm that enters another state. */
  onChange: ((alarm: AlarmReading) => void) | undefined;
  readonly #chance: Chance;
  readonly #delivery: Delivery;

  constructor(chance: Chance, delivery: Delivery) {
    this.#chance = chance;
    this.#delivery = delivery;
  }

  closeMinute(
    minute: number,
    zones: Record<Colour, readonly ZoneCounts[]>,
    hosts: Record<Colour, readonly Hosts[]>,
  ): void {
    const { latestSeconds, isLost = () => false } = this.#delivery;
    const delivered = (colour: Colour) =>
      isLost(colour) ? Number.POSITIVE_INFINITY : minute + 60 + this.#chance.between(latestSeconds - 30, latestSeconds);
    this.rows.push({ minute, zones, hosts, deliveredAt: { blue: delivered('blue'), green: delivered('green') } });
  }

  /** Whether a minute with requests on that colour, that ended after `since`, has arrived by now. */
  wasHeard(colour: Colour, since: number, now: number): boolean {
    return this.rows.some(
      ({ minute, deliveredAt, zones }) =>
        minute + 60 > since && deliveredAt[colour] <= now && zones[colour].some(({ requests }) => requests > 0),
    );
  }

  minutes(now: number, from: number, to: number, thresholdsMs: readonly number[]): readonly MinuteReading[] {
    const { percentilesOnly = false } = this.#delivery;
    const offGrid = thresholdsMs.find((ms) => !(LATENCY_GRID_MS as readonly number[]).includes(ms));
    if (offGrid !== undefined) throw new Error(`${offGrid} ms is not on the grid`);
    const within = percentilesOnly ? withinAsInterpolated : withinAsCounted;
    return this.rows
      .filter(({ minute }) => minute >= from && minute < to)
      .map((row) => {
        const arrived = COLOURS.filter((colour) => row.deliveredAt[colour] <= now);
        const zonesOf = (colour: Colour) =>
          arrived.includes(colour)
            ? row.zones[colour].map((counts, zone) => reading(counts, [row.hosts[colour][zone]!], thresholdsMs, within))
            : [];
        return {
          minute: row.minute,
          colours: Object.fromEntries(
            arrived.map((colour) => [
              colour,
              reading(added(row.zones[colour]), row.hosts[colour], thresholdsMs, within),
            ]),
          ),
          zones: { blue: zonesOf('blue'), green: zonesOf('green') },
        };
      });
  }

  /** CloudWatch evaluates every minute; a state keeps the time at which it was entered. */
  evaluateAlarms(now: number, names: (colour: Colour, alarm: string) => string): void {
    const recent = this.minutes(now, now - 600, now, []);
    const of = (colour: Colour): GroupMinute[] => recent.map(({ colours }) => colours[colour] ?? { withinPercent: [] });
    const all = { blue: of('blue'), green: of('green') };
    const window = { blue: trimmed(all.blue), green: trimmed(all.green) };
    for (const colour of COLOURS) {
      const other = otherColour(colour);
      for (const alarm of ALARMS) {
        const name = names(colour, alarm.name);
        // An alarm on one colour sees the newest minutes of that colour; one on both sees the same minutes of both.
        const others = alarm.ownMinutesOnly ? all[other].slice(0, window[colour].length) : window[other];
        const { state, reason } = alarmState(alarm, window[colour], others);
        const before = this.#alarms.get(name);
        const since = before?.state === state ? before.since : now;
        const after = { name, colour, kind: alarm.kind, state, since, reason };
        this.#alarms.set(name, after);
        if (before?.state !== state) this.onChange?.(after);
      }
    }
  }

  alarms(): readonly AlarmReading[] {
    return [...this.#alarms.values()];
  }
}

/** The newest minute that was delivered comes last, and older ones that were not stay as gaps. */
function trimmed(minutes: GroupMinute[]): GroupMinute[] {
  const last = minutes.findLastIndex(({ healthyHosts }) => healthyHosts !== undefined);
  return minutes.slice(0, last + 1);
}

function added(zones: readonly ZoneCounts[]): ZoneCounts {
  const sum = noCounts();
  for (const zone of zones) {
    sum.requests += zone.requests;
    sum.errors5xx += zone.errors5xx;
    sum.connectionErrors += zone.connectionErrors;
    sum.lost += zone.lost;
    zone.histogram.forEach((count, cell) => {
      sum.histogram[cell]! += count;
    });
  }
  return sum;
}

/** Counts of zero are not reported; host counts always are, once a group exists. */
function reading(
  counts: ZoneCounts,
  hosts: readonly Hosts[],
  thresholdsMs: readonly number[],
  within: typeof withinAsCounted,
): GroupMinute {
  const { requests, errors5xx, connectionErrors, lost, histogram } = counts;
  const answered = histogram.reduce((sum, count) => sum + count, 0);
  return {
    ...(requests > 0 ? { requests, answered: requests - connectionErrors - lost } : {}),
    ...(errors5xx > 0 ? { errors5xx } : {}),
    ...(connectionErrors > 0 ? { connectionErrors } : {}),
    ...(answered > 0 ? { p95Ms: percentile(histogram, answered, 0.95) } : {}),
    withinPercent: thresholdsMs.map((ms) => (answered > 0 ? within(ms, histogram, answered) : undefined)),
    healthyHosts: hosts.reduce((sum, { healthy }) => sum + healthy, 0),
    unhealthyHosts: hosts.reduce((sum, { unhealthy }) => sum + unhealthy, 0),
  };
}

/** Percent of the answered that were at or under a threshold, as PR has it. */
function withinAsCounted(ms: number, histogram: readonly number[], answered: number): number | undefined {
  const cell = (LATENCY_GRID_MS as readonly number[]).indexOf(ms);
  return (100 * histogram.slice(0, cell + 1).reduce((sum, count) => sum + count, 0)) / answered;
}

/** The same, as far as percentiles can tell. */
const withinAsInterpolated: typeof withinAsCounted = (ms, histogram, answered) =>
  withinByPercentiles(
    ms,
    PERCENTILES.map((percent) => percentile(histogram, answered, percent / 100)),
  );

/** Linear within a histogram cell. */
function percentile(histogram: readonly number[], total: number, rank: number): number {
  let before = 0;
  for (let cell = 0; cell < LATENCY_GRID_MS.length; cell++) {
    const here = histogram[cell]!;
    if (before + here >= rank * total) {
      const low = LATENCY_GRID_MS[cell - 1] ?? 0;
      return low + ((LATENCY_GRID_MS[cell]! - low) * (rank * total - before)) / here;
    }
    before += here;
  }
  return LATENCY_GRID_MS.at(-1)!;
}
