import { typed } from '../core/commands.ts';
import type { Pending } from '../core/protocol.ts';
import type { Ports } from './step.ts';

/**
 * The lock is free: the push that waited is started. It is taken out of `pending` only by its own execution's Open, so
 * a start that fails here is made up for by the reconciler.
 */
export async function startPending({
  ledger,
  executions,
  notices,
}: Pick<Ports, 'ledger' | 'executions' | 'notices'>): Promise<void> {
  const { pending, lock, service } = await ledger.read();
  if (!pending || lock) return;
  try {
    await executions.start(pendingName(pending), pending.input);
  } catch (error) {
    await notices.send({
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
