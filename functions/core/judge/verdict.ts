import type { Metric, ODDS_LIMIT } from './constants.ts';
import { RULES, type Rule, type VerdictWord } from './decision.ts';

/** How a reason calls the two roles: by their colours. */
export interface ColourNames {
  readonly candidate: string;
  readonly stable: string;
}

/** The pass bars of policy `literal`. */
export const LITERAL_BARS = { errors: 'error pass bar', latency: 'response time pass bar' } as const;

/** A hold for one of these is not for want of requests: nobody goes on through it unasked. */
export const SPEAKS_AGAINST: ReadonlySet<string> = new Set([
  RULES.suspicion,
  RULES.rollbackBarErrors,
  RULES.rollbackBarLatency,
  LITERAL_BARS.errors,
  LITERAL_BARS.latency,
]);

export interface GroupEvidence {
  readonly requests: number;
  readonly failures: number;
  readonly slow: number;
}

export interface Evidence {
  /** Minutes since the first share: the newest one judged; -1 before the first. */
  readonly minute: number;
  /** Counts of the present stage. */
  readonly candidate: GroupEvidence;
  readonly stable: GroupEvidence;
  /** How much likelier the release's numbers are if the candidate is worse than stable. An abort needs `limit`. */
  readonly odds: number;
  readonly log10Odds: number;
  readonly limit: typeof ODDS_LIMIT;
  readonly rule: Rule;
  /** The odds of each comparison alone; `odds` is their weighted mean. */
  readonly parts: Readonly<Record<Metric, number>>;
  /** Shown to add less than 2 points of errors. */
  readonly proven: boolean;
}

export interface Verdict {
  readonly word: VerdictWord;
  readonly rule: Rule;
  /** One sentence: four counts, the odds and the limit. */
  readonly reason: string;
  readonly evidence: Evidence;
  /** What a person should know although nothing follows from it yet: a rollback bar of the plan that stable keeps. */
  readonly notification?: Pick<Verdict, 'rule' | 'reason'>;
}
