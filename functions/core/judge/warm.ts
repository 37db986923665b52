/**
 * The watch of the warm time: all users are on the new version, and the old one is up without traffic. Rolling back helps
 * only while the old colour is fine, so nothing here rolls back without that; what is not enough for it pages a person.
 * Errors and response times are the judge's matter under `compare`; under `literal` the plan's absolute rules stand.
 */
import { ALARMS, type AlarmName, type AlarmRule, alarmState, GLOBAL_UNHEALTHY_MINUTES } from '../thresholds.ts';
import { WARM_UNHEALTHY_SHARE } from './constants.ts';
import { type LiteralEvidence, type LiteralVerdict, verdict, verdictOn } from './literal.ts';
import type { GroupMinute } from './readings.ts';
import type { ColourNames, Evidence, Verdict } from './verdict.ts';

/** One minute of both colours; a colour that delivered nothing is absent. */
export interface WarmMinute {
  readonly candidate?: GroupMinute | undefined;
  readonly stable?: GroupMinute | undefined;
}

export interface WarmWatch {
  /** Whether rolling back to the old colour would help: its own targets are healthy. */
  readonly oldColourFine: boolean;
  /** `judge`: what the comparison with the past says, the whole of it. `plan`: the plan's absolute rules, word for word. */
  readonly errors:
    | { readonly by: 'judge'; readonly verdict: Pick<Verdict, 'word' | 'rule' | 'reason' | 'evidence'> }
    | { readonly by: 'plan'; readonly rules: readonly AlarmName[] };
  readonly names: Pick<ColourNames, 'candidate'>;
}

/** The plan's rules for every release. */
export const PLAN_RULES = ['literal-global-error-rate', 'literal-server-errors'] as const;
/**
 * What is left where there is nothing to compare with: a hotfix beside a broken version, the first release of a service,
 * a version brought back. Ten errors in a minute are no news there.
 */
export const ABSOLUTE_BAR = ['literal-global-error-rate'] as const;

/** `page`: not bad enough to roll back by itself, but a person should know. */
export interface WarmVerdict {
  readonly word: 'abort' | 'continue';
  readonly rule: string;
  readonly reason: string;
  readonly evidence: LiteralEvidence | Evidence;
  readonly page: boolean;
}

/**
 * What the warm time comes to now. `minutes`: newest last. While the old colour is fine these roll back: no healthy target,
 * too many of them unhealthy for 2 minutes, and errors (and response times) as `errors` says. A crash of a task is the
 * guard's matter.
 */
export function judgeWarm(minutes: readonly WarmMinute[], watch: WarmWatch): WarmVerdict {
  const { oldColourFine, errors, names } = watch;
  const seen = minutes.filter(({ candidate }) => candidate !== undefined);
  const mine = seen.map(({ candidate }) => candidate!);
  const theirs = seen.map(({ stable }) => stable ?? NOT_DELIVERED);
  const fires = (rule: AlarmRule) => alarmState(rule, mine, theirs).state === 'ALARM';
  const on = (rule: AlarmRule) => verdictOn('abort', rule, mine, names);

  const judged = errors.by === 'judge' ? errors.verdict : undefined;
  const acting = errors.by === 'plan' ? [...HOSTS, ...errors.rules.map(ruleOf)] : HOSTS;
  const bad =
    hostsOf(seen, names) ?? acting.filter(fires).map(on)[0] ?? (judged?.word === 'abort' ? judged : undefined);
  if (bad && oldColourFine) return { ...bad, word: 'abort', page: true };
  const told = bad ?? PAGES.filter(fires).map(on)[0];
  if (told) return { ...told, word: 'continue', page: true };
  const well = verdict('continue', { rule: 'warm' }, `${names.candidate} is well`);
  return { ...well, evidence: judged?.evidence ?? well.evidence, word: 'continue', page: false };
}

const NOT_DELIVERED: GroupMinute = { withinPercent: [] };

const ruleOf = (wanted: AlarmName): AlarmRule => ALARMS.find(({ name }) => name === wanted)!;

const HOSTS = [ruleOf('backstop-no-healthy-target')];
const PAGES = (['literal-unhealthy', 'literal-global-error-rate', 'literal-error-rate', 'literal-p95'] as const).map(
  ruleOf,
);

/** Too many of the targets are unhealthy, and the old colour's are not likewise. */
function hostsOf(minutes: readonly WarmMinute[], { candidate }: WarmWatch['names']): LiteralVerdict | undefined {
  const newest = minutes.slice(-GLOBAL_UNHEALTHY_MINUTES);
  const shares = newest.map(({ candidate: mine }) => unhealthyShare(mine));
  const isOver = (share: number | undefined) => share !== undefined && share > WARM_UNHEALTHY_SHARE;
  const likewise = newest.some(({ stable }) => isOver(unhealthyShare(stable)));
  if (newest.length < GLOBAL_UNHEALTHY_MINUTES || !shares.every(isOver) || likewise) return undefined;
  const [value, threshold] = [100 * Math.min(...shares.map(Number)), 100 * WARM_UNHEALTHY_SHARE];
  return verdict(
    'abort',
    { rule: 'unhealthy targets', value, threshold, unit: '% of targets' },
    `${candidate}: ${Math.round(value)} % of its targets unhealthy for ${GLOBAL_UNHEALTHY_MINUTES} minutes (limit: over ${threshold} %)`,
  );
}

/** 0-1; undefined when a colour's hosts were not delivered or it has none. */
function unhealthyShare({ healthyHosts, unhealthyHosts }: GroupMinute = NOT_DELIVERED): number | undefined {
  if (healthyHosts === undefined || unhealthyHosts === undefined) return undefined;
  const targets = healthyHosts + unhealthyHosts;
  return targets > 0 ? unhealthyHosts / targets : undefined;
}
