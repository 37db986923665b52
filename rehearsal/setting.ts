/** The setup of a rehearsal: the world with the scenario's faults in it, and what the service's steps must know. */
import type { ServiceState } from '../functions/core/protocol.ts';
import { type Colour, otherColour } from '../functions/core/roles.ts';
import type { MigrationStatus } from '../functions/ports/fleet.ts';
import type { ServiceSettings } from '../functions/steps/shared/settings.ts';
import { chance } from './chance.ts';
import { VirtualClock } from './clock.ts';
import { Faults } from './faults.ts';
import type { Verb } from './functions.ts';
import type { RehearsalOptions } from './options.ts';
import { type RehearsalWorldSettings, rehearsalWorld } from './rehearsal-world.ts';
import { autoscale, tasksFor } from './scaler.ts';
import type { FaultName, Scenario } from './scenarios.ts';
import { plan } from './scripted.ts';
import type { TaskHost } from './tasks.ts';
import { START } from './timeline.ts';
import { modelledTraffic, stuckTo } from './traffic.ts';
import { EARLIER, IMAGES, serviceState } from './versions.ts';
import { VirtualHost } from './virtual-host.ts';
import type { World } from './world.ts';
import type { Actor } from './writes.ts';

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
  const { scenario, seed, live } = options;
  const clock = new VirtualClock(START - options.baselineMinutes * 60);
  const earlier = scenario.firstRelease ? [] : EARLIER;
  const service = serviceState(earlier);
  const candidate = otherColour(service.stable);
  const faults = new Faults(options, clock, candidate);
  const host = live?.host ?? new VirtualHost(clock, chance(seed, 'tasks'), faults.ofTasks());
  const world = rehearsalWorld({
    seed,
    clock,
    service,
    records: earlier,
    stableTasks: tasksFor(options.requestsPerSecond),
    images: IMAGES,
    host,
    ...signalsOf(options, candidate, faults),
    migration: migrationOf(scenario, clock),
    probePasses: () => faults.probePasses,
    interfere: (call, actor) => {
      faults.beforeCall(call, world);
      return interfere(call, actor, 'before');
    },
    interfereAfter: (call, actor) => interfere(call, actor, 'after'),
    ...(live ? { onWeights: live.onWeights } : {}),
  });
  autoscale(world, options.requestsPerSecond);
  const takeEffect = faultsTakeEffect(options, world, host, faults);
  for (const [index, event] of [...(scenario.events ?? []), ...(options.events ?? [])].entries())
    plan(event, index, world);

  return {
    clock,
    world,
    settings: serviceSettings(options),
    service,
    candidate,
    refuses: (verb) => verb !== 'Revert' && faults.isOut('Lambda'),
    faultSince: () => faults.since,
    isFaultByHand: () => faults.isByHand,
    setFault(fault, isOn) {
      faults.set(fault, isOn);
      takeEffect();
    },
  };
}

/** Traffic, and how its numbers arrive. */
function signalsOf(
  { seed, live, requestsPerSecond, numbers = {} }: RehearsalOptions,
  candidate: Colour,
  faults: Faults,
): Pick<RehearsalWorldSettings, 'traffic' | 'delivery'> {
  const gaps = chance(seed, 'gaps');
  return {
    traffic:
      live?.traffic ??
      modelledTraffic(chance(seed, 'traffic'), requestsPerSecond, (colour) => faults.behaviour(colour), {
        zones: numbers.zones,
        routed: (weights) => stuckTo(weights, candidate, numbers.stickiness ?? 1),
      }),
    delivery: {
      latestSeconds: live?.numbersLatestSeconds ?? numbers.latestSeconds ?? 110,
      isLost: (colour) =>
        faults.losesNumbersOf(colour) || (numbers.lost !== undefined && gaps.uniform() < numbers.lost),
      percentilesOnly: numbers.percentilesOnly,
    },
  };
}

/** From its moment on the fault shows in tasks and answers; what is given back makes it show at once. */
function faultsTakeEffect(
  { live, scenario }: RehearsalOptions,
  world: World,
  host: TaskHost,
  faults: Faults,
): () => void {
  const { clock } = world;
  const takeEffect = (): void => {
    if (live) live.spoil({ stable: faults.faultOf('stable'), candidate: faults.faultOf('candidate') });
    else if (host instanceof VirtualHost) host.crashAll();
  };
  world.onWrite((row) => {
    const at = faults.beginsWith(row, world);
    if (at !== undefined) clock.at(at, takeEffect);
  });
  if (host instanceof VirtualHost) stableDies(scenario, world, host);
  clock.everySecond((second) => {
    if (live && second % LIVE_SPOILS_EVERY_SECONDS === 0) takeEffect();
    if (host instanceof VirtualHost) host.second(second);
  });
  return takeEffect;
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
