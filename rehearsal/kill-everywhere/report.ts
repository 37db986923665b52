/** What a sweep found, by story. */

import type { KillPoint, KillResult } from '../kill-everywhere.ts';
import type { Violation } from '../promises.ts';

export interface KillReport {
  readonly schema: 'sluice.kill-everywhere/1';
  readonly scenarios: readonly {
    readonly scenario: string;
    readonly points: number;
    readonly byKind: Readonly<Record<string, number>>;
  }[];
  readonly killPoints: number;
  /** Transitions and calls in which these releases could die; what was seen in another story before is sampled. */
  readonly places: number;
  readonly tookOver: number;
  readonly maxSecondsToStable: number;
  readonly maxSecondsToFree: number;
  readonly violations: readonly (Violation & { readonly scenario: string; readonly kill: string })[];
}

/** What is told of a kill in one line, and what it is counted as. */
export const nameOf = ({ kill, killReconciler }: Pick<KillPoint, 'kill' | 'killReconciler'>): string =>
  kill
    ? `${kindOf({ kill })} ${kill.at} ${kill.count}${killReconciler ? `, reconciler ${killReconciler.how} call ${killReconciler.count}` : ''}`
    : 'nobody dies';

const kindOf = ({ kill, killReconciler }: Pick<KillPoint, 'kill' | 'killReconciler'>): string => {
  if (killReconciler) return `reconciler ${killReconciler.how}`;
  if (!kill) return 'nobody dies';
  return kill.how === 'TIMED_OUT' ? 'timed out' : kill.how.toLowerCase();
};

/** @param places of the stories in `results`, sampled or not */
export function reportOf(results: readonly KillResult[], places: number): KillReport {
  const names = [...new Set(results.map(({ point }) => point.scenario))];
  const deaths = results.filter(({ point }) => point.kill);
  return {
    schema: 'sluice.kill-everywhere/1',
    scenarios: names.map((scenario) => {
      const kinds = deaths.filter(({ point }) => point.scenario === scenario).map(({ point }) => kindOf(point));
      const byKind = Object.fromEntries(
        [...new Set(kinds)].map((kind) => [kind, kinds.filter((one) => one === kind).length]),
      );
      return { scenario, points: kinds.length, byKind };
    }),
    killPoints: deaths.length,
    places,
    tookOver: deaths.filter(({ tookOver }) => tookOver).length,
    maxSecondsToStable: Math.max(0, ...deaths.map(({ secondsToStable }) => secondsToStable)),
    maxSecondsToFree: Math.max(0, ...deaths.map(({ secondsToFree }) => secondsToFree)),
    violations: results.flatMap(({ point, violations }) =>
      violations.map((violation) => ({ ...violation, scenario: point.scenario, kill: nameOf(point) })),
    ),
  };
}
