/** Reports of rehearsed releases, as the command makes them. */

import { recordOf } from '../../cli/recording/rehearsed.ts';
import { type Line, narrator } from '../../cli/screen/lines.ts';
import type { Account } from '../../rehearsal/account.ts';
import type { Controls, RehearsalOptions } from '../../rehearsal/options.ts';
import { runRehearsal } from '../../rehearsal/rehearse.ts';
import type { ScenarioName } from '../../rehearsal/scenarios.ts';
import type { RunRecord } from '../../report/record.ts';
import { usualOptions } from '../rehearsal/rehearsals.ts';

export async function rehearsedRecord(name: ScenarioName, changes: Partial<RehearsalOptions> = {}): Promise<RunRecord> {
  return (await rehearsedUntil(name, () => false, changes)).end;
}

/** The record as it is while it runs, the first time that something holds. */
export async function inFlight(
  name: ScenarioName,
  isThere: (account: Account) => boolean,
  changes: Partial<RehearsalOptions> = {},
): Promise<RunRecord> {
  const { meanwhile } = await rehearsedUntil(name, isThere, changes);
  if (!meanwhile) throw new Error('it never came to that');
  return meanwhile;
}

async function rehearsedUntil(
  name: ScenarioName,
  isThere: (account: Account) => boolean,
  changes: Partial<RehearsalOptions>,
): Promise<{ readonly meanwhile?: RunRecord; readonly end: RunRecord }> {
  const lines: Line[] = [];
  const narrate = narrator(false);
  let controls: Controls | undefined;
  let meanwhile: RunRecord | undefined;
  const options: RehearsalOptions = {
    ...usualOptions(name),
    ...changes,
    onControls: (given) => {
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
  const record = (account: Account): RunRecord =>
    recordOf(account, options, { scenario: name, command: `sluice rehearse ${name} --seed 42` }, lines);
  const end = record(await runRehearsal(options));
  return { ...(meanwhile ? { meanwhile } : {}), end };
}

/** All tasks of the old version are gone shortly before the new one is found bad. */
export const stableDies: Partial<RehearsalOptions> = {
  sabotage: (functions, world) => {
    world.clock.at(world.clock.now() + 1150, () => world.tasks.resize('blue', 0));
    return functions;
  },
};
