/** A service in a world of its own, at any moment of a release, asked one step at a time. */
import { settingsOf } from '../../functions/adapters/addresses.ts';
import { Transient } from '../../functions/core/failures.ts';
import { type Plan, planRelease } from '../../functions/core/plan.ts';
import type { LedgerWrite, Lock, Phase, ReleaseRecord, ServiceState } from '../../functions/core/protocol.ts';
import { COLOURS, type Colour, type Weights, weightsFor } from '../../functions/core/roles.ts';
import { NONE } from '../../functions/core/share.ts';
import type { MigrationStatus } from '../../functions/ports/fleet.ts';
import { type GuardAnswer, type GuardEvent, guard } from '../../functions/steps/safety/guard.ts';
import { type ReconcileAnswer, reconcile } from '../../functions/steps/safety/reconcile.ts';
import { type CommandRequest, sendCommand } from '../../functions/steps/shared/operator-command.ts';
import type { ServiceSettings } from '../../functions/steps/shared/settings.ts';
import type { StepInput, StepOutput } from '../../functions/steps/shared/step.ts';
import { chance } from '../../rehearsal/chance.ts';
import { VirtualClock } from '../../rehearsal/clock.ts';
import { functionsFor, type Verb } from '../../rehearsal/functions.ts';
import type { Delivery } from '../../rehearsal/numbers.ts';
import { audit, type Broken } from '../../rehearsal/promises.ts';
import { rehearsalWorld } from '../../rehearsal/rehearsal-world.ts';
import type { Task } from '../../rehearsal/tasks.ts';
import { modelledTraffic } from '../../rehearsal/traffic.ts';
import { VirtualHost } from '../../rehearsal/virtual-host.ts';
import type { World } from '../../rehearsal/world.ts';
import type { WriteRow } from '../../rehearsal/writes.ts';
import { SLUICE } from '../adapters/sluice.ts';

export const NOW = Date.UTC(2026, 0, 5, 14) / 1000;
export const ME = 'arn:aws:states:us-east-1:111111111111:execution:release:mine';
export const SOMEBODY_ELSE = 'arn:aws:states:us-east-1:111111111111:execution:release:other';
export const FENCE = 8;

const digestOf = (digit: string): string => `sha256:${digit.repeat(64)}`;
export const IMAGES = {
  'v1.4.1': { digest: digestOf('1'), pushedAt: NOW - 200_000 },
  'v1.4.2': { digest: digestOf('2'), pushedAt: NOW - 100_000 },
  'v1.5.0': { digest: digestOf('5'), pushedAt: NOW - 300 },
  'v1.5.1': { digest: digestOf('6'), pushedAt: NOW - 30 },
} as const;

const released = (releaseId: string, image: keyof typeof IMAGES) => ({ releaseId, image, ...IMAGES[image] });
export const CURRENT = released('r-20260104-090000', 'v1.4.2');
export const PREVIOUS = released('r-20260103-090000', 'v1.4.1');

export const SETTINGS: ServiceSettings = settingsOf(SLUICE);

export const PLAN: Plan = (() => {
  const planned = planRelease({ action: 'release', image: 'v1.5.0', source: 'person' }, SETTINGS);
  if (!planned.ok) throw new Error(JSON.stringify(planned.fields));
  return planned.plan;
})();

export const ABORT = { by: 'person', reason: 'a person said so', at: NOW - 5 } as const;

export const PHASES: readonly Phase[] = [
  'opening',
  'migrating',
  'deploying',
  'baking',
  'warm',
  'reverting',
  'closing',
  'stuck',
];

/** A release of v1.5.0 in that phase and at that share, as its own steps would have left it. */
export function lockIn(phase: Phase, share = NONE, facts: Partial<Lock> = {}): Lock {
  const isSeen = share > NONE;
  return {
    owner: ME,
    releaseId: 'r-20260105-135500',
    ...IMAGES['v1.5.0'],
    image: 'v1.5.0',
    fence: FENCE,
    stable: 'blue',
    candidate: 'green',
    plan: PLAN,
    phase,
    share,
    openedAt: NOW - 300,
    ticks: 0,
    ...(isSeen ? { intent: share, stageFrom: NOW - 60, firstShareAt: NOW - 60 } : {}),
    ...facts,
  };
}

export const recordOf = ({ releaseId, digest, image, pushedAt, fence, openedAt }: Lock): ReleaseRecord => ({
  releaseId,
  digest,
  image,
  pushedAt,
  status: 'open',
  fence,
  openedAt,
});

export interface SceneOptions {
  readonly lock?: Lock;
  readonly service?: Partial<ServiceState>;
  readonly records?: readonly ReleaseRecord[];
  readonly settings?: Partial<ServiceSettings>;
  /** @default - as the lock's share says */
  readonly weights?: Weights;
  /** Healthy tasks of the candidate. @default - 4 once it can have users, none before */
  readonly candidateTasks?: number;
  readonly stableTasks?: number;
  /** No new task ever passes its health check. */
  readonly neverHealthy?: true;
  /** Tasks whose health check fails from the beginning on, though they serve. @default - none */
  readonly failsHealthCheck?: (task: Task) => boolean;
  /** @default - whenever the candidate has a healthy task */
  readonly probePasses?: () => boolean;
  /** Minutes of traffic before the step is asked. @default - 0 */
  readonly minutes?: number;
  /** How its numbers arrive. @default - all of them, within 110 s */
  readonly delivery?: Partial<Delivery>;
  readonly stableErrorRate?: number;
  /** @default - stable's */
  readonly candidateErrorRate?: number;
  readonly migration?: (token: string) => MigrationStatus;
  /** What becomes of an execution. @default - all of them run */
  readonly executionStatus?: (execution: string) => 'RUNNING' | 'ended' | 'unknown';
  /** Called before and after the n-th port call, counted from 1; may throw. */
  readonly before?: (call: number, name: string) => void;
  readonly after?: (call: number, name: string) => void;
}

export interface Fixture {
  readonly world: World;
  readonly clock: VirtualClock;
  readonly started: readonly string[];
  readonly violations: readonly Broken[];
  /** Writes and the readings that a decision hangs on, in the order in which they took effect. */
  readonly log: readonly string[];
  ask(verb: Verb, state?: StepInput['state'], execution?: string): Promise<StepOutput>;
  open(input: unknown, execution?: string): Promise<StepOutput>;
  guard(event: GuardEvent): Promise<GuardAnswer>;
  /** One look of the reconciler. */
  reconcile(): Promise<ReconcileAnswer>;
  tell(said: CommandRequest): Promise<Lock>;
  wait(seconds: number): Promise<void>;
  /** Every task of that colour exits, and none comes back. */
  kill(colour: Colour): Promise<void>;
  /** Every task of that colour fails its health check from now on, or passes it again. */
  turn(colour: Colour, health: 'healthy' | 'unhealthy'): void;
  /** What a write of somebody else does in between. */
  write(write: LedgerWrite): void;
}

const READINGS = ['DescribeRules', 'DescribeTargetHealth', 'Probe', 'Probe (rests)', 'StartExecution'];
const COMING_UP: readonly Phase[] = ['opening', 'migrating', 'deploying'];
const BELONGS: StepInput['state'] = { release: { id: lockIn('opening').releaseId, fence: FENCE } };

export async function fixture(options: SceneOptions = {}): Promise<Fixture> {
  const { lock, service = {}, records = [], minutes = 0, stableErrorRate = 0.001 } = options;
  const { candidateErrorRate = stableErrorRate } = options;
  const settings = { ...SETTINGS, ...options.settings };
  const clock = new VirtualClock(NOW - minutes * 60);
  const dead = new Set<Colour>();
  const host = new VirtualHost(clock, chance(1, 'tasks'), {
    neverHealthy: ({ colour }) => options.neverHealthy === true || dead.has(colour),
    crashes: ({ colour }) => dead.has(colour),
    ...(options.failsHealthCheck ? { failsHealthCheck: options.failsHealthCheck } : {}),
  });
  clock.everySecond((second) => host.second(second));
  const started: string[] = [];
  const log: string[] = [];
  let calls = 0;
  const world = rehearsalWorld({
    seed: 1,
    clock,
    service: {
      service: SETTINGS.service,
      stable: 'blue',
      fence: lock ? FENCE : FENCE - 1,
      current: CURRENT,
      previous: PREVIOUS,
      ...(lock ? { lock } : {}),
      ...service,
    },
    records: [...(lock ? [recordOf(lock)] : []), ...records],
    stableTasks: options.stableTasks ?? 4,
    images: IMAGES,
    host,
    traffic: modelledTraffic(chance(1, 'traffic'), 50, (colour) => ({
      errorRate: colour === lock?.candidate ? candidateErrorRate : stableErrorRate,
      latencyFactor: 1,
    })),
    delivery: { latestSeconds: 110, ...options.delivery },
    migration: options.migration ?? (() => ({ is: 'done' })),
    ...(options.probePasses ? { probePasses: options.probePasses } : {}),
    executions: {
      start: (name) => started.push(name),
      status: options.executionStatus ?? (() => 'RUNNING'),
    },
    interfere: (name) => options.before?.(calls + 1, name),
    interfereAfter: (name) => {
      calls += 1;
      if (READINGS.includes(name)) log.push(name);
      options.after?.(calls, name);
    },
  });
  world.onWrite((row) => {
    if (!READINGS.includes(row.call)) log.push(asLine(row));
  });
  const mayHaveUsers = lock !== undefined && !COMING_UP.includes(lock.phase);
  const candidateTasks = options.candidateTasks ?? (mayHaveUsers ? 4 : 0);
  const { candidate } = world.roles;
  if (lock && candidateTasks > 0) {
    world.tasks.alreadyUp(candidate, lock.digest, candidateTasks);
    world.tasks.suspend(lock.stable, 'in');
  }
  if (minutes > 0) await clock.run(() => clock.now() >= NOW);
  const weights = options.weights ?? (lock ? weightsFor(lock, lock.share) : world.balancer.weights);
  Object.assign(world.balancer, { weights, inForce: weights });
  const auditor = audit(world, { start: NOW });
  clock.everySecond(auditor.second);

  const play = async (verb: Verb, payload: unknown, execution: string): Promise<StepOutput> => {
    const functions = functionsFor(world, settings, execution);
    return settled(clock, functions[verb](payload)) as Promise<StepOutput>;
  };
  return {
    world,
    clock,
    started,
    violations: auditor.broken,
    log,
    ask: (verb, state = BELONGS, execution = ME) => play(verb, { execution, state }, execution),
    open: (input, execution = ME) => play('Open', { execution, input }, execution),
    guard: (event) => settled(clock, guard(world.ports({ by: 'guard' }))(event)),
    reconcile: () => settled(clock, reconcile(world.ports({ by: 'reconciler' }), settings)()),
    tell: (said) => settled(clock, sendCommand(world.ports({ by: 'person' }), said)),
    wait: (seconds) => settled(clock, clock.sleep(seconds)),
    async kill(colour) {
      dead.add(colour);
      host.crashAll();
      await settled(clock, clock.sleep(1));
    },
    turn: (colour, health) => host.turn(colour, health),
    write: (asked) => {
      if (!world.ledger.write(asked).written) throw new Error(`The ledger refused "${asked.name}"`);
    },
  };
}

export async function settled<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  let done = false;
  const ended = () => {
    done = true;
  };
  promise.then(ended, ended);
  await clock.run(() => done);
  return promise;
}

function asLine({ call, weights, colour, tasks }: WriteRow): string {
  if (weights) return `${call} blue ${weights.blue}, green ${weights.green}`;
  return [call, colour, tasks].filter((part) => part !== undefined).join(' ');
}

/** As the state machine asks: again after `Transient`, again after a wait; to the verdict or the failure that ends it. */
export async function askUntilAnswered(it: Fixture, verb: Verb, state?: StepInput['state']): Promise<string> {
  for (let tries = 0; tries < 30; tries++) {
    try {
      const { verdict, waitSeconds } = await it.ask(verb, state);
      if (verdict !== 'wait' && verdict !== 'not ready') return verdict;
      await it.wait(waitSeconds);
    } catch (error) {
      if (!(error instanceof Transient)) return (error as Error).name;
      await it.wait(2);
    }
  }
  throw new Error(`${verb} came to no end`);
}

/** What is true at the end, without clocks and counters. */
export function truth({ world }: Fixture) {
  const { stable, current, previous, pending, lock, fence } = world.ledger.state;
  const sides = COLOURS.map((colour) => {
    const { desired, suspended, digest } = world.tasks.side(colour);
    return { colour, desired, suspended, digest };
  });
  return {
    weights: world.balancer.weights,
    sides,
    stable,
    fence,
    current: current?.image,
    previous: previous?.image,
    pending: pending?.image,
    lock: lock && {
      owner: lock.owner,
      phase: lock.phase,
      share: lock.share,
      intent: lock.intent,
      command: lock.command,
      taken: lock.taken,
      abort: lock.abort?.reason,
      target: lock.target,
      retiring: lock.retiring,
      reason: lock.reason,
    },
    record: world.ledger.record(IMAGES['v1.5.0'].digest)?.status,
  };
}
