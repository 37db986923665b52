import type { GroupMinute } from './judge/readings.ts';

/**
 * The plan's numbers, word for word: what a stage must reach to pass, what sends a release back, and the alarms made of
 * them. Percentages are of requests, response times are milliseconds.
 */

/** A stage passes under both. */
export const PASS_ERROR_PERCENT = 1;
export const PASS_P95_MS = 300;

/** The canary's own rollback set. */
export const ROLLBACK_ERROR_PERCENT = 2;
export const ROLLBACK_P95_MS = 500;

/** The rollback set that holds for every deployment. */
export const GLOBAL_ERROR_PERCENT = 5;
export const GLOBAL_SERVER_ERRORS_A_MINUTE = 10;
export const GLOBAL_UNHEALTHY_MINUTES = 2;

/**
 * CloudWatch itself calls a 95th percentile insignificant under 10 / (1 - 0.95) samples
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html#percentiles-with-low-samples).
 */
export const MINIMUM_SAMPLE_REQUESTS = 200;

/** So bad that nobody needs a comparison. */
export const BACKSTOP_ERROR_PERCENT = 20;
export const BACKSTOP_SAMPLE_REQUESTS = 50;

/** What an alarm looks at in one minute of one colour. */
export type AlarmMetric = 'error-percent' | 'p95-ms' | 'server-errors' | 'unhealthy-targets' | 'healthy-targets';

/** ALARM when `breaching` of the newest `outOf` minutes stand on the wrong side of `threshold`. */
export interface AlarmRule {
  readonly name: string;
  /** `literal` acts only under that policy, `backstop` under both. */
  readonly kind: 'literal' | 'backstop';
  readonly metric: AlarmMetric;
  readonly wrongSide: 'over' | 'at-least' | 'under';
  readonly threshold: number;
  readonly unit: '%' | 'ms' | 'errors a minute' | 'targets';
  readonly breaching: number;
  readonly outOf: number;
  /** A minute with fewer requests never breaches. */
  readonly minimumRequests: number;
  /** Silent while the other colour breaches likewise: then it is an outage of both. */
  readonly unlessOtherLikewise: boolean;
  /**
   * The same minute by minute: only a minute counts in which the other colour does not breach. The alarm reads both
   * colours, because two alarms that fall out of step by a minute would make an outage of both look like one of one.
   */
  readonly ownMinutesOnly: boolean;
}

const everyMinute = {
  breaching: 1,
  outOf: 1,
  minimumRequests: 0,
  unlessOtherLikewise: false,
  ownMinutesOnly: false,
} as const;
const twoMinutes = { ...everyMinute, breaching: 2, outOf: 2 } as const;

/** The alarms of one colour. The names are the ends of the alarms' full names. */
export const ALARMS = [
  {
    ...everyMinute,
    name: 'literal-error-rate',
    kind: 'literal',
    metric: 'error-percent',
    wrongSide: 'over',
    threshold: ROLLBACK_ERROR_PERCENT,
    unit: '%',
    minimumRequests: MINIMUM_SAMPLE_REQUESTS,
  },
  {
    ...everyMinute,
    name: 'literal-p95',
    kind: 'literal',
    metric: 'p95-ms',
    wrongSide: 'over',
    threshold: ROLLBACK_P95_MS,
    unit: 'ms',
    minimumRequests: MINIMUM_SAMPLE_REQUESTS,
  },
  {
    ...everyMinute,
    name: 'literal-any-5xx',
    kind: 'literal',
    metric: 'server-errors',
    wrongSide: 'over',
    threshold: 0,
    unit: 'errors a minute',
  },
  {
    ...everyMinute,
    name: 'literal-global-error-rate',
    kind: 'literal',
    metric: 'error-percent',
    wrongSide: 'over',
    threshold: GLOBAL_ERROR_PERCENT,
    unit: '%',
    minimumRequests: MINIMUM_SAMPLE_REQUESTS,
  },
  {
    ...everyMinute,
    name: 'literal-server-errors',
    kind: 'literal',
    metric: 'server-errors',
    wrongSide: 'at-least',
    threshold: GLOBAL_SERVER_ERRORS_A_MINUTE,
    unit: 'errors a minute',
  },
  {
    ...twoMinutes,
    name: 'literal-unhealthy',
    kind: 'literal',
    metric: 'unhealthy-targets',
    wrongSide: 'over',
    threshold: 0,
    unit: 'targets',
    breaching: GLOBAL_UNHEALTHY_MINUTES,
    outOf: GLOBAL_UNHEALTHY_MINUTES,
  },
  {
    ...everyMinute,
    name: 'backstop-error-rate',
    kind: 'backstop',
    metric: 'error-percent',
    wrongSide: 'over',
    threshold: BACKSTOP_ERROR_PERCENT,
    unit: '%',
    breaching: 2,
    outOf: 3,
    minimumRequests: BACKSTOP_SAMPLE_REQUESTS,
    unlessOtherLikewise: true,
  },
  {
    ...twoMinutes,
    name: 'backstop-no-healthy-target',
    kind: 'backstop',
    metric: 'healthy-targets',
    wrongSide: 'under',
    threshold: 1,
    unit: 'targets',
    ownMinutesOnly: true,
  },
] as const satisfies readonly AlarmRule[];

export type AlarmName = (typeof ALARMS)[number]['name'];

/**
 * The alarms that send a release back at once, by the ends of their names. The backstop is one composite a colour: its
 * parts alone say nothing of the other colour.
 */
export const ACTING_ALARMS: readonly { readonly name: string; readonly acts: AlarmRule['kind'] }[] = [
  { name: 'backstop', acts: 'backstop' },
  ...ALARMS.filter(({ kind }) => kind === 'literal').map(({ name, kind: acts }) => ({ name, acts })),
];

export interface AlarmState {
  readonly state: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
  /** What crossed what, in words. */
  readonly reason: string;
}

/** The alarm that an alarm's full name (with its prefix of service and colour) ends with. */
export const alarmNamed = (fullName: string): AlarmRule | undefined =>
  ALARMS.find(({ name }) => fullName.endsWith(name));

/**
 * What CloudWatch would say, from minutes with the newest last; a minute that was not delivered is one without numbers.
 * No number in the whole window is INSUFFICIENT_DATA, never OK. The newest minute of both colours is the same one.
 */
export function alarmState(
  alarm: AlarmRule,
  minutes: readonly GroupMinute[],
  otherColour: readonly GroupMinute[],
): AlarmState {
  const others = otherColour.slice(-alarm.outOf).reverse();
  const window = minutes
    .slice(-alarm.outOf)
    .reverse()
    .map((minute, age) => ({ minute, other: others[age] }));
  const values = window.map(({ minute, other }) => seenBy(alarm, minute, other)).filter((value) => value !== undefined);
  if (values.length === 0) return { state: 'INSUFFICIENT_DATA', reason: `no ${SUBJECT[alarm.metric]} delivered` };

  const wrong = window.filter(({ minute, other }) => breaches(alarm, minute, other));
  const reason = `${describe(alarm, Math[alarm.wrongSide === 'under' ? 'min' : 'max'](...values))}, in ${wrong.length} of ${alarm.outOf} min`;
  if (wrong.length < alarm.breaching) return { state: 'OK', reason };
  if (alarm.unlessOtherLikewise && isLikewise(alarm, otherColour)) {
    return { state: 'OK', reason: `${reason}, but the other colour likewise` };
  }
  return { state: 'ALARM', reason };
}

/**
 * The number that an alarm looks at; undefined when it was not delivered. Errors are the target's 5xx and its refused
 * connections, for which the user sees a 502: a crashed target has no 5xx of its own.
 */
export function measured(metric: AlarmMetric, minute: GroupMinute): number | undefined {
  const { requests = 0, errors5xx = 0, connectionErrors = 0 } = minute;
  switch (metric) {
    case 'error-percent':
      return requests > 0 ? (100 * (errors5xx + connectionErrors)) / requests : undefined;
    case 'server-errors':
      return requests > 0 ? errors5xx + connectionErrors : undefined;
    case 'p95-ms':
      return minute.p95Ms;
    case 'unhealthy-targets':
      return minute.unhealthyHosts;
    case 'healthy-targets':
      return minute.healthyHosts;
  }
}

/** Whether one minute stands on the wrong side, with requests enough to say so. `other`: the same minute of the other colour. */
export function breaches(alarm: AlarmRule, minute: GroupMinute, other?: GroupMinute): boolean {
  const value = seenBy(alarm, minute, other);
  if (value === undefined || (minute.requests ?? 0) < alarm.minimumRequests) return false;
  if (alarm.ownMinutesOnly && other && isWrong(alarm, other)) return false;
  return IS_WRONG[alarm.wrongSide](value, alarm.threshold);
}

/** An alarm on both colours has no number in a minute in which one of them delivered none. */
export const seenBy = (
  { metric, ownMinutesOnly }: AlarmRule,
  minute: GroupMinute,
  other: GroupMinute | undefined,
): number | undefined =>
  ownMinutesOnly && (!other || measured(metric, other) === undefined) ? undefined : measured(metric, minute);

const isWrong = ({ metric, wrongSide, threshold }: AlarmRule, minute: GroupMinute): boolean => {
  const value = measured(metric, minute);
  return value !== undefined && IS_WRONG[wrongSide](value, threshold);
};

/** "error rate 2.4 %, over the limit of 2 %" */
export const describe = ({ metric, unit, threshold, wrongSide }: AlarmRule, value: number): string =>
  `${SUBJECT[metric]} ${rounded(value)}${UNIT_IN_WORDS[unit]} (limit: ${WRONG_SIDE_IN_WORDS[wrongSide]} ${threshold}${UNIT_IN_WORDS[unit]})`;

/** The subject has named what is counted. */
const UNIT_IN_WORDS: Readonly<Record<AlarmRule['unit'], string>> = {
  '%': ' %',
  ms: ' ms',
  'errors a minute': ' a minute',
  targets: '',
};

const isLikewise = (alarm: AlarmRule, minutes: readonly GroupMinute[]): boolean =>
  minutes.slice(-alarm.outOf).filter((minute) => breaches(alarm, minute)).length >= alarm.breaching;

const IS_WRONG = {
  over: (value: number, threshold: number) => value > threshold,
  'at-least': (value: number, threshold: number) => value >= threshold,
  under: (value: number, threshold: number) => value < threshold,
} as const;

const WRONG_SIDE_IN_WORDS = { over: 'over', 'at-least': 'at least', under: 'under' } as const;

const SUBJECT: Readonly<Record<AlarmMetric, string>> = {
  'error-percent': 'error rate',
  'p95-ms': '95th percentile of the response time',
  'server-errors': 'server errors',
  'unhealthy-targets': 'unhealthy targets',
  'healthy-targets': 'healthy targets',
};

const rounded = (value: number): number => Math.round(value * 100) / 100;
