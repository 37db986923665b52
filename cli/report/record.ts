/** A flight as plain JSON: everything that its report shows, and what a replay needs. The report knows nothing else. */
import type { Baseline } from '../../functions/core/judge/baseline.ts';
import type { LiteralEvidence } from '../../functions/core/judge/literal.ts';
import type { Evidence } from '../../functions/core/judge/verdict.ts';
import type { Plan, Policy } from '../../functions/core/plan.ts';
import type { AbortOrder, Phase } from '../../functions/core/protocol.ts';
import type { Colour } from '../../functions/core/roles.ts';
import type { Share } from '../../functions/core/share.ts';
import type { MinuteEvidence } from '../../functions/ports/ledger.ts';
import type { Account } from '../../rehearsal/account.ts';
import type { FlightOptions } from '../../rehearsal/options.ts';
import { START } from '../../rehearsal/timeline.ts';
import type { Line } from '../lines.ts';

/** Every `second` counts from `start`. What does not apply is absent. */
export interface FlightRecord {
  readonly schema: 'sluice.flight/1';
  readonly service: string;
  /** Epoch seconds. */
  readonly start: number;
  readonly seconds: number;
  readonly strategy: Plan['strategy'];
  readonly policy: Policy;
  readonly outcome: Account['outcome'];
  /** What was found, then a colon, then the numbers. */
  readonly reason: string;
  /** What is wrong with a refused input, one line a field. */
  readonly wrong?: readonly string[];
  readonly evidence?: Evidence | LiteralEvidence;
  readonly release?: ReleaseFlown;
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
export interface ReleaseFlown {
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

export interface Decision extends Pick<Line, 'sign' | 'share' | 'word' | 'text'> {
  readonly second: number;
}

export interface Rehearsal {
  readonly scenario: string;
  readonly seed: number;
  /** Requests a second, all traffic. */
  readonly rps: number;
  readonly live: boolean;
  /** The command line that flies it again. */
  readonly command: string;
  /** Somebody pressed buttons while it flew. */
  readonly steered?: true;
  /** When the first fault began. */
  readonly faultSecond?: number;
}

/** How a rehearsal was asked for, and whether somebody steered it. */
export interface Again extends Pick<Rehearsal, 'scenario' | 'command'> {
  readonly isLive?: boolean;
  readonly isSteered?: boolean;
}

/**
 * The record of a rehearsed flight; that of a released one is in released.ts. `lines` is what was told while it flew: without
 * them the record has no decisions.
 */
export function recordOf(
  flown: Account,
  options: FlightOptions,
  { scenario, command, isLive = false, isSteered = false }: Again,
  lines: readonly Line[] = [],
): FlightRecord {
  const { setting, release, evidence, secondsFromVerdictToStable, writes } = flown;
  const order = writes.find(({ call }) => call === 'ledger: abort');
  const { notices: _, ...world } = flown.world;
  return {
    schema: 'sluice.flight/1',
    service: setting.ledger.state.service,
    start: START,
    seconds: flown.virtualSeconds,
    strategy: release?.plan.strategy ?? options.strategy,
    policy: release?.plan.policy ?? options.policy,
    outcome: flown.outcome,
    reason: flown.reason,
    ...(flown.wrong ? { wrong: flown.wrong } : {}),
    ...(evidence ? { evidence } : {}),
    ...(release ? { release: withoutFault(release) } : {}),
    shifts: writes.flatMap(({ call, second, share, readBack }) =>
      call === 'ModifyRule' && share !== undefined
        ? [{ second, share, ...(readBack === undefined ? {} : { readBack }) }]
        : [],
    ),
    decisions: decisionsOf(flown, lines),
    ...(order ? { abort: { second: order.second, by: order.by as AbortOrder['by'] } } : {}),
    ...(secondsFromVerdictToStable === undefined ? {} : { secondsFromVerdictToStable }),
    requests: flown.requests,
    world,
    violations: flown.violations,
    unchecked: flown.unchecked,
    rehearsal: {
      scenario,
      seed: options.seed,
      rps: options.requestsPerSecond,
      live: isLive,
      command,
      ...(isSteered ? { steered: true } : {}),
      ...(release?.faultSecond === undefined ? {} : { faultSecond: release.faultSecond }),
    },
  };
}

const withoutFault = ({ faultSecond: _, ...release }: NonNullable<Account['release']>): ReleaseFlown => release;

/** The lines that a terminal shows, and the moments in which a person was asked or told. */
function decisionsOf({ world }: Account, told: readonly Line[]): readonly Decision[] {
  const lines = told.map(({ at, sign, share, word, text }) => ({ second: at - START, sign, share, word, text }));
  const shareAt = (second: number): Share => lines.findLast((line) => line.second <= second)?.share ?? 0;
  const notices = world.notices.flatMap(({ second, kind, title }) =>
    kind === 'held' || kind === 'trouble'
      ? [{ second, sign: '‖' as const, share: shareAt(second), word: kind === 'held' ? 'ask' : 'page', text: title }]
      : [],
  );
  return [...lines, ...notices].sort((one, other) => one.second - other.second);
}
