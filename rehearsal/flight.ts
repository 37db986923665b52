/** One rehearsed release: the real state machine and the real steps in a world of its own, and what is known at its end. */
import type { Baseline } from '../functions/core/judge/baseline.ts';
import type { LiteralEvidence } from '../functions/core/judge/literal.ts';
import type { Evidence } from '../functions/core/judge/verdict.ts';
import type { Plan } from '../functions/core/plan.ts';
import type { Lock } from '../functions/core/protocol.ts';
import type { Colour } from '../functions/core/roles.ts';
import type { Share } from '../functions/core/share.ts';
import type { MinuteEvidence } from '../functions/ports/ledger.ts';
import definition from '../state-machines/release.asl.json' with { type: 'json' };
import { chance } from './chance.ts';
import { ControlPlane, type Running } from './control-plane.ts';
import { type ExecutionEnd, loadMachine } from './engine.ts';
import { type Orphaned, UNCHECKED, type Violation, watch } from './invariants.ts';
import { killer } from './killer.ts';
import type { FlightOptions, Look } from './options.ts';
import type { Expected, Outcome } from './scenarios.ts';
import { CANDIDATE, type Scene, setTheScene } from './setting.ts';
import { bakeSeconds, START, secondsToStable, sentenceOf, Timeline, type TimelineEntry } from './timeline.ts';
import type { World, WriteRow } from './world.ts';

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
  /** Absent when no owner died under its lock. */
  readonly orphaned?: Orphaned;
  /** The world as it was left. */
  readonly setting: World;
}

/** A lock that is not free by then will not be: nobody waits for it any longer. */
const AFTER_DEATH_SECONDS = 600;
/** Late calls of the dead, and a look of the reconciler. */
const LATE_CALLS_SECONDS = 75;
const AFTER_END_SECONDS = 15;
/** Whatever happens, a rehearsal ends. */
const LONGEST_FLIGHT_SECONDS = 20 * 3600;

export async function fly(options: FlightOptions): Promise<Flown> {
  let plane: ControlPlane | undefined;
  let main: Running | undefined;
  const death = killer(
    options,
    () => main,
    () => scene.world,
  );
  const scene: Scene = setTheScene(
    options,
    () => plane!,
    (_, actor, when) => death.call(actor, when),
  );
  const { clock, world, settings, service, candidate } = scene;
  plane = new ControlPlane({
    world,
    settings,
    machine: loadMachine(options.machine ?? definition),
    chance: chance(options.seed, 'control plane'),
    withGuard: options.withGuard ?? true,
    withReconciler: options.withReconciler ?? true,
    sabotage: options.sabotage,
    beforeTransition: death.transition,
  });
  const audit = watch(world, {
    start: START,
    state: () => main?.state ?? 'before Open',
    ownerEndedAt: (owner) => plane!.endedAt(owner),
    reconcilerDiedAt: death.reconcilerDiedAt,
  });

  world.balancer.announce();
  await options.live?.ready();
  await clock.run(() => clock.now() >= START);
  const before = requestsSoFar(world, candidate);
  main = plane.start('rehearsal', options.input ?? { image: CANDIDATE, strategy: options.strategy });
  const timeline = new Timeline(world, candidate, options.onEntry);
  const { execution } = main;
  clock.everySecond(() => {
    timeline.follow(execution.history);
    options.onSecond?.(() => lookAt(world));
  });
  await clock.run(() => main!.end !== undefined);
  timeline.follow(execution.history);
  const { end, endedAt } = main as Running & { readonly end: ExecutionEnd; readonly endedAt: number };
  const isDead = end.status === 'ABORTED' || end.status === 'TIMED_OUT';
  await flyOn(scene, plane, endedAt, isDead ? Math.max(endedAt + LATE_CALLS_SECONDS, lastEventAt(options)) : endedAt);

  const outcome = isDead ? 'killed' : (OUTCOMES[main.state] ?? 'stuck');
  if ((outcome === 'refused' || outcome === 'nothing') && plane.executions.length === 1) audit.refused(service.fence);
  const after = requestsSoFar(world, candidate);
  const isToBeKilled = options.killAt !== undefined || options.kill !== undefined;
  const expected = isToBeKilled
    ? { outcome: 'killed' as const }
    : options.scenario.expected(options.at, options.policy);
  const shares = sharesOf(world.writes, main.id);
  const abort = timeline.abort;
  return {
    outcome,
    expected,
    asExpected:
      outcome === expected.outcome && (expected.share === undefined || expected.share === (shares.at(-1) ?? 0)),
    reason: reasonOf(outcome, end, timeline.entries),
    ...(abort?.evidence ? { evidence: abort.evidence } : {}),
    shares,
    transitions: execution.transitions,
    historyEvents: execution.history.length,
    virtualSeconds: Math.floor(endedAt - START),
    bakeSeconds: bakeSeconds(timeline.stages, execution.history),
    timeline: timeline.entries,
    writes: world.writes
      .filter(({ at }) => at >= START)
      .map(({ at, actor, call, share, readBack }) => ({
        second: Math.floor(at - START),
        // An execution that opens owns nothing yet: what it writes to the service is a person's rollback.
        by: actor.verb === 'Open' && call === 'ModifyRule' ? ('person' as const) : actor.by,
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
      ...world.summary(candidate),
      notices: world.notices.map(({ at, notice }) => ({
        second: Math.floor(at - START),
        kind: notice.kind,
        title: notice.title,
      })),
    },
    violations: audit.violations,
    ...(audit.orphaned ? { orphaned: audit.orphaned } : {}),
    unchecked: UNCHECKED,
    ...releaseOf(world, timeline.opened, scene.faultSince()),
    setting: world,
  };
}

/**
 * The world goes on after the release's own execution: tasks that were told to stop are stopping, other executions fly
 * to their ends, and after a death it matters what becomes of users and lock.
 */
async function flyOn({ clock, world }: Scene, plane: ControlPlane, endedAt: number, earliest: number): Promise<void> {
  const latest = START + LONGEST_FLIGHT_SECONDS;
  const isSettled = () => {
    const { lock, pending } = world.ledger.state;
    const isHeld = lock !== undefined && lock.phase !== 'stuck' && clock.now() < endedAt + AFTER_DEATH_SECONDS;
    return plane.isIdle && !isHeld && (pending === undefined || clock.now() > endedAt + AFTER_DEATH_SECONDS);
  };
  // What was started in the last seconds flies to its end too.
  do {
    await clock.run(() => (isSettled() && clock.now() >= earliest) || clock.now() >= latest);
    const settledAt = clock.now();
    await clock.run(() => clock.now() >= settledAt + AFTER_END_SECONDS);
  } while (!isSettled() && clock.now() < latest);
}

/** What is to happen at a second of the flight happens, also when the release died before. */
const lastEventAt = ({ events = [] }: FlightOptions): number =>
  START +
  Math.max(0, ...events.map(({ when, afterSeconds = 0 }) => ('second' in when ? when.second + afterSeconds + 1 : 0)));

const sharesOf = (writes: readonly WriteRow[], execution: string): readonly Share[] =>
  writes.flatMap(({ actor, call, share }) =>
    call === 'ledger: share' && actor.execution === execution && share !== undefined ? [share] : [],
  );

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

function lookAt({ ledger, clock }: World): Look | undefined {
  const { lock } = ledger.state;
  if (!lock) return undefined;
  const judging = ledger.judging(lock.releaseId);
  return { now: clock.now(), lock, ...(judging ? { judging } : {}), minutes: ledger.evidence(lock.releaseId) };
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
