/** What people and the registry do while a release is rehearsed, and when. */
import type { Weights } from '../functions/core/roles.ts';
import type { Share } from '../functions/core/share.ts';
import type { OperatorCommand } from '../functions/steps/shared/operator-command.ts';

/** A moment of a rehearsal. */
export type When =
  | { readonly second: number }
  /** That share was confirmed. */
  | { readonly share: Share }
  | { readonly event: 'growing' | 'asked' | 'warm' | 'closing' | 'reverting' | 'promoted' | 'reverted' };

/** What somebody outside does, so many seconds after a moment. */
export type RehearsalEvent = { readonly when: When; readonly afterSeconds?: number | undefined } & (
  | { readonly say: OperatorCommand }
  /** An execution started by hand with this input. */
  | { readonly start: unknown }
  /** A tag pushed to the registry; the push rule starts an execution. */
  | { readonly push: string; readonly eventLost?: boolean | undefined }
  /** Somebody edits the rule by hand: the candidate's share. */
  | { readonly setShare: Share }
  /** The same, with any two weights that the load balancer takes (0 to 999 each). */
  | { readonly setWeights: Weights }
);
