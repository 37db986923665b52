/** Reports of flown releases, as the command makes them. */

import { recordOf } from '../../cli/recording/rehearsed.ts';
import { type Line, narrator } from '../../cli/screen/lines.ts';
import type { Account } from '../../rehearsal/account.ts';
import { fly } from '../../rehearsal/flight.ts';
import type { Controls, FlightOptions } from '../../rehearsal/options.ts';
import type { ScenarioName } from '../../rehearsal/scenarios.ts';
import type { FlightRecord } from '../../report/record.ts';
import { usualOptions } from '../rehearsal/flights.ts';

export async function flown(name: ScenarioName, changes: Partial<FlightOptions> = {}): Promise<FlightRecord> {
  return (await flownUntil(name, () => false, changes)).end;
}

/** The record as it is while it flies, the first time that something holds. */
export async function inFlight(
  name: ScenarioName,
  isThere: (account: Account) => boolean,
  changes: Partial<FlightOptions> = {},
): Promise<FlightRecord> {
  const { meanwhile } = await flownUntil(name, isThere, changes);
  if (!meanwhile) throw new Error('it never came to that');
  return meanwhile;
}

async function flownUntil(
  name: ScenarioName,
  isThere: (account: Account) => boolean,
  changes: Partial<FlightOptions>,
): Promise<{ readonly meanwhile?: FlightRecord; readonly end: FlightRecord }> {
  const lines: Line[] = [];
  const narrate = narrator(false);
  let controls: Controls | undefined;
  let meanwhile: FlightRecord | undefined;
  const options: FlightOptions = {
    ...usualOptions(name),
    ...changes,
    onScene: (given) => {
      controls = given;
    },
    onEntry: (entry, lock) => {
      const line = narrate(entry, lock);
      if (line) lines.push(line);
      if (meanwhile) return;
      const account = controls!.account();
      if (isThere(account)) meanwhile = structuredClone(record(account));
    },
  };
  const record = (account: Account): FlightRecord =>
    recordOf(account, options, { scenario: name, command: `sluice rehearse ${name} --seed 42` }, lines);
  const end = record(await fly(options));
  return { ...(meanwhile ? { meanwhile } : {}), end };
}

/** All tasks of the old version are gone shortly before the new one is found bad. */
export const stableDies: Partial<FlightOptions> = {
  sabotage: (functions, world) => {
    world.clock.at(world.clock.now() + 1150, () => world.tasks.resize('blue', 0));
    return functions;
  },
};
