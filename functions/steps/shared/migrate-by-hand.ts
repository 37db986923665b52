/**
 * Migrates without a release, or takes a migration back, because a person asks. Never beside a release's own; the caller
 * asks again with the same id until the answer is no longer `running`.
 */
import { ReleaseRefused } from '../../core/failures.ts';
import { isImage } from '../../core/image.ts';
import { downgradeTo, isDowngradeTarget, UPGRADE } from '../../core/migration.ts';
import type { ServiceState } from '../../core/protocol.ts';
import type { Fleet, MigrationQueue, MigrationStatus } from '../../ports/fleet.ts';
import type { Image, Registry } from '../../ports/registry.ts';
import type { Ports } from './step.ts';

export interface MigrationRequest {
  /** 1 to 32 letters, digits, `-`: the same id is the same run. */
  readonly id: string;
  /** `stop` ends the run of that id. */
  readonly action: 'upgrade' | 'downgrade' | 'stop';
  /** A release tag, commit sha or digest. For a downgrade: the newer image, which knows what it takes back. */
  readonly image: string;
  /** For a downgrade: `-1`, or a revision, with how many that may take back if more than one (`0001_drivers:2`). */
  readonly to?: string;
}

export interface MigrateByHandPorts extends Pick<Ports, 'ledger' | 'registry'> {
  /** Runs of the image with this command. */
  readonly running: (command: readonly string[]) => Runs;
}

export const migrateByHand = ({ ledger, registry, running }: MigrateByHandPorts) =>
  async function migrateByHandStep(request: MigrationRequest): Promise<MigrationStatus | MigrationQueue> {
    const runs = running(commandOf(request));
    const token = `by-hand-${request.id}`;
    if (request.action === 'stop') {
      await runs.stopMigration(token);
      return { is: 'failed', reason: 'it took too long and was stopped' };
    }
    const begun = await runs.migrationOf(token);
    const state = await ledger.read();
    if (begun) return begun.is === 'running' ? await unlessMigrated(runs, token, state) : begun;
    refuseWhileReleasing(state);
    const image = await registry.resolve(request.image);
    if (!image) throw refused(`${request.image} is not in the service's repository`);
    if (request.action === 'downgrade') {
      const record = await ledger.record(image.digest);
      if (!record?.migrated) throw refused(`${request.image} was never released with a migration`);
      if (!record.downgradeSafe)
        throw refused(`${request.image} was not released with "downgradeSafe": true; fix it forward`);
      await refuseUnderUsers(registry, state, { ...image, name: request.image });
    }
    const run = await runs.migrate(token, image.digest);
    // A release looks for runs after it has taken the lock, and we at the lock after we began: one of us sees the other. A
    // task takes seconds to start; this one has done nothing yet.
    const { lock } = await ledger.read();
    if (lock && run.is === 'running') await runs.stopMigration(token);
    if (run.is === 'running' || run.is === 'waits') refuseWhileReleasing({ lock });
    return run;
  };

type Runs = Pick<Fleet, 'migrationOf' | 'migrate' | 'stopMigration'>;

/** A release that opened since waits for the run. If it did not see it, it verified a schema that the run would change. */
async function unlessMigrated(runs: Runs, token: string, { lock }: ServiceState): Promise<MigrationStatus> {
  if (!lock || !(await runs.migrationOf(lock.releaseId))) return { is: 'running' };
  await runs.stopMigration(token);
  return { is: 'failed', reason: `${lock.releaseId} was released meanwhile; it was stopped` };
}

/** @throws ReleaseRefused with what is wrong: the words become names in AWS and arguments of a script */
function commandOf({ id, action, image, to }: MigrationRequest): readonly string[] {
  if (!/^[\w-]{1,32}$/.test(id)) throw refused('the id has other characters than letters, digits and "-"');
  if (!isImage(image)) throw refused(`${image} is no release tag, commit sha or digest`);
  if (action === 'upgrade' || action === 'stop') return UPGRADE;
  if (action !== 'downgrade') throw refused(`${String(action)} is neither upgrade nor downgrade nor stop`);
  if (!to || !isDowngradeTarget(to)) throw refused(`${to ?? 'nothing'} is not a revision, nor "-1"`);
  return downgradeTo(to);
}

function refuseWhileReleasing({ lock }: Pick<ServiceState, 'lock'>): void {
  if (lock) throw refused(`${lock.releaseId} is being released; ask again when it has ended`);
}

/** Whoever uses a version as new as this one needs what it migrated. Told by when ECR got them: a release may be started late. */
async function refuseUnderUsers(
  registry: Registry,
  { current }: ServiceState,
  newer: Image & { readonly name: string },
) {
  if (!current) return;
  const used = await registry.resolve(current.digest);
  if (used && used.digest !== newer.digest && used.pushedAt < newer.pushedAt) return;
  throw refused(
    `users are on ${current.image}, which is not older than ${newer.name}; put them on an older version first`,
  );
}

const refused = (why: string): ReleaseRefused => new ReleaseRefused(`No migration was started: ${why}.`);
