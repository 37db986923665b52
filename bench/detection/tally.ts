/** From single releases to a cell of the table. */
import type { DetectorName } from './detectors.ts';
import type { Found } from './judges.ts';
import type { Scenario } from './scenarios.ts';
import type { SimulatedMinute } from './world.ts';

/** What one detector made of one release. */
export interface Outcome extends Found {
  /** Bad responses (failures, or slow ones) that the fault cost users until traffic was back. */
  readonly bad: number;
}

/** Rates are 0-1, minutes count from the fault's first one until the abort could be seen, delivery included. */
export interface Cell {
  readonly detector: DetectorName;
  readonly scenario: Scenario['name'];
  readonly rps: number;
  readonly runs: number;
  /** Aborted although nothing was wrong, or not yet. */
  readonly falseAborts: number;
  /** Never aborted; absent where there is nothing to find. */
  readonly missed?: number;
  readonly medianMinutes?: number;
  readonly p95Minutes?: number;
  readonly meanBadResponses?: number;
  /** Of `falseAborts` where nothing is wrong, otherwise of `missed`: Wilson's interval. */
  readonly ci95: readonly [low: number, high: number];
  /** Of the releases that came to the end of the first, second, third bake: shown to be safe. */
  readonly proven?: readonly number[];
}

/** From the abort to all requests on stable; the budget is 15 s. */
const REVERT_MINUTES = 0.25;

/** What users suffered until `seenAt`, or to the end of the release. */
export function badUntil(minutes: readonly SimulatedMinute[], seenAt: number | undefined): number {
  const back = seenAt === undefined ? minutes.length : seenAt + REVERT_MINUTES;
  return minutes.reduce((sum, { bad, index }) => sum + bad * Math.min(1, Math.max(0, back - index)), 0);
}

export function cellOf(
  detector: DetectorName,
  { name, onset, harm }: Scenario,
  rps: number,
  outcomes: readonly Outcome[],
): Cell {
  const runs = outcomes.length;
  const isTooEarly = ({ abort }: Outcome): boolean =>
    abort !== undefined && (onset === undefined || abort.minute < onset);
  const early = outcomes.filter(isTooEarly).length;
  const judged = outcomes.filter((outcome) => !isTooEarly(outcome));
  const missed = judged.filter(({ abort }) => abort === undefined).length;
  const minutes = judged
    .flatMap(({ abort }) => (abort ? [abort.seenAt - (onset ?? 0)] : []))
    .sort((one, other) => one - other);
  const proven = provenOf(outcomes);
  return {
    detector,
    scenario: name,
    rps,
    runs,
    falseAborts: early / runs,
    ...(onset === undefined ? {} : { missed: missed / Math.max(1, judged.length) }),
    ...(minutes.length === 0 || onset === undefined
      ? {}
      : { medianMinutes: quantile(minutes, 0.5), p95Minutes: quantile(minutes, 0.95) }),
    ...(harm === undefined || judged.length === 0
      ? {}
      : { meanBadResponses: judged.reduce((sum, { bad }) => sum + bad, 0) / judged.length }),
    ci95: onset === undefined ? wilson(early, runs) : wilson(missed, judged.length),
    ...(proven.length > 0 ? { proven } : {}),
  };
}

function provenOf(outcomes: readonly Outcome[]): readonly number[] {
  const most = Math.max(0, ...outcomes.map(({ proven }) => proven?.length ?? 0));
  return Array.from({ length: most }, (_, bake) => {
    const reached = outcomes.flatMap(({ proven }) => (proven?.[bake] === undefined ? [] : [proven[bake]]));
    return reached.filter(Boolean).length / reached.length;
  });
}

/** The smallest value that at least that part of all is at or under. */
const quantile = (sorted: readonly number[], part: number): number =>
  sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)]!;

/** 95 % interval of a proportion (Wilson 1927); it has a width even where nothing was counted. */
export function wilson(count: number, of: number): readonly [number, number] {
  if (of === 0) return [0, 1];
  const z = 1.959963984540054;
  const part = count / of;
  const scale = 1 + z ** 2 / of;
  const centre = (part + z ** 2 / (2 * of)) / scale;
  const half = (z / scale) * Math.sqrt((part * (1 - part)) / of + z ** 2 / (4 * of ** 2));
  return [count === 0 ? 0 : centre - half, count === of ? 1 : centre + half];
}
