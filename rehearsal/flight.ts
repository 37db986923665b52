/** One rehearsed release: the real state machine and the real steps in a world of its own, and what is known at its end. */
import { createHash } from 'node:crypto';
import { Transient } from '../functions/core/failures.ts';
import type { Baseline } from '../functions/core/judge/baseline.ts';
import type { LiteralEvidence } from '../functions/core/judge/literal.ts';
import type { Evidence } from '../functions/core/judge/verdict.ts';
import type { Plan, Policy } from '../functions/core/plan.ts';
import type { LiveRelease, Lock, ServiceState } from '../functions/core/protocol.ts';
import { type Colour, otherColour, type Weights } from '../functions/core/roles.ts';
import { ALL, type Share } from '../functions/core/share.ts';
import type { MigrationStatus } from '../functions/ports/fleet.ts';
import type { MinuteEvidence } from '../functions/ports/ledger.ts';
import type { Image } from '../functions/ports/registry.ts';
import type { ServiceSettings } from '../functions/steps/settings.ts';
import definition from '../state-machines/release.asl.json' with { type: 'json' };
import { chance } from './chance.ts';
import { VirtualClock } from './clock.ts';
import { type Execution, type ExecutionEnd, loadMachine, startExecution } from './engine.ts';
import type { HistoryEvent } from './engine-history.ts';
import { functionsFor, type Play, type Verb } from './functions.ts';
import { UNCHECKED, type Violation, watch } from './invariants.ts';
import type { Expected, Outcome, Role, Scenario, Spoilt } from './scenarios.ts';
import type { Task, TaskHost } from './tasks.ts';
import { modelledTraffic, type Traffic } from './traffic.ts';
import { VirtualHost } from './virtual-host.ts';
import { World, type WriteRow } from './world.ts';

/** Second 0 of every rehearsal. */
export const START = Date.UTC(2026, 0, 5, 14, 0, 0) / 1000;
const BASE_ERROR_RATE = 0.001;
const STABLE_TASKS = 4;
const CANDIDATE = 'v1.5.0';
const STABLE = 'v1.4.2';

export interface FlightOptions {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly strategy: 'canary' | 'blue-green';
  readonly policy: Policy;
  readonly requestsPerSecond: number;
  /** The fault begins in the first second of that share ... */
  readonly at: Share;
  /** ... or so many minutes after the first share. */
  readonly fromMinute?: number | undefined;
  readonly points: number;
  readonly factor: number;
  readonly warmMinutes: number;
  /** A raw execution input instead of the scenario's own. */
  readonly input?: unknown;
  /** Ends the execution before it enters that state, counted from 1. */
  readonly killAt?: number | undefined;
  readonly baselineMinutes: number;
  /** Real tasks and real requests instead of modelled ones. */
  readonly live?: LiveParts | undefined;
  /** Told of each state as its answer is known, and of the end. */
  readonly onEntry?: ((entry: TimelineEntry) => void) | undefined;
  /** Tests break a step here, to see the watch find it. */
  readonly sabotage?:
    | ((functions: Readonly<Record<Verb, Play>>, world: World) => Readonly<Record<Verb, Play>>)
    | undefined;
  readonly machine?: unknown;
}

/** What a live rehearsal puts in the place of modelled tasks and traffic. */
export interface LiveParts {
  readonly host: TaskHost;
  readonly traffic: Traffic;
  readonly numbersLatestSeconds: number;
  /** Resolves when the stable tasks are up. */
  ready(): Promise<void>;
  readonly pace: (second: number) => Promise<void>;
  readonly onWeights: (weights: Weights) => void;
  /** How the real versions answer from now on. */
  readonly spoil: (spoilt: Readonly<Record<Role, Spoilt>>) => void;
  /** The real candidate exits, and each further one soon after it came up. */
  readonly crash: () => void;
}

export interface TimelineEntry {
  readonly second: number;
  readonly state: string;
  readonly share: Share;
  readonly verdict?: string;
  /** How much likelier the numbers are if the candidate is worse; where the judge compared. */
  readonly odds?: number;
  readonly summary: string;
}

export interface Flight {
  readonly outcome: Outcome;
  readonly expected: Expected;
  readonly asExpected: boolean;
  readonly reason: string;
  readonly evidence?: Evidence | LiteralEvidence;
  readonly shares: readonly Share[];
  readonly transitions: number;
  readonly historyEvents: number;
  readonly virtualSeconds: number;
  readonly bakeSeconds: number;
  readonly timeline: readonly TimelineEntry[];
  readonly writes: readonly {
    readonly second: number;
    readonly by: WriteRow['actor']['by'];
    readonly call: string;
    readonly share?: Share;
    readonly readBack?: Share;
  }[];
  readonly secondsFromVerdictToStable?: number;
  readonly requests: {
    readonly total: number;
    readonly candidate: number;
    readonly failedByCandidate: number;
    readonly droppedByShift: number;
  };
  readonly world: ReturnType<World['summary']> & {
    readonly notices: readonly { readonly second: number; readonly kind: string; readonly title: string }[];
  };
  readonly violations: readonly Violation[];
  readonly unchecked: readonly number[];
}

/** What a report needs beside the flight itself; absent when nothing was opened. */
export interface FlightRelease {
  readonly id: string;
  readonly image: string;
  readonly candidate: Colour;
  readonly stable: Colour;
  readonly plan: Plan;
  /** Every minute that was judged, and what the judge learnt of stable before the first. */
  readonly minutes: readonly MinuteEvidence[];
  readonly baseline?: Baseline;
  /** When the scenario's fault began, seconds since the start. */
  readonly faultSecond?: number;
}

/** Ends by state name; what leads nowhere is a machine that stopped working, and a person must look. */
const OUTCOMES: Readonly<Record<string, Outcome>> = {
  Promoted: 'promoted',
  Reverted: 'reverted',
  Refused: 'refused',
  'Nothing changed': 'refused',
  'Nothing to do': 'nothing',
};

export interface Flown extends Flight {
  readonly release?: FlightRelease;
  /** The world as it was left. */
  readonly setting: World;
}

export async function fly(options: FlightOptions): Promise<Flown> {
  const { scenario, seed, live } = options;
  const clock = new VirtualClock(START - options.baselineMinutes * 60);
  if (live) clock.pace = live.pace;
  const images = { [STABLE]: image(STABLE, START - 86_400), [CANDIDATE]: image(CANDIDATE, START - 60) };
  const service = serviceState(scenario.firstRelease ? undefined : images[STABLE]!);
  const candidateColour = otherColour(service.stable);
  const settings = serviceSettings(options);

  let faultSince: number | undefined;
  const minutesOfFault = () => (faultSince === undefined ? -1 : (clock.now() - faultSince) / 60);
  const spoilt = (role: Role) => scenario.spoilt?.(role, minutesOfFault(), options) ?? {};
  const roleOf = (colour: Colour): Role => (colour === candidateColour ? 'candidate' : 'stable');
  const isCandidate = ({ colour }: Task) => colour === candidateColour;
  const host =
    live?.host ??
    new VirtualHost(clock, chance(seed, 'tasks'), {
      neverHealthy: (task) => isCandidate(task) && scenario.neverHealthy === true,
      crashes: (task) => isCandidate(task) && scenario.crashes === true && minutesOfFault() >= 0,
    });
  const baseErrorRate = scenario.errorFreeUnderLiteral && options.policy === 'literal' ? 0 : BASE_ERROR_RATE;
  const behaviour = (colour: Colour) => {
    const { errorPoints = 0, latencyFactor = 1 } = spoilt(roleOf(colour));
    return { errorRate: Math.min(1, baseErrorRate + errorPoints / 100), latencyFactor };
  };
  const throttling = chance(seed, 'throttling');

  const world = new World({
    seed,
    clock,
    service,
    records: [],
    stableTasks: STABLE_TASKS,
    images,
    host,
    traffic: live?.traffic ?? modelledTraffic(chance(seed, 'traffic'), options.requestsPerSecond, behaviour),
    numbersLatestSeconds: live?.numbersLatestSeconds ?? 110,
    migration: migrationOf(scenario, clock),
    numbersLost: (colour) => scenario.losesNumbers === true && colour === candidateColour && minutesOfFault() >= 0,
    interfere: (call) => {
      if (scenario.throttled && call === 'ModifyRule' && throttling.uniform() < 0.5)
        throw new Transient('Rate exceeded');
    },
    start: () => {},
    executionStatus: () => (execution.status() === 'RUNNING' ? 'RUNNING' : 'ended'),
    ...(live ? { onWeights: live.onWeights } : {}),
  });
  world.onWrite((row) => {
    const begins =
      options.fromMinute === undefined
        ? row.call === 'ModifyRule' && row.share === options.at && row.actor.verb === 'Shift'
        : row.call === 'ledger: share';
    if (!begins || faultSince !== undefined) return;
    const from = clock.now() + (options.fromMinute ?? 0) * 60;
    faultSince = from;
    clock.at(from, () => {
      if (!scenario.crashes) return;
      if (live) live.crash();
      else if (host instanceof VirtualHost) host.crashAll();
    });
  });
  clock.everySecond((second) => {
    if (live && second % LIVE_SPOILS_EVERY_SECONDS === 0)
      live.spoil({ stable: spoilt('stable'), candidate: spoilt('candidate') });
  });

  let state = 'before Open';
  let endedAt: number | undefined;
  const scene = watch(world, { start: START, state: () => state, ownerEndedAt: () => endedAt });

  world.balancer.announce();
  await live?.ready();
  await clock.run(() => clock.now() >= START);
  const before = requestsSoFar(world, candidateColour);
  const functions = functionsFor(world, settings, EXECUTION);
  const execution: Execution = startExecution({
    machine: loadMachine(options.machine ?? definition),
    id: EXECUTION,
    name: 'release',
    input: options.input ?? { image: CANDIDATE, strategy: options.strategy },
    functions: options.sabotage?.(functions, world) ?? functions,
    clock,
    chance: chance(seed, 'jitter').uniform,
    beforeTransition: (count, name) => {
      if (count === options.killAt) return 'stop';
      state = name;
      return 'go on';
    },
  });
  let end: ExecutionEnd | undefined;
  void execution.done.then((ended) => {
    end = ended;
    endedAt = clock.now();
  });
  const timeline = new Timeline(world, candidateColour, options.onEntry);
  clock.everySecond(() => timeline.follow(execution.history));
  await clock.run(() => end !== undefined);
  timeline.follow(execution.history);
  const ended = clock.now();
  // The world goes on: tasks that were told to stop are stopping, and after a death it matters what becomes of users.
  const afterwards = end!.status === 'ABORTED' ? AFTER_DEATH_SECONDS : AFTER_END_SECONDS;
  await clock.run(() => clock.now() >= ended + afterwards);

  const outcome = end!.status === 'ABORTED' ? 'killed' : (OUTCOMES[state] ?? 'stuck');
  if (outcome === 'refused' || outcome === 'nothing') scene.refused(service.fence);
  const after = requestsSoFar(world, candidateColour);
  const expected =
    options.killAt === undefined ? scenario.expected(options.at, options.policy) : { outcome: 'killed' as const };
  const lastShare =
    world.writes.findLast(({ call, share }) => call === 'ledger: share' && share !== undefined)?.share ?? 0;
  const isThere = expected.share === undefined || expected.share === lastShare;
  const abort = timeline.abort;
  return {
    outcome,
    expected,
    asExpected: outcome === expected.outcome && isThere,
    reason: reasonOf(outcome, end!, timeline.entries),
    ...(abort?.evidence ? { evidence: abort.evidence } : {}),
    shares: world.writes.flatMap(({ call, share }) => (call === 'ledger: share' && share !== undefined ? [share] : [])),
    transitions: execution.transitions,
    historyEvents: execution.history.length,
    virtualSeconds: Math.floor(ended - START),
    bakeSeconds: bakeSeconds(timeline.stages, execution.history),
    timeline: timeline.entries,
    writes: world.writes
      .filter(({ at }) => at >= START)
      .map(({ at, actor, call, share, readBack }) => ({
        second: Math.floor(at - START),
        by: actor.by,
        call,
        ...(share === undefined ? {} : { share }),
        ...(readBack === undefined ? {} : { readBack }),
      })),
    ...secondsToStable(world.writes),
    requests: {
      total: after.total - before.total,
      candidate: after.candidate - before.candidate,
      failedByCandidate: after.failed - before.failed,
      droppedByShift: after.dropped - before.dropped,
    },
    world: {
      ...world.summary(candidateColour),
      notices: world.notices.map(({ at, notice }) => ({
        second: Math.floor(at - START),
        kind: notice.kind,
        title: notice.title,
      })),
    },
    violations: scene.violations,
    unchecked: UNCHECKED,
    ...releaseOf(world, timeline.opened, faultSince),
    setting: world,
  };
}

const LIVE_SPOILS_EVERY_SECONDS = 5;
const MIGRATION_FAILS_AFTER_SECONDS = 60;

function migrationOf({ migration }: Scenario, clock: VirtualClock): () => MigrationStatus {
  let since: number | undefined;
  return () => {
    since ??= clock.now();
    if (migration === 'hangs') return { is: 'running' };
    if (migration !== 'fails') return { is: 'done' };
    if (clock.now() < since + MIGRATION_FAILS_AFTER_SECONDS) return { is: 'running' };
    return { is: 'failed', reason: 'alembic exited with 1: column "phone" of relation "drivers" already exists' };
  };
}

const EXECUTION = 'arn:aws:states:us-east-1:111111111111:execution:release:rehearsal';
const AFTER_DEATH_SECONDS = 600;
const AFTER_END_SECONDS = 15;

/** Every state but Wait and Choice, with what its Lambda answered. */
class Timeline {
  readonly entries: TimelineEntry[] = [];
  readonly stages: StageStart[] = [];
  opened: Lock | undefined;
  abort: { readonly evidence?: Evidence | LiteralEvidence } | undefined;
  #read = 0;
  #open: { readonly second: number; readonly state: string } | undefined;
  readonly #world: World;
  readonly #candidate: Colour;
  readonly #onEntry: ((entry: TimelineEntry) => void) | undefined;

  constructor(world: World, candidate: Colour, onEntry: ((entry: TimelineEntry) => void) | undefined) {
    this.#world = world;
    this.#candidate = candidate;
    this.#onEntry = onEntry;
    world.onWrite((row) => {
      const { lock } = world.ledger.state;
      if (row.call === 'ledger: open') this.opened = lock;
      if (row.call === 'ledger: abort') this.abort = lock?.abort;
      if (row.call === 'ledger: share') this.stages.push({ share: lock!.share, from: lock!.stageFrom! });
    });
  }

  follow(history: readonly HistoryEvent[]): void {
    for (; this.#read < history.length; this.#read++) {
      const { type, timestamp, details } = history[this.#read]!;
      const second = Math.floor(timestamp - START);
      if (type === 'TaskStateEntered') this.#open = { second, state: details.name! };
      else if (type === 'LambdaFunctionSucceeded') this.#close(details.output as Record<string, unknown>, timestamp);
      else if (type === 'TaskStateExited') this.#open = undefined;
      else if (type === 'LambdaFunctionFailed') this.#close({ summary: sentenceOf(details) }, timestamp);
      else if (type === 'SucceedStateEntered' || type === 'FailStateEntered') {
        this.#open = { second, state: details.name! };
        this.#close(details.input as Record<string, unknown>, timestamp);
      }
    }
  }

  #shareAt(instant: number): Share {
    const rule = this.#world.writes.findLast(({ at, weights }) => weights !== undefined && at < instant);
    return rule?.weights?.[this.#candidate] ?? 0;
  }

  #close(answer: Record<string, unknown>, at: number): void {
    if (!this.#open) return;
    const { summary, verdict, odds } = answer;
    const entry = {
      ...this.#open,
      share: this.#shareAt(at),
      ...(typeof verdict === 'string' ? { verdict } : {}),
      ...(typeof odds === 'number' ? { odds } : {}),
      summary: typeof summary === 'string' ? summary : '',
    };
    this.entries.push(entry);
    this.#onEntry?.(entry);
  }
}

function sentenceOf({ error, cause }: HistoryEvent['details']): string {
  try {
    return (JSON.parse(cause ?? '') as { errorMessage: string }).errorMessage;
  } catch {
    return cause ?? error ?? '';
  }
}

/** Seconds watched below 100 %: from each confirmed share to the look that ended it. */
function bakeSeconds(stages: readonly StageStart[], history: readonly HistoryEvent[]): number {
  let entered = 0;
  const ends: number[] = [];
  for (const { type, timestamp, details } of history) {
    const verdict = (details.output as { verdict?: unknown } | undefined)?.verdict;
    if (type === 'TaskStateEntered') entered = timestamp;
    if (type === 'LambdaFunctionSucceeded' && (verdict === 'advance' || verdict === 'abort')) ends.push(entered);
  }
  return stages
    .filter(({ share }) => share < ALL)
    .reduce((sum, { from }) => sum + Math.floor((ends.find((end) => end > from) ?? from) - from), 0);
}

interface StageStart {
  readonly share: Share;
  /** When the ledger has it confirmed. */
  readonly from: number;
}

function secondsToStable(writes: readonly WriteRow[]): { readonly secondsFromVerdictToStable?: number } {
  const order = writes.findIndex(({ call }) => call === 'ledger: abort');
  const done = writes.slice(order + 1).find(({ call }) => call === 'ledger: reverting');
  return order < 0 || !done ? {} : { secondsFromVerdictToStable: Math.ceil(done.at - writes[order]!.at) };
}

function releaseOf(
  world: World,
  lock: Lock | undefined,
  faultSince: number | undefined,
): { readonly release?: FlightRelease } {
  if (!lock) return {};
  const baseline = world.ledger.judging(lock.releaseId)?.state.baseline;
  return {
    release: {
      id: lock.releaseId,
      image: lock.image,
      candidate: lock.candidate,
      stable: lock.stable,
      plan: lock.plan,
      minutes: world.ledger.evidence(lock.releaseId),
      ...(baseline ? { baseline } : {}),
      ...(faultSince === undefined ? {} : { faultSecond: Math.floor(faultSince - START) }),
    },
  };
}

const requestsSoFar = ({ traffic: { totals } }: World, candidate: Colour) => ({
  total: totals.requests,
  candidate: totals.byColour[candidate],
  failed: totals.failed[candidate],
  dropped: totals.dropped,
});

function reasonOf(outcome: Outcome, end: ExecutionEnd, timeline: readonly TimelineEntry[]): string {
  if (outcome === 'killed') return 'the execution was ended from outside';
  const last = timeline.at(-1)?.summary;
  return last || (end.cause ? sentenceOf({ cause: end.cause }) : '') || end.error || outcome;
}

function serviceState(live: Image | undefined): ServiceState {
  const current: LiveRelease | undefined = live && { releaseId: 'r-20260101-090000', image: STABLE, ...live };
  return { service: 'conductores-backend', stable: 'blue', fence: 7, ...(current ? { current } : {}) };
}

const serviceSettings = ({ policy, warmMinutes, scenario }: FlightOptions): ServiceSettings => ({
  service: 'conductores-backend',
  profile: 'production',
  repository: { registry: '111111111111.dkr.ecr.us-east-1.amazonaws.com', name: 'conductores-backend' },
  policy,
  onUnproven: 'ask',
  warmMinutes,
  hasMigration: scenario.migration !== undefined,
  minimumTasks: 2,
  readyWithinSeconds: 600,
  migrateWithinSeconds: 1800,
});

const image = (tag: string, pushedAt: number): Image => ({
  digest: `sha256:${createHash('sha256').update(tag).digest('hex')}`,
  pushedAt,
});
