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
  const { pending, lock } = await ledger.read();
  if (!pending || lock) return;
  const name = `pending-${pending.digest.slice('sha256:'.length, 'sha256:'.length + 16)}-${pending.pushedAt}-${pending.attempt}`;
  try {
    await executions.start(name, pending.input);
  } catch (error) {
    await notices.send({
      kind: 'trouble',
      title: `${pending.image} waits and could not be started`,
      body: String(error),
      next: ['sluice status'],
    });
  }
}
