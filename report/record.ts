/** A rehearsal as plain JSON: everything that its report shows, and what a replay needs. The report knows nothing else. */
import type { Baseline } from '../functions/core/judge/baseline.ts';
import type { LiteralEvidence } from '../functions/core/judge/literal.ts';
import type { Evidence } from '../functions/core/judge/verdict.ts';
import type { Plan, Policy } from '../functions/core/plan.ts';
import type { AbortOrder, Phase } from '../functions/core/protocol.ts';
import type { Colour } from '../functions/core/roles.ts';
import type { Share } from '../functions/core/share.ts';
import type { MinuteEvidence } from '../functions/ports/ledger.ts';

/** Every `second` counts from `start`. What does not apply is absent. */
export interface RunRecord {
  readonly schema: 'sluice.flight/1';
  readonly service: string;
  /** Epoch seconds. */
  readonly start: number;
  readonly seconds: number;
  readonly strategy: Plan['strategy'];
  readonly policy: Policy;
  /** `held` waits for an operator, and `flying` is neither held nor over. */
  readonly outcome: 'promoted' | 'reverted' | 'refused' | 'nothing' | 'stuck' | 'killed' | 'held' | 'flying';
  /** What was found, then a colon, then the numbers. */
  readonly reason: string;
  /** What is wrong with a refused input, one line a field. */
  readonly wrong?: readonly string[];
  readonly evidence?: Evidence | LiteralEvidence;
  readonly release?: RecordedRelease;
  /** Every write of the rule, with the candidate's share. */
  readonly shifts: readonly Shift[];
  readonly decisions: readonly Decision[];
  /** The order to go back. */
  readonly abort?: { readonly second: number; readonly by: AbortOrder['by'] };
  readonly secondsFromVerdictToStable?: number;
  readonly requests: {
    readonly total: number;
    readonly candidate: number;
    readonly failedByCandidate: number;
    readonly droppedByShift: number;
  };
  /** As it was left. */
  readonly world: {
    readonly share: Share;
    readonly stable: Colour;
    readonly healthy: Readonly<Record<Colour, number>>;
    readonly running: Readonly<Record<Colour, number>>;
    readonly lock: { readonly phase: Phase; readonly fence: number; readonly owner: string } | null;
    readonly scalingSuspended: Readonly<Record<Colour, boolean>>;
  };
  readonly violations: readonly {
    readonly invariant: number;
    readonly second: number;
    readonly state: string;
    readonly detail: string;
  }[];
  /** Promises that were not watched. */
  readonly unchecked: readonly number[];
  readonly rehearsal?: Rehearsal;
}

/** What was opened; absent when nothing was. */
export interface RecordedRelease {
  readonly id: string;
  readonly image: string;
  readonly candidate: Colour;
  readonly stable: Colour;
  readonly plan: Plan;
  readonly baseline?: Baseline;
  /** Every judged minute, oldest first. */
  readonly minutes: readonly MinuteEvidence[];
}

export interface Shift {
  readonly second: number;
  readonly share: Share;
  readonly readBack?: Share;
}

/** Up, abort, down, off, hold. */
export type Sign = '▲' | '◆' | '▼' | '■' | '‖' | ' ';

export interface Decision {
  readonly second: number;
  readonly sign: Sign;
  readonly share: number;
  readonly word: string;
  readonly text: string;
}

export interface Rehearsal {
  readonly scenario: string;
  readonly seed: number;
  /** Requests a second, all traffic. */
  readonly rps: number;
  readonly live: boolean;
  /** The command line that runs it again. */
  readonly command: string;
  /** Somebody pressed buttons while it ran. */
  readonly steered?: true;
  /** When the first fault began. */
  readonly faultSecond?: number;
}
