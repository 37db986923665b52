import { grouped, oddsInWords } from '../numerals.ts';
import { GLOBAL_ERROR_PERCENT, PASS_ERROR_PERCENT, ROLLBACK_ERROR_PERCENT } from '../thresholds.ts';
import { type Baseline, eventsOf } from './baseline.ts';
import type { Metric } from './constants.ts';
import type { Counts } from './readings.ts';
import { type ColourNames, type Evidence, RULES, type Rule, weightiest } from './verdict.ts';

/** What a reason is about: the counts of the present stage. */
export interface StageCounts {
  readonly candidate: Counts;
  readonly stable: Counts;
}

/**
 * Why the judge says what it says, in one sentence: what the rule found, the four counts behind it, the odds and the
 * limit. It speaks of colours, not of roles, because colours are what a person sees in the console.
 */
export function reasonFor(
  { rule, odds, limit, parts }: Pick<Evidence, 'rule' | 'odds' | 'limit' | 'parts'>,
  { candidate, stable }: StageCounts,
  baseline: Baseline,
  names: ColourNames,
): string {
  const metric = COMPARISONS.has(rule) ? weightiest(parts) : 'errors';
  const portionOf = (counts: Counts) => portion(eventsOf(counts, metric) ?? 0, counts.requests);
  const compared = `${names.candidate} ${happened(metric, baseline)} ${portionOf(candidate)}${barCrossed(metric, candidate)}, ${names.stable} ${portionOf(stable)}`;
  const priors = baseline.learned ? '' : ` (${baseline.minutes} baseline minutes, so usual noise is assumed)`;
  return `${FINDING[rule](names)}: ${compared}; odds ${oddsInWords(odds)}, limit ${limit}${priors}`;
}

/** "28 of 1,261 requests (2.22 %)" */
export function portion(events: number, requests: number): string {
  const percent = requests > 0 ? ` (${((100 * events) / requests).toFixed(2)} %)` : '';
  return `${grouped(events)} of ${grouped(requests)} requests${percent}`;
}

/** Rules that rest on the odds, and so on whichever comparison has most to do with them. */
const COMPARISONS: ReadonlySet<Rule> = new Set([RULES.moreErrors, RULES.moreSlow, RULES.moreVerySlow, RULES.suspicion]);

const FINDING: Readonly<Record<Rule, (names: ColourNames) => string>> = {
  [RULES.noHealthyTarget]: ({ candidate }) => `${candidate} had no healthy target for 2 minutes`,
  [RULES.moreErrors]: ({ candidate, stable }) => `${candidate} has more errors than ${stable}`,
  [RULES.moreSlow]: ({ candidate, stable }) => `${candidate} has more slow responses than ${stable}`,
  [RULES.moreVerySlow]: ({ candidate, stable }) => `${candidate} has more very slow responses than ${stable}`,
  [RULES.passBar]: ({ candidate }) => `${candidate}'s error rate is above the pass bar`,
  [RULES.suspicion]: ({ candidate, stable }) => `${candidate} may be worse than ${stable}`,
  [RULES.silence]: ({ candidate, stable }) => `no complete numbers of ${candidate} and ${stable} are delivered`,
  [RULES.unproven]: ({ candidate }) => `${candidate} is not yet shown to add less than 2 points of errors`,
  [RULES.proven]: ({ candidate }) => `no sign of harm, and ${candidate} is shown to add less than 2 points of errors`,
  [RULES.baking]: () => 'the bake goes on',
};

const happened = (metric: Metric, { slowMs, verySlowMs }: Baseline): string =>
  ({ errors: 'failed', slow: `took over ${slowMs} ms for`, verySlow: `took over ${verySlowMs} ms for` })[metric];

/** The highest of the plan's bars that the stage's error rate is over. */
function barCrossed(metric: Metric, { requests, failures }: Counts): string {
  if (metric !== 'errors' || requests === 0) return '';
  const percent = (100 * failures) / requests;
  const bar = [GLOBAL_ERROR_PERCENT, ROLLBACK_ERROR_PERCENT, PASS_ERROR_PERCENT].find((limit) => percent > limit);
  return bar === undefined ? '' : `, over the ${bar} % of the plan`;
}
