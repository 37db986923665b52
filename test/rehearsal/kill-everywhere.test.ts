/** A part of `npm run kill-everywhere`, spread over all of it: controllers die, and nobody is left on a split. */
import { describe, expect, test } from 'vitest';
import type { Policy } from '../../functions/core/plan.ts';
import { Sampler } from '../../rehearsal/kill-everywhere/places.ts';
import { reportOf } from '../../rehearsal/kill-everywhere/report.ts';
import { KILL_STORIES } from '../../rehearsal/kill-everywhere/stories.ts';
import {
  firstPass,
  type KillOptions,
  type KillPoint,
  type KillResult,
  runKilled,
  secondPass,
} from '../../rehearsal/kill-everywhere.ts';
import { SCENARIOS } from '../../rehearsal/scenarios.ts';

const OPTIONS: KillOptions = { seed: 42, withReconciler: true };
const STORIES = [...KILL_STORIES.keys()];
/** Each run of the suite takes these, one in nine, and what failed before; the sweep takes all of them. */
const ALWAYS = [
  'healthy, compare',
  'errors, compare',
  'crash, literal',
  'alb-throttled, compare',
  'rollback warm, compare',
];
const SAMPLED = STORIES.filter((story, index) => index % 9 === OPTIONS.seed % 9 || ALWAYS.includes(story));

const every = <T>(nth: number, all: readonly T[], from = 0): readonly T[] =>
  all.filter((_, index) => index % nth === from);

async function runAll(points: readonly KillPoint[], options = OPTIONS): Promise<readonly KillResult[]> {
  const results: KillResult[] = [];
  for (const point of points) results.push(await runKilled(point, options));
  return results;
}

test.each<Policy>(['compare', 'literal'])('the sweep covers every scenario under %s', (policy) => {
  expect(STORIES).toEqual(expect.arrayContaining(Object.keys(SCENARIOS).map((name) => `${name}, ${policy}`)));
});

describe.each(SAMPLED)('while its controller dies, %s', (scenario) => {
  test('leaves users on a healthy colour and the service free, whoever dies where [F24]', async () => {
    const { whole, points } = await firstPass(scenario, OPTIONS);
    const first = await runAll([...every(29, points, 9), ...every(43, points, 30)]);
    const second = await runAll(every(29, secondPass(first, new Sampler(OPTIONS.seed)), 4));
    const { violations, maxSecondsToStable, maxSecondsToFree } = reportOf([whole, ...first, ...second], 0);
    expect(violations).toEqual([]);
    expect(maxSecondsToStable).toBeLessThanOrEqual(120);
    expect(maxSecondsToFree).toBeLessThanOrEqual(300);
  });
});

describe('of the places in which a release can die', () => {
  test('each is visited, the first time in every way', async () => {
    const { points, places } = await firstPass('healthy, compare', OPTIONS);
    expect(places).toBeGreaterThan(points.length / 3);
    const died = await runAll(every(41, points));
    expect(died.filter(({ tookOver }) => tookOver).length).toBeGreaterThan(died.length / 2);
    expect(new Set(points.map(({ kill }) => `${kill!.at} ${kill!.count} ${kill!.how}`)).size).toBe(points.length);
  });

  test('those that an earlier story had are sampled, by the seed', async () => {
    const sampler = new Sampler(42);
    const sizes: number[] = [];
    for (let story = 0; story < 4; story++)
      sizes.push((await firstPass('rollback cold, compare', OPTIONS, sampler)).points.length);
    const [first, second, third, fourth] = sizes;
    expect(second).toBe(first);
    for (const later of [third!, fourth!]) expect(later).toBeLessThan(first! / 3);
  });

  test('the reconciler dies too, at each of its calls', async () => {
    const { points } = await firstPass('errors, compare', OPTIONS);
    const aborted = points.filter(({ kill }) => kill!.at === 'transition' && kill!.how === 'ABORTED');
    const first = await runAll(every(9, aborted, 4));
    const second = secondPass(first, new Sampler(42));
    expect(second.length).toBeGreaterThan(first.length * 10);
    const { violations } = reportOf(await runAll(every(31, second)), 0);
    expect(violations).toEqual([]);
  });
});

test('without the reconciler the same deaths leave users split and the lock held, and the sweep says so', async () => {
  const { points } = await firstPass('healthy, compare', OPTIONS);
  const { violations, tookOver } = reportOf(
    await runAll(every(41, points, 20), { ...OPTIONS, withReconciler: false }),
    points.length,
  );
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
  const result = (kill: NonNullable<KillPoint['kill']>, more: Partial<KillResult> = {}): KillResult => ({
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
  const report = reportOf(
    [
      result({ at: 'transition', count: 3, how: 'ABORTED' }, { tookOver: false, secondsToStable: 0, secondsToFree: 0 }),
      result({ at: 'transition', count: 3, how: 'TIMED_OUT' }),
      result({ at: 'call', count: 9, how: 'outlives' }, { secondsToStable: 55, violations: [violation] }),
      result({ at: 'call', count: 9, how: 'outlives' }),
    ],
    17,
  );
  expect(report).toEqual({
    schema: 'sluice.kill-everywhere/1',
    scenarios: [{ scenario: 'crash', points: 4, byKind: { aborted: 1, 'timed out': 1, outlives: 2 } }],
    killPoints: 4,
    places: 17,
    tookOver: 3,
    maxSecondsToStable: 55,
    maxSecondsToFree: 200,
    violations: [{ ...violation, scenario: 'crash', kill: 'outlives call 9' }],
  });
});
