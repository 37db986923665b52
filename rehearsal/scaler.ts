/**
 * Application Auto Scaling in the world: once a minute each colour's desired count follows its load between 2 and 10,
 * as far as its scaling is not suspended. A colour at 0 stays there; scaling in takes a quarter of an hour of little load.
 */
import { COLOURS, type Colour } from '../functions/core/roles.ts';
import type { World } from './world.ts';

const LEAST_TASKS = 2;
const MOST_TASKS = 10;
/** What one task carries at 70 % CPU. */
const REQUESTS_A_TASK = 25;
const SCALE_IN_AFTER_MINUTES = 15;

export const tasksFor = (requestsPerSecond: number): number =>
  Math.min(MOST_TASKS, Math.max(LEAST_TASKS, Math.ceil(requestsPerSecond / REQUESTS_A_TASK)));

export function autoscale(world: World, requestsPerSecond: number): void {
  const littleLoad: Record<Colour, number> = { blue: 0, green: 0 };
  world.clock.everySecond((second) => {
    if (second % 60 !== 0) return;
    for (const colour of COLOURS) {
      const { desired, suspended } = world.tasks.side(colour);
      if (desired === 0 || suspended === 'both') continue;
      const wanted = tasksFor((requestsPerSecond * world.balancer.inForce[colour]) / 100);
      littleLoad[colour] = wanted < desired ? littleLoad[colour] + 1 : 0;
      if (wanted > desired) world.tasks.resize(colour, wanted);
      else if (littleLoad[colour] > SCALE_IN_AFTER_MINUTES && suspended !== 'in')
        world.tasks.resize(colour, desired - 1);
    }
  });
}
