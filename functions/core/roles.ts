/**
 * The two colours and the two roles. Colours are physical (a target group, a service, a task family);
 * roles are what users feel: stable is what they trust, the candidate is the new version.
 * This is the only file that turns the one into the other.
 */
import type { Share } from './share.ts';

export const COLOURS = ['blue', 'green'] as const;
export type Colour = (typeof COLOURS)[number];

export interface Roles {
  readonly stable: Colour;
  readonly candidate: Colour;
}

/** ALB weights. We only ever write pairs that sum to 100, so that a weight reads as a percentage. */
export type Weights = Readonly<Record<Colour, number>>;

const OTHER = { blue: 'green', green: 'blue' } as const;

export const otherColour = (colour: Colour): Colour => OTHER[colour];

export const rolesWhenStableIs = (stable: Colour): Roles => ({ stable, candidate: OTHER[stable] });

/** The colour that can take everybody: the preferred one, unless only the other one has a healthy target. */
export const safeColour = (healthy: Readonly<Record<Colour, number>>, preferred: Colour): Colour =>
  healthy[preferred] === 0 && healthy[OTHER[preferred]] > 0 ? OTHER[preferred] : preferred;

/** The one way to make weights: the candidate's share, and stable is always the rest. */
export const weightsFor = ({ stable }: Roles, share: Share): Weights =>
  stable === 'blue' ? { blue: 100 - share, green: share } : { blue: share, green: 100 - share };

/**
 * The candidate's share of live weights, percent; undefined when both are 0 and nobody is served (ALB answers 503). We
 * write whole percents only. Weights by hand go up to 999 each, so three decimals tell any other share from a whole one:
 * one request in a thousand to a colour that sleeps is not none.
 */
export function shareOf({ candidate }: Roles, weights: Weights): Share | undefined {
  const sum = weights.blue + weights.green;
  return sum > 0 ? Math.round((weights[candidate] * 100_000) / sum) / 1000 : undefined;
}
