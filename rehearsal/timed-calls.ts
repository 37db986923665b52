/** Calls that take time, as over the wire; the faults of the control plane happen around them. */
import type { AnyWorld } from './world.ts';
import type { Perform } from './world-parts.ts';
import { type Actor, LONGEST_LAMBDA_SECONDS, NEVER } from './writes.ts';

/** How long calls take, seconds; every other one takes `ORDINARY`. */
const LATENCY: Readonly<Record<string, number>> = {
  ModifyRule: 0.3,
  UpdateService: 0.4,
  Probe: 0.6,
  GetMetricData: 0.4,
  Ledger: 0.02,
};
const ORDINARY = 0.1;

export interface Interference {
  /** Faults of the control plane: called before every port call; may throw. */
  readonly interfere?: ((call: string, actor: Actor) => void | Promise<void>) | undefined;
  /** Called after the effect of every port call; may throw: the call succeeded, and its caller never hears of it. */
  readonly interfereAfter?: ((call: string, actor: Actor) => void | Promise<void>) | undefined;
}

export const timedCalls =
  ({ interfere, interfereAfter }: Interference) =>
  (world: AnyWorld, actor: Actor): Perform => {
    const { clock } = world;
    /** A Lambda lives no longer than its timeout, whatever it is doing. */
    const isDead = () => actor.by !== 'person' && clock.now() - actor.since! > LONGEST_LAMBDA_SECONDS;
    return async (call, effect) => {
      world.asked(actor, call);
      await interfere?.(call, actor);
      if (isDead()) await NEVER;
      await clock.sleep(LATENCY[call.split(' ')[0]!] ?? ORDINARY);
      world.calls.push({ at: clock.now(), actor, call });
      const result = effect();
      await interfereAfter?.(call, actor);
      return result;
    };
  };
