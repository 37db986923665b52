/** The world of a rehearsal: traffic and minutes of numbers by the second, and calls that take time. */
import type { Weights } from '../functions/core/roles.ts';
import { chance } from './chance.ts';
import type { VirtualClock } from './clock.ts';
import { type Delivery, Numbers } from './numbers.ts';
import { type Interference, timedCalls } from './timed-calls.ts';
import { BOOTSTRAP, World, type WorldSettings } from './world.ts';

type Settings = WorldSettings<VirtualClock, Numbers>;

export interface RehearsalWorldSettings
  extends Interference,
    Pick<Settings, 'service' | 'records' | 'images' | 'host' | 'traffic' | 'migration' | 'probePasses' | 'executions'> {
  readonly seed: number;
  readonly clock: VirtualClock;
  readonly stableTasks: number;
  readonly delivery: Delivery;
  readonly onWeights?: ((weights: Weights) => void) | undefined;
}

/** Seconds until a change of the rule reaches every node of the load balancer. */
const LAG = { least: 1, most: 8 } as const;

export function rehearsalWorld(settings: RehearsalWorldSettings): World {
  const { seed, clock, service, stableTasks, delivery } = settings;
  const lag = chance(seed, 'propagation');
  const numbers = new Numbers(chance(seed, 'delivery'), delivery);
  const world = new World({
    ...settings,
    numbers,
    lagSeconds: () => lag.between(LAG.least, LAG.most),
    calls: timedCalls(settings),
  });
  world.tasks.alreadyUp(service.stable, service.current?.digest ?? BOOTSTRAP, stableTasks);
  clock.everySecond((second) => passSecond(world, numbers, second));
  return world;
}

function passSecond({ tasks, traffic, balancer, ledger }: World, numbers: Numbers, second: number): void {
  tasks.second();
  traffic.second({
    weights: balancer.inForce,
    targets: { blue: tasks.target('blue', second), green: tasks.target('green', second) },
    wanted: { blue: tasks.side('blue').desired > 0, green: tasks.side('green').desired > 0 },
  });
  if (second % 60 !== 0) return;
  const hosts = { blue: tasks.hosts('blue'), green: tasks.hosts('green') };
  numbers.closeMinute(second - 60, traffic.takeMinute(), hosts);
  numbers.evaluateAlarms(second, (colour, alarm) => `${ledger.state.service}-${colour}-${alarm}`);
}
