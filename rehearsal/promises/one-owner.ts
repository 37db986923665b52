/** 3. One owner: nobody writes for a release that is over, or that was taken over longer ago than a Lambda lives. */
import { RECONCILER } from '../../functions/core/protocol.ts';
import type { Effect } from '../effects.ts';
import type { Actor } from '../writes.ts';
import { described, type Facts, isServiceWrite, nameOf, type ServiceWrite } from './facts.ts';
import type { Found, Watch } from './promise.ts';

/** A call on its way when its Lambda dies may still land for a while; then nothing of a dead owner may. */
const LATE_SECONDS = 60;
/** Words and orders: they may concern a release that is not one's own. */
const OF_ANYBODY = ['open', 'queue', 'keep', 'abort', 'hold', 'resume', 'command', 'look', 'take over', 'drift lock'];
const OF_NOBODY = ['adopt', 'next attempt', 'give up pending'];

export const oneOwner: Watch = (it, found) => {
  let takenAt = Number.NEGATIVE_INFINITY;
  const aborted = new Set<string>();
  return {
    effect(actor, effect) {
      if (actor.by === 'deploy' || actor.by === 'person') return;
      if (isServiceWrite(effect)) onlyTheOwnerWrites(it, actor, effect, takenAt, found);
      if (effect.is !== 'ledger' || !effect.answer.written) return;
      const { write, before, answer } = effect;
      ledgerIsMine(it, actor, effect, found);
      if (answer.state.fence < before.fence) found(`${nameOf(actor)}: the fence fell to ${answer.state.fence}`);
      if (write.name === 'take over') takenAt = it.world.clock.now();
      if (write.name === 'abort') aborted.add(before.lock!.releaseId);
      if (write.name === 'free after close' && aborted.has(before.lock!.releaseId))
        found(`${nameOf(actor)}: ${before.lock!.releaseId} was closed although it was aborted`);
    },
  };
};

function onlyTheOwnerWrites(it: Facts, actor: Actor, write: ServiceWrite, takenAt: number, found: Found): void {
  const { lock } = it;
  const { meant } = it.knowledge(actor);
  const wrote = `${nameOf(actor)}: ${described(write)}`;
  if (!lock) {
    if (actor.by !== 'reconciler' || meant) found(`${wrote} although no release runs`);
    return;
  }
  // Before its first look at the ledger an invocation is known by its execution.
  const acts = meant ?? (actor.execution === lock.owner ? lock : undefined);
  if (actor.by === 'reconciler' && !meant && write.is === 'scaling') return;
  if (acts?.releaseId !== lock.releaseId) found(`${wrote} for ${acts?.releaseId}, but ${lock.releaseId} runs`);
  else if (acts.owner !== lock.owner && it.world.clock.now() - takenAt > LATE_SECONDS)
    found(`${wrote} for ${acts.owner}, but ${lock.owner} took it over`);
}

function ledgerIsMine(
  it: Facts,
  actor: Actor,
  { write, before }: Extract<Effect, { is: 'ledger' }>,
  found: Found,
): void {
  const { name } = write;
  if (OF_ANYBODY.includes(name) || OF_NOBODY.includes(name)) return;
  const { meant } = it.knowledge(actor);
  const { lock } = before;
  const me = actor.by === 'reconciler' ? RECONCILER : actor.execution;
  if (lock?.owner !== me) found(`${nameOf(actor)}: wrote "${name}", but ${lock?.owner ?? 'nobody'} owns the release`);
  else if (meant && meant.fence !== lock?.fence)
    found(`${nameOf(actor)}: wrote "${name}" under fence ${meant.fence}, but it is ${lock?.fence}`);
}
