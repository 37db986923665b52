/** One rehearsed release: the real state machine and the real steps in a world of its own, from start to end. */
import { sendCommand } from '../functions/steps/shared/operator-command.ts';
import { policy } from '../state-machines/policy.ts';
import { type Account, accountOf, isKilled, type RehearsalResult, served } from './account.ts';
import { chance } from './chance.ts';
import { paced } from './clock.ts';
import { ControlPlane, type Running } from './control-plane.ts';
import { loadMachine } from './engine.ts';
import { OUTAGE_SECONDS } from './faults.ts';
import { killer, MAIN } from './killer.ts';
import type { Controls, Look, RehearsalOptions } from './options.ts';
import { type Auditor, audit, type Violation } from './promises.ts';
import type { Expected, Outcome } from './scenarios.ts';
import { buildRehearsal, type RehearsalSetup } from './setting.ts';
import { START, Timeline } from './timeline.ts';
import { CANDIDATE } from './versions.ts';
import type { World } from './world.ts';

/** A lock that is not free by then will not be: nobody waits for it any longer. */
const AFTER_DEATH_SECONDS = 600;
/** Late calls of the dead, and a look of the reconciler. */
const LATE_CALLS_SECONDS = 75;
const AFTER_END_SECONDS = 15;
/** Whatever happens, a rehearsal ends. */
const LONGEST_FLIGHT_SECONDS = 20 * 3600;

export async function runRehearsal(options: RehearsalOptions): Promise<RehearsalResult> {
  const wired = wire(options);
  const { setup, plane, auditor } = wired;
  const { clock, world, candidate } = setup;
  const timeline = new Timeline(world, candidate, options.onEntry);
  let before = served(world, candidate);
  const account = (): Account =>
    accountOf({
      world,
      candidate,
      timeline,
      violations: wired.violations,
      orphaned: auditor.orphaned,
      main: wired.main,
      before,
      faultSince: setup.faultSince(),
    });
  options.onControls?.({ account, say: saying(world), setFault: setup.setFault });

  await untilStart(options, setup);
  before = served(world, candidate);
  const main = plane.start(
    MAIN,
    options.input ?? options.scenario.input ?? { image: CANDIDATE, strategy: options.strategy },
  );
  wired.main = main;
  const { execution } = main;
  clock.everySecond(() => {
    timeline.follow(execution.history);
    options.onSecond?.(() => lookAt(world));
  });
  await clock.run(() => main.end !== undefined);
  timeline.follow(execution.history);
  const endedAt = main.endedAt!;
  const earliest = isKilled(main) ? Math.max(endedAt + LATE_CALLS_SECONDS, lastEventAt(options)) : endedAt;
  await runOn(setup, plane, endedAt, earliest);
  return ended(options, wired, account);
}

/** Everything that a rehearsal is made of, each part knowing only those before it. */
interface Wired {
  readonly setup: RehearsalSetup;
  readonly auditor: Auditor;
  readonly violations: readonly Violation[];
  readonly plane: ControlPlane;
  /** The release's own execution, once it was started. */
  main: Running | undefined;
}

function wire(options: RehearsalOptions): Wired {
  const death = killer(options);
  const setup = buildRehearsal(options, death.call);
  const { world, settings, clock } = setup;
  death.enter(world);
  const violations: Violation[] = [];
  const auditor = audit(
    world,
    {
      start: START,
      reconcilerDiedAt: death.reconcilerDiedAt,
      isHealthy: () => mustBePromoted(options) && !setup.isFaultByHand(),
    },
    ({ promise, detail }) => {
      const state = wired.main?.state ?? 'before Open';
      violations.push({ invariant: promise, second: Math.floor(clock.now() - START), state, detail });
    },
  );
  const plane = new ControlPlane({
    world,
    settings,
    machine: loadMachine(options.machine ?? policy),
    chance: chance(options.seed, 'control plane'),
    refuses: setup.refuses,
    withGuard: options.withGuard ?? true,
    withReconciler: options.withReconciler ?? true,
    sabotage: options.sabotage,
    beforeTransition: death.transition,
    onStart: ({ id, input }) => auditor.started(id, input),
    onEnd: ({ id }) => auditor.ended(id),
    onAnswer: auditor.answered,
  });
  clock.everySecond(auditor.second);
  const wired: Wired = { setup, auditor, violations, plane, main: undefined };
  return wired;
}

/** What a person who watches says to the release. */
function saying(world: World): Controls['say'] {
  let said = 0;
  return (word) => sendCommand(world.ports({ by: 'person' }), { word, by: 'a person', id: `by-hand-${said++}` });
}

/** The minutes before the release, from which stable's baseline is learned. */
async function untilStart({ live, speed }: RehearsalOptions, { clock, world }: RehearsalSetup): Promise<void> {
  world.balancer.announce();
  await live?.ready();
  const pace = speed === undefined ? undefined : paced(speed);
  // Only real traffic needs real time before the start.
  if (live) clock.pace = pace;
  await clock.run(() => clock.now() >= START);
  clock.pace = pace;
}

function ended(options: RehearsalOptions, { setup, plane, auditor }: Wired, account: () => Account): RehearsalResult {
  if (options.withReconciler !== false && plane.isIdle) auditor.rest(false);
  const outcome = account().outcome as Outcome;
  if ((outcome === 'refused' || outcome === 'nothing') && plane.executions.length === 1)
    auditor.refused(setup.service.fence);
  const end = account();
  const isToBeKilled = options.killAt !== undefined || options.kill !== undefined;
  const expected = isToBeKilled ? { outcome: 'killed' as const } : expectedOf(options);
  const asExpected =
    outcome === expected.outcome && (expected.share === undefined || expected.share === (end.shares.at(-1) ?? 0));
  return { ...end, outcome, expected, asExpected };
}

/**
 * The world goes on after the release's own execution: tasks that were told to stop are stopping, other executions rehearse
 * to their ends, and after a death it matters what becomes of users and lock.
 */
async function runOn(
  { clock, world }: RehearsalSetup,
  plane: ControlPlane,
  endedAt: number,
  earliest: number,
): Promise<void> {
  const latest = START + LONGEST_FLIGHT_SECONDS;
  const isSettled = () => {
    const { lock, pending } = world.ledger.state;
    const isHeld = lock !== undefined && lock.phase !== 'stuck' && clock.now() < endedAt + AFTER_DEATH_SECONDS;
    return plane.isIdle && !isHeld && (pending === undefined || clock.now() > endedAt + AFTER_DEATH_SECONDS);
  };
  // What was started in the last seconds runs to its end too.
  do {
    await clock.run(() => (isSettled() && clock.now() >= earliest) || clock.now() >= latest);
    const settledAt = clock.now();
    await clock.run(() => clock.now() >= settledAt + AFTER_END_SECONDS);
  } while (!isSettled() && clock.now() < latest);
}

const expectedOf = (options: RehearsalOptions): Expected =>
  options.scenario.expected(options.at, options.policy, { ...options, seconds: options.seconds ?? OUTAGE_SECONDS });

/** Nothing speaks against the candidate, and no step was broken on purpose. */
const mustBePromoted = (options: RehearsalOptions): boolean =>
  options.sabotage === undefined && expectedOf(options).outcome === 'promoted';

/** What is to happen at a second of the rehearsal happens, also when the release died before. */
const lastEventAt = ({ events = [] }: RehearsalOptions): number =>
  START +
  Math.max(0, ...events.map(({ when, afterSeconds = 0 }) => ('second' in when ? when.second + afterSeconds + 1 : 0)));

function lookAt({ ledger, clock }: World): Look | undefined {
  const { lock } = ledger.state;
  if (!lock) return undefined;
  const judging = ledger.judging(lock.releaseId);
  return { now: clock.now(), lock, ...(judging ? { judging } : {}), minutes: ledger.evidence(lock.releaseId) };
}
