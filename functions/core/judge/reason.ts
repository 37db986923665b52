import { grouped, oddsInWords } from '../numerals.ts';
import { GLOBAL_ERROR_PERCENT, PASS_ERROR_PERCENT, ROLLBACK_ERROR_PERCENT } from '../thresholds.ts';
import { BAR_MS, OVER_P95_SHARE } from './bars.ts';
import type { Baseline } from './baseline.ts';
import type { Metric } from './constants.ts';
import { RULES, type Rule, weightiest } from './decision.ts';
import type { Past } from './past.ts';
import type { Counts, LatencyCount } from './readings.ts';
import type { ColourNames, Evidence } from './verdict.ts';

/** What a reason is about: the counts of the present stage, and what is usual. */
export interface Known {
  readonly stage: { readonly candidate: Counts; readonly stable: Counts };
  readonly baseline: Baseline;
  /** At 100 %, where stable counts nothing any more. */
  readonly alone?: true;
  readonly past?: Past;
}

/**
 * Why the judge says what it says, in one sentence: what the rule found, the four counts behind it, the odds and the
 * limit. It speaks of colours, not of roles, because colours are what a person sees in the console.
 */
export function reasonFor(
  { rule, odds, limit, parts }: Pick<Evidence, 'rule' | 'odds' | 'limit' | 'parts'>,
  { stage: { candidate, stable }, baseline, alone, past }: Known,
  names: ColourNames,
): string {
  const counted = countedFor(rule, parts);
  const portionOf = (counts: Counts) => portion(counts[counted] ?? 0, counts.requests);
  const other = alone ? pastInWords(past, weightiest(parts)) : `${names.stable} ${portionOf(stable)}`;
  const compared = `${names.candidate} ${happened(counted, baseline)} ${portionOf(candidate)}${barCrossed(counted, candidate)}, ${other}`;
  const priors = baseline.learned ? '' : ` (${baseline.minutes} baseline minutes, so usual noise is assumed)`;
  return `${FINDING[rule](names)}: ${compared}; odds ${oddsInWords(odds)}, limit ${limit}${priors}`;
}

/** "0.10 % is usual" */
function pastInWords(past: Past | undefined, metric: Metric): string {
  if (!past) return 'what is usual is not known';
  return `${(100 * past.level[metric]).toFixed(2)} % is usual`;
}

/** "28 of 1,261 requests (2.22 %)" */
export function portion(events: number, requests: number): string {
  const percent = requests > 0 ? ` (${((100 * events) / requests).toFixed(2)} %)` : '';
  return `${grouped(events)} of ${grouped(requests)} requests${percent}`;
}

/** Rules that rest on the odds, and so on whichever comparison has most to do with them. */
const COMPARISONS: ReadonlySet<Rule> = new Set([
  RULES.moreErrors,
  RULES.moreSlow,
  RULES.moreVerySlow,
  RULES.moreErrorsThanBefore,
  RULES.moreSlowThanBefore,
  RULES.moreVerySlowThanBefore,
  RULES.suspicion,
  RULES.warm,
]);

type Counted = 'failures' | LatencyCount;

function countedFor(rule: Rule, parts: Evidence['parts']): Counted {
  if (rule === RULES.latencyPassBar) return 'overPassBar';
  if (rule === RULES.rollbackBarLatency) return 'overRollbackBar';
  const metric = COMPARISONS.has(rule) ? weightiest(parts) : 'errors';
  return metric === 'errors' ? 'failures' : metric;
}

const FINDING: Readonly<Record<Rule, (names: ColourNames) => string>> = {
  [RULES.noHealthyTarget]: ({ candidate }) => `${candidate} had no healthy target for 2 minutes`,
  [RULES.moreErrors]: ({ candidate, stable }) => `${candidate} has more errors than ${stable}`,
  [RULES.moreSlow]: ({ candidate, stable }) => `${candidate} has more slow responses than ${stable}`,
  [RULES.moreVerySlow]: ({ candidate, stable }) => `${candidate} has more very slow responses than ${stable}`,
  [RULES.moreErrorsThanBefore]: ({ candidate }) => `${candidate} has more errors than are usual`,
  [RULES.moreSlowThanBefore]: ({ candidate }) => `${candidate} has more slow responses than are usual`,
  [RULES.moreVerySlowThanBefore]: ({ candidate }) => `${candidate} has more very slow responses than are usual`,
  [RULES.passBar]: ({ candidate }) => `${candidate}'s error rate is above the pass bar`,
  [RULES.latencyPassBar]: ({ candidate }) => `${candidate}'s 95th percentile is above the pass bar`,
  [RULES.rollbackBarErrors]: ({ candidate, stable }) =>
    `${candidate} was over the limit of ${ROLLBACK_ERROR_PERCENT} % errors in 2 of 3 minutes, and ${stable} was not`,
  [RULES.rollbackBarLatency]: ({ candidate, stable }) =>
    `${candidate} was over the limit of ${BAR_MS.overRollbackBar} ms in 2 of 3 minutes, and ${stable} was not`,
  [RULES.suspicion]: ({ candidate, stable }) => `${candidate} may be worse than ${stable}`,
  [RULES.silence]: ({ candidate, stable }) => `no complete numbers of ${candidate} and ${stable} are delivered`,
  [RULES.unproven]: ({ candidate }) => `${candidate} is not yet shown to add less than 2 points of errors`,
  [RULES.proven]: ({ candidate }) => `no sign of harm, and ${candidate} is shown to add less than 2 points of errors`,
  [RULES.baking]: () => 'the bake goes on',
  [RULES.warm]: ({ candidate }) => `${candidate} is watched at 100 %`,
};

const happened = (counted: Counted, { slowMs, verySlowMs }: Baseline): string =>
  counted === 'failures' ? 'failed' : `took over ${{ slow: slowMs, verySlow: verySlowMs, ...BAR_MS }[counted]} ms for`;

/** The highest of the plan's bars that the stage is over. */
function barCrossed(counted: Counted, candidate: Counts): string {
  const { requests, failures } = candidate;
  if (requests === 0) return '';
  if (counted === 'failures') {
    const percent = (100 * failures) / requests;
    const bar = [GLOBAL_ERROR_PERCENT, ROLLBACK_ERROR_PERCENT, PASS_ERROR_PERCENT].find((limit) => percent > limit);
    return bar === undefined ? '' : `, over the limit of ${bar} %`;
  }
  const bars = ['overRollbackBar', 'overPassBar'] as const;
  const over = bars.find((bar) => bar !== counted && (candidate[bar] ?? 0) > requests * OVER_P95_SHARE);
  if (over === undefined) return '';
  return `, with ${((100 * candidate[over]!) / requests).toFixed(2)} % over the limit of ${BAR_MS[over]} ms`;
}
