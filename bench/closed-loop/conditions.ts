/** What a release may meet in the closed loop: how its numbers arrive, how much traffic there is, and what is wrong with it. */
import type { NumbersOptions, RehearsalOptions } from '../../rehearsal/options.ts';
import { SCENARIOS, type Scenario } from '../../rehearsal/scenarios.ts';
import { CANDIDATE } from '../../rehearsal/versions.ts';

export interface Condition {
  readonly about: string;
  readonly requestsPerSecond?: number;
  readonly numbers?: NumbersOptions;
  readonly baselineMinutes?: number;
  /** Further fields of the execution's input. */
  readonly input?: Readonly<Record<string, unknown>>;
}

/** Fifteen minutes each at these shares. */
const bakedAt = (...shares: readonly number[]) => [
  ...shares.map((share) => ({ share, bake: 900 })),
  { share: 100, bake: 0 },
];

export const CONDITIONS = {
  usual: { about: '100 requests/s, numbers within two minutes' },
  'busy-1000': { about: '1,000 requests/s', requestsPerSecond: 1000 },
  'quiet-10': { about: '10 requests/s', requestsPerSecond: 10 },
  'late-0': { about: 'numbers at once', numbers: { latestSeconds: 30 } },
  'late-2': { about: 'numbers two to two and a half minutes late', numbers: { latestSeconds: 150 } },
  'late-3': { about: 'numbers three minutes late', numbers: { latestSeconds: 180 } },
  'late-5': { about: 'numbers five minutes late', numbers: { latestSeconds: 300 } },
  'gaps-10': { about: 'a tenth of the minutes of each colour never comes', numbers: { lost: 0.1 } },
  'gaps-30': { about: 'three tenths never come', numbers: { lost: 0.3 } },
  'no-pr': { about: 'PR is not answered: shares from percentiles', numbers: { percentilesOnly: true } },
  'one-zone': { about: 'one zone: noise is assumed, not learned', numbers: { zones: 1 } },
  'no-history': { about: 'stable serves for three minutes only', baselineMinutes: 3 },
  'sticky-half': { about: 'the candidate gets half of its share', numbers: { stickiness: 0.5 } },
  'sticky-more': { about: 'the candidate gets half as much again', numbers: { stickiness: 1.5 } },
  'quiet-1-ask': { about: '1 request/s, `onUnproven: ask`', requestsPerSecond: 1 },
  'quiet-1-proceed': {
    about: '1 request/s, `onUnproven: proceed`',
    requestsPerSecond: 1,
    input: { onUnproven: 'proceed' },
  },
  'quiet-1-abort': { about: '1 request/s, `onUnproven: abort`', requestsPerSecond: 1, input: { onUnproven: 'abort' } },
  'quiet-1-exposed': {
    about: '1 request/s, first share 25 % as `plan` advises',
    requestsPerSecond: 1,
    input: { stages: bakedAt(25, 50) },
  },
} as const satisfies Readonly<Record<string, Condition>>;

export type ConditionName = keyof typeof CONDITIONS;

/** Every fault is there from the first share on. */
export const FAULTS = {
  healthy: { scenario: SCENARIOS.healthy, points: 0, factor: 1 },
  outage: { scenario: SCENARIOS['shared-outage'], points: 0, factor: 1 },
  'errors +2': { scenario: SCENARIOS.errors, points: 2, factor: 1 },
  'errors +10': { scenario: SCENARIOS.errors, points: 10, factor: 1 },
  'latency x2': { scenario: SCENARIOS.latency, points: 0, factor: 2 },
  crash: { scenario: SCENARIOS.crash, points: 0, factor: 1 },
} as const satisfies Readonly<Record<string, { scenario: Scenario; points: number; factor: number }>>;

export type FaultName = keyof typeof FAULTS;

/** Nothing is wrong with the candidate itself. */
export const isWell = (fault: FaultName): boolean => fault === 'healthy' || fault === 'outage';

export function rehearsalOf(
  condition: ConditionName,
  fault: FaultName,
  policy: RehearsalOptions['policy'],
  seed: number,
): RehearsalOptions {
  const { requestsPerSecond = 100, numbers, baselineMinutes = 60, input = {} }: Condition = CONDITIONS[condition];
  const { scenario, points, factor } = FAULTS[fault];
  return {
    // At an ordinary error rate under either policy: what `literal` makes of that is a question here.
    scenario: { ...scenario, errorFreeUnderLiteral: undefined },
    seed,
    strategy: 'canary',
    policy,
    requestsPerSecond,
    at: 5,
    fromMinute: 0,
    points,
    factor,
    warmMinutes: 1,
    baselineMinutes,
    ...(numbers ? { numbers } : {}),
    input: { image: CANDIDATE, policy, ...input },
  };
}
