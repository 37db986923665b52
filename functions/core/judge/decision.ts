/**
 * What the judge decides, as a table: worst first, the first row that holds counts. Below 100 % the candidate is held
 * against stable, at 100 % against its own past; the odds go on from the one to the other, and so does their limit.
 */
import type { Bar } from './bars.ts';
import {
  METRIC_WEIGHT,
  METRICS,
  type Metric,
  ODDS_LIMIT,
  SILENT_MINUTES,
  SUSPICIOUS_ODDS,
  UNHEALTHY_MINUTES,
} from './constants.ts';

/** From worst to best. `continue` is the answer during a bake and in the warm time, `advance` and `hold` at the end of a bake. */
export type VerdictWord = 'abort' | 'hold' | 'continue' | 'advance';

/** What decided, in the words of the policy. */
export const RULES = {
  noHealthyTarget: 'no healthy target for 2 minutes',
  moreErrors: 'more errors than stable',
  moreSlow: 'more slow responses than stable',
  moreVerySlow: 'more very slow responses than stable',
  moreErrorsThanBefore: 'more errors than before',
  moreSlowThanBefore: 'more slow responses than before',
  moreVerySlowThanBefore: 'more very slow responses than before',
  passBar: 'error rate above the pass bar',
  latencyPassBar: 'response time above the pass bar',
  suspicion: 'not cleared of suspicion',
  rollbackBarErrors: 'errors over the limit in 2 of 3 minutes',
  rollbackBarLatency: 'response time over the limit in 2 of 3 minutes',
  silence: 'no numbers delivered',
  unproven: 'too few requests to prove safety',
  proven: 'proven safe',
  baking: 'still baking',
  warm: 'warm time',
} as const;
export type Rule = (typeof RULES)[keyof typeof RULES];

/** What was found so far. */
export interface Findings {
  /** At 100 %: no stable traffic to compare with. */
  readonly alone: boolean;
  readonly bakeDone: boolean;
  /** In a row, without a healthy target while stable had one. */
  readonly unhealthyMinutes: number;
  readonly odds: number;
  /** The odds of each comparison alone. */
  readonly parts: Readonly<Record<Metric, number>>;
  /** The pass bar that the bake is over beyond doubt. */
  readonly failed: Bar | undefined;
  /** The rollback bar that the candidate was over in 2 of 3 minutes, and stable was not. */
  readonly breached: Bar | undefined;
  /** Minutes since both delivered everything. */
  readonly silentMinutes: number;
  readonly proven: boolean;
}

/** What rolls back at once, without waiting for the end of a bake. */
export function reasonToAbort(
  found: Pick<Findings, 'alone' | 'unhealthyMinutes' | 'odds' | 'parts'>,
): Rule | undefined {
  if (found.unhealthyMinutes >= UNHEALTHY_MINUTES) return RULES.noHealthyTarget;
  if (found.odds >= ODDS_LIMIT) return (found.alone ? WORSE_THAN_BEFORE : WORSE_THAN_STABLE)[weightiest(found.parts)];
  return undefined;
}

export function decide(found: Findings): readonly [VerdictWord, Rule] {
  const abort = reasonToAbort(found);
  if (abort) return ['abort', abort];
  if (found.alone) return ['continue', RULES.warm];
  if (!found.bakeDone) return ['continue', RULES.baking];
  if (found.failed) return ['abort', FAILED[found.failed]];
  if (found.odds >= SUSPICIOUS_ODDS) return ['hold', RULES.suspicion];
  if (found.breached) return ['hold', BREACHED[found.breached]];
  if (found.silentMinutes >= SILENT_MINUTES) return ['hold', RULES.silence];
  if (!found.proven) return ['hold', RULES.unproven];
  return ['advance', RULES.proven];
}

const WORSE_THAN_STABLE: Readonly<Record<Metric, Rule>> = {
  errors: RULES.moreErrors,
  slow: RULES.moreSlow,
  verySlow: RULES.moreVerySlow,
};
const WORSE_THAN_BEFORE: Readonly<Record<Metric, Rule>> = {
  errors: RULES.moreErrorsThanBefore,
  slow: RULES.moreSlowThanBefore,
  verySlow: RULES.moreVerySlowThanBefore,
};
const FAILED: Readonly<Record<Bar, Rule>> = { errors: RULES.passBar, slow: RULES.latencyPassBar };
export const BREACHED: Readonly<Record<Bar, Rule>> = {
  errors: RULES.rollbackBarErrors,
  slow: RULES.rollbackBarLatency,
};

/** The comparison that has most to do with the odds. */
export const weightiest = (parts: Findings['parts']): Metric =>
  METRICS.reduce((most, metric) =>
    METRIC_WEIGHT[metric] * parts[metric] > METRIC_WEIGHT[most] * parts[most] ? metric : most,
  );
