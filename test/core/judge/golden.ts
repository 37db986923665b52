import { readFileSync } from 'node:fs';
import { type Baseline, type Halves, learnNoise } from '../../../functions/core/judge/baseline.ts';
import type { JudgedMinute } from '../../../functions/core/judge/judge.ts';
import type { Counts } from '../../../functions/core/judge/readings.ts';

/** The golden releases, as another implementation of the same judge wrote them down. */
interface GoldenCounts {
  readonly n: number;
  readonly x: number;
  readonly s: number;
  readonly u: number;
}

interface GoldenMinute {
  readonly t: number;
  readonly stageAge: number;
  readonly bakeDone: boolean;
  readonly candidate: GoldenCounts;
  readonly stable: GoldenCounts;
  readonly tasksCandidate: number;
  readonly tasksStable: number;
  readonly healthyCandidate: number;
}

export interface GoldenRelease {
  readonly scenario: string;
  readonly rps: number;
  readonly baseline: readonly Readonly<Record<'n1' | 'n2' | 'x1' | 'x2' | 's1' | 's2' | 'u1' | 'u2', number>>[];
  readonly minutes: readonly GoldenMinute[];
  readonly E: readonly number[];
  readonly verdicts: readonly string[];
  readonly abortAt: number;
  readonly why: string;
}

export const goldenReleases: readonly GoldenRelease[] = JSON.parse(
  readFileSync(new URL('../../golden/judge-golden.json', import.meta.url), 'utf8'),
);

const countsFrom = ({ n, x, s, u }: GoldenCounts): Counts | undefined =>
  n > 0 ? { requests: n, failures: x, slow: s, verySlow: u } : undefined;

export const baselineOf = ({ baseline }: Pick<GoldenRelease, 'baseline'>): Baseline => ({
  slowMs: 200,
  verySlowMs: 400,
  ...learnNoise(
    baseline.map(
      ({ n1, n2, x1, x2, s1, s2, u1, u2 }): Halves => ({
        one: { requests: n1, failures: x1, slow: s1, verySlow: u1 },
        rest: { requests: n2, failures: x2, slow: s2, verySlow: u2 },
      }),
    ),
  ),
});

export const judgedMinute = (minute: GoldenMinute): JudgedMinute => ({
  index: minute.t,
  stageAge: minute.stageAge,
  candidate: countsFrom(minute.candidate),
  stable: countsFrom(minute.stable),
  tasks: { candidate: minute.tasksCandidate, stable: minute.tasksStable },
  healthyCandidate: minute.healthyCandidate,
});
