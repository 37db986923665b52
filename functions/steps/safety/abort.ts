/**
 * Abort, as those write it who are not the owner: the order into the ledger, then at once the rule, without waiting for
 * the machine. Bound to the fence of the release that was meant; only while that release can still be aborted.
 */
import { type AbortOrder, isAbortable, type Lock, writes } from '../../core/protocol.ts';
import { type Colour, safeColour, weightsFor } from '../../core/roles.ts';
import { NONE } from '../../core/share.ts';
import type { Ports } from '../shared/step.ts';
import { routeToSafety } from '../shared/traffic.ts';

type AbortPorts = Pick<Ports, 'router' | 'fleet' | 'ledger' | 'clock'>;

/**
 * False: the release that was meant is over, or past the point at which it can be aborted; nothing was written.
 * `seen`: the one reading of both colours' health that this decision goes by. @default - it is read after the order
 */
export async function abortRelease(
  ports: AbortPorts,
  meant: Lock,
  order: Omit<AbortOrder, 'at'>,
  seen?: Readonly<Record<Colour, number>>,
): Promise<boolean> {
  const { fleet, ledger, clock } = ports;
  const { written, state } = await ledger.write(writes.abort(meant.fence, { ...order, at: clock.now() }));
  const { lock } = state;
  // Somebody aborted it before: then the rule is still worth writing, but never once the owner reverts (it decides anew).
  const goesOn = written || (lock?.fence === meant.fence && lock.abort !== undefined && isAbortable(lock));
  if (!goesOn || !lock) return false;
  const isOnStable = safeColour(seen ?? (await fleet.health()), lock.stable) === lock.stable;
  if (isOnStable) await routeToSafety(ports, weightsFor(lock, NONE));
  return true;
}
