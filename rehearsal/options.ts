/** What a rehearsal is told, and what it is given in the place of modelled parts. */
import type { Policy } from '../functions/core/plan.ts';
import type { Lock } from '../functions/core/protocol.ts';
import type { Weights } from '../functions/core/roles.ts';
import type { Share } from '../functions/core/share.ts';
import type { Instant } from '../functions/ports/clock.ts';
import type { JudgeMemory, MinuteEvidence } from '../functions/ports/ledger.ts';
import type { OperatorCommand } from '../functions/steps/shared/operator-command.ts';
import type { Account } from './account.ts';
import type { RehearsalEvent } from './events.ts';
import type { Play, Verb } from './functions.ts';
import type { FaultName, InjectedFault, Role, Scenario } from './scenarios.ts';
import type { TaskHost } from './tasks.ts';
import type { TimelineEntry } from './timeline.ts';
import type { Traffic } from './traffic.ts';
import type { World } from './world.ts';

/** How the release's own execution is ended from outside. */
export type Kill =
  | { readonly at: 'transition'; readonly count: number; readonly how: 'ABORTED' | 'TIMED_OUT' }
  /** `outlives`: the execution ends, and the call that was under way takes effect twenty seconds later. */
  | { readonly at: 'call'; readonly count: number; readonly how: 'dies before' | 'dies after' | 'outlives' };

/** A transition or a call of the release's own execution, counted from 1, and where that is: "Judge 3 DescribeRules at 25 %". */
export interface Place {
  readonly at: Kill['at'];
  readonly count: number;
  readonly where: string;
}

/** How the reconciler dies too: at that call of its own after it took over, counted from 1. */
export interface ReconcilerKill {
  readonly count: number;
  readonly how: 'dies before' | 'dies after';
}

export interface RehearsalOptions {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly strategy: 'canary' | 'blue-green';
  readonly policy: Policy;
  readonly requestsPerSecond: number;
  /** The fault begins in the first second of that share ... */
  readonly at: Share;
  /** ... or so many minutes after the first share. */
  readonly fromMinute?: number | undefined;
  readonly points: number;
  readonly factor: number;
  /** How long an outage lasts. @default - 600 */
  readonly seconds?: number | undefined;
  readonly warmMinutes: number;
  /** A raw execution input instead of the scenario's own. */
  readonly input?: unknown;
  /** Ends the execution before it enters that state, counted from 1. */
  readonly killAt?: number | undefined;
  /** Ends it in some other way. */
  readonly kill?: Kill | undefined;
  readonly killReconciler?: ReconcilerKill | undefined;
  /** What people and the registry do while it runs. */
  readonly events?: readonly RehearsalEvent[] | undefined;
  /** Without it nobody repairs what a stopped controller left behind. @default - it runs */
  readonly withReconciler?: boolean | undefined;
  readonly withGuard?: boolean | undefined;
  readonly baselineMinutes: number;
  /** How requests are spread and their numbers arrive. @default - as the rule says, and within two minutes */
  readonly numbers?: NumbersOptions | undefined;
  /** Real tasks and real requests instead of modelled ones. */
  readonly live?: LiveParts | undefined;
  /** Virtual seconds a wall second. @default - as fast as it can be computed */
  readonly speed?: number | undefined;
  /** Given the controls once, before anything runs. */
  readonly onControls?: ((controls: Controls) => void) | undefined;
  /** Told of each state as its answer is known, and of the end; `lock` as the ledger has it then. */
  readonly onEntry?: ((entry: TimelineEntry, lock: Lock | undefined) => void) | undefined;
  /** Told of every transition and call of the release's own execution, as places in which it could be ended. */
  readonly onPlace?: ((place: Place) => void) | undefined;
  /** Told of every second; `look` reads the ledger, and gives nothing when no release holds the lock. */
  readonly onSecond?: ((look: () => Look | undefined) => void) | undefined;
  /** Tests break a step here, to see the watch find it. */
  readonly sabotage?:
    | ((functions: Readonly<Record<Verb, Play>>, world: World) => Readonly<Record<Verb, Play>>)
    | undefined;
  readonly machine?: unknown;
}

/** What can be unusual about the numbers. */
export interface NumbersOptions {
  /** A minute arrives at the latest so many seconds after its end. @default - 110 */
  readonly latestSeconds?: number;
  /** Chance (0-1) that a colour's minute never arrives. @default - 0 */
  readonly lost?: number;
  /** PR is not answered, so percentiles are. */
  readonly percentilesOnly?: true;
  /** Availability zones with traffic. @default - 2 */
  readonly zones?: 1 | 2;
  /** The candidate gets so many times its share, as with sticky sessions. @default - 1 */
  readonly stickiness?: number;
}

/** What a live rehearsal puts in the place of modelled tasks and traffic. */
export interface LiveParts {
  readonly host: TaskHost;
  readonly traffic: Traffic;
  readonly numbersLatestSeconds: number;
  /** Resolves when the stable tasks are up. */
  ready(): Promise<void>;
  readonly onWeights: (weights: Weights) => void;
  /** How the real versions answer from now on; what crashes exits, and each further one soon after it came up. */
  readonly spoil: (faultOf: Readonly<Record<Role, InjectedFault>>) => void;
}

/** What somebody who watches can do to a rehearsal. */
export interface Controls {
  readonly account: () => Account;
  /**
   * What a person says to the release that runs.
   * @throws ReleaseRefused when nothing runs, or when it is too late for that word
   */
  readonly say: (word: OperatorCommand) => Promise<Lock>;
  readonly setFault: (fault: FaultName, isOn: boolean) => void;
}

/** What the ledger knows of the running release at a moment: all that a live view shows. */
export interface Look {
  readonly now: Instant;
  readonly lock: Lock;
  /** Absent before the first minute was judged. */
  readonly judging?: JudgeMemory;
  /** Every minute judged so far, oldest first. */
  readonly minutes: readonly MinuteEvidence[];
}
