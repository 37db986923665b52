import { forceStable } from '../core/force-stable.ts';
import { type Lock, type Mine, writes } from '../core/protocol.ts';
import type { Colour } from '../core/roles.ts';
import type { ServiceSettings } from './settings.ts';
import { commit, type Ports } from './step.ts';

/**
 * Marks the release as one that only a person can end. The page goes out first: twice is better than never. `safe` is
 * the colour that the page's command leads to: the one that still answers.
 */
export async function callItStuck(
  { ledger, notices }: Pick<Ports, 'ledger' | 'notices'>,
  { service, traffic }: Pick<ServiceSettings, 'service' | 'traffic'>,
  me: Mine,
  lock: Lock,
  safe: Colour,
  reason: string,
): Promise<void> {
  await notices.send({
    kind: 'stuck',
    releaseId: lock.releaseId,
    title: `${service}: STUCK at ${lock.share} %, a person is needed`,
    body: reason,
    next: ['sluice doctor', forceStable(traffic, safe)],
  });
  await commit(ledger, me, writes.stuck(me, reason));
}
