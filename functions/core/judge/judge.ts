/**
 * The judge of policy `compare`: is the candidate worse than stable? Each minute it compares the candidate's share of
 * all failures (and of all slow responses) with its share of the requests, so that an outage of both cancels out.
 * The answer grows minute by minute as odds, and at most 1 % of healthy releases ever reach the limit; what that finds and
 * misses, worked out and measured: docs/judge.md.
 *
 * `beginJudging`, `foldMinute` for each minute in turn, delivered or not, and `weigh` whenever an answer is wanted.
 */
import { addToBarHistory, type BarHistory, barBreached, barFailed, keepsPassBar, NEW_WATCH } from './bars.ts';
import type { Baseline } from './baseline.ts';
import { beginOdds, type ComparedMinute, growOdds, type Odds, oddsOf } from './comparison.ts';
import { LEAST_ERROR_RATE, ODDS_LIMIT, PROOF_ODDS, PROOF_RATE_MOST, RATE_PRIOR, SAFE_RATE } from './constants.ts';
import { BREACHED, decide, type Rule, reasonToAbort } from './decision.ts';
import { beginPast, followPast, growAgainstPast, type Past, usualRates } from './past.ts';
import { type Counts, eachLatencyCount, NOTHING } from './readings.ts';
import { reasonFor } from './reason.ts';
import type { ColourNames, GroupEvidence, Verdict } from './verdict.ts';

export interface JudgedMinute extends ComparedMinute {
  /** The candidate's healthy targets; absent when not delivered. */
  readonly healthyCandidate?: number | undefined;
}

/** Everything the judge remembers of a release: plain JSON, under 2 KB. */
export interface JudgeState {
  readonly baseline: Baseline;
  /** Index of the newest minute judged; -1 before the first. */
  readonly minute: number;
  /** The newest minute was one at 100 %. */
  readonly alone?: true;
  /** Newest minute in which both colours (at 100 % the candidate) delivered everything. */
  readonly heard: number;
  readonly odds: Odds;
  /** Stable's requests and failures in the baseline and the release so far. */
  readonly usual: { readonly requests: number; readonly failures: number };
  /** Log of the odds that the candidate adds less than 2 points of errors. */
  readonly safety: number;
  readonly proven: boolean;
  /** Delivered minutes in a row without a healthy candidate while stable had a healthy target. */
  readonly unhealthyMinutes: number;
  /** What is usual at present, for 100 %; absent when stable's hour taught nothing. */
  readonly past?: Past;
  readonly stage: StageCounts;
}

interface StageCounts {
  readonly candidate: Counts;
  readonly stable: Counts;
  readonly plan: BarHistory;
}

const NEW_STAGE: StageCounts = { candidate: NOTHING, stable: NOTHING, plan: NEW_WATCH };

export const beginJudging = (baseline: Baseline): JudgeState => ({
  baseline,
  minute: -1,
  heard: -1,
  odds: beginOdds(),
  usual: { requests: baseline.requests, failures: baseline.failures },
  safety: 0,
  proven: false,
  unhealthyMinutes: 0,
  ...(baseline.usual ? { past: beginPast(baseline.usual) } : {}),
  stage: NEW_STAGE,
});

/**
 * Takes one more minute into account. Minutes come in order; one that was judged before changes nothing, and neither
 * does any after an abort: better numbers do not take back what the limit has promised.
 */
export function foldMinute(state: JudgeState, delivered: JudgedMinute): JudgeState {
  if (delivered.index <= state.minute || reasonToAbort(abortFindings(state))) return state;
  const [candidate, stable] = [withRequests(delivered.candidate), withRequests(delivered.stable)];
  const minute = { ...delivered, candidate, stable };
  const usualRate = usualErrorRate(state.usual);
  const safety = state.safety + safetyNats(minute, usualRate) / state.baseline.burst.errors;
  const stage = minute.stageAge === 0 ? NEW_STAGE : state.stage;
  return {
    baseline: state.baseline,
    minute: minute.index,
    ...(minute.alone ? { alone: true as const } : {}),
    heard: isComplete(candidate) && (minute.alone || isComplete(stable)) ? minute.index : state.heard,
    odds: oddsWith(state, minute, usualRate),
    usual: {
      requests: state.usual.requests + (stable?.requests ?? 0),
      failures: state.usual.failures + (stable?.failures ?? 0),
    },
    safety,
    proven: state.proven || safety >= Math.log(PROOF_ODDS),
    unhealthyMinutes: unhealthyMinutes(state, minute),
    ...pastWith(state, minute),
    stage: {
      candidate: addCounts(stage.candidate, candidate),
      stable: addCounts(stage.stable, stable),
      plan: addToBarHistory(stage.plan, minute),
    },
  };
}

const abortFindings = ({ alone, unhealthyMinutes, odds }: JudgeState) => ({
  alone: alone === true,
  unhealthyMinutes,
  ...oddsOf(odds),
});

function oddsWith(
  { odds, past, baseline, minute: before }: JudgeState,
  minute: ComparedMinute,
  usualRate: number,
): Odds {
  if (!minute.alone) return growOdds(odds, minute, { noise: baseline, usualRate, isFirst: before < 0 });
  return past ? growAgainstPast(odds, minute, past, baseline) : odds;
}

function pastWith({ past, baseline, usual }: JudgeState, minute: ComparedMinute): Pick<JudgeState, 'past'> {
  if (!past || !baseline.usual) return {};
  return { past: followPast(past, minute, { ...usualRates(baseline.usual), errors: usualErrorRate(usual) }) };
}

/** The verdict on everything folded so far. `bakeDone`: the bake's time is over, so the question is whether it passes. */
export function weigh(
  state: JudgeState,
  { bakeDone, names }: { readonly bakeDone: boolean; readonly names: ColourNames },
): Verdict {
  const { odds, parts } = oddsOf(state.odds);
  const breached = barBreached(state.stage.plan);
  const [word, rule] = decide({
    ...abortFindings(state),
    bakeDone,
    failed: barFailed(state.stage.plan, state.baseline.burst),
    breached,
    silentMinutes: state.heard < 0 ? Number.POSITIVE_INFINITY : state.minute - state.heard,
    proven: state.proven,
  });
  const evidence = {
    minute: state.minute,
    candidate: groupEvidence(state.stage.candidate),
    stable: groupEvidence(state.stage.stable),
    odds,
    // The smallest number there is stands for odds too small to write down: the log of 0 is no JSON.
    log10Odds: Math.log10(Math.max(odds, Number.MIN_VALUE)),
    limit: ODDS_LIMIT,
    rule,
    parts,
    proven: state.proven,
  } as const;
  const because = (rule: Rule) => reasonFor({ ...evidence, rule }, state, names);
  return {
    word,
    rule,
    reason: because(rule),
    evidence,
    ...(breached ? { notification: { rule: BREACHED[breached], reason: because(BREACHED[breached]) } } : {}),
  };
}

// ---- Safety, the hosts ----

/** Stable's error rate (0-1) from all that is known of it; a little over the plain one as long as that is not much. */
export const usualErrorRate = ({ requests, failures }: JudgeState['usual']): number =>
  (failures + RATE_PRIOR.failures) / (requests + RATE_PRIOR.requests);

/**
 * What a minute says, in nats, against "the candidate fails 2 points of its requests": the likelihood ratio of a
 * Poisson count. A bad minute of stable proves nothing.
 */
function safetyNats({ candidate, stable }: JudgedMinute, usualRate: number): number {
  if (!candidate || !stable || !keepsPassBar(stable, 'errors')) return 0;
  const rate = Math.min(PROOF_RATE_MOST, Math.max(LEAST_ERROR_RATE, usualRate));
  return candidate.failures * Math.log(rate / SAFE_RATE) + candidate.requests * (SAFE_RATE - rate);
}

/** A minute in which stable had none either is an outage of both: it says nothing of the candidate, and ends the row. */
function unhealthyMinutes(state: JudgeState, { healthyCandidate, tasks }: JudgedMinute): number {
  if (healthyCandidate === undefined) return state.unhealthyMinutes;
  return healthyCandidate > 0 || tasks.stable === 0 ? 0 : state.unhealthyMinutes + 1;
}

// ---- Counting ----

/** A colour without requests is a colour without data. */
const withRequests = (counts: Counts | undefined): Counts | undefined =>
  counts && counts.requests > 0 ? counts : undefined;

const isComplete = (counts: Counts | undefined): boolean =>
  counts !== undefined && counts.slow !== undefined && counts.verySlow !== undefined;

/** A stage's sums: what was not delivered adds nothing. */
const addCounts = (sum: Counts, minute: Counts | undefined): Counts => ({
  requests: sum.requests + (minute?.requests ?? 0),
  failures: sum.failures + (minute?.failures ?? 0),
  ...eachLatencyCount((count) => (sum[count] ?? 0) + (minute?.[count] ?? 0)),
});

const groupEvidence = ({ requests, failures, slow = 0 }: Counts): GroupEvidence => ({ requests, failures, slow });
