/** The setup of a rehearsal: the world with the scenario's faults in it, and what the service's steps must know. */
import { createHash } from 'node:crypto';
import { Transient } from '../functions/core/failures.ts';
import type { LiveRelease, ReleaseRecord, ServiceState } from '../functions/core/protocol.ts';
import { type Colour, otherColour, weightsFor } from '../functions/core/roles.ts';
import { NONE, type Share } from '../functions/core/share.ts';
import type { MigrationStatus } from '../functions/ports/fleet.ts';
import type { Image } from '../functions/ports/registry.ts';
import { sendCommand } from '../functions/steps/shared/operator-command.ts';
import type { ServiceSettings } from '../functions/steps/shared/settings.ts';
import { chance } from './chance.ts';
import { VirtualClock } from './clock.ts';
import type { RehearsalEvent, When } from './events.ts';
import type { Verb } from './functions.ts';
import type { RehearsalOptions } from './options.ts';
import { rehearsalWorld } from './rehearsal-world.ts';
import { autoscale, tasksFor } from './scaler.ts';
import { FAULTS, type FaultName, type InjectedFault, type Role, type Scenario } from './scenarios.ts';
import type { Task } from './tasks.ts';
import { START } from './timeline.ts';
import { modelledTraffic, stuckTo } from './traffic.ts';
import { VirtualHost } from './virtual-host.ts';
import type { World } from './world.ts';
import type { Actor, WriteRow } from './writes.ts';

const BASE_ERROR_RATE = 0.001;
export const CANDIDATE = 'v1.5.0';
const STABLE = 'v1.4.2';
const PREVIOUS = 'v1.4.1';

export interface RehearsalSetup {
  readonly clock: VirtualClock;
  readonly world: World;
  readonly settings: ServiceSettings;
  /** The state before anything was released. */
  readonly service: ServiceState;
  readonly candidate: Colour;
  /** Whether Lambda refuses that function at this moment. */
  refuses(verb: Verb): boolean;
  /** When the first fault began, the scenario's or one by hand, epoch seconds. */
  faultSince(): number | undefined;
  /** Somebody switched a fault on, now or before. */
  isFaultByHand(): boolean;
  /** Switches a fault by hand, whatever the scenario has. */
  setFault(fault: FaultName, isOn: boolean): void;
}

export function buildRehearsal(
  options: RehearsalOptions,
  interfere: (call: string, actor: Actor, when: 'before' | 'after') => void | Promise<void>,
): RehearsalSetup {
  const { scenario, seed, live, numbers = {}, seconds = OUTAGE_SECONDS } = options;
  const clock = new VirtualClock(START - options.baselineMinutes * 60);
  const images = {
    [PREVIOUS]: image(PREVIOUS, START - 2 * DAY),
    [STABLE]: image(STABLE, START - DAY),
    [CANDIDATE]: image(CANDIDATE, START - 60),
  };
  const earlier = scenario.firstRelease
    ? []
    : [recordOf(PREVIOUS, images[PREVIOUS]!, 5), recordOf(STABLE, images[STABLE]!, 7)];
  const service = serviceState(earlier);
  const candidate = otherColour(service.stable);

  let faultSince: number | undefined;
  const minutesOfFault = () => (faultSince === undefined ? -1 : (clock.now() - faultSince) / 60);
  const byHand = new Set<FaultName>();
  let byHandSince: number | undefined;
  const faultOf = (role: Role): InjectedFault =>
    [...byHand].reduce(
      (sum, fault) => together(sum, FAULTS[fault](role, { ...options, seconds })),
      scenario.faultOf?.(role, minutesOfFault(), { ...options, seconds }) ?? {},
    );
  const isOut = (what: Scenario['out']) =>
    scenario.out === what && minutesOfFault() >= 0 && minutesOfFault() < seconds / 60;
  const roleOf = (colour: Colour): Role => (colour === candidate ? 'candidate' : 'stable');
  const isNew = ({ digest }: Task) => digest === images[CANDIDATE]!.digest;
  const host =
    live?.host ??
    new VirtualHost(clock, chance(seed, 'tasks'), {
      neverHealthy: (task) => isNew(task) && scenario.neverHealthy === true,
      startsLater: () =>
        faultSince === undefined ? 0 : 60 * Math.max(0, (scenario.growsAfterMinutes ?? 0) - minutesOfFault()),
      crashes: (task) => isNew(task) && faultOf('candidate').crashes === true,
      failsHealthCheck: ({ colour }) => faultOf(roleOf(colour)).failsHealthChecks === true,
    });
  const baseErrorRate = scenario.errorFreeUnderLiteral && options.policy === 'literal' ? 0 : BASE_ERROR_RATE;
  const behaviour = (colour: Colour) => {
    const { errorPoints = 0, latencyFactor = 1 } = faultOf(roleOf(colour));
    return { errorRate: Math.min(1, baseErrorRate + errorPoints / 100), latencyFactor };
  };
  const throttling = chance(seed, 'throttling');
  const gaps = chance(seed, 'gaps');

  const world = rehearsalWorld({
    seed,
    clock,
    service,
    records: earlier,
    stableTasks: tasksFor(options.requestsPerSecond),
    images,
    host,
    traffic:
      live?.traffic ??
      modelledTraffic(chance(seed, 'traffic'), options.requestsPerSecond, behaviour, {
        zones: numbers.zones,
        routed: (weights) => stuckTo(weights, candidate, numbers.stickiness ?? 1),
      }),
    delivery: {
      latestSeconds: live?.numbersLatestSeconds ?? numbers.latestSeconds ?? 110,
      isLost: (colour) =>
        (scenario.losesNumbers === true && colour === candidate && minutesOfFault() >= 0) ||
        (numbers.lost !== undefined && gaps.uniform() < numbers.lost),
      percentilesOnly: numbers.percentilesOnly,
    },
    migration: migrationOf(scenario, clock),
    probePasses: () => !(scenario.probeFails && minutesOfFault() >= 0),
    interfere: (call, actor) => {
      const isThrottled = scenario.throttled && call === 'ModifyRule' && throttling.uniform() < 0.5;
      if (isThrottled) throw new Transient('Rate exceeded');
      if (scenario.probeFails && call === 'Probe' && isBefore(options.at, world)) faultSince ??= clock.now();
      if (OF_ECS.includes(call) && isOut('ECS')) throw new Transient(`${call}: ServiceUnavailable`);
      return interfere(call, actor, 'before');
    },
    interfereAfter: (call, actor) => interfere(call, actor, 'after'),
    ...(live ? { onWeights: live.onWeights } : {}),
  });
  autoscale(world, options.requestsPerSecond);

  world.onWrite((row) => {
    if (faultSince !== undefined || !beginsFault(row, options, world)) return;
    faultSince = clock.now() + (options.fromMinute ?? 0) * 60;
    clock.at(faultSince, takeEffect);
  });
  if (host instanceof VirtualHost) stableDies(scenario, world, host);
  const takeEffect = () => {
    if (live) live.spoil({ stable: faultOf('stable'), candidate: faultOf('candidate') });
    else if (host instanceof VirtualHost) host.crashAll();
  };
  clock.everySecond((second) => {
    if (live && second % LIVE_SPOILS_EVERY_SECONDS === 0) takeEffect();
    if (host instanceof VirtualHost) host.second(second);
  });
  for (const [index, event] of [...(scenario.events ?? []), ...(options.events ?? [])].entries())
    plan(event, index, world);

  return {
    clock,
    world,
    settings: serviceSettings(options),
    service,
    candidate,
    refuses: (verb) => verb !== 'Revert' && isOut('Lambda'),
    faultSince: () => (scenario.faultOf || scenario.losesNumbers ? faultSince : undefined) ?? byHandSince,
    isFaultByHand: () => byHandSince !== undefined,
    setFault(fault, isOn) {
      if (isOn) byHand.add(fault);
      else byHand.delete(fault);
      byHandSince ??= clock.now();
      takeEffect();
    },
  };
}

function stableDies({ stableDiesForSeconds: seconds }: Scenario, world: World, host: VirtualHost): void {
  if (seconds === undefined) return;
  world.onWrite(({ call }) => {
    if (call !== 'ledger: abort') return;
    const { stable } = world.roles;
    host.turn(stable, 'unhealthy');
    world.clock.at(world.clock.now() + seconds, () => host.turn(stable, 'healthy'));
  });
}

/** Two faults at once. */
const together = (one: InjectedFault, other: InjectedFault): InjectedFault => ({
  errorPoints: (one.errorPoints ?? 0) + (other.errorPoints ?? 0),
  latencyFactor: (one.latencyFactor ?? 1) * (other.latencyFactor ?? 1),
  ...(one.crashes || other.crashes ? { crashes: true } : {}),
  ...(one.failsHealthChecks || other.failsHealthChecks ? { failsHealthChecks: true } : {}),
});

const DAY = 86_400;

/** Unless something else is asked for: ten minutes, which hurt a release whose bakes take five. */
export const OUTAGE_SECONDS = 600;

const OF_ECS: readonly string[] = ['DescribeServices', 'UpdateService', 'ListTasks', 'RunTask', 'StopTask'];

/** The candidate has the share before that one. */
function isBefore(at: Share, { ledger }: World): boolean {
  const { stages = [] } = ledger.state.lock?.plan ?? {};
  const index = stages.findIndex(({ share }) => share === at);
  return index >= 0 && ledger.state.lock?.share === (stages[index - 1]?.share ?? NONE);
}

const isGrowth = ({ call, actor }: WriteRow, world: World): boolean =>
  call === 'UpdateService' && actor.verb === 'Prepare' && (world.ledger.state.lock?.share ?? NONE) > NONE;

function beginsFault(row: WriteRow, { at, fromMinute, scenario }: RehearsalOptions, world: World): boolean {
  if (scenario.probeFails) return false;
  if (scenario.growsAfterMinutes !== undefined) return isGrowth(row, world);
  if (fromMinute !== undefined) return row.call === 'ledger: share';
  return row.call === 'ModifyRule' && row.share === at && row.actor.verb === 'Shift';
}

/** Waits for the event's moment, and then does once what it says. */
function plan(event: RehearsalEvent, index: number, world: World): void {
  const { clock } = world;
  const happen = () => clock.at(clock.now() + (event.afterSeconds ?? 0), () => void carryOut(event, index, world));
  if ('second' in event.when) {
    clock.at(START + event.when.second, happen);
    return;
  }
  let isOver = false;
  world.onWrite((row) => {
    if (isOver || !isMoment(event.when, row, world)) return;
    isOver = true;
    happen();
  });
}

const WRITE_OF = {
  asked: 'ask',
  warm: 'warm',
  closing: 'closing',
  reverting: 'reverting',
  promoted: 'free after close',
  reverted: 'free after revert',
} as const;

function isMoment(when: When, row: WriteRow, world: World): boolean {
  const { call, share } = row;
  if ('share' in when) return call === 'ledger: share' && share === when.share;
  if (!('event' in when)) return false;
  if (when.event === 'growing') return isGrowth(row, world);
  return call === `ledger: ${WRITE_OF[when.event]}`;
}

async function carryOut(event: RehearsalEvent, index: number, world: World): Promise<void> {
  const person = world.ports({ by: 'person' });
  if ('say' in event) {
    // Too late is an answer too: the command is refused and the rehearsal goes on.
    await sendCommand(person, { word: event.say, by: 'a person', id: `command-${index}` }).catch(() => undefined);
  } else if ('start' in event) {
    world.executions.start(`by-hand-${index}`, event.start);
  } else if ('setShare' in event) {
    await person.router.route(weightsFor(world.roles, event.setShare));
  } else if ('setWeights' in event) {
    await person.router.route(event.setWeights);
  } else {
    const pushedAt = Math.round(world.clock.now());
    world.push(event.push, image(event.push, pushedAt));
    if (!event.eventLost) world.executions.start(`push-${index}`, { image: event.push, source: 'push', pushedAt });
  }
}

const LIVE_SPOILS_EVERY_SECONDS = 5;
const MIGRATION_FAILS_AFTER_SECONDS = 60;

function migrationOf({ migration }: Scenario, clock: VirtualClock): () => MigrationStatus {
  let since: number | undefined;
  return () => {
    since ??= clock.now();
    if (typeof migration === 'function') return migration();
    if (migration === 'hangs') return { is: 'running' };
    if (migration !== 'fails') return { is: 'done' };
    if (clock.now() < since + MIGRATION_FAILS_AFTER_SECONDS) return { is: 'running' };
    return { is: 'failed', reason: 'alembic exited with 1: column "phone" of relation "drivers" already exists' };
  };
}

function serviceState(earlier: readonly ReleaseRecord[]): ServiceState {
  const [previous, current] = earlier.map(
    ({ releaseId, digest, image, pushedAt }): LiveRelease => ({ releaseId, digest, image, pushedAt }),
  );
  return {
    service: 'conductores-backend',
    stable: 'blue',
    fence: 7,
    ...(current ? { current } : {}),
    ...(previous ? { previous } : {}),
  };
}

const recordOf = (tag: string, { digest, pushedAt }: Image, fence: number): ReleaseRecord => ({
  releaseId: `r-2026010${fence - 4}-090000`,
  digest,
  image: tag,
  pushedAt,
  status: 'promoted',
  fence,
  openedAt: pushedAt + 60,
});

const ELB = 'arn:aws:elasticloadbalancing:us-east-1:111111111111';

export const serviceSettings = ({
  policy,
  warmMinutes,
  scenario,
}: Pick<RehearsalOptions, 'policy' | 'warmMinutes' | 'scenario'>): ServiceSettings => ({
  service: 'conductores-backend',
  traffic: {
    region: 'us-east-1',
    ruleArn: `${ELB}:listener-rule/app/conductores/1a2b3c4d5e6f7a8b/9c8d7e6f5a4b3c2d/0123456789abcdef`,
    targetGroups: {
      blue: `${ELB}:targetgroup/conductores-blue/73e2d6bc24d8a067`,
      green: `${ELB}:targetgroup/conductores-green/09966783158cda59`,
    },
  },
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
