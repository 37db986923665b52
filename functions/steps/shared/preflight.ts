/** What must be true of the moment before a release takes the lock. Nothing is changed here. */

import { ReleaseRefused, type WrongField } from '../../core/failures.ts';
import { failuresOf } from '../../core/judge/readings.ts';
import { grouped } from '../../core/numerals.ts';
import type { ReleaseRequest } from '../../core/release.ts';
import type { Roles } from '../../core/roles.ts';
import { MINIMUM_SAMPLE_REQUESTS, PASS_ERROR_PERCENT } from '../../core/thresholds.ts';
import type { AlarmReading } from '../../ports/signals.ts';
import type { Ports } from './step.ts';

const LOOK_BACK_MINUTES = 10;

/** Throws `ReleaseRefused` with everything that is wrong at once. A hotfix may start beside a broken stable, and a rollback leaves one. */
export async function preflight(
  ports: Pick<Ports, 'router' | 'fleet' | 'signals' | 'clock'>,
  roles: Roles,
  request: ReleaseRequest,
): Promise<void> {
  await ports.router.checkWritePermission();
  const alarms = await ports.signals.alarms();
  if (request.action === 'rollback' || request.hotfix) return;
  const wrong = await wrongWithStable(ports, roles, alarms);
  if (wrong.length > 0) throw new ReleaseRefused('The release was refused; nothing was changed.', wrong);
}

interface Looking extends Pick<Ports, 'signals' | 'clock'> {
  readonly fleet: Pick<Ports['fleet'], 'health'>;
}

/** Everything that speaks against a release beside this stable, with its cure. Reads only. */
export async function wrongWithStable(
  { fleet, signals, clock }: Looking,
  { stable }: Roles,
  alarms: readonly AlarmReading[],
): Promise<readonly WrongField[]> {
  const wrong: WrongField[] = [];
  const say = (message: string) =>
    wrong.push({ field: 'stable', message, fix: 'fix it first, or release with "hotfix": "the reason"' });

  if ((await fleet.health())[stable] === 0) say(`${stable} has no healthy target`);
  for (const alarm of alarms) {
    if (alarm.colour === stable && alarm.kind === 'backstop' && alarm.state === 'ALARM')
      say(`${alarm.name}: ${alarm.reason}`);
  }
  const minute = Math.floor(clock.now() / 60) * 60;
  const minutes = await signals.minutes({ from: minute - LOOK_BACK_MINUTES * 60, to: minute, thresholdsMs: [] });
  let requests = 0;
  let failures = 0;
  for (const { colours } of minutes) {
    const reading = colours[stable];
    requests += reading?.requests ?? 0;
    failures += reading ? failuresOf(reading) : 0;
  }
  if (requests >= MINIMUM_SAMPLE_REQUESTS && (100 * failures) / requests > PASS_ERROR_PERCENT) {
    const percent = ((100 * failures) / requests).toFixed(2);
    say(
      `${stable} failed ${grouped(failures)} of ${grouped(requests)} requests (${percent} %) in the last ${LOOK_BACK_MINUTES} minutes, over the ${PASS_ERROR_PERCENT} % that a release must stay under`,
    );
  }
  return wrong;
}
