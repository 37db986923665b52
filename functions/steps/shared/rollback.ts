/** A person's rollback as Open meets it: what it is about, what it aborts, and what it refuses before anything changes. */
import { typed } from '../../core/commands.ts';
import { ReleaseRefused } from '../../core/failures.ts';
import type { Lock, ServiceState } from '../../core/protocol.ts';
import type { ReleaseRequest, RollbackRequest } from '../../core/release.ts';
import { needsNewest, releaseIn, unnamedRollback } from '../../core/rollback.ts';
import type { Image } from '../../ports/registry.ts';
import { abortRelease } from '../safety/abort.ts';
import { nothing, type Ports, type StepOutput } from './step.ts';

type RollbackPorts = Pick<Ports, 'router' | 'fleet' | 'ledger' | 'clock'>;

/** What the registry is asked for, and how people call it. */
export interface Target {
  readonly reference: string;
  readonly name: string;
}

const REFUSED = 'The release was refused; nothing was changed.';

/** The version that is asked for; or the answer, when nothing is to be opened. May abort the release that runs. */
export async function rollbackTarget(
  ports: RollbackPorts,
  seen: ServiceState,
  request: RollbackRequest,
): Promise<{ readonly target: Target } | { readonly answer: StepOutput } | 'look again'> {
  const { ledger } = ports;
  const { lock, service } = seen;
  if (request.to === undefined) return unnamed(ports, seen, request);
  if (lock?.phase === 'stuck')
    throw new ReleaseRefused(`${lock.releaseId} is stuck: ${lock.reason}. An operator must decide (sluice doctor).`);
  const record = await ledger.record(request.to);
  if (!record && request.to.startsWith('r-'))
    throw wrongImage(request, `${request.to} is no release of this service`, `see ${typed('status', service)}`);
  return {
    target: record ? { reference: record.digest, name: record.image } : { reference: request.to, name: request.to },
  };
}

/** Nothing is looked up in the registry for a release that is aborted: its old tasks are still there. */
async function unnamed(
  ports: RollbackPorts,
  seen: ServiceState,
  request: RollbackRequest,
): ReturnType<typeof rollbackTarget> {
  const { ledger } = ports;
  const newest = needsNewest(seen) ? await ledger.newestRecord() : undefined;
  const meant = unnamedRollback(seen, newest);
  switch (meant.is) {
    case 'abort':
      return (await isRollingBack(ports, meant.lock, request)) ? { answer: rollsBack(seen, meant.lock) } : 'look again';
    case 'open':
      return { target: { reference: meant.release.digest, name: meant.release.image } };
    case 'on its way':
      return { answer: { ...nothing('on its way', meant.sentence), owner: meant.lock.owner } };
    case 'done':
      return { answer: nothing('done already', `${meant.sentence}. For another version say which one ("to")`) };
    case 'refused':
      throw wrongImage(request, meant.sentence, meant.fix);
    case 'look again': {
      if ((await ledger.read()).fence !== seen.fence) return 'look again';
      const ended = `${newest?.releaseId} ended and was neither promoted nor rolled back: its lock was taken away by hand`;
      throw wrongImage(request, ended, 'name the version that users should have with "to"');
    }
  }
}

/** For a version that was resolved: the answer, when the way there leads over an abort alone; undefined: open it. */
export async function clearTheWay(
  ports: RollbackPorts,
  seen: ServiceState,
  request: RollbackRequest,
  image: Image,
): Promise<StepOutput | 'look again' | undefined> {
  const { current } = seen;
  // What would be refused later is refused before anything is aborted for it.
  await refuseUnsafeRollback(ports, seen, request, image);
  const lock = releaseIn(seen);
  if (!lock) return undefined;
  if (!(await isRollingBack(ports, lock, request))) return 'look again';
  return lock.phase !== 'closing' && current?.digest === image.digest ? rollsBack(seen, lock) : undefined;
}

/**
 * A rollback is about what was there when it was asked for, never about the release that began while it looked. Another
 * person's rollback is no such release: it is what this one wants.
 */
export function refuseAnotherRelease({ lock }: ServiceState, first: ServiceState, execution: string): void {
  if (!lock || lock.drift || lock.rollback || lock.owner === execution || lock.fence === first.lock?.fence) return;
  const before = first.lock ? `${first.lock.releaseId} ended and ` : '';
  throw new ReleaseRefused(
    `${before}${lock.releaseId} began while the rollback was asked for; nothing was changed. Ask again if that one is meant.`,
  );
}

/** Whether the release is over, or aborted now; if neither, it moved on under our eyes. */
async function isRollingBack(ports: RollbackPorts, lock: Lock, { reason }: RollbackRequest): Promise<boolean> {
  if (lock.phase === 'reverting' || lock.phase === 'closing') return true;
  return abortRelease(ports, lock, { by: 'person', reason: reason ?? 'a rollback was asked for' });
}

/** Says nothing of where users are: the order may stand before they have moved, and a dead stable gets nobody. */
const rollsBack = ({ current }: ServiceState, lock: Lock): StepOutput => ({
  ...nothing('already live', `${current?.image ?? lock.stable} stays; ${lock.releaseId} is rolled back to it`),
  owner: lock.owner,
});

/** The code of before a migration runs on the schema of after it: somebody must have said that this is fine. */
async function refuseUnsafeRollback(
  { ledger }: RollbackPorts,
  { lock, current }: ServiceState,
  { acceptSchema }: RollbackRequest,
  { digest }: Image,
): Promise<void> {
  // What closes now is what will be left when this rollback opens.
  const left = lock?.phase === 'closing' ? lock : current;
  if (!left || left.digest === digest || acceptSchema) return;
  const leaving = await ledger.record(left.digest);
  if (!leaving?.migrated || leaving.schemaCompatible) return;
  const message = `${leaving.image} migrated the database and was not released as schemaCompatible`;
  throw new ReleaseRefused('The rollback was refused; nothing was changed.', [
    { field: 'acceptSchema', message, fix: 'write "acceptSchema": true if the older code runs on the newer schema' },
  ]);
}

export const wrongImage = ({ action }: ReleaseRequest, message: string, fix: string): ReleaseRefused =>
  new ReleaseRefused(REFUSED, [{ field: action === 'release' ? 'image' : 'to', message, fix }]);
