/** What a plan can show at the service's traffic, and what it cannot: told before it starts, because no statistics cure it. */
import { learn } from '../functions/core/judge/baseline.ts';
import { oddsOf } from '../functions/core/judge/comparison.ts';
import { LATENCY_GRID_MS, ODDS_LIMIT, RATE_PRIOR } from '../functions/core/judge/constants.ts';
import { beginJudging, foldMinute, type JudgeState } from '../functions/core/judge/judge.ts';
import { HISTORY_BUDGET, historyEvents, type Plan, type Stage } from '../functions/core/plan.ts';
import { tasksNeeded } from '../functions/core/readiness.ts';
import { LONGEST_BAKE_SECONDS } from '../functions/core/release-schema.ts';
import { ALL, type Share } from '../functions/core/share.ts';

/** What is known of the service before the release. */
export interface Load {
  /** Of the whole service. */
  readonly requestsPerSecond: number;
  /** Tasks that stable runs. */
  readonly stableTasks: number;
  /** Tasks that a colour in service has at least. */
  readonly minimumTasks: number;
}

export interface StageExposure {
  readonly share: Share;
  readonly bakeSeconds: number;
  /** Requests that the candidate answers during the bake, on average. */
  readonly requests: number;
  /** Tasks that the candidate needs for this share. */
  readonly tasks: number;
  /**
   * Points of errors, added from the first second of the stage, with which the odds pass the limit just by its end.
   * Absent: nothing does, not even a candidate that fails every request.
   */
  readonly faultPoints?: number;
  /** Of healthy releases, the part (0-1) that is proven safe by the end of the bake. */
  readonly proven: number;
}

export interface Warning {
  readonly message: string;
  readonly cures: readonly Fix[];
}

/** Another share or bake for one stage. */
export interface Fix {
  /** Position in the plan. */
  readonly stage: number;
  readonly share: Share;
  readonly bakeSeconds: number;
  /** What the stage then sees. */
  readonly requests: number;
}

/** Error-free requests that show a candidate safe: phi ln 20 / 2 points is 260 to 300 (docs/judge.md, minimum sample). */
export const PROVING_REQUESTS = 300;
/** The first stage is widened up to here; beyond it, a longer bake is the safer cure (docs/judge.md, exposure). */
const WIDEST_FIRST_SHARE = 25;

/** The newest minutes of a bake are delivered after its end, and judged in the next stage. */
const LATE_MINUTES = 2;
/** The minute in which a release gets its first share is not a whole one, and is not judged. */
const PARTIAL_MINUTES = 1;

/** For each stage below 100 %. */
export function exposure(plan: Plan, load: Load): readonly StageExposure[] {
  let before = beginJudging(learn([], LATENCY_GRID_MS));
  let delivered = 0;
  return watched(plan).map((stage, index) => {
    const judged = judgedMinutes(stage, index === 0);
    const perMinute = requestsOf({ ...stage, bakeSeconds: 60 }, load);
    const points = plan.policy === 'compare' ? faultPoints(before, stage, judged, load) : undefined;
    const seen = delivered + judged * perMinute;
    before = fold(before, stage, wholeMinutes(stage), 0, load);
    delivered += wholeMinutes(stage) * perMinute;
    return {
      share: stage.share,
      bakeSeconds: stage.bakeSeconds,
      requests: Math.round(requestsOf(stage, load)),
      tasks: tasksNeeded(load.stableTasks, stage.share, load.minimumTasks),
      ...(points === undefined ? {} : { faultPoints: points }),
      proven: Math.round(provenBy(seen) * 1000) / 1000,
    };
  });
}

const watched = ({ stages }: Plan): readonly Stage[] => stages.filter(({ share }) => share < ALL);

const requestsOf = ({ share, bakeSeconds }: Stage, { requestsPerSecond }: Load): number =>
  (share / 100) * bakeSeconds * requestsPerSecond;

const wholeMinutes = ({ bakeSeconds }: Stage): number => Math.floor(bakeSeconds / 60);

const judgedMinutes = (stage: Stage, isFirst: boolean): number =>
  Math.max(0, wholeMinutes(stage) - LATE_MINUTES - (isFirst ? PARTIAL_MINUTES : 0));

// ---- The smallest fault that shows ----

/** Smaller differences are below the noise of every service. */
const FINEST_POINTS = 0.01;

/** The judge itself is asked, on the counts that are expected of such a fault; the smallest is found by halving. */
function faultPoints(before: JudgeState, stage: Stage, minutes: number, load: Load): number | undefined {
  const shows = (points: number): boolean => oddsOf(fold(before, stage, minutes, points, load).odds).odds >= ODDS_LIMIT;
  if (!shows(100)) return undefined;
  let [hidden, shown] = [0, 100];
  while (shown - hidden > FINEST_POINTS) {
    const middle = (hidden + shown) / 2;
    if (shows(middle)) shown = middle;
    else hidden = middle;
  }
  return Math.round(shown * 100) / 100;
}

/**
 * `state` with so many minutes of a stage more, as they are expected: stable at the error rate that the judge assumes of
 * a service that it does not know (0.1 %), the candidate with so many points more, and both with an ordinary noise.
 */
function fold(state: JudgeState, stage: Stage, minutes: number, points: number, load: Load): JudgeState {
  const rate = RATE_PRIOR.failures / RATE_PRIOR.requests;
  const all = load.requestsPerSecond * 60;
  const candidate = countsAt((all * stage.share) / ALL, Math.min(1, rate + points / 100));
  const stable = countsAt((all * (ALL - stage.share)) / ALL, rate);
  const tasks = {
    candidate: tasksNeeded(load.stableTasks, stage.share, load.minimumTasks),
    stable: load.stableTasks,
  };
  let next = state;
  for (let stageAge = 0; stageAge < minutes; stageAge++) {
    next = foldMinute(next, { index: next.minute + 1, stageAge, candidate, stable, tasks });
  }
  return next;
}

const countsAt = (requests: number, rate: number) => ({ requests, failures: requests * rate });

// ---- Proof of safety ----

/**
 * Healthy releases that were proven safe, by the candidate's requests delivered until then. Source: docs/judge.md,
 * minimum sample: 2,000 simulated releases at each of 1, 3, 10 and 30 requests/s, at the ends of the 5, 25 and 50 %
 * stages of 15 minutes, all of which had been delivered.
 */
const PROVEN = [
  { requests: 135, proven: 0 },
  { requests: 270, proven: 0.28 },
  { requests: 450, proven: 0.77 },
  { requests: 720, proven: 0.93 },
  { requests: 810, proven: 0.94 },
  { requests: 1350, proven: 0.983 },
  { requests: 2160, proven: 0.996 },
  { requests: 2700, proven: 0.9995 },
  { requests: 7200, proven: 1 },
] as const;

/** Between two rows of the table, in a straight line. */
function provenBy(requests: number): number {
  const after = PROVEN.findIndex((row) => row.requests >= requests);
  if (after === 0) return 0;
  const [low, high] = [PROVEN[after - 1], PROVEN[after]];
  if (!low || !high) return 1;
  return low.proven + ((high.proven - low.proven) * (requests - low.requests)) / (high.requests - low.requests);
}

// ---- Warnings ----

/** For the person who is about to start this plan; none means that nothing speaks against it. */
export function warnings(plan: Plan, load: Load): readonly Warning[] {
  const stages = exposure(plan, load);
  const blind = stages.flatMap((seen, index) =>
    seen.requests < PROVING_REQUESTS ? [{ message: blindness(seen, load), cures: fixesOf(plan, index, load) }] : [],
  );
  const literal =
    'policy "literal" rolls back on a single server error: 44 to 100 % of healthy releases did in simulation';
  const schema =
    'this release is not marked schemaCompatible: once it has migrated, the previous version may not run on its database';
  return [
    ...blind,
    ...(plan.policy === 'literal' ? [{ message: literal, cures: [] }] : []),
    ...(plan.migrates && !plan.schemaCompatible ? [{ message: schema, cures: [] }] : []),
  ];
}

function blindness({ share, requests, faultPoints: points }: StageExposure, { requestsPerSecond }: Load): string {
  if (requests === 0)
    return `at ${requestsPerSecond} request${requestsPerSecond === 1 ? '' : 's'}/s the ${share} % stage sees none: it cannot be judged`;
  const sees = `at ${requestsPerSecond} request${requestsPerSecond === 1 ? '' : 's'}/s the ${share} % stage sees ${requests} requests`;
  return points === undefined
    ? `${sees}; no fault can be seen there in time`
    : `${sees}; only faults over about ${Math.ceil(points)} points can be seen there`;
}

/** A wider first share in the same time, and a longer bake at the same share; each only where the release stays possible. */
function fixesOf(plan: Plan, index: number, load: Load): readonly Fix[] {
  const stage = plan.stages[index]!;
  const { requestsPerSecond } = load;
  if (requestsPerSecond === 0) return [];
  const share = Math.min(
    WIDEST_FIRST_SHARE,
    Math.ceil((PROVING_REQUESTS * ALL) / (stage.bakeSeconds * requestsPerSecond)),
  );
  const bakeSeconds = 60 * Math.ceil((PROVING_REQUESTS * ALL) / (stage.share * requestsPerSecond) / 60);
  const longer = { ...stage, bakeSeconds };
  const stages = plan.stages.map((one, position) => (position === index ? longer : one));
  const fits = bakeSeconds <= LONGEST_BAKE_SECONDS && historyEvents({ ...plan, stages }) < HISTORY_BUDGET;
  const cure = (other: Stage): Fix => ({
    stage: index,
    share: other.share,
    bakeSeconds: other.bakeSeconds,
    requests: Math.round(requestsOf(other, load)),
  });
  return [...(index === 0 && share > stage.share ? [cure({ ...stage, share })] : []), ...(fits ? [cure(longer)] : [])];
}
