import { typed } from '../core/commands.ts';
import { forceStable } from '../core/force-stable.ts';
import { type Lock, type Mine, writes } from '../core/protocol.ts';
import { type Colour, weightsFor } from '../core/roles.ts';
import { ALL, NONE } from '../core/share.ts';
import type { ServiceSettings } from './settings.ts';
import { commit, type Ports } from './step.ts';
import { agreeingShare, routeAndReadBack } from './traffic.ts';

/**
 * Marks the release as one that only a person can end. The page goes out first: twice is better than never. `safe` is
 * the colour that the page's command leads to: the one that still answers.
 */
export async function callItStuck(
  ports: Pick<Ports, 'router' | 'fleet' | 'ledger' | 'notices' | 'clock'>,
  { service, traffic }: Pick<ServiceSettings, 'service' | 'traffic'>,
  me: Mine,
  lock: Lock,
  safe: Colour,
  reason: string,
): Promise<void> {
  await ports.notices.send({
    kind: 'stuck',
    releaseId: lock.releaseId,
    title: `${service}: STUCK at ${lock.share} %, a person is needed`,
    body: reason,
    next: [typed('doctor', service), forceStable(traffic, safe)],
  });
  await leaveTheDead(ports, await commit(ports.ledger, me, writes.stuck(me, reason)));
}

/**
 * Users on a dead colour, and the other one lives: marked for its end or not, it is better than nothing while it still
 * has tasks. Only once the release is stuck: then nobody scales it down any more. Whoever called it stuck may have died
 * before this, so whoever finds it stuck does it again; where both live, or none, users stay as they are.
 */
export async function leaveTheDead(ports: Pick<Ports, 'router' | 'fleet' | 'clock'>, lock: Lock): Promise<void> {
  const health = await ports.fleet.health();
  const [living, ...others] = [lock.stable, lock.candidate].filter((colour) => health[colour] > 0);
  if (living === undefined || others.length > 0) return;
  const there = living === lock.candidate ? ALL : NONE;
  if ((await agreeingShare(ports, lock)) === there) return;
  if ((await ports.fleet.observe(living)).desired > 0) await routeAndReadBack(ports, weightsFor(lock, there));
}
