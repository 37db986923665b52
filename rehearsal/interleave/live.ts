/** Runs of Lambdas in an interleaving. */
import type { Actor } from '../writes.ts';

/** One run of a Lambda. */
export interface Invocation extends Actor {
  readonly since: number;
  readonly name: string;
}

/** One that has not ended. */
export interface Live extends Invocation {
  isDead: boolean;
  /** Tells the machine that its Lambda failed. */
  fail(error: Error): void;
}
