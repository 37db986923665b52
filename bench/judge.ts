/** One million minutes judged in one run, and how long that takes. `tsx bench/judge.ts [--json]` */
import { pathToFileURL } from 'node:url';
import { type Baseline, latencyColumns } from '../functions/core/judge/baseline.ts';
import { LATENCY_GRID_MS } from '../functions/core/judge/constants.ts';
import { beginJudging, foldMinute, type JudgedMinute, weigh } from '../functions/core/judge/judge.ts';
import { countsOf } from '../functions/core/judge/readings.ts';
import { circumstances } from './detection/command.ts';
import { SCENARIOS } from './detection/scenarios.ts';
import { simulate, WATCHED_MINUTES } from './detection/world.ts';

const SAMPLES = 10;
const MINUTES_A_SAMPLE = 100_000;
const RELEASES = 200;
const names = { candidate: 'candidate', stable: 'stable' };

/** A row of the bench's results; microseconds a minute. */
export interface JudgeBench {
  readonly name: 'judged minute';
  readonly unit: 'µs';
  readonly value: number;
  readonly betterIs: 'lower';
  readonly samples: number;
  readonly p50: number;
  readonly p95: number;
  readonly minutes: number;
  readonly seconds: number;
  /** What came of it, so that nobody can leave the work out. */
  readonly aborts: number;
}

/** Folds and weighs the minutes of healthy and faulty releases, over and over. */
export function benchJudge(minutesASample = MINUTES_A_SAMPLE): JudgeBench {
  const releases = Array.from({ length: RELEASES }, (_, run) => recorded(run));
  const samples = Array.from({ length: SAMPLES }, () => {
    const startedAt = performance.now();
    const judged = judge(releases, minutesASample);
    return { ...judged, seconds: (performance.now() - startedAt) / 1000 };
  });
  const micros = samples.map(({ minutes, seconds }) => (1e6 * seconds) / minutes).sort((one, other) => one - other);
  const sum = (of: 'minutes' | 'seconds' | 'aborts') => samples.reduce((all, sample) => all + sample[of], 0);
  return {
    name: 'judged minute',
    unit: 'µs',
    value: micros[SAMPLES / 2]!,
    betterIs: 'lower',
    samples: SAMPLES,
    p50: micros[SAMPLES / 2]!,
    p95: micros.at(-1)!,
    minutes: sum('minutes'),
    seconds: sum('seconds'),
    aborts: sum('aborts'),
  };
}

interface Recorded {
  readonly baseline: Baseline;
  readonly minutes: readonly (JudgedMinute & { readonly bakeDone: boolean })[];
}

function recorded(run: number): Recorded {
  const { baseline, minutes } = simulate(SCENARIOS[run % SCENARIOS.length]!, 100, 42, run);
  const at = latencyColumns(baseline, LATENCY_GRID_MS);
  return {
    baseline,
    minutes: minutes.slice(0, WATCHED_MINUTES).map(({ candidate, stable, ...minute }) => ({
      ...minute,
      candidate: countsOf(candidate, at),
      stable: countsOf(stable, at),
      healthyCandidate: candidate.healthyHosts,
    })),
  };
}

function judge(releases: readonly Recorded[], most: number): { readonly minutes: number; readonly aborts: number } {
  let [done, aborts] = [0, 0];
  for (let release = 0; done < most; release++) {
    const { baseline, minutes } = releases[release % releases.length]!;
    let state = beginJudging(baseline);
    for (const minute of minutes) {
      state = foldMinute(state, minute);
      done++;
      if (weigh(state, { bakeDone: minute.bakeDone, names }).word === 'abort') {
        aborts++;
        break;
      }
    }
  }
  return { minutes: done, aborts };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const result = benchJudge();
  const { minutes, seconds, value, p95, aborts } = result;
  process.stdout.write(
    process.argv.includes('--json')
      ? `${JSON.stringify({ schema: 'sluice.bench/1', ...circumstances(42), results: [result] })}\n`
      : `${minutes.toLocaleString('en-US')} minutes judged in ${seconds.toFixed(2)} s: ${value.toFixed(1)} µs each (p95 ${p95.toFixed(1)}), ${aborts.toLocaleString('en-US')} aborts\n`,
  );
}
