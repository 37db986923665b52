/** A part of `npm run kill-everywhere`, spread over all of it: controllers die, and nobody is left on a split. */
import { describe, expect, test } from 'vitest';
import {
  firstPass,
  flyKilled,
  KILL_SCENARIOS,
  type KillOptions,
  type KillPoint,
  type KillResult,
  type KillScenario,
  nameOf,
  reportOf,
  secondPass,
} from '../../rehearsal/kill-everywhere.ts';

const SCENARIOS = Object.keys(KILL_SCENARIOS) as KillScenario[];
const OPTIONS: KillOptions = { seed: 42, withReconciler: true };

const every = (nth: number, points: readonly KillPoint[], from = 0): readonly KillPoint[] =>
  points.filter((_, index) => index % nth === from);

async function flyAll(points: readonly KillPoint[], options = OPTIONS): Promise<readonly KillResult[]> {
  const results: KillResult[] = [];
  for (const point of points) results.push(await flyKilled(point, options));
  return results;
}

describe.each(SCENARIOS)('while its controller dies, %s', (scenario) => {
  test('leaves users on a healthy colour and the service free, whoever dies where [F24]', async () => {
    const points = await firstPass(scenario, OPTIONS);
    const transitions = points.filter(({ kill }) => kill.at === 'transition' && kill.how === 'ABORTED');
    const first = await flyAll([...every(5, transitions, 2), ...every(17, points, 9)]);
    const second = await flyAll(every(19, secondPass(first), 4));
    expect(second.length).toBeGreaterThan(0);
    const { violations, maxSecondsToStable, maxSecondsToFree, tookOver } = reportOf([...first, ...second]);
    expect(violations).toEqual([]);
    expect(maxSecondsToStable).toBeLessThanOrEqual(120);
    expect(maxSecondsToFree).toBeLessThanOrEqual(300);
    expect(tookOver).toBeGreaterThan(first.length / 2);
  });
});

test('the whole has more than a thousand kill points, each another one', async () => {
  const points = (await Promise.all(SCENARIOS.map((scenario) => firstPass(scenario, OPTIONS)))).flat();
  expect(points.length).toBeGreaterThan(1000);
  expect(new Set(points.map((point) => `${point.scenario} ${nameOf(point)}`)).size).toBe(points.length);
});

test('without the reconciler the same deaths leave users split and the lock held, and the sweep says so', async () => {
  const points = every(97, await firstPass('healthy', OPTIONS), 40);
  const { violations, tookOver } = reportOf(await flyAll(points, { ...OPTIONS, withReconciler: false }));
  expect(tookOver).toBe(0);
  expect([...new Set(violations.map(({ invariant }) => invariant))]).toEqual([4]);
  expect(violations.map(({ detail }) => detail)).toEqual(
    expect.arrayContaining([
      'users are split 120 s after the controller died',
      expect.stringMatching(/^the lock is held by .* 300 s after the controller died$/),
    ]),
  );
});

test('the report counts each kind of death, and names where a promise was broken', () => {
  const result = (kill: KillPoint['kill'], more: Partial<KillResult> = {}): KillResult => ({
    point: { scenario: 'crash', kill },
    tookOver: true,
    secondsToStable: 30,
    secondsToFree: 200,
    violations: [],
    diedIn: 'Judge at 25 %',
    reconcilerCalls: 0,
    ...more,
  });
  const violation = { invariant: 4, second: 400, state: 'Judge', detail: 'users are split' };
  const report = reportOf([
    result({ at: 'transition', count: 3, how: 'ABORTED' }, { tookOver: false, secondsToStable: 0, secondsToFree: 0 }),
    result({ at: 'transition', count: 3, how: 'TIMED_OUT' }),
    result({ at: 'call', count: 9, how: 'outlives' }, { secondsToStable: 55, violations: [violation] }),
    result({ at: 'call', count: 9, how: 'outlives' }),
  ]);
  expect(report).toEqual({
    schema: 'sluice.kill-everywhere/1',
    scenarios: [{ scenario: 'crash', points: 4, byKind: { aborted: 1, 'timed out': 1, outlives: 2 } }],
    killPoints: 4,
    tookOver: 3,
    maxSecondsToStable: 55,
    maxSecondsToFree: 200,
    violations: [{ ...violation, scenario: 'crash', kill: 'outlives call 9' }],
  });
});
