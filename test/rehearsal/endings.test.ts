import { describe, expect, test } from 'vitest';
import { SCENARIOS, type Scenario, type ScenarioName } from '../../rehearsal/scenarios.ts';
import { rehearsal } from './rehearsals.ts';

/** An outcome and, where it is written down, the shares that were reached. */
type End = readonly [outcome: string, shares?: readonly number[]];

const CANARY = [5, 25, 50, 100];
const GOOD: End = ['promoted', CANARY];
const BACK: End = ['reverted'];
const NEVER_MET_USERS: End = ['reverted', []];

/** What people read of each scenario: how it ends under `compare`, and under `literal`. */
const TABLE: Readonly<Record<ScenarioName, readonly [compare: End, literal: End]>> = {
  healthy: [GOOD, GOOD],
  'blue-green': [
    ['promoted', [10, 50, 100]],
    ['promoted', [10, 50, 100]],
  ],
  'alb-throttled': [GOOD, GOOD],
  'probe-fails': [
    ['reverted', [5]],
    ['reverted', [5]],
  ],
  'ecs-outage': [GOOD, GOOD],
  'lambda-throttled': [GOOD, GOOD],
  'held-while-growing': [GOOD, GOOD],
  errors: [['reverted', [5, 25]], BACK],
  latency: [['reverted', [5, 25]], BACK],
  crash: [['reverted', [5, 25]], BACK],
  leak: [BACK, BACK],
  'never-healthy': [NEVER_MET_USERS, NEVER_MET_USERS],
  'migration-fails': [NEVER_MET_USERS, NEVER_MET_USERS],
  'migration-hangs': [NEVER_MET_USERS, NEVER_MET_USERS],
  'silent-metrics': [BACK, BACK],
  'low-traffic': [BACK, BACK],
  'shared-outage': [GOOD, BACK],
  'shared-unhealthy': [GOOD, BACK],
  'stable-heals': [['reverted', [5, 25]], BACK],
  'two-rollbacks': [
    ['promoted', [100]],
    ['promoted', [100]],
  ],
  'rollback-after-rollback': [['reverted', [5, 25]], BACK],
  'stable-unhealthy': [
    ['refused', []],
    ['refused', []],
  ],
  'first-release': [
    ['promoted', [100]],
    ['promoted', [100]],
  ],
};

const HELD_AND_ASKED: readonly ScenarioName[] = ['silent-metrics', 'low-traffic'];
const FOUR_HOURS = 4 * 3600;

/** The rows of docs/failure-modes.md and docs/seed.md that a scenario shows. */
const SHOWS: Partial<Readonly<Record<ScenarioName, string>>> = {
  'alb-throttled': '[F27]',
  'stable-heals': '[F30]',
  'low-traffic': '[F35]',
  'stable-unhealthy': '[F36]',
  'shared-outage': '[F42]',
  'shared-unhealthy': '[F42]',
  'silent-metrics': '[F45]',
  'never-healthy': '[F48]',
  'migration-fails': '[F51] [S538]',
  'blue-green': '[S457]',
  healthy: '[S492]',
};
const titled = (Object.keys(SCENARIOS) as ScenarioName[]).map(
  (name) => [[name, SHOWS[name]].filter(Boolean).join(' '), name] as const,
);

describe.each(['compare', 'literal'] as const)('under policy %s', (policy) => {
  describe.each(titled)('%s', (_, name) => {
    const [outcome, shares] = TABLE[name][policy === 'compare' ? 0 : 1];

    test.each([1, 2, 3])('ends as it is written, with every promise kept (seed %i)', async (seed) => {
      const rehearsed = await rehearsal(name, { policy, seed, points: (SCENARIOS[name] as Scenario).points ?? 5 });
      expect([rehearsed.outcome, rehearsed.asExpected, rehearsed.violations]).toEqual([outcome, true, []]);
      if (shares) expect(rehearsed.shares).toEqual(shares);
      expect(rehearsed.reason).toMatch(/^.+$/);
      if (!HELD_AND_ASKED.includes(name)) return;
      const asked = rehearsed.world.notifications.find(({ kind }) => kind === 'held')!;
      const order = rehearsed.writes.find(({ call }) => call === 'ledger: abort')!;
      expect(order.second - asked.second).toBeGreaterThanOrEqual(FOUR_HOURS - 60);
    });
  });
});
