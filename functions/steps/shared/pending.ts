import { typed } from '../../core/commands.ts';
import type { Pending, ServiceState } from '../../core/protocol.ts';
import type { Registry } from '../../ports/registry.ts';
import type { Ports } from './step.ts';

/** A release tag that nobody started after so long was lost on the way. */
const LOST_AFTER_SECONDS = 15 * 60;

/**
 * The lock is free: the push that waited is started. It is taken out of `pending` only by its own execution's Open, so
 * a start that fails here is made up for by the reconciler.
 */
export async function startPending({
  ledger,
  executions,
  notifications,
}: Pick<Ports, 'ledger' | 'executions' | 'notifications'>): Promise<void> {
  const { pending, lock, service } = await ledger.read();
  if (!pending || lock) return;
  try {
    await executions.start(pendingName(pending), pending.input);
  } catch (error) {
    await notifications.send({
      kind: 'trouble',
      title: `${pending.image} waits and could not be started`,
      body: String(error),
      next: [typed('status', service)],
    });
  }
}

/** One name for each attempt: starting it twice is starting it once. */
export const pendingName = ({ digest, pushedAt, attempt }: Pending): string =>
  `pending-${digest.slice('sha256:'.length, 'sha256:'.length + 16)}-${pushedAt}-${attempt}`;

/** The newest release tag, when it is newer than what is live and nobody started it. `known`: digests that are no news. */
export async function lostPush(
  { registry, ledger, clock }: Pick<Ports, 'registry' | 'ledger' | 'clock'>,
  { current }: Pick<ServiceState, 'current'>,
  known: readonly (string | undefined)[],
): ReturnType<Registry['newest']> {
  const newest = await registry.newest();
  const isNews = newest && !known.includes(newest.digest) && newest.pushedAt > (current?.pushedAt ?? 0);
  const isLost = isNews && clock.now() - newest.pushedAt > LOST_AFTER_SECONDS && !(await ledger.record(newest.digest));
  return isLost ? newest : undefined;
}
