/** What a promise of the design looks like to the auditor that watches it, in rehearsals and interleavings alike. */
import type { ReleaseRequest } from '../../functions/core/release.ts';
import type { Effect } from '../effects.ts';
import type { Actor } from '../writes.ts';
import type { Facts } from './facts.ts';

/** Reports a broken promise. The same `once` is reported once. @default - the detail itself */
export type Found = (detail: string, once?: string) => void;

/** What the auditor tells one promise; each part is optional. */
export interface Watching {
  /** A call is about to be made, whether or not it is answered. */
  readonly asked?: (actor: Actor, call: string) => void;
  /** What a call did or showed, before the facts know of it. */
  readonly effect?: (actor: Actor, effect: Effect) => void;
  /** Somebody edited the rule by hand. */
  readonly byHand?: () => void;
  /** An execution was started with this input. */
  readonly started?: (execution: string, request: Requested) => void;
  /** A step of an execution answered with this verdict. */
  readonly answered?: (verb: string, verdict: unknown) => void;
  /** A second has passed; epoch seconds. Interleavings have none. */
  readonly second?: (now: number) => void;
  /** Nothing moves any more. `excused`: a colour died when no release ran, and nobody watches then. */
  readonly rest?: (excused: boolean) => void;
  /** An execution ended as refused or with nothing to do; `fence` is the one from before it. */
  readonly refused?: (fence: number) => void;
}

/** What an execution was started with, as far as it matters which version somebody wants. */
export interface Requested {
  readonly action: ReleaseRequest['action'];
  /** The version that a rollback names. */
  readonly to?: string;
}

export type Watch = (it: Facts, found: Found) => Watching;
