/**
 * What stands behind the ports while the same case is told twice. Whatever AWS or somebody else does in a case is a verb of
 * it.
 */
import type { ServiceState } from '../../functions/core/protocol.ts';
import type { Colour, Weights } from '../../functions/core/roles.ts';
import type { Instant } from '../../functions/ports/clock.ts';
import type { AlarmReading } from '../../functions/ports/signals.ts';
import type { Ports } from '../../functions/steps/shared/step.ts';

/** What one colour counted in one zone in a minute; a zero is not delivered, as CloudWatch does not. */
export interface Counted {
  readonly requests: number;
  readonly errors5xx: number;
  readonly connectionErrors: number;
  readonly healthy: number;
  readonly unhealthy: number;
}

export interface Backend {
  readonly name: string;
  /** A service at rest on blue, without tasks and without a release. */
  begin(): Promise<void>;
  /** Carries out one call of the product to its end. */
  ask<T>(call: (ports: Ports) => Promise<T>): Promise<T>;
  /** What the ledger holds from now on. */
  ledgerHolds(state: ServiceState): Promise<void>;
  /** Somebody edits the rule by hand. */
  weightsAre(weights: Weights): Promise<void>;
  /** So many targets of that colour pass their health check. */
  targetsAre(colour: Colour, healthy: number): Promise<void>;
  /** Where the rule of the probe leads. */
  probeLeadsTo(): Promise<Colour | 'both'>;
  /** Every migration that runs comes to a good end. */
  migrationsEnd(): Promise<void>;
  /** An image is pushed under that tag, in a second of its own; its digest. */
  push(tag: string): Promise<string>;
  /** What CloudWatch has of that minute. The zones are the two in which tasks run. */
  minuteIs(minute: Instant, zones: Readonly<Record<Colour, readonly Counted[]>>): Promise<void>;
  /** Every alarm of those colours that looks at errors. */
  errorAlarmsAre(colours: readonly Colour[], state: AlarmReading['state']): Promise<void>;
  /** That execution comes to an end. */
  executionEnds(name: string): Promise<void>;
  /** Somebody subscribes; the titles of the notifications that they received since the last look. */
  subscriber(): Promise<() => Promise<readonly string[]>>;
  readonly now: Instant;
  readonly service: string;
}
