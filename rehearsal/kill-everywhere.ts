/**
 * Every way in which a controller can die, at every moment of a release: its execution is ended at each transition and
 * around each call, and then the reconciler too, at each of its own calls. Whatever is left behind must be put right in time.
 */
import { createHash } from 'node:crypto';
import type { Flown } from './account.ts';
import type { FlightEvent } from './events.ts';
import { fly } from './flight.ts';
import type { Violation } from './invariants.ts';
import type { FlightOptions, Kill, ReconcilerKill } from './options.ts';
import { SCENARIOS } from './scenarios.ts';

/** Short stages, so that thousands of releases can die in a minute; everything else is as in any rehearsal. */
const SHORT = { stages: [{ share: 25, bake: 180 }, { share: 100 }], warmMinutes: 3 } as const;
const PUSHED = 'v1.5.1';
const PUSHED_AT_SECOND = 120;

const BASE: FlightOptions = {
  scenario: SCENARIOS.healthy,
  seed: 42,
  strategy: 'canary',
  policy: 'compare',
  requestsPerSecond: 20,
  at: 25,
  points: 30,
  factor: 2,
  warmMinutes: 3,
  baselineMinutes: 12,
  input: { image: 'v1.5.0', ...SHORT },
};

const rollback = (when: FlightEvent['when']): FlightEvent => ({
  when,
  afterSeconds: 70,
  start: { action: 'rollback', reason: 'a rollback was asked for' },
});

/** What is going on while the controller dies. */
export const KILL_SCENARIOS = {
  healthy: BASE,
  'errors at 25': { ...BASE, scenario: SCENARIOS.errors },
  crash: { ...BASE, scenario: SCENARIOS.crash },
  'alb-throttled': { ...BASE, scenario: SCENARIOS['alb-throttled'] },
  'rollback in flight': { ...BASE, events: [rollback({ share: 25 })] },
  'rollback warm': { ...BASE, events: [rollback({ event: 'warm' })] },
  'rollback cold': { ...BASE, input: { action: 'rollback' } },
  'push during a release': {
    ...BASE,
    events: [
      // The tag is in the registry, and its release is started with short stages too.
      { when: { second: PUSHED_AT_SECOND }, push: PUSHED, eventLost: true },
      { when: { second: PUSHED_AT_SECOND }, afterSeconds: 1, start: { image: PUSHED, source: 'push', ...SHORT } },
    ],
  },
} as const satisfies Readonly<Record<string, FlightOptions>>;

export type KillScenario = keyof typeof KILL_SCENARIOS;

export interface KillOptions {
  readonly seed: number;
  /** Without it nobody puts right what is left behind, and the sweep must say so. */
  readonly withReconciler: boolean;
}

export interface KillPoint {
  readonly scenario: KillScenario;
  readonly kill: Kill;
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

export interface KillReport {
  readonly schema: 'sluice.kill-everywhere/1';
  readonly scenarios: readonly {
    readonly scenario: KillScenario;
    readonly points: number;
    readonly byKind: Readonly<Record<string, number>>;
  }[];
  readonly killPoints: number;
  readonly tookOver: number;
  readonly maxSecondsToStable: number;
  readonly maxSecondsToFree: number;
  readonly violations: readonly (Violation & { readonly scenario: KillScenario; readonly kill: string })[];
}

/** Every transition and every call of that scenario's release, each with every way to die there. */
export async function firstPass(scenario: KillScenario, { seed }: KillOptions): Promise<readonly KillPoint[]> {
  const { transitions, setting, violations } = await fly({ ...KILL_SCENARIOS[scenario], seed });
  if (violations.length > 0)
    throw new Error(`"${scenario}" breaks a promise without any death: ${violations[0]!.detail}`);
  const [main] = setting.calls.flatMap(({ actor }) => actor.execution ?? []);
  const calls = setting.calls.filter(({ actor }) => actor.execution === main).length;
  return [
    ...oneTo(transitions).flatMap((count) =>
      (['ABORTED', 'TIMED_OUT'] as const).map((how): Kill => ({ at: 'transition', count, how })),
    ),
    ...oneTo(calls).flatMap((count) =>
      (['dies before', 'dies after', 'outlives'] as const).map((how): Kill => ({ at: 'call', count, how })),
    ),
  ].map((kill) => ({ scenario, kill }));
}

/** Once for each place in which an execution of the first pass died: the reconciler dies at each call of its own. */
export function secondPass(results: readonly KillResult[]): readonly KillPoint[] {
  const places = new Map<string, KillResult>();
  for (const result of results) {
    const { point, diedIn, tookOver } = result;
    const place = `${point.scenario}: ${diedIn}`;
    if (tookOver && isAborted(point.kill) && !places.has(place)) places.set(place, result);
  }
  return [...places.values()].flatMap(({ point, reconcilerCalls }) =>
    oneTo(reconcilerCalls).flatMap((count) =>
      (['dies before', 'dies after'] as const).map((how) => ({ ...point, killReconciler: { count, how } })),
    ),
  );
}

const isAborted = (kill: Kill): boolean => kill.at === 'transition' && kill.how === 'ABORTED';
const oneTo = (last: number): readonly number[] => Array.from({ length: last }, (_, index) => index + 1);

export async function flyKilled(point: KillPoint, options: KillOptions): Promise<KillResult> {
  const { scenario, ...kills } = point;
  const flown = await fly({ ...KILL_SCENARIOS[scenario], ...kills, ...options });
  const { secondsToStable = 0, secondsToFree = 0 } = flown.orphaned ?? {};
  const { state = 'nowhere', share = 0 } = flown.timeline.at(-1) ?? {};
  return {
    point,
    tookOver: flown.setting.writes.some(isTakeOver),
    secondsToStable,
    secondsToFree,
    violations: [...flown.violations, ...lostPush(point, flown)],
    diedIn: `${state} at ${share} %`,
    reconcilerCalls: reconcilerCallsOf(flown),
  };
}

const isTakeOver = ({ call }: Flown['setting']['writes'][number]): boolean => call === 'ledger: take over';

function reconcilerCallsOf({ setting: { writes, calls } }: Flown): number {
  const takeOver = writes.find(isTakeOver);
  const last = writes.findLast(({ actor, call }) => actor.by === 'reconciler' && /free after|stuck/.test(call));
  if (!takeOver || !last) return 0;
  return calls.filter(
    ({ at, actor }) => actor.by === 'reconciler' && at > takeOver.at && (at <= last.at || actor === last.actor),
  ).length;
}

/** A push that waited is released in the end, whoever died; there is no promise of the design with a number for it but the fourth. */
function lostPush({ scenario }: KillPoint, { setting, virtualSeconds }: Flown): readonly Violation[] {
  if (scenario !== 'push during a release') return [];
  const { ledger } = setting;
  const record = ledger.record(`sha256:${createHash('sha256').update(PUSHED).digest('hex')}`);
  if (record && record.status !== 'open' && ledger.state.pending === undefined) return [];
  const detail = `${PUSHED} waited and was never released`;
  return [{ invariant: 4, second: virtualSeconds, state: 'at the end', detail }];
}

/** What is told of a kill in one line, and what it is counted as. */
export const nameOf = ({ kill, killReconciler }: KillPoint): string =>
  `${kindOf({ kill })} ${kill.at} ${kill.count}${killReconciler ? `, reconciler ${killReconciler.how} call ${killReconciler.count}` : ''}`;

const kindOf = ({ kill, killReconciler }: Pick<KillPoint, 'kill' | 'killReconciler'>): string => {
  if (killReconciler) return `reconciler ${killReconciler.how}`;
  return kill.how === 'TIMED_OUT' ? 'timed out' : kill.how.toLowerCase();
};

export function reportOf(results: readonly KillResult[]): KillReport {
  const names = [...new Set(results.map(({ point }) => point.scenario))];
  return {
    schema: 'sluice.kill-everywhere/1',
    scenarios: names.map((scenario) => {
      const kinds = results.filter(({ point }) => point.scenario === scenario).map(({ point }) => kindOf(point));
      const byKind = Object.fromEntries(
        [...new Set(kinds)].map((kind) => [kind, kinds.filter((one) => one === kind).length]),
      );
      return { scenario, points: kinds.length, byKind };
    }),
    killPoints: results.length,
    tookOver: results.filter(({ tookOver }) => tookOver).length,
    maxSecondsToStable: Math.max(0, ...results.map(({ secondsToStable }) => secondsToStable)),
    maxSecondsToFree: Math.max(0, ...results.map(({ secondsToFree }) => secondsToFree)),
    violations: results.flatMap(({ point, violations }) =>
      violations.map((violation) => ({ ...violation, scenario: point.scenario, kill: nameOf(point) })),
    ),
  };
}
