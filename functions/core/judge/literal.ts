/** Policy `literal`: the plan's table word for word. Its thresholds abort, through the alarms; its pass bars gate. */
import {
  type AlarmRule,
  type AlarmState,
  alarmNamed,
  describe,
  MINIMUM_SAMPLE_REQUESTS,
  measured,
  PASS_ERROR_PERCENT,
  PASS_P95_MS,
} from '../thresholds.ts';
import type { VerdictWord } from './decision.ts';
import { failuresOf, type GroupMinute } from './readings.ts';
import { portion } from './reason.ts';
import { type ColourNames, LITERAL_BARS } from './verdict.ts';

/** `threshold` and `value` are in `unit`; absent where the number was not delivered or nothing was measured. */
export interface LiteralEvidence {
  readonly rule: string;
  readonly value?: number;
  readonly threshold?: number;
  readonly unit?: string;
}

export interface LiteralVerdict {
  readonly word: VerdictWord;
  readonly rule: string;
  readonly reason: string;
  readonly evidence: LiteralEvidence;
}

/** One of the candidate's alarms, as it stands. */
export interface StandingAlarm extends AlarmState {
  readonly name: string;
  readonly kind: AlarmRule['kind'];
}

export interface LiteralBake {
  /** The candidate's alarms, all of them: an alarm that cannot be read is not an alarm that is well. */
  readonly alarms: readonly StandingAlarm[];
  /** The candidate's minutes of this bake, newest last. */
  readonly minutes: readonly GroupMinute[];
  /** The thresholds behind `withinPercent`; 300 ms must be one of them. */
  readonly gridMs: readonly number[];
  readonly bakeDone: boolean;
  readonly names: Pick<ColourNames, 'candidate'>;
}

/** Any literal alarm aborts; passing takes every alarm well, the minimum sample and both pass bars; else it holds. */
export function weighLiteral({ alarms, minutes, gridMs, bakeDone, names }: LiteralBake): LiteralVerdict {
  const literal = alarms.filter(({ kind }) => kind === 'literal');
  const firing = literal.find(({ state }) => state === 'ALARM');
  if (firing) return abortFor(firing, minutes, names);
  if (!bakeDone) return verdict('continue', { rule: 'still baking' }, 'the bake goes on: no alarm');

  const { requests, failures, withinBarPercent } = sumsOf(minutes, gridMs);
  const sample = { rule: 'minimum sample', value: requests, threshold: MINIMUM_SAMPLE_REQUESTS, unit: 'requests' };
  if (requests < MINIMUM_SAMPLE_REQUESTS) {
    const reason = `${names.candidate} had ${requests} requests in this bake, ${MINIMUM_SAMPLE_REQUESTS} are needed to pass`;
    return verdict('hold', sample, reason);
  }
  const silent = literal.find(({ state }) => state !== 'OK');
  if (silent) return verdict('hold', { rule: silent.name }, `alarm ${silent.name} has no data: ${silent.reason}`);
  if (literal.length === 0) return verdict('hold', { rule: 'no alarms' }, `no alarm of ${names.candidate} can be read`);

  const errorPercent = (100 * failures) / requests;
  const errors = { rule: LITERAL_BARS.errors, value: errorPercent, threshold: PASS_ERROR_PERCENT, unit: '%' };
  const failed = `${names.candidate} failed ${portion(failures, requests)}, the pass bar is under ${PASS_ERROR_PERCENT} %`;
  if (errorPercent >= PASS_ERROR_PERCENT) return verdict('hold', errors, failed);

  const latency = { rule: LITERAL_BARS.latency, threshold: 95, unit: `% within ${PASS_P95_MS} ms` };
  if (withinBarPercent === undefined) {
    return verdict('hold', latency, `the response times of ${names.candidate} were not delivered`);
  }
  const within = `${withinBarPercent.toFixed(1)} % of ${names.candidate}'s responses took ${PASS_P95_MS} ms or less, the pass bar is 95 %`;
  if (withinBarPercent < 95) return verdict('hold', { ...latency, value: withinBarPercent }, within);
  return verdict('advance', errors, `${failed}; ${within}`);
}

function abortFor(
  { name, reason }: StandingAlarm,
  minutes: readonly GroupMinute[],
  names: LiteralBake['names'],
): LiteralVerdict {
  const rule = alarmNamed(name);
  return rule
    ? verdictOn('abort', rule, minutes, names)
    : verdict('abort', { rule: name }, `alarm ${name} of ${names.candidate}: ${reason}`);
}

/** What an alarm's rule found in the newest of a colour's minutes. */
export function verdictOn(
  word: VerdictWord,
  alarm: AlarmRule,
  minutes: readonly GroupMinute[],
  names: LiteralBake['names'],
): LiteralVerdict {
  const { name, threshold, unit } = alarm;
  const value = worstOf(alarm, minutes.slice(-alarm.outOf));
  if (value === undefined) return verdict(word, { rule: name, threshold, unit }, `${names.candidate}: alarm ${name}`);
  return verdict(word, { rule: name, value, threshold, unit }, `${names.candidate}: ${describe(alarm, value)}`);
}

/** The number furthest on the wrong side; undefined when none was delivered. */
function worstOf({ metric, wrongSide }: AlarmRule, minutes: readonly GroupMinute[]): number | undefined {
  const values = minutes.map((minute) => measured(metric, minute)).filter((value) => value !== undefined);
  if (values.length === 0) return undefined;
  return wrongSide === 'under' ? Math.min(...values) : Math.max(...values);
}

export const verdict = (word: VerdictWord, evidence: LiteralEvidence, reason: string): LiteralVerdict => ({
  word,
  rule: evidence.rule,
  reason,
  evidence,
});

/**
 * A bake as one: a percentile of percentiles would be no percentile, but the share of responses within the bar adds up
 * exactly, and the 95th percentile is within 300 ms just when 95 % of the responses are.
 */
function sumsOf(minutes: readonly GroupMinute[], gridMs: readonly number[]) {
  const bar = gridMs.indexOf(PASS_P95_MS);
  const timed = minutes.filter(({ withinPercent }) => withinPercent[bar] !== undefined);
  const timedRequests = requestsOf(timed);
  const within = timed.reduce((sum, { requests = 0, withinPercent }) => sum + requests * withinPercent[bar]!, 0);
  return {
    requests: requestsOf(minutes),
    failures: minutes.reduce((sum, minute) => sum + failuresOf(minute), 0),
    withinBarPercent: timedRequests > 0 ? within / timedRequests : undefined,
  };
}

const requestsOf = (minutes: readonly GroupMinute[]): number =>
  minutes.reduce((sum, { requests = 0 }) => sum + requests, 0);
