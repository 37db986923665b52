/**
 * Every way in which a controller can die, at every moment of a release: its execution is ended at each transition and
 * around each call, and then the reconciler too, at each of its own calls. Whatever is left behind must be put right in time.
 */
import type { RehearsalResult } from './account.ts';
import { Sampler } from './kill-everywhere/places.ts';
import { KILL_STORIES } from './kill-everywhere/stories.ts';
import type { Kill, Place, ReconcilerKill, RehearsalOptions } from './options.ts';
import type { Violation } from './promises.ts';
import { runRehearsal } from './rehearse.ts';

export interface KillOptions {
  readonly seed: number;
  /** Without it nobody puts right what is left behind, and the sweep must say so. */
  readonly withReconciler: boolean;
}

export interface KillPoint {
  /** A name in KILL_STORIES. */
  readonly scenario: string;
  /** Absent: nobody dies. */
  readonly kill?: Kill;
  readonly killReconciler?: ReconcilerKill;
}

export interface KillResult {
  readonly point: KillPoint;
  readonly tookOver: boolean;
  readonly secondsToStable: number;
  readonly secondsToFree: number;
  readonly violations: readonly Violation[];
  /** Where the execution was, for a second pass that dies in different places. */
  readonly diedIn: string;
  /** Calls that the reconciler made from its take-over to the end of the release. */
  readonly reconcilerCalls: number;
}

export interface FirstPass {
  /** The same release when nobody dies. */
  readonly whole: KillResult;
  readonly points: readonly KillPoint[];
  /** Transitions and calls in which it could die, sampled or not. */
  readonly places: number;
}

const storyOf = (scenario: string): RehearsalOptions => {
  const story = KILL_STORIES.get(scenario);
  if (!story) throw new Error(`"${scenario}" is no story of the sweep`);
  return story;
};

/** The transitions and calls of that story's release in which it dies. */
export async function firstPass(
  scenario: string,
  { seed }: KillOptions,
  sampler = new Sampler(seed),
): Promise<FirstPass> {
  const places: Place[] = [];
  const story = storyOf(scenario);
  const rehearsed = await runRehearsal({ ...story, seed, onPlace: (place) => places.push(place) });
  const points = sampler.kills(story.policy, places).map((kill) => ({ scenario, kill }));
  return { whole: resultOf({ scenario }, rehearsed), points, places: places.length };
}

/** Once for each place in which an execution of the first pass died: the reconciler dies at each call of its own. */
export function secondPass(results: readonly KillResult[], sampler: Sampler): readonly KillPoint[] {
  const places = new Map<string, KillResult>();
  for (const result of results) {
    const { point, diedIn, tookOver } = result;
    const place = `${storyOf(point.scenario).policy} ${diedIn}`;
    if (tookOver && point.kill?.how === 'ABORTED' && !places.has(place)) places.set(place, result);
  }
  return [...places].flatMap(([place, { point, reconcilerCalls }]) =>
    Array.from({ length: reconcilerCalls }, (_, index) => index + 1).flatMap((count) =>
      (['dies before', 'dies after'] as const)
        .filter((how) => sampler.takes(`${place} reconciler ${how} ${count}`))
        .map((how) => ({ ...point, killReconciler: { count, how } })),
    ),
  );
}

export async function runKilled(point: KillPoint, options: KillOptions): Promise<KillResult> {
  const { scenario, ...kills } = point;
  return resultOf(point, await runRehearsal({ ...storyOf(scenario), ...kills, ...options }));
}

function resultOf(point: KillPoint, rehearsed: RehearsalResult): KillResult {
  const { secondsToStable = 0, secondsToFree = 0 } = rehearsed.orphaned ?? {};
  const { state = 'nowhere', share = 0 } = rehearsed.timeline.at(-1) ?? {};
  return {
    point,
    tookOver: rehearsed.setting.writes.some(isTakeOver),
    secondsToStable,
    secondsToFree,
    violations: rehearsed.violations,
    diedIn: `${state} at ${share} %`,
    reconcilerCalls: reconcilerCallsOf(rehearsed),
  };
}

const isTakeOver = ({ call }: RehearsalResult['setting']['writes'][number]): boolean => call === 'ledger: take over';

function reconcilerCallsOf({ setting: { writes, calls } }: RehearsalResult): number {
  const takeOver = writes.find(isTakeOver);
  const last = writes.findLast(({ actor, call }) => actor.by === 'reconciler' && /free after|stuck/.test(call));
  if (!takeOver || !last) return 0;
  return calls.filter(
    ({ at, actor }) => actor.by === 'reconciler' && at > takeOver.at && (at <= last.at || actor === last.actor),
  ).length;
}
