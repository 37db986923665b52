/** Reading the rule until it can be believed: ALB answers may lag, so a weight counts once readings agree. */
import { type Roles, shareOf, type Weights } from '../core/roles.ts';
import type { Share } from '../core/share.ts';
import type { Clock } from '../ports/clock.ts';
import type { TrafficRouter } from '../ports/traffic-router.ts';

/** How many readings, a second apart, it takes: one more than the stale readings that we tolerate. */
const READINGS = 3;

export type RouterAndClock = { readonly router: TrafficRouter; readonly clock: Clock };

/** Writes the weights and reads until they are seen. False when they were not seen. */
export async function routeAndReadBack({ router, clock }: RouterAndClock, weights: Weights): Promise<boolean> {
  await router.route(weights);
  for (let reading = 1; ; reading++) {
    const live = await router.current();
    if (live.blue === weights.blue && live.green === weights.green) return true;
    if (reading === READINGS) return false;
    await clock.sleep(1);
  }
}

/** The share on which all readings agree, or undefined when they do not. */
export async function agreeingShare({ router, clock }: RouterAndClock, roles: Roles): Promise<Share | undefined> {
  const first = shareOf(roles, await router.current());
  for (let reading = 2; reading <= READINGS; reading++) {
    await clock.sleep(1);
    if (shareOf(roles, await router.current()) !== first) return undefined;
  }
  return first;
}
