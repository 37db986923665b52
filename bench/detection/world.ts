/**
 * The world in which the judges are compared: one release of 15 minutes each at 5, 25 and 50 %, and 15 at 100 % (or its
 * warm time), after an hour of stable alone. Counts are binomial on top of noise that no judge is told of. Every level below is an
 * estimate, none was fitted to a live load balancer; docs/judge.md says where they come from and what they do.
 */
import { type Baseline, learn } from '../../functions/core/judge/baseline.ts';
import { LATENCY_GRID_MS } from '../../functions/core/judge/constants.ts';
import type { GroupMinute } from '../../functions/core/judge/readings.ts';
import { STRATEGIES } from '../../functions/core/plan.ts';
import { drawHistogram, noCounts, responsesWithin, ZONES } from '../../rehearsal/traffic.ts';
import { type Draws, draws } from './random.ts';
import type { Fault, Outage, Scenario } from './scenarios.ts';

export interface SimulatedRelease {
  readonly baseline: Baseline;
  readonly minutes: readonly SimulatedMinute[];
}

/** Readings carry `withinPercent` over the whole LATENCY_GRID_MS. */
export interface SimulatedMinute {
  readonly index: number;
  /** Percent of requests on the candidate. */
  readonly share: number;
  readonly stageAge: number;
  /** The last minute of its bake. */
  readonly bakeDone: boolean;
  readonly candidate: GroupMinute;
  readonly stable: GroupMinute;
  readonly tasks: { readonly candidate: number; readonly stable: number };
  /** A candidate task exited with an error. */
  readonly crashed: boolean;
  /** Failures (or slow responses) that the fault adds to what the candidate serves, as expected, not as drawn. */
  readonly bad: number;
}

const SHARES = STRATEGIES.canary.shares;
const BAKE_MINUTES = STRATEGIES.canary.bakeSeconds / 60;
const BASELINE_MINUTES = 60;
/** Below 100 %, where there is a stable to compare with. */
export const WATCHED_MINUTES = BAKE_MINUTES * (SHARES.length - 1);
const MINUTES_AT_100 = 15;
/** What drifts does so for as long as a canary and its usual warm time last, and then back, and so on. */
const DRIFT_MINUTES = WATCHED_MINUTES + 60;
/** The end of the drift that the levels name. */
const HOUR = 60;

const STABLE_TASKS = 4;
const CANDIDATE_TASKS = [1, 2, 4, 8] as const;

/** How noisy the world is. What is called a deviation is one of the logarithm. */
interface Levels {
  /** Mean number of failures that come together; between the two, drawn once a release. */
  readonly burst: readonly [least: number, most: number];
  /** Deviation of the usual error rate (around 0.1 %) and of the usual response time between services. */
  readonly errorBase: number;
  readonly latencyBase: number;
  /** The part by which traffic swings in a day. */
  readonly diurnal: number;
  /** Deviation of what both colours share, from minute to minute, with a memory of 0.8. */
  readonly sharedErrors: number;
  readonly sharedLatency: number;
  /** Deviation of each colour alone, every minute. */
  readonly colourErrors: number;
  readonly colourLatency: number;
  /** Deviation of each task alone, every minute. */
  readonly taskErrors: number;
  readonly taskLatency: number;
  /** Chance of a task to have a bad minute: 0.5 to 4 points more errors, and slower by a third. */
  readonly blips: number;
  /** Deviation of the candidate's response time from stable's, for the whole release. */
  readonly bias: number;
  /** Deviation of what both have changed by after an hour. */
  readonly driftErrors: number;
  readonly driftLatency: number;
}

const ORDINARY: Levels = {
  burst: [1, 2],
  errorBase: 0.7,
  latencyBase: 0.15,
  diurnal: 0.3,
  sharedErrors: 0.25,
  sharedLatency: 0.03,
  colourErrors: 0.1,
  colourLatency: 0.02,
  taskErrors: 0.1,
  taskLatency: 0.07,
  blips: 0.002,
  bias: 0.02,
  driftErrors: 0,
  driftLatency: 0,
};

const LEVELS: Readonly<Record<Scenario['world'], Levels>> = {
  ideal: {
    burst: [1, 1],
    errorBase: 0,
    latencyBase: 0,
    diurnal: 0,
    sharedErrors: 0,
    sharedLatency: 0,
    colourErrors: 0,
    colourLatency: 0,
    taskErrors: 0,
    taskLatency: 0,
    blips: 0,
    bias: 0,
    driftErrors: 0,
    driftLatency: 0,
  },
  ordinary: ORDINARY,
  rough: { ...ORDINARY, burst: [3, 3], blips: 5 * ORDINARY.blips, driftErrors: 0.5, driftLatency: 0.1 },
};

const USUAL_ERROR_RATE = 0.001;
const ERROR_RATES = { least: 0.0001, most: 0.004 } as const;
const MEMORY = 0.8;
const TAIL_MS = 2000;

/** What does not change in a release. */
interface Service {
  readonly levels: Levels;
  readonly rps: number;
  readonly errorRate: number;
  readonly latency: number;
  readonly burst: number;
  readonly phase: number;
  readonly drift: { readonly errors: number; readonly latency: number };
}

/** How one group answers in one minute. */
interface Behaviour {
  readonly errorRate: number;
  /** Failures of a fault are requests on their own; only the usual ones come in bursts. */
  readonly added: number;
  readonly within: readonly number[];
}

/** One release. The same seed, run and traffic are the same service in every scenario. */
export function simulate(scenario: Scenario, rps: number, seed: number, run: number): SimulatedRelease {
  const service = serviceFor(scenario, rps, draws(seed, run, rps, 1));
  const baseline = learn(baselineHour(service, draws(seed, run, rps, 2)), LATENCY_GRID_MS);
  return { baseline, minutes: minutesOf(scenario, service, baseline, draws(seed, run, rps, 3)) };
}

function serviceFor({ world }: Scenario, rps: number, chance: Draws): Service {
  const levels = LEVELS[world];
  const rate = USUAL_ERROR_RATE * Math.exp(levels.errorBase * chance.normal());
  return {
    levels,
    rps,
    errorRate: Math.min(ERROR_RATES.most, Math.max(ERROR_RATES.least, rate)),
    latency: Math.exp(levels.latencyBase * chance.normal()),
    burst: chance.between(...levels.burst),
    phase: chance.between(0, 2 * Math.PI),
    drift: { errors: levels.driftErrors * chance.normal(), latency: levels.driftLatency * chance.normal() },
  };
}

function baselineHour(service: Service, chance: Draws): readonly (readonly GroupMinute[])[] {
  const shared = sharedNoise(service.levels, chance);
  const tasks = STABLE_TASKS / ZONES;
  return Array.from({ length: BASELINE_MINUTES }, (_, minute) => {
    const now = shared();
    const requests = requestsIn(minute - BASELINE_MINUTES, service, chance);
    const inFirst = chance.binomial(requests, 1 / ZONES);
    return [inFirst, requests - inFirst].map((count) =>
      groupMinute(count, behaviour(service, now, tasks, chance), service, tasks, chance),
    );
  });
}

function minutesOf(
  scenario: Scenario,
  service: Service,
  { slowMs }: Baseline,
  chance: Draws,
): readonly SimulatedMinute[] {
  const { levels } = service;
  const outages = [scenario.outage?.(chance), scenario.outageAt100?.(chance)].filter((one) => one !== undefined);
  const depth = chance.between(0.05, 0.2);
  const bias = Math.exp(levels.bias * chance.normal());
  const shared = sharedNoise(levels, chance);
  const slow = (LATENCY_GRID_MS as readonly number[]).indexOf(slowMs);

  return Array.from({ length: WATCHED_MINUTES + (scenario.minutesAt100 ?? MINUTES_AT_100) }, (_, index) => {
    const stage = Math.min(SHARES.length - 1, Math.floor(index / BAKE_MINUTES));
    const stageAge = index - stage * BAKE_MINUTES;
    const share = SHARES[stage]!;
    const tasks = { candidate: CANDIDATE_TASKS[stage]!, stable: STABLE_TASKS };
    const fault = scenario.fault?.(index, tasks.candidate, chance) ?? {};
    const now = together(shared(), service, index, outages, depth);
    const requests = requestsIn(index, service, chance);
    const toCandidate = chance.binomial(requests, share / 100);
    const warm = warmUp(scenario, index, stageAge);
    const mine = behaviour(service, now, tasks.candidate, chance, bias * warm, fault);
    const theirs = behaviour(service, now, tasks.stable, chance);
    return {
      index,
      share,
      stageAge,
      bakeDone: stageAge === BAKE_MINUTES - 1 && share < 100,
      candidate: groupMinute(toCandidate, mine, service, tasks.candidate, chance),
      stable: groupMinute(requests - toCandidate, theirs, service, tasks.stable, chance),
      tasks,
      crashed: fault.crashed === true,
      bad: badResponses(scenario, fault, toCandidate, now.latency * service.latency, slow),
    };
  });
}

/** A colour's or zone's own noise on top of what is shared. */
function behaviour(
  { levels, errorRate, latency }: Service,
  now: Shared,
  tasks: number,
  chance: Draws,
  slower = 1,
  { added = 0, factor = 1, tail = 0 }: Fault = {},
): Behaviour {
  const ofTasks = 1 / Math.sqrt(tasks);
  const errorNoise = levels.colourErrors * chance.normal() + levels.taskErrors * ofTasks * chance.normal();
  const latencyNoise = levels.colourLatency * chance.normal() + levels.taskLatency * ofTasks * chance.normal();
  const blips = levels.blips > 0 ? chance.binomial(tasks, levels.blips) : 0;
  const blip = blips > 0 ? (blips / tasks) * chance.between(0.005, 0.04) : 0;
  const within = responsesWithin(
    latency * now.latency * slower * factor * Math.exp(latencyNoise) * (1 + blips / tasks / 3),
  );
  return {
    errorRate: Math.min(1, errorRate * now.errors * Math.exp(errorNoise)),
    added: Math.min(1, now.outage * Math.exp(errorNoise) + blip + added),
    within: tail > 0 ? withTail(within, tail) : within,
  };
}

/** That share of the responses takes two seconds instead. */
const withTail = (within: readonly number[], tail: number): readonly number[] =>
  within.map((share, cell) => share * (1 - tail) + (LATENCY_GRID_MS[cell]! >= TAIL_MS ? tail : 0));

/** The counts of one group, as the load balancer would report them. */
function groupMinute(
  requests: number,
  { errorRate, added, within }: Behaviour,
  { burst }: Service,
  tasks: number,
  chance: Draws,
): GroupMinute {
  const usual = failuresInBursts(requests, errorRate, burst, chance);
  const failures = Math.min(requests, usual + chance.binomial(requests - Math.min(requests, usual), added));
  const counts = { ...noCounts(), requests };
  drawHistogram(chance, counts, within);
  return readingOf(counts.histogram, requests, failures, tasks);
}

/** Bursts of a geometric length: so many requests, one after the other, meet the same broken thing. */
function failuresInBursts(requests: number, rate: number, burst: number, chance: Draws): number {
  const bursts = chance.binomial(requests, rate / burst);
  if (burst <= 1) return bursts;
  if (bursts > 64) return Math.round(bursts * burst + Math.sqrt(bursts * burst * (burst - 1)) * chance.normal());
  let failures = bursts;
  for (let left = bursts; left > 0; left--) {
    failures += Math.floor(Math.log(chance.uniform()) / Math.log(1 - 1 / burst));
  }
  return failures;
}

function readingOf(histogram: readonly number[], requests: number, failures: number, tasks: number): GroupMinute {
  const hosts = { healthyHosts: tasks, unhealthyHosts: 0 };
  if (requests === 0) return { withinPercent: [], ...hosts };
  const withinPercent: number[] = [];
  let within = 0;
  let p95Ms: number | undefined;
  for (const [cell, ms] of LATENCY_GRID_MS.entries()) {
    const here = histogram[cell]!;
    if (p95Ms === undefined && within + here >= 0.95 * requests) {
      const low = LATENCY_GRID_MS[cell - 1] ?? 0;
      p95Ms = low + ((ms - low) * (0.95 * requests - within)) / here;
    }
    within += here;
    withinPercent.push((100 * within) / requests);
  }
  return {
    requests,
    ...(failures > 0 ? { errors5xx: failures } : {}),
    withinPercent,
    p95Ms: p95Ms ?? LATENCY_GRID_MS.at(-1)!,
    ...hosts,
  };
}

// ---- What both colours share ----

interface Shared {
  readonly errors: number;
  readonly latency: number;
  /** Error probability of an outage of both. */
  readonly outage: number;
}

/** An autoregression of the first order, at rest from its first value on. */
function sharedNoise({ sharedErrors, sharedLatency }: Levels, chance: Draws): () => Shared {
  const innovation = Math.sqrt(1 - MEMORY ** 2);
  let errors = chance.normal();
  let latency = chance.normal();
  return () => {
    errors = MEMORY * errors + innovation * chance.normal();
    latency = MEMORY * latency + innovation * chance.normal();
    return { errors: Math.exp(sharedErrors * errors), latency: Math.exp(sharedLatency * latency), outage: 0 };
  };
}

function together(
  { errors, latency }: Shared,
  { drift }: Service,
  minute: number,
  outages: readonly Outage[],
  depth: number,
): Shared {
  const isOut = outages.some(({ from, minutes }) => minute >= from && minute < from + minutes);
  const passed = (DRIFT_MINUTES - Math.abs((minute % (2 * DRIFT_MINUTES)) - DRIFT_MINUTES)) / HOUR;
  return {
    errors: errors * Math.exp(drift.errors * passed),
    latency: latency * Math.exp(drift.latency * passed) * (isOut ? 2.5 : 1),
    outage: isOut ? depth : 0,
  };
}

const requestsIn = (minute: number, { rps, levels, phase }: Service, chance: Draws): number =>
  chance.poisson(60 * rps * (1 + levels.diurnal * Math.sin((2 * Math.PI * minute) / 1440 + phase)));

/** Cold caches at the first share, and a little of it after each further shift: half of the tasks are new then. */
function warmUp({ warmUp: { factor, minutes } }: Scenario, index: number, stageAge: number): number {
  if (factor === 1) return 1;
  return 1 + (factor - 1) * Math.exp(-index / minutes) + (index === stageAge ? 0 : 0.15 * Math.exp(-stageAge));
}

/** Slow is what takes longer than stable's 90th percentile. */
function badResponses(
  { harm }: Scenario,
  { added = 0, factor = 1, tail = 0 }: Fault,
  requests: number,
  latency: number,
  slow: number,
): number {
  if (harm !== 'slow') return requests * added;
  const usual = responsesWithin(latency)[slow]!;
  return requests * (usual - withTail(responsesWithin(latency * factor), tail)[slow]!);
}
