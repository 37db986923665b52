/** Reading the rule until it can be believed: ALB answers may lag, so a weight counts once readings agree. */
import { Transient } from '../../core/failures.ts';
import { forceStable, type TrafficAddresses } from '../../core/force-stable.ts';
import { type Colour, type Roles, shareOf, type Weights } from '../../core/roles.ts';
import type { Share } from '../../core/share.ts';
import type { Clock } from '../../ports/clock.ts';
import type { TrafficRouter } from '../../ports/traffic-router.ts';

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

/**
 * Six tries, 2 s apart: where half of all changes are refused, one invocation in 64 gives up. The pauses are ten of the
 * seventeen seconds in which an invocation may begin a call; the rest is for what comes before and after. The SDK's own
 * three tries of a call (adapters/client.ts) are within one try of ours; that deadline ends both, also in the middle.
 */
const TRIES = 6;
const PAUSE_SECONDS = 2;

/**
 * As `routeAndReadBack`, and again within this invocation when a call fails for a passing reason. Only for weights that
 * are right whatever happened meanwhile (all users on one colour): a step forward asks the ledger again first.
 */
export async function routeToSafety(ports: RouterAndClock, weights: Weights): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    try {
      return await routeAndReadBack(ports, weights);
    } catch (error) {
      if (!(error instanceof Transient) || tries === TRIES) throw error;
      await ports.clock.sleep(PAUSE_SECONDS);
    }
  }
}

/** Both weights are 0: every request is answered with 503, by the load balancer itself. */
export const NOBODY = 'nobody';

export type LiveShare = Share | typeof NOBODY;

/** The one command that sends everybody to a colour, with the rule's other actions as this invocation read them. */
export const commandTo = (
  { router }: { readonly router: Pick<TrafficRouter, 'actions'> },
  traffic: TrafficAddresses,
  colour: Colour,
): string => forceStable(traffic, colour, router.actions() ?? 'unread');

/** The share on which all readings agree, or undefined when they do not. */
export async function agreeingShare({ router, clock }: RouterAndClock, roles: Roles): Promise<LiveShare | undefined> {
  const first = shareOf(roles, await router.current());
  for (let reading = 2; reading <= READINGS; reading++) {
    await clock.sleep(1);
    if (shareOf(roles, await router.current()) !== first) return undefined;
  }
  return first ?? NOBODY;
}

/** Why an agreeing share that nobody of ours wrote ends a release, as people are told. */
export const changedByHand = (live: LiveShare, { candidate, share }: Roles & { readonly share: Share }): string =>
  live === NOBODY
    ? 'somebody changed the rule by hand: both weights are 0, so every request is answered with 503'
    : `somebody changed the rule by hand: ${candidate} has ${live} % instead of ${share} %`;
