import type { RuleAction } from '../core/force-stable.ts';
import type { Colour, Weights } from '../core/roles.ts';

export interface TrafficRouter {
  /** The weights as the load balancer holds them now. */
  current(): Promise<Weights>;
  /** All that the rule does, as this router read it last and as a change of it takes it; undefined before the first reading. */
  actions(): readonly RuleAction[] | undefined;
  /** Sends requests by these weights and switches group stickiness off; returns once the load balancer accepted. */
  route(weights: Weights): Promise<void>;
  /** Writes what stands there already, so that a missing right shows before traffic moves and not in a revert. */
  checkWritePermission(): Promise<void>;
  /** Requests straight to one colour, past the weights. */
  probe(colour: Colour): Promise<{ readonly passed: number; readonly tried: number }>;
  /** Where the probe leads while nobody probes: to stable. */
  resetProbe(stable: Colour): Promise<void>;
}
