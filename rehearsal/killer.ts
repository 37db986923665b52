/** Ends the release's own execution, and after it the reconciler, where a rehearsal asks for it. */
import { RECONCILER } from '../functions/core/protocol.ts';
import type { Running } from './control-plane.ts';
import type { RehearsalOptions } from './options.ts';
import type { World } from './world.ts';
import { type Actor, NEVER } from './writes.ts';

/** The release's own execution is the one of that name. */
export const MAIN = 'rehearsal';

export interface Killer {
  /** Before anything happens in it. */
  enter(world: World): void;
  /** Asked before every transition of every execution. */
  transition(running: Running, count: number, state: string): 'go on' | 'stop';
  /** Asked around every call of everybody. */
  call(call: string, actor: Actor, when: 'before' | 'after'): void | Promise<void>;
  /** When the reconciler died, epoch seconds. */
  reconcilerDiedAt(): number | undefined;
}

const OUTLIVES_SECONDS = 20;

export function killer({ killAt, kill, killReconciler, onPlace }: RehearsalOptions): Killer {
  let world: World | undefined;
  let main: Running | undefined;
  let calls = 0;
  /** Calls of each invocation so far. */
  const made = new WeakMap<Actor, number>();
  let reconcilerCalls = 0;
  let hasTakenOver = false;
  let diedAt: number | undefined;

  function ownersCall(running: Running, call: string, actor: Actor, when: 'before' | 'after'): void | Promise<void> {
    if (when === 'before') calls += 1;
    if (when === 'before') visit(call, actor);
    if (kill?.at !== 'call') return undefined;
    if (calls !== kill.count || running.end) return undefined;
    if (when !== (kill.how === 'dies after' ? 'after' : 'before')) return undefined;
    running.execution.stop('ABORTED');
    return kill.how === 'outlives' ? actor.sleep?.(OUTLIVES_SECONDS) : NEVER;
  }

  function visit(call: string, actor: Actor): void {
    const nth = (made.get(actor) ?? 0) + 1;
    made.set(actor, nth);
    onPlace?.({ at: 'call', count: calls, where: `${actor.verb} ${nth} ${call} at ${shareNow()} %` });
  }

  const shareNow = (): number => world!.ledger.state.lock?.share ?? 0;

  function reconcilersCall(when: 'before' | 'after'): void | Promise<void> {
    if (!killReconciler || diedAt !== undefined) return undefined;
    hasTakenOver ||= when === 'before' && world!.ledger.state.lock?.owner === RECONCILER;
    if (!hasTakenOver) return undefined;
    if (when === 'before') reconcilerCalls += 1;
    if (reconcilerCalls !== killReconciler.count || killReconciler.how !== `dies ${when}`) return undefined;
    diedAt = world!.clock.now();
    return NEVER;
  }

  return {
    enter(entered) {
      world = entered;
    },
    transition(running, count, state) {
      if (running.name !== MAIN) return 'go on';
      main = running;
      onPlace?.({ at: 'transition', count, where: `${state} at ${shareNow()} %` });
      if (count === killAt) return 'stop';
      if (kill?.at !== 'transition' || kill.count !== count) return 'go on';
      if (kill.how === 'ABORTED') return 'stop';
      running.execution.stop('TIMED_OUT');
      return 'go on';
    },
    call(call, actor, when) {
      if (main && actor.execution === main.id) return ownersCall(main, call, actor, when);
      return actor.by === 'reconciler' ? reconcilersCall(when) : undefined;
    },
    reconcilerDiedAt: () => diedAt,
  };
}
