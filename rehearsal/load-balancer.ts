/** One listener rule with two weights. A change is accepted at once and reaches the traffic some seconds later. */
import type { RuleAction } from '../functions/core/force-stable.ts';
import type { Weights } from '../functions/core/roles.ts';
import type { VirtualClock } from './clock.ts';

export class LoadBalancer {
  /** As the API tells it. */
  weights: Weights;
  /** As requests meet it. */
  inForce: Weights;
  /** All that the rule does; somebody may have put a sign-in before the forward. */
  actions: readonly RuleAction[] = [{ Type: 'forward' }];
  /** When the weights last changed, epoch seconds. */
  changedAt: number;
  #version = 0;
  readonly #clock: VirtualClock;
  readonly #lagSeconds: () => number;
  readonly #onForce: (weights: Weights) => void;

  constructor(clock: VirtualClock, weights: Weights, lagSeconds: () => number, onForce: (weights: Weights) => void) {
    this.#clock = clock;
    this.weights = weights;
    this.inForce = weights;
    this.changedAt = clock.now();
    this.#lagSeconds = lagSeconds;
    this.#onForce = onForce;
  }

  /** Tells whoever carries the traffic what holds at the beginning. */
  announce(): void {
    this.#onForce(this.inForce);
  }

  route(weights: Weights): void {
    this.weights = { blue: weights.blue, green: weights.green };
    this.changedAt = this.#clock.now();
    const version = ++this.#version;
    this.#clock.at(this.#clock.now() + this.#lagSeconds(), () => {
      if (version !== this.#version) return;
      this.inForce = this.weights;
      this.#onForce(this.inForce);
    });
  }
}
