/** Reports of flown releases, as the command makes them. */
import { type Line, narrator } from '../../cli/lines.ts';
import { type FlightRecord, recordOf } from '../../cli/report/record.ts';
import { fly } from '../../rehearsal/flight.ts';
import type { FlightOptions } from '../../rehearsal/options.ts';
import type { ScenarioName } from '../../rehearsal/scenarios.ts';
import { usualOptions } from '../rehearsal/flights.ts';

export async function flown(name: ScenarioName, changes: Partial<FlightOptions> = {}): Promise<FlightRecord> {
  const lines: Line[] = [];
  const narrate = narrator(false);
  const options: FlightOptions = {
    ...usualOptions(name),
    ...changes,
    onEntry: (entry, lock) => {
      const line = narrate(entry, lock);
      if (line) lines.push(line);
    },
  };
  return recordOf(await fly(options), options, { scenario: name, command: `sluice rehearse ${name} --seed 42` }, lines);
}

/** All tasks of the old version are gone shortly before the new one is found bad. */
export const stableDies: Partial<FlightOptions> = {
  sabotage: (functions, world) => {
    world.clock.at(world.clock.now() + 1150, () => world.tasks.resize('blue', 0));
    return functions;
  },
};
