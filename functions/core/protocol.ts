/**
 * What the ledger holds of a service, and every write to it with its condition: the table of docs/architecture.md as data.
 * The rehearsal evaluates these conditions, DynamoDB is sent them as expressions; they are written once, here.
 *
 * ALB has no compare-and-set, so a ledger check cannot fence the ModifyRule that follows it. Two rules close that gap:
 * after the write that ends a right we wait longer than any invocation can live (`SETTLE_SECONDS`), and what destroys
 * is marked before it is done (`retiring`, `target`).
 */
import type { LiteralEvidence } from './judge/literal.ts';
import type { Evidence } from './judge/verdict.ts';
import type { Plan } from './plan.ts';
import type { Colour } from './roles.ts';
import { ALL, NONE, type Share } from './share.ts';

/** Longer than the longest life of any Lambda that may write the rule or a service (30 s), with room to spare. */
export const SETTLE_SECONDS = 120;

export type Phase = 'opening' | 'migrating' | 'deploying' | 'baking' | 'warm' | 'reverting' | 'closing' | 'stuck';

/** From here an abort is still heard. `closing` is the point of no return. */
const ABORTABLE: readonly Phase[] = ['opening', 'migrating', 'deploying', 'baking', 'warm'];

export interface AbortOrder {
  readonly by: 'owner' | 'guard' | 'person' | 'reconciler';
  readonly reason: string;
  /** Epoch seconds. */
  readonly at: number;
  /** What the judge saw. */
  readonly evidence?: Evidence | LiteralEvidence;
}

export interface Command {
  readonly id: string;
  readonly verb: 'advance';
  readonly share: Share;
  readonly fence: number;
}

export interface Lock {
  readonly owner: string;
  readonly releaseId: string;
  readonly digest: string;
  readonly image: string;
  readonly pushedAt: number;
  readonly fence: number;
  readonly stable: Colour;
  readonly candidate: Colour;
  readonly plan: Plan;
  readonly phase: Phase;
  /** Confirmed by read-back. */
  readonly share: Share;
  readonly openedAt: number;
  /** No release: weights that nobody released are being put back. */
  readonly drift?: true;
  /** Why it goes out although stable is broken; the candidate is judged alone. */
  readonly hotfix?: string;
  /** It brings an earlier version back: a rollback without a name finds its work done. */
  readonly rollback?: boolean;
  /** Written before the rule is; equal to `share` once confirmed. */
  readonly intent?: Share;
  /** When `share` was confirmed, epoch seconds. */
  readonly stageFrom?: number;
  /** The task definition revision that the candidate runs: what a crash must name to count. */
  readonly revision?: string;
  /** When the first share was confirmed: the start of the watching, epoch seconds. */
  readonly firstShareAt?: number;
  /** What Prepare or Migrate is waiting for, and since when. */
  readonly waitingFor?: { readonly what: string; readonly from: number };
  /** When each alarm entered its state, as seen at the first share: only later changes are this release's. */
  readonly alarmsSeen?: Readonly<Record<string, number>>;
  readonly abort?: AbortOrder;
  /** `at`: when this release was held for the first time; all its holds together have one deadline. */
  readonly hold?: { readonly by: string; readonly at: number };
  readonly firstHeldAt?: number;
  /** What was paged about last, so that nobody is paged for it every tick. */
  readonly paged?: string;
  /** Why the rule cannot be written, once a person was told. */
  readonly blocked?: string;
  /** When an operator was asked to decide. */
  readonly askedAt?: number;
  /** What the control plane could not do at the last looks, since when, and when an operator was asked about it. */
  readonly outage?: { readonly what: string; readonly from: number; readonly askedAt?: number };
  readonly command?: Command;
  readonly taken?: string;
  readonly target?: 'candidate';
  /** How often users went back from the candidate to a stable that had been dead, in this rollback. */
  readonly returns?: number;
  readonly retiring?: Colour;
  readonly settleFrom?: number;
  /** The `settleFrom` under which somebody already began the second half of Revert or Close. */
  readonly drained?: number;
  /** Why it goes back or is stuck. */
  readonly reason?: string;
  readonly secondsFromVerdictToStable?: number;
  readonly ticks: number;
}

export interface LiveRelease {
  readonly releaseId: string;
  readonly digest: string;
  readonly image: string;
  readonly pushedAt: number;
  /** It was opened as a rollback. */
  readonly rollback?: boolean;
  /** The task definition revision that it ran when it was promoted: what stable runs while nobody changes it by hand. */
  readonly revision?: string;
}

export interface Pending {
  readonly digest: string;
  readonly image: string;
  readonly pushedAt: number;
  readonly attempt: number;
  /** The execution input to start it with. */
  readonly input: Readonly<Record<string, unknown>>;
}

export interface ServiceState {
  readonly service: string;
  readonly stable: Colour;
  readonly fence: number;
  readonly current?: LiveRelease;
  readonly previous?: LiveRelease;
  readonly pending?: Pending;
  readonly lock?: Lock;
  readonly watch?: ReconcilerMemory;
}

/** The reconciler's memory of a release that it watches. */
export interface ReconcilerMemory {
  readonly fence: number;
  readonly ticks: number;
  /** Looks in a row in which `ticks` did not move. */
  readonly still: number;
  /** When the last of them was counted, epoch seconds: looks come more often than once a minute when executions end. */
  readonly at?: number;
  /** A person was asked about it. */
  readonly asked?: true;
  /** What was told already, so that it is told once. */
  readonly told: readonly string[];
}

export const RECONCILER = 'reconciler';

/** One digest's record: the proof that it was released before, and what became of it. */
export interface ReleaseRecord extends LiveRelease {
  readonly status: 'open' | 'promoted' | 'reverted';
  readonly fence: number;
  readonly openedAt: number;
  readonly endedAt?: number;
  readonly reason?: string;
  readonly secondsFromVerdictToStable?: number;
  /** Its migration ran. */
  readonly migrated?: boolean;
  readonly schemaCompatible?: boolean;
  readonly downgradeSafe?: boolean;
  /** How it was opened: for whoever asks why when its lock is gone. */
  readonly opened?: Pick<Lock, 'owner' | 'stable' | 'candidate' | 'plan'>;
  /** The order on which it went back. */
  readonly abort?: AbortOrder;
}

/** A dotted path into the state item, such as `lock.phase`. */
export type Path = string;
export type Value = string | number | boolean;

export type Condition =
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition }
  | { readonly present: Path }
  | { readonly path: Path; readonly is: '=' | '<>' | '<' | '<='; readonly value: Value }
  | { readonly path: Path; readonly equals: Path }
  | { readonly path: Path; readonly oneOf: readonly Value[] };

export interface LedgerWrite {
  readonly name: string;
  readonly condition: Condition;
  readonly set: Readonly<Record<Path, unknown>>;
  readonly remove?: readonly Path[];
  /** Counted up so that the reconciler sees by its own clock when nothing moves. */
  readonly tick?: boolean;
  /** Written in the same transaction. */
  readonly record?: {
    readonly digest: string;
    readonly mustBeNew: boolean;
    readonly set: Partial<ReleaseRecord>;
  };
}

const all = (...conditions: readonly Condition[]): Condition => ({ all: conditions });
const any = (...conditions: readonly Condition[]): Condition => ({ any: conditions });
const not = (condition: Condition): Condition => ({ not: condition });
const present = (path: Path): Condition => ({ present: path });
const absent = (path: Path): Condition => not(present(path));
const equal = (path: Path, value: Value): Condition => ({ path, is: '=', value });
const differs = (path: Path, value: Value): Condition => ({ path, is: '<>', value });
const phaseIn = (...phases: readonly Phase[]): Condition => ({ path: 'lock.phase', oneOf: phases });

const withoutOutage = ({ what, from }: NonNullable<Lock['waitingFor']>, outageFrom: number, now: number) => ({
  what,
  from: from + Math.max(0, now - Math.max(from, outageFrom)),
});

/** Proof of ownership: the execution and the fence under which it opened. */
export interface Mine {
  readonly owner: string;
  readonly fence: number;
}

const mine = ({ owner, fence }: Mine): Condition => all(equal('lock.owner', owner), equal('lock.fence', fence));
const notAborted = absent('lock.abort');
const noNewerPush = (pushedAt: number): Condition =>
  any(absent('pending'), { path: 'pending.pushedAt', is: '<=', value: pushedAt });
const noPushThisNew = (pushedAt: number): Condition =>
  any(absent('pending'), { path: 'pending.pushedAt', is: '<', value: pushedAt });

export const isMine = ({ lock }: ServiceState, { owner, fence }: Mine): boolean =>
  lock?.owner === owner && lock.fence === fence;

export const isAbortable = ({ phase }: Lock): boolean => ABORTABLE.includes(phase);

export const writes = {
  open: (seen: ServiceState, lock: Lock, record: ReleaseRecord, again: boolean): LedgerWrite => ({
    name: 'open',
    condition: all(
      absent('lock'),
      equal('fence', seen.fence),
      equal('stable', seen.stable),
      noNewerPush(lock.pushedAt),
    ),
    set: { lock, fence: lock.fence },
    remove: ['pending'],
    record: { digest: lock.digest, mustBeNew: !again, set: record },
  }),

  queue: (pending: Pending): LedgerWrite => ({
    name: 'queue',
    condition: all(present('lock'), differs('lock.digest', pending.digest), noPushThisNew(pending.pushedAt)),
    set: { pending },
  }),

  /** A push that is refused for something that will pass (weights elsewhere) is not lost. */
  keep: (pending: Pending): LedgerWrite => ({
    name: 'keep',
    condition: noPushThisNew(pending.pushedAt),
    set: { pending },
  }),

  phase: (me: Mine, from: Phase, to: Phase): LedgerWrite => ({
    name: to,
    condition: all(mine(me), notAborted, equal('lock.phase', from)),
    set: { 'lock.phase': to },
    tick: true,
  }),

  tick: (me: Mine): LedgerWrite => ({ name: 'tick', condition: mine(me), set: {}, tick: true }),

  waiting: (me: Mine, what: string, from: number): LedgerWrite => ({
    name: 'waiting',
    condition: all(mine(me), notAborted),
    set: { 'lock.waitingFor': { what, from } },
    tick: true,
  }),

  /** What was waited for while a person holds the release is waited for anew afterwards, also when the hold is removed by hand. */
  waitsAnew: (me: Mine): LedgerWrite => ({
    name: 'waits anew',
    condition: mine(me),
    set: {},
    remove: ['lock.waitingFor'],
    tick: true,
  }),

  intent: (me: Mine, share: Share, command: Command | undefined): LedgerWrite => ({
    name: 'intent',
    condition: all(
      mine(me),
      notAborted,
      absent('lock.hold'),
      phaseIn('deploying', 'baking'),
      ...(command
        ? [
            equal('lock.command.id', command.id),
            { path: 'lock.command.share', equals: 'lock.share' },
            { path: 'lock.command.fence', equals: 'lock.fence' },
          ]
        : []),
    ),
    set: { 'lock.phase': 'baking', 'lock.intent': share, ...(command ? { 'lock.taken': command.id } : {}) },
    remove: command ? ['lock.command'] : [],
    tick: true,
  }),

  share: (me: Mine, share: Share, at: number, first: Readonly<Record<string, number>> | undefined): LedgerWrite => ({
    name: 'share',
    condition: all(mine(me), notAborted, phaseIn('baking'), equal('lock.intent', share)),
    set: {
      'lock.share': share,
      'lock.stageFrom': at,
      ...(first ? { 'lock.firstShareAt': at, 'lock.alarmsSeen': first } : {}),
    },
    remove: ['lock.askedAt', 'lock.waitingFor', 'lock.outage'],
    tick: true,
  }),

  warm: (me: Mine): LedgerWrite => ({
    name: 'warm',
    condition: all(mine(me), notAborted, phaseIn('baking'), equal('lock.share', ALL)),
    set: { 'lock.phase': 'warm' },
    tick: true,
  }),

  ask: (me: Mine, at: number): LedgerWrite => ({
    name: 'ask',
    condition: all(mine(me), notAborted, absent('lock.askedAt')),
    set: { 'lock.askedAt': at },
    tick: true,
  }),

  outage: (me: Mine, what: string, from: number): LedgerWrite => ({
    name: 'outage',
    condition: all(mine(me), notAborted, absent('lock.outage')),
    set: { 'lock.outage': { what, from } },
    tick: true,
  }),

  outageAsked: (me: Mine, at: number): LedgerWrite => ({
    name: 'outage asked',
    condition: all(mine(me), notAborted, present('lock.outage')),
    set: { 'lock.outage.askedAt': at },
    tick: true,
  }),

  /** The time of the outage does not count against the candidate that was waited for. */
  outageOver: (me: Mine, { outage, waitingFor }: Pick<Lock, 'outage' | 'waitingFor'>, now: number): LedgerWrite => ({
    name: 'outage over',
    condition: mine(me),
    set: outage && waitingFor ? { 'lock.waitingFor': withoutOutage(waitingFor, outage.from, now) } : {},
    remove: ['lock.outage'],
    tick: true,
  }),

  paged: (me: Mine, rule: string): LedgerWrite => ({
    name: 'paged',
    condition: mine(me),
    set: { 'lock.paged': rule },
    tick: true,
  }),

  blocked: (me: Mine, why: string): LedgerWrite => ({
    name: 'blocked',
    condition: mine(me),
    set: { 'lock.blocked': why },
    tick: true,
  }),

  /** Written once, by whoever; bound to the fence, so that a late event cannot touch the next release. */
  abort: (fence: number, order: AbortOrder): LedgerWrite => ({
    name: 'abort',
    condition: all(equal('lock.fence', fence), notAborted, phaseIn(...ABORTABLE)),
    set: { 'lock.abort': order },
  }),

  /** People write the ledger only, never the rule; their word is bound to the fence that they saw. */
  hold: (fence: number, by: string, at: number): LedgerWrite => ({
    name: 'hold',
    condition: all(
      equal('lock.fence', fence),
      notAborted,
      absent('lock.hold'),
      phaseIn('opening', 'migrating', 'deploying', 'baking'),
    ),
    set: { 'lock.hold': { by, at }, 'lock.firstHeldAt': at },
  }),

  resume: (fence: number): LedgerWrite => ({
    name: 'resume',
    condition: all(equal('lock.fence', fence), present('lock.hold')),
    set: {},
    // Nothing was expected of the candidate while a person held it: its wait begins anew.
    remove: ['lock.hold', 'lock.waitingFor'],
  }),

  command: (command: Command): LedgerWrite => ({
    name: 'command',
    condition: all(
      equal('lock.fence', command.fence),
      notAborted,
      phaseIn('baking'),
      equal('lock.share', command.share),
    ),
    set: { 'lock.command': command },
  }),

  closing: (me: Mine, at: number): LedgerWrite => ({
    name: 'closing',
    condition: all(mine(me), notAborted, phaseIn('warm')),
    set: { 'lock.phase': 'closing', 'lock.settleFrom': at },
    tick: true,
  }),

  /** Users are where they belong; from here the settle time runs. */
  reverting: (
    me: Mine,
    at: number,
    facts: {
      readonly onStable: boolean;
      readonly reason: string;
      readonly secondsFromVerdictToStable?: number;
      readonly returns?: number;
    },
  ): LedgerWrite => ({
    name: 'reverting',
    condition: all(mine(me), not(phaseIn('closing', 'stuck'))),
    set: {
      'lock.phase': 'reverting',
      'lock.settleFrom': at,
      'lock.reason': facts.reason,
      ...(facts.onStable ? { 'lock.share': NONE } : {}),
      ...(facts.returns === undefined ? {} : { 'lock.returns': facts.returns }),
      ...(facts.secondsFromVerdictToStable === undefined
        ? {}
        : { 'lock.secondsFromVerdictToStable': facts.secondsFromVerdictToStable }),
    },
    remove: facts.onStable ? ['lock.target'] : [],
    tick: true,
  }),

  /** A second try drains again: an earlier one may still be alive. */
  settleAgain: (me: Mine, at: number): LedgerWrite => ({
    name: 'settle again',
    condition: all(mine(me), phaseIn('reverting', 'closing')),
    set: { 'lock.settleFrom': at },
    tick: true,
  }),

  /** One try of the second half of Revert or Close for each drain. */
  drained: (me: Mine, settleFrom: number): LedgerWrite => ({
    name: 'drained',
    condition: all(
      mine(me),
      phaseIn('reverting', 'closing'),
      equal('lock.settleFrom', settleFrom),
      differs('lock.drained', settleFrom),
    ),
    set: { 'lock.drained': settleFrom },
    tick: true,
  }),

  target: (me: Mine): LedgerWrite => ({
    name: 'target',
    condition: all(mine(me), absent('lock.retiring'), not(phaseIn('closing'))),
    set: { 'lock.target': 'candidate' },
    tick: true,
  }),

  retiring: (me: Mine, colour: Colour): LedgerWrite => ({
    name: 'retiring',
    condition: all(mine(me), any(all(phaseIn('reverting'), absent('lock.target')), phaseIn('closing'))),
    set: { 'lock.retiring': colour },
    tick: true,
  }),

  freeAfterRevert: (
    me: Mine,
    { digest, reason, drift, abort, secondsFromVerdictToStable }: Lock,
    at: number,
  ): LedgerWrite => ({
    name: 'free after revert',
    condition: all(mine(me), phaseIn('reverting'), present('lock.retiring')),
    set: {},
    remove: ['lock'],
    ...(drift
      ? {}
      : {
          record: {
            digest,
            mustBeNew: false,
            set: {
              status: 'reverted',
              endedAt: at,
              ...(reason === undefined ? {} : { reason }),
              ...(abort === undefined ? {} : { abort }),
              ...(secondsFromVerdictToStable === undefined ? {} : { secondsFromVerdictToStable }),
            },
          },
        }),
  }),

  freeAfterClose: (me: Mine, { lock, current }: ServiceState & { readonly lock: Lock }, at: number): LedgerWrite => ({
    name: 'free after close',
    condition: all(mine(me), phaseIn('closing'), present('lock.retiring')),
    set: {
      stable: lock.candidate,
      current: {
        releaseId: lock.releaseId,
        digest: lock.digest,
        image: lock.image,
        pushedAt: lock.pushedAt,
        ...(lock.rollback ? { rollback: true } : {}),
        ...(lock.revision === undefined ? {} : { revision: lock.revision }),
      },
      ...(current ? { previous: current } : {}),
    },
    remove: ['lock'],
    record: { digest: lock.digest, mustBeNew: false, set: { status: 'promoted', endedAt: at } },
  }),

  /** The service is another one now, in what its users stand on: whoever read the state before can open nothing with it. */
  moved: (seen: ServiceState): LedgerWrite => ({
    name: 'moved',
    condition: all(absent('lock'), equal('fence', seen.fence)),
    set: { fence: seen.fence + 1 },
  }),

  /** As `moved`, of a service that is gone. */
  unregister: (seen: ServiceState): LedgerWrite => ({
    name: 'unregister',
    condition: all(absent('lock'), equal('fence', seen.fence)),
    set: { fence: seen.fence + 1 },
    remove: ['pending'],
  }),

  /** The reconciler makes itself the owner; what the dead one may still be doing is waited out. */
  takeOver: (seen: Lock, at: number): LedgerWrite => ({
    name: 'take over',
    condition: all(equal('lock.owner', seen.owner), equal('lock.fence', seen.fence), not(phaseIn('stuck'))),
    set: {
      fence: seen.fence + 1,
      'lock.fence': seen.fence + 1,
      'lock.owner': RECONCILER,
      'lock.settleFrom': at,
      ...(seen.phase === 'closing'
        ? {}
        : {
            'lock.phase': 'reverting',
            'lock.reason': seen.abort?.reason ?? seen.reason ?? `its controller had stopped at ${seen.share} %`,
          }),
    },
    record: { digest: seen.digest, mustBeNew: false, set: { fence: seen.fence + 1 } },
  }),

  /** Weights that nobody released: a lock of the reconciler's own, then as in a revert. */
  driftLock: (seen: ServiceState, lock: Lock): LedgerWrite => ({
    name: 'drift lock',
    condition: all(absent('lock'), equal('fence', seen.fence), equal('stable', seen.stable)),
    set: { lock, fence: lock.fence },
  }),

  /** Somebody moved all users to the other colour by hand, and it is well: then it is what users trust. */
  adopt: (seen: ServiceState, stable: Colour, current: LiveRelease): LedgerWrite => ({
    name: 'adopt',
    condition: all(absent('lock'), equal('fence', seen.fence), equal('stable', seen.stable)),
    set: { stable, current, fence: seen.fence + 1, ...(seen.current ? { previous: seen.current } : {}) },
  }),

  /** What the reconciler saw at its last look. It trusts no clock but its own count of looks. */
  look: (fence: number, watch: ReconcilerMemory): LedgerWrite => ({
    name: 'look',
    condition: equal('fence', fence),
    set: { watch },
  }),

  /** The execution that a waiting push was started with has ended without taking it: the next one gets a new name. */
  nextAttempt: (pending: Pending): LedgerWrite => ({
    name: 'next attempt',
    condition: all(equal('pending.digest', pending.digest), equal('pending.attempt', pending.attempt)),
    set: { 'pending.attempt': pending.attempt + 1 },
  }),

  giveUpPending: (pending: Pending): LedgerWrite => ({
    name: 'give up pending',
    condition: all(equal('pending.digest', pending.digest), equal('pending.attempt', pending.attempt)),
    set: {},
    remove: ['pending'],
  }),

  revision: (me: Mine, revision: string): LedgerWrite => ({
    name: 'revision',
    condition: mine(me),
    set: { 'lock.revision': revision },
    tick: true,
  }),

  stuck: (me: Mine, reason: string): LedgerWrite => ({
    name: 'stuck',
    condition: mine(me),
    set: { 'lock.phase': 'stuck', 'lock.reason': reason },
    tick: true,
  }),
} as const;
