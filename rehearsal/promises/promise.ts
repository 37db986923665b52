/** What a promise of the design looks like to the auditor that watches it. */
import type { ReleaseRequest } from '../../functions/core/release.ts';
import type { World } from '../world.ts';
import type { Actor, WriteRow } from '../writes.ts';

/** Reports a broken promise. The same `once` is reported once. @default - the detail itself */
export type Found = (detail: string, once?: string) => void;

/** What the auditor is told of one promise's watching; each part is optional. */
export interface Watching {
  /** A call is about to be made, whether or not it is answered. */
  readonly asked?: (actor: Actor, call: string) => void;
  /** A write took effect. */
  readonly write?: (row: WriteRow) => void;
  /** An execution was started with this input. */
  readonly started?: (execution: string, request: Requested) => void;
  /** A step of an execution answered with this verdict. */
  readonly answered?: (verb: string, verdict: unknown) => void;
  /** A second has passed; epoch seconds. */
  readonly second?: (now: number) => void;
}

/** What an execution was started with, as far as it matters which version somebody wants. */
export interface Requested {
  readonly action: ReleaseRequest['action'];
  /** The version that a rollback names. */
  readonly to?: string;
}

export interface Watched {
  readonly world: World;
  /** Second 0, epoch seconds. */
  readonly start: number;
  /** When the lock's owner ended, if it has. */
  readonly ownerEndedAt: (owner: string) => number | undefined;
  /** Nothing speaks against the candidate in this scenario: it has to be promoted. */
  readonly isHealthy: () => boolean;
}

export type Watch = (it: Watched, found: Found) => Watching;
