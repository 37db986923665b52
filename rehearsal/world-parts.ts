/** What a world is made of, as its ports see it, and what it is given. */
import type { Colour, Roles } from '../functions/core/roles.ts';
import type { Clock, Instant } from '../functions/ports/clock.ts';
import type { Image } from '../functions/ports/registry.ts';
import type { AlarmReading, MinuteReading } from '../functions/ports/signals.ts';
import type { MemoryLedger } from './ledger.ts';
import type { LoadBalancer } from './load-balancer.ts';
import type { Migrations } from './migrations.ts';
import type { Tasks } from './tasks.ts';

/** Carries a call out when its turn has come. `detail`: what it is about, for people. */
export type Perform = <T>(call: string, effect: () => T, detail?: string) => Promise<T>;

/** What the world needs of a clock beside what the steps need. */
export interface WorldClock extends Clock {
  /** Calls `ring` when that instant comes. */
  at(instant: Instant, ring: () => void): void;
}

/** Where numbers and alarms come from. */
export interface WorldNumbers {
  minutes(now: Instant, from: Instant, to: Instant, thresholdsMs: readonly number[]): readonly MinuteReading[];
  alarms(): readonly AlarmReading[];
  /** Whether a minute with requests on that colour, that ended after `since`, has arrived by now. */
  wasHeard(colour: Colour, since: Instant, now: Instant): boolean;
  /** Told of every alarm that enters another state. */
  onChange: ((alarm: AlarmReading) => void) | undefined;
}

export interface WorldExecutions {
  start(name: string, input: unknown): void;
  status(execution: string): 'RUNNING' | 'ended' | 'unknown';
}

export interface WorldParts {
  readonly clock: WorldClock;
  readonly ledger: MemoryLedger;
  readonly balancer: LoadBalancer;
  readonly tasks: Tasks;
  readonly numbers: WorldNumbers;
  readonly migrations: Migrations;
  readonly executions: WorldExecutions;
  /** The roles of the release that runs, or else as the ledger has them. */
  readonly roles: Roles;
  /** Where the probe rule leads. */
  probed: Colour;
  readonly probePasses: () => boolean;
  resolve(reference: string): Image | undefined;
  /** The release tag that was pushed last. */
  newest(): (Image & { readonly tag: string }) | undefined;
}
