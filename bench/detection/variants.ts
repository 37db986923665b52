/** The judge with one term less, or with another balance: other values for its constants, and nothing else. */

export interface Variant {
  readonly name: string;
  /** What is not there any more, or what is different. */
  readonly change: string;
  readonly constants: Readonly<Record<string, unknown>>;
}

const NEVER = Number.POSITIVE_INFINITY;
const each = (value: number) => ({ errors: value, slow: value, verySlow: value });

/** Each term of the judge switched off. */
export const WITHOUT: readonly Variant[] = [
  {
    name: 'tail',
    change: 'no comparison of very slow responses',
    constants: { METRIC_WEIGHT: { errors: 0.5, slow: 0.5, verySlow: 0 } },
  },
  {
    name: 'latency',
    change: 'errors only',
    constants: { METRIC_WEIGHT: { errors: 1, slow: 0, verySlow: 0 } },
  },
  {
    name: 'learned-noise',
    change: 'the priors of burst and spread instead of what the baseline teaches',
    constants: { LEAST_BASELINE_MINUTES: NEVER },
  },
  {
    name: 'bursts',
    change: 'every failure is one piece of evidence',
    constants: { BURST_LEAST: 1, BURST_MOST: 1, LATENCY_BURST: 1 },
  },
  {
    name: 'spread',
    change: 'no bound on the independent events of a minute',
    constants: { LEAST_INDEPENDENT_EVENTS: NEVER },
  },
  {
    name: 'minute-cap',
    change: 'one minute may say everything',
    constants: { MINUTE_CAP_NATS: each(20) },
  },
  {
    name: 'margins',
    change: 'any difference counts, however small',
    constants: { ERROR_MARGIN: 1, ERROR_MARGIN_RATE: 0, SLOW_MARGIN: 1, VERY_SLOW_MARGIN: 1 },
  },
  {
    name: 'warm-up',
    change: 'no allowance for a slow start, and no minute left out for it',
    constants: { WARM_UP_MARGIN: 0, LATENCY_BLIND_MINUTES: 0 },
  },
  {
    name: 'onset',
    change: 'a fault begins with the release or not at all',
    constants: { ONSET_AT_START: 1, ONSET_AT_SHIFT: 0, ONSET_IN_MINUTES: 0 },
  },
  {
    name: 'dead-candidate',
    change: 'a dead candidate waits for its second minute',
    constants: { DEAD_FAILURES: NEVER },
  },
  {
    name: 'effect-mixture',
    change: 'one size of fault a metric instead of two or three',
    constants: {
      EFFECTS: {
        errors: [{ ratio: 5, weight: 1 }],
        slow: [{ ratio: 1.4, weight: 1 }],
        verySlow: [{ ratio: 2.5, weight: 1 }],
      },
    },
  },
  { name: 'gate', change: 'no pass bar at the end of a bake', constants: { GATE_DEVIATIONS: NEVER } },
];

/** What would buy speed, and what it would cost: the stretch row of the targets. */
export const STRETCH: readonly Variant[] = [
  {
    name: 'errors-first',
    change: 'error odds weigh 0.8 of all',
    constants: { METRIC_WEIGHT: { errors: 0.8, slow: 0.1, verySlow: 0.1 } },
  },
  {
    name: 'bold-bursts',
    change: 'failures are taken for nearly independent',
    constants: { BURST_PRIOR: 1.2, BURST_LEAST: 1.1 },
  },
  {
    name: 'narrow-margin',
    change: 'errors up by a tenth already count',
    constants: { ERROR_MARGIN: 1.1, ERROR_MARGIN_RATE: 0.0002 },
  },
  {
    name: 'bold-latency',
    change: 'a narrower margin, independent responses and a short warm-up for latency',
    constants: { SLOW_MARGIN: 1.08, LATENCY_BURST: 1, WARM_UP_MINUTES: 1.5, WARM_UP_MARGIN: 1 },
  },
  {
    name: 'trusting-spread',
    change: 'tasks are taken for nearly alike',
    constants: { SPREAD_LEAST: 0.002, SPREAD_PRIOR: { errors: 0.02, slow: 0.015, verySlow: 0.025 } },
  },
  {
    name: 'careful',
    change: 'failures come in larger bursts than learned',
    constants: { BURST_PRIOR: 2.5, BURST_LEAST: 2 },
  },
  {
    name: 'low-limit',
    change: 'a limit of 40 instead of 100: a promise of 2.5 %',
    constants: { ODDS_LIMIT: 40 },
  },
];
