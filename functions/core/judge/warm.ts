/**
 * The watch of the warm time: all users are on the new version, and the old one is up without traffic. Rolling back helps
 * only while the old colour is fine, so nothing here rolls back without that; what is not enough for it pages a person.
 */
import { ALARMS, type AlarmName, type AlarmRule, alarmState, GLOBAL_UNHEALTHY_MINUTES } from '../thresholds.ts';
import { errorMargin } from './comparison.ts';
import { WARM_UNHEALTHY_SHARE } from './constants.ts';
import { type LiteralVerdict, verdict, verdictOn } from './literal.ts';
import type { GroupMinute } from './readings.ts';
import type { ColourNames } from './verdict.ts';

/** One minute of both colours; a colour that delivered nothing is absent. */
export interface WarmMinute {
  readonly candidate?: GroupMinute | undefined;
  readonly stable?: GroupMinute | undefined;
}

export interface WarmWatch {
  /** Whether rolling back to the old colour would help: its own targets are healthy. */
  readonly oldColourFine: boolean;
  /**
   * Errors that are normal for this service, 0-1: "10 server errors a minute" then means ten more than those, because a
   * healthy busy service has them every minute. 0 takes the plan word for word.
   */
  readonly usualErrorRate: number;
  readonly names: Pick<ColourNames, 'candidate'>;
}

/** `page`: not bad enough to roll back by itself, but a person should know. */
export interface WarmVerdict extends LiteralVerdict {
  readonly word: 'abort' | 'continue';
  readonly page: boolean;
}

/**
 * Judges the newest minutes of the warm time, newest last. While the old colour is fine these roll back: no healthy
 * target, too many of them unhealthy for 2 minutes, over 5 % errors, ten server errors more than usual. A crash of a task
 * is the guard's matter.
 */
export function judgeWarm(minutes: readonly WarmMinute[], watch: WarmWatch): WarmVerdict {
  const { oldColourFine, names } = watch;
  const seen = minutes.filter(({ candidate }) => candidate !== undefined);
  const mine = seen.map(({ candidate }) => candidate!);
  const theirs = seen.map(({ stable }) => stable ?? NOT_DELIVERED);
  const fires = (rule: AlarmRule) => alarmState(rule, mine, theirs).state === 'ALARM';
  const on = (rule: AlarmRule) => verdictOn('abort', rule, mine, names);

  const bad = hostsOf(seen, names) ?? [...HOSTS, ...errorRules(mine, watch)].filter(fires).map(on)[0];
  if (bad && oldColourFine) return { ...bad, word: 'abort', page: true };
  const told = bad ?? PAGES.filter(fires).map(on)[0];
  if (told) return { ...told, word: 'continue', page: true };
  return { ...verdict('continue', { rule: 'warm' }, `${names.candidate} is well`), word: 'continue', page: false };
}

const NOT_DELIVERED: GroupMinute = { withinPercent: [] };

const ruleOf = (wanted: AlarmName): AlarmRule => ALARMS.find(({ name }) => name === wanted)!;

const HOSTS = [ruleOf('backstop-no-healthy-target')];
const PAGES = [ruleOf('literal-unhealthy'), ruleOf('literal-error-rate'), ruleOf('literal-p95')];

function errorRules(mine: readonly GroupMinute[], { usualErrorRate }: WarmWatch): readonly AlarmRule[] {
  const usualErrors = errorMargin(usualErrorRate) * usualErrorRate * (mine.at(-1)?.requests ?? 0);
  const ten = ruleOf('literal-server-errors');
  return [ruleOf('literal-global-error-rate'), { ...ten, threshold: ten.threshold + usualErrors }];
}

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
