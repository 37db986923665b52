/** Weights that somebody changed by hand while no step of the owner looks at them: the reconciler does, once a minute. */
import type { Lock, Phase } from '../../core/protocol.ts';
import { NONE } from '../../core/share.ts';
import type { Ports } from '../shared/step.ts';
import { agreeingShare, changedByHand } from '../shared/traffic.ts';
import { abortRelease } from './abort.ts';

/** Migrate waits for its run and Open is one call; from Prepare on each step looks at the rule itself, at every tick. */
const NOBODY_LOOKS: readonly Phase[] = ['opening', 'migrating'];

/** What was done about it; undefined: the rule is as it should be, or its owner looks at it. */
export async function putUsersBackBeforeTheFirstShare(
  ports: Pick<Ports, 'router' | 'fleet' | 'ledger' | 'clock'>,
  seen: Lock,
): Promise<string | undefined> {
  if (!NOBODY_LOOKS.includes(seen.phase)) return undefined;
  const live = await agreeingShare(ports, seen);
  if (live === undefined || live === NONE) return undefined;
  // Read after the rule: a release that still has no share did not write what was read.
  const { lock } = await ports.ledger.read();
  if (lock?.fence !== seen.fence || !NOBODY_LOOKS.includes(lock.phase)) return undefined;
  const reason = changedByHand(live, lock);
  return (await abortRelease(ports, lock, { by: 'reconciler', reason })) ? reason : undefined;
}
