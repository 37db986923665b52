/**
 * What needs no statistics: a crash of this release's tasks, and weights that are not ours. What cannot be read speaks
 * neither for nor against the candidate; it is named, and the rest is judged all the same.
 */
import { Transient } from '../../core/failures.ts';
import type { Lock } from '../../core/protocol.ts';
import { shareOf } from '../../core/roles.ts';
import type { Share } from '../../core/share.ts';
import type { Ports } from './step.ts';
import { agreeingShare, changedByHand } from './traffic.ts';

type HardPorts = Pick<Ports, 'router' | 'fleet' | 'clock'>;

export interface Standing {
  /** Ends the release at once. */
  readonly against?: { readonly word: 'abort'; readonly reason: string };
  /** The rule shows this share, which Shift meant and did not confirm. */
  readonly unfinished?: Share;
  /** What could not be read. */
  readonly unread?: string;
}

export async function hardRules(ports: HardPorts, lock: Lock): Promise<Standing> {
  const tasks = await readable(ports, 'ECS', () => crashOf(ports, lock));
  if (tasks.against) return tasks;
  const rule = await readable(ports, "the load balancer's rule", () => weightsOf(ports, lock));
  return tasks.unread && rule.unread ? { unread: `${tasks.unread}; ${rule.unread}` } : { ...tasks, ...rule };
}

/** Twice, a second apart: one lost call is no reason to look away for a whole tick. The SDK's own tries are within each. */
async function readable({ clock }: HardPorts, what: string, read: () => Promise<Standing>): Promise<Standing> {
  try {
    return await read().catch(async (error: unknown) => {
      if (!(error instanceof Transient)) throw error;
      await clock.sleep(1);
      return read();
    });
  } catch (error) {
    if (!(error instanceof Transient)) throw error;
    return { unread: `${what} could not be read (${error.message})` };
  }
}

async function crashOf({ fleet }: HardPorts, { candidate, phase }: Lock): Promise<Standing> {
  // Before its first deploy the colour shows the stopped tasks of an older release.
  if (phase === 'opening' || phase === 'migrating') return {};
  const { crashes, lastStopped } = await fleet.crashes(candidate);
  if (crashes === 0) return {};
  return {
    against: { word: 'abort', reason: `a task of ${candidate} crashed: ${lastStopped ?? 'no reason was given'}` },
  };
}

async function weightsOf(ports: HardPorts, lock: Lock): Promise<Standing> {
  if (shareOf(lock, await ports.router.current()) === lock.share) return {};
  const live = await agreeingShare(ports, lock);
  if (live === undefined || live === lock.share) return {};
  if (live === lock.intent) return { unfinished: live };
  return { against: { word: 'abort', reason: changedByHand(live, lock) } };
}
