/** One listener rule with two weights. A change is accepted at once and reaches the traffic some seconds later. */
import type { RuleAction } from '../functions/core/force-stable.ts';
import type { Weights } from '../functions/core/roles.ts';

/** What a change of the rule is put into force by. */
interface RuleClock {
  now(): number;
  at(instant: number, ring: () => void): void;
}

/** As many as the protocol tolerates after a change: three readings that agree are believed. */
const STALE_READINGS = 2;
const STALE_SECONDS = 10;

export class LoadBalancer {
  /** As the API tells it. */
  weights: Weights;
  /** As requests meet it. */
  inForce: Weights;
  /** All that the rule does; somebody may have put a sign-in before the forward. */
  actions: readonly RuleAction[] = [{ Type: 'forward' }];
  /** When the weights last changed, epoch seconds. */
  changedAt: number;
  /** The next reading shows what was before the last change, if that was not long ago. */
  lags = false;
  #stale: { readonly weights: Weights; readonly until: number; readings: number } | undefined;
  #version = 0;
  readonly #clock: RuleClock;
  readonly #lagSeconds: () => number;
  readonly #onForce: (weights: Weights) => void;

  constructor(clock: RuleClock, weights: Weights, lagSeconds: () => number, onForce: (weights: Weights) => void) {
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

  /** As a reading has it. */
  shown(): Weights {
    const { lags } = this;
    this.lags = false;
    const isStale = lags && this.#stale && this.#stale.readings > 0 && this.#clock.now() <= this.#stale.until;
    if (!isStale) return { ...this.weights };
    this.#stale!.readings -= 1;
    return this.#stale!.weights;
  }

  route(weights: Weights): void {
    const now = this.#clock.now();
    if (weights.blue !== this.weights.blue)
      this.#stale = { weights: this.weights, until: now + STALE_SECONDS, readings: STALE_READINGS };
    this.weights = { blue: weights.blue, green: weights.green };
    this.changedAt = now;
    const version = ++this.#version;
    const force = (): void => {
      if (version !== this.#version) return;
      this.inForce = this.weights;
      this.#onForce(this.inForce);
    };
    const lag = this.#lagSeconds();
    if (lag > 0) this.#clock.at(now + lag, force);
    else force();
  }
}
