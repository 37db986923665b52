import { typed } from '../../core/commands.ts';
import { type Lock, type Mine, writes } from '../../core/protocol.ts';
import { type Colour, safeColour, weightsFor } from '../../core/roles.ts';
import { ALL, NONE } from '../../core/share.ts';
import type { ServiceSettings } from '../shared/settings.ts';
import { commit, type Ports } from '../shared/step.ts';
import { agreeingShare, commandTo, type LiveShare, NOBODY, routeToSafety } from '../shared/traffic.ts';

type StuckPorts = Pick<Ports, 'router' | 'fleet' | 'notifications' | 'clock'>;

type StuckSettings = Pick<ServiceSettings, 'service' | 'traffic'>;

export interface Finding {
  readonly reason: string;
  /** The candidate's, as the rule says; undefined when its readings did not agree. */
  readonly share: LiveShare | undefined;
  /** The colour that the page's command leads to: the one that still answers. */
  readonly safe: Colour;
}

/** Marks the release as one that only a person can end. The page goes out first: twice is better than never. */
export async function markStuck(
  ports: StuckPorts & Pick<Ports, 'ledger'>,
  settings: StuckSettings,
  me: Mine,
  lock: Lock,
  { reason, share, safe }: Finding,
): Promise<void> {
  await page(ports, settings, lock, { what: `an operator must decide; ${whereUsersAre(lock, share)}`, reason, safe });
  await moveOffDeadColour(ports, settings, await commit(ports.ledger, me, writes.stuck(me, reason)));
}

/**
 * Users on a dead colour, and the other one lives: marked for its end or not, it is better than nothing while it still
 * has tasks. Only once the release is stuck: then nobody scales it down any more. Whoever called it stuck may have died
 * before this, so whoever finds it stuck does it again; where both live users stay as they are, unless both weights are
 * 0: then they go to stable, or to the candidate if stable was dead before. Where none lives there is nowhere to go.
 */
export async function moveOffDeadColour(ports: StuckPorts, settings: StuckSettings, lock: Lock): Promise<void> {
  const health = await ports.fleet.health();
  const living = [lock.stable, lock.candidate].filter((colour) => health[colour] > 0);
  if (living.length === 0) return;
  const preferred = lock.target === 'candidate' ? lock.candidate : lock.stable;
  const safe = safeColour(health, preferred);
  const there = safe === lock.candidate ? ALL : NONE;
  const share = await agreeingShare(ports, lock);
  if (share === there || (living.length > 1 && share !== NOBODY)) return;
  if ((await ports.fleet.observe(safe)).desired === 0) return;
  if (!(await routeToSafety(ports, weightsFor(lock, there)))) return;
  const because = share === NOBODY ? 'both weights of the rule were 0' : `only ${safe} answers`;
  const what = `${whereUsersAre(lock, there)}, moved there because ${because}`;
  await page(ports, settings, lock, { what, reason: lock.reason ?? 'an operator must decide', safe });
}

const page = (
  ports: StuckPorts,
  { service, traffic }: StuckSettings,
  { releaseId }: Lock,
  { what, reason, safe }: { readonly what: string; readonly reason: string; readonly safe: Colour },
): Promise<void> =>
  ports.notifications.send({
    kind: 'stuck',
    releaseId,
    title: `STUCK, ${what}`,
    body: reason,
    next: [typed('doctor', service), commandTo(ports, traffic, safe)],
  });

/** Somebody who is woken must know who is harmed now, so it is what the rule says, and not what the ledger confirmed. */
function whereUsersAre({ stable, candidate, share: known, target }: Lock, read: LiveShare | undefined): string {
  if (read === NOBODY) return 'both weights of the rule are 0, so nobody is served';
  const share = read ?? (target === 'candidate' ? ALL : known);
  const where =
    share === NONE || share === ALL
      ? `all users are on ${share === ALL ? candidate : stable}`
      : `${share} % of requests go to ${candidate}, the others to ${stable}`;
  return read === undefined ? `${where}, as last known` : where;
}
