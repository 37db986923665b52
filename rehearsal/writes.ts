/** Who does what in the world, as its log has it. */
import type { Colour, Weights } from '../functions/core/roles.ts';
import type { Share } from '../functions/core/share.ts';

/** Who acts, as the log of writes names them. */
export interface Actor {
  readonly by: 'owner' | 'guard' | 'reconciler' | 'person' | 'deploy';
  /** The execution, for owners. */
  readonly execution?: string;
  /** The Lambda, for owners. */
  readonly verb?: string;
  /** When this invocation began; set by the world. */
  readonly since?: number;
  /** Makes this invocation wait, for faults. */
  readonly sleep?: (seconds: number) => Promise<void>;
}

/** The timeout of every Lambda that may write the rule or a service: shorter than the drain. */
export const LONGEST_LAMBDA_SECONDS = 30;
/** What a dead process answers. */
export const NEVER = new Promise<never>(() => {});

/** A mutating call, in the order in which the world took effect. */
export interface WriteRow {
  readonly at: number;
  readonly actor: Actor;
  readonly call: string;
  /** The candidate's share that the call asks for. */
  readonly share?: Share;
  readonly weights?: Weights;
  readonly colour?: Colour;
  readonly tasks?: number;
  /** Tasks desired before the call. */
  readonly before?: number;
  /** The candidate's share that the same actor read next. */
  readBack?: Share;
  readBackAt?: number;
}
