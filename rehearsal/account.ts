/** What is known of a rehearsal: everything at its end, and as much as there is at any moment before. */
import type { Baseline } from '../functions/core/judge/baseline.ts';
import type { LiteralEvidence } from '../functions/core/judge/literal.ts';
import type { Evidence } from '../functions/core/judge/verdict.ts';
import type { Plan } from '../functions/core/plan.ts';
import type { Lock, ReleaseRecord } from '../functions/core/protocol.ts';
import type { Colour } from '../functions/core/roles.ts';
import type { Share } from '../functions/core/share.ts';
import type { MinuteEvidence } from '../functions/ports/ledger.ts';
import type { Running } from './control-plane.ts';
import type { Orphaned } from './promises/facts.ts';
import type { Violation } from './promises.ts';
import type { Expected, Outcome } from './scenarios.ts';
import { bakeSeconds, START, secondsToStable, sentenceOf, type Timeline, type TimelineEntry } from './timeline.ts';
import type { World } from './world.ts';
import type { WriteRow } from './writes.ts';

/** Every `second` counts from START. What does not apply is absent. */
export interface Account {
  /** `held` waits for an operator, and `flying` is neither held nor over. */
  readonly outcome: Outcome | 'held' | 'flying';
  /** One sentence. */
  readonly reason: string;
  /** What is wrong with a refused input: one line a field, as Open said it. */
  readonly wrong?: readonly string[];
  readonly evidence?: Evidence | LiteralEvidence;
  readonly shares: readonly Share[];
  readonly transitions: number;
  readonly historyEvents: number;
  readonly virtualSeconds: number;
  readonly bakeSeconds: number;
  readonly timeline: readonly TimelineEntry[];
  readonly writes: readonly {
    readonly second: number;
    readonly by: WriteRow['actor']['by'];
    readonly call: string;
    readonly share?: Share;
    readonly readBack?: Share;
  }[];
  readonly secondsFromVerdictToStable?: number;
  readonly requests: {
    readonly total: number;
    readonly candidate: number;
    readonly failedByCandidate: number;
    readonly droppedByShift: number;
  };
  readonly world: ReturnType<World['summary']> & {
    readonly notifications: readonly { readonly second: number; readonly kind: string; readonly title: string }[];
  };
  readonly violations: readonly Violation[];
  readonly unchecked: readonly number[];
  readonly release?: RehearsedRelease;
  /** Absent when no owner died under its lock. */
  readonly orphaned?: Orphaned;
  /** The world as it is, or was left. */
  readonly setting: World;
}

/** The account of a rehearsal that is over. */
export interface RehearsalResult extends Account {
  readonly outcome: Outcome;
  readonly expected: Expected;
  readonly asExpected: boolean;
}

/** What a report needs beside the rehearsal itself; absent when nothing was opened. */
export interface RehearsedRelease {
  readonly id: string;
  readonly image: string;
  readonly candidate: Colour;
  readonly stable: Colour;
  readonly plan: Plan;
  /** Every minute that was judged, and what the judge learnt of stable before the first. */
  readonly minutes: readonly MinuteEvidence[];
  readonly baseline?: Baseline;
  /** When the first fault began, seconds since the start. */
  readonly faultSecond?: number;
}

/** Where the numbers of an account come from. */
export interface Sources {
  readonly world: World;
  readonly candidate: Colour;
  readonly timeline: Timeline;
  readonly violations: readonly Violation[];
  readonly orphaned: Orphaned | undefined;
  /** The release's own execution; absent before it was started. */
  readonly main: Running | undefined;
  /** What had been served when it was started. */
  readonly before: Served;
  /** When the first fault began, epoch seconds. */
  readonly faultSince: number | undefined;
}

export function accountOf({
  world,
  candidate,
  timeline,
  violations,
  orphaned,
  main,
  before,
  faultSince,
}: Sources): Account {
  const { abort, entries, opened, stages } = timeline;
  const history = main?.execution.history ?? [];
  const now = served(world, candidate);
  return {
    outcome: outcomeOf(main, world, candidate),
    ...reasonOf(main, timeline, endedByReconciler(main, world, candidate)),
    ...(abort?.evidence ? { evidence: abort.evidence } : {}),
    shares: sharesOf(world.writes, main?.id),
    transitions: main?.execution.transitions ?? 0,
    historyEvents: history.length,
    virtualSeconds: Math.max(0, Math.floor((main?.endedAt ?? world.clock.now()) - START)),
    bakeSeconds: bakeSeconds(stages, history),
    timeline: entries,
    writes: world.writes
      .filter(({ at }) => at >= START)
      .map(({ at, actor, call, share, readBack }) => ({
        second: Math.floor(at - START),
        // An execution that opens owns nothing yet: what it writes to the service is a person's rollback.
        by: actor.verb === 'Open' && call === 'ModifyRule' ? ('person' as const) : actor.by,
        call,
        ...(share === undefined ? {} : { share }),
        ...(readBack === undefined ? {} : { readBack }),
      })),
    ...secondsToStable(world.writes),
    requests: {
      total: now.total - before.total,
      candidate: now.candidate - before.candidate,
      failedByCandidate: now.failed - before.failed,
      droppedByShift: now.dropped - before.dropped,
    },
    world: {
      ...world.summary(candidate),
      notifications: world.notifications.map(({ at, notification }) => ({
        second: Math.floor(at - START),
        kind: notification.kind,
        title: notification.title,
      })),
    },
    violations,
    ...(orphaned ? { orphaned } : {}),
    unchecked: [],
    ...releaseOf(world, opened, faultSince),
    setting: world,
  };
}

/** Requests and failures since the world began. */
export interface Served {
  readonly total: number;
  readonly candidate: number;
  readonly failed: number;
  readonly dropped: number;
}

export const served = ({ traffic: { totals } }: World, candidate: Colour): Served => ({
  total: totals.requests,
  candidate: totals.byColour[candidate],
  failed: totals.failed[candidate],
  dropped: totals.dropped,
});

/** Ends by state name; what leads nowhere is a machine that stopped working, and a person must look. */
const OUTCOMES: Readonly<Record<string, Outcome>> = {
  Promoted: 'promoted',
  Reverted: 'reverted',
  Refused: 'refused',
  'Nothing changed': 'refused',
  'Nothing to do': 'nothing',
};

/** The record of a release that the reconciler rolled back while its own execution could not. */
function endedByReconciler(
  main: Running | undefined,
  { ledger, tasks }: World,
  candidate: Colour,
): ReleaseRecord | undefined {
  const digest = main?.state === 'FencedOut' ? tasks.side(candidate).digest : undefined;
  const record = digest === undefined ? undefined : ledger.record(digest);
  return record?.status === 'reverted' ? record : undefined;
}

function outcomeOf(main: Running | undefined, world: World, candidate: Colour): Account['outcome'] {
  const { lock } = world.ledger.state;
  if (main?.end && isKilled(main)) return 'killed';
  if (endedByReconciler(main, world, candidate)) return 'reverted';
  if (main?.end) return OUTCOMES[main.state] ?? 'stuck';
  const isWatched = lock?.phase === 'baking' || lock?.phase === 'deploying';
  return isWatched && !lock.abort && (lock.hold ?? lock.askedAt) !== undefined ? 'held' : 'flying';
}

/** Ended from outside. */
export const isKilled = ({ end }: Running): boolean => end?.status === 'ABORTED' || end?.status === 'TIMED_OUT';

const sharesOf = (writes: readonly WriteRow[], execution: string | undefined): readonly Share[] =>
  writes.flatMap(({ actor, call, share }) =>
    call === 'ledger: share' && actor.execution === execution && share !== undefined ? [share] : [],
  );

function releaseOf(
  world: World,
  lock: Lock | undefined,
  faultSince: number | undefined,
): { readonly release?: RehearsedRelease } {
  if (!lock) return {};
  const baseline = world.ledger.judging(lock.releaseId)?.state.baseline;
  return {
    release: {
      id: lock.releaseId,
      image: lock.image,
      candidate: lock.candidate,
      stable: lock.stable,
      plan: lock.plan,
      minutes: world.ledger.evidence(lock.releaseId),
      ...(baseline ? { baseline } : {}),
      ...(faultSince === undefined ? {} : { faultSecond: Math.floor(faultSince - START) }),
    },
  };
}

function reasonOf(
  main: Running | undefined,
  { entries, abort }: Timeline,
  rolledBack: ReleaseRecord | undefined,
): Pick<Account, 'reason' | 'wrong'> {
  if (rolledBack?.reason) return { reason: rolledBack.reason };
  if (main && isKilled(main)) return { reason: 'the execution was ended from outside' };
  const { error, cause } = main?.end ?? {};
  const last = entries.at(-1)?.summary;
  const said = (!main?.end && abort?.reason) || last || (cause ? sentenceOf({ cause }) : '') || error;
  const [sentence = '', ...wrong] = (said ?? 'nothing has happened yet').split('\n');
  if (wrong.length === 0) return { reason: sentence };
  const fields = wrong.map((line) => line.slice(0, line.indexOf(':')));
  const found = wrong.length === 1 ? wrong[0] : `${wrong.length} fields are wrong, ${fields.join(' and ')}`;
  return { reason: `${sentence.replace(/\.$/, '')}: ${found}`, wrong };
}
