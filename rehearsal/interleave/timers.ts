/** Virtual time that moves only when the schedule says so. Calls and waits of everybody hang on one of these. */
import type { Instant } from '../../functions/ports/clock.ts';
import type { WorldClock } from '../world-parts.ts';

interface Timer {
  readonly at: Instant;
  readonly ring: () => void;
}

export class Timers implements WorldClock {
  #now: Instant;
  /** The latest first. */
  readonly #timers: Timer[] = [];

  constructor(start: Instant) {
    this.#now = start;
  }

  now(): Instant {
    return this.#now;
  }

  sleep(seconds: number): Promise<void> {
    return new Promise((resolve) => this.after(seconds, resolve));
  }

  after(seconds: number, ring: () => void): void {
    const at = this.#now + Math.max(0, seconds);
    const place = this.#timers.findIndex((other) => other.at <= at);
    this.#timers.splice(place < 0 ? this.#timers.length : place, 0, { at, ring });
  }

  at(instant: Instant, ring: () => void): void {
    this.after(instant - this.#now, ring);
  }

  /** Seconds until the next timer rings. */
  get next(): number {
    return Math.max(0, (this.#timers.at(-1)?.at ?? Number.POSITIVE_INFINITY) - this.#now);
  }

  /** Moves time on and rings what has become due. */
  pass(seconds: number): void {
    this.#now += seconds;
    while (this.#timers.length > 0 && this.#timers.at(-1)!.at <= this.#now) this.#timers.pop()!.ring();
  }
}
