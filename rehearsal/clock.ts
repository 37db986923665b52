import type { Clock, Instant } from '../functions/ports/clock.ts';

interface Alarm {
  readonly at: number;
  readonly ring: () => void;
}

/** Called once a second. What it begins, it gives back as a promise, and time waits until that waits for time. */
type Watcher = (second: Instant) => void | Promise<void>;

/**
 * Virtual time. Nothing moves by itself: `run` rings the earliest alarm, lets everything that was waiting for it go as
 * far as it can, and only then moves on. Whole seconds are announced in order, so a watcher sees every one of them.
 */
export class VirtualClock implements Clock {
  #milliseconds: number;
  readonly #alarms: Alarm[] = [];
  readonly #watchers: Watcher[] = [];
  /** Rehearsals that are watched wait here for the wall clock before each second. */
  pace: ((second: Instant) => Promise<void>) | undefined;

  constructor(start: Instant) {
    this.#milliseconds = Math.round(start * 1000);
  }

  now(): Instant {
    return this.#milliseconds / 1000;
  }

  sleep(seconds: number): Promise<void> {
    return new Promise((resolve) => this.at(this.now() + Math.max(0, seconds), resolve));
  }

  /** Calls `ring` when that instant comes. Alarms of the same instant ring in the order in which they were set. */
  at(instant: Instant, ring: () => void): void {
    const alarm = { at: Math.round(instant * 1000), ring };
    let low = 0;
    let high = this.#alarms.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#alarms[middle]!.at > alarm.at) low = middle + 1;
      else high = middle;
    }
    this.#alarms.splice(low, 0, alarm);
  }

  /** `watch` is called once for every whole second, before anything that is due at that second. */
  everySecond(watch: Watcher): void {
    this.#watchers.push(watch);
  }

  /** Moves time on until `finished()` holds, looked at whenever everything is waiting. */
  async run(finished: () => boolean): Promise<void> {
    await everythingWaits();
    while (!finished()) {
      const nextSecond = (Math.floor(this.#milliseconds / 1000) + 1) * 1000;
      const next = this.#alarms.at(-1);
      if (next && next.at < nextSecond) {
        this.#alarms.pop();
        this.#milliseconds = Math.max(this.#milliseconds, next.at);
        next.ring();
        await everythingWaits();
      } else {
        if (this.pace) await this.pace(nextSecond / 1000);
        this.#milliseconds = nextSecond;
        const begun = this.#watchers.map((watch) => watch(nextSecond / 1000));
        if (this.pace || begun.some((work) => work instanceof Promise)) await everythingWaits();
      }
    }
  }
}

/** Holds virtual time to `speed` virtual seconds a wall second, from the first second on that waits here. */
export function paced(speed: number): NonNullable<VirtualClock['pace']> {
  let begun: { readonly wall: number; readonly second: Instant } | undefined;
  return async (second) => {
    begun ??= { wall: performance.now(), second: second - 1 };
    const left = begun.wall + ((second - begun.second) * 1000) / speed - performance.now();
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
  };
}

/** Resolves once every promise that can go on has gone on. */
const everythingWaits = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
