/** Each promise of the design is broken on purpose, and the watch must name exactly that one. */
import { describe, expect, test } from 'vitest';
import { PROMISE_IDS } from '../../functions/core/promises.ts';
import { PROMISES } from '../../rehearsal/promises.ts';
import { SCENARIOS, type ScenarioName } from '../../rehearsal/scenarios.ts';
import { abortAfter, BROKEN } from './broken-promises.ts';
import { broken, rehearsal } from './rehearsals.ts';

describe('a rehearsal that breaks a promise is caught, and that promise is named [F11]', () => {
  test.each(BROKEN)('$invariant: $how', async ({ invariant, scenario, changes }) => {
    const rehearsed = await rehearsal(scenario, changes);
    expect(broken(rehearsed)).toEqual([invariant]);
    for (const { state, second, detail } of rehearsed.violations) {
      expect(state).not.toBe('');
      expect(second).toBeGreaterThanOrEqual(0);
      expect(detail).not.toBe('');
    }
  });

  test('each promise has such a rehearsal', () => {
    const all = PROMISES.map(({ id }) => id);
    expect(all).toEqual(PROMISE_IDS);
    expect([...new Set(BROKEN.map(({ invariant }) => invariant))]).toEqual(all);
  });
});

describe('a rehearsal that nobody broke keeps every promise', () => {
  test.each(Object.keys(SCENARIOS) as ScenarioName[])('%s', async (name) => {
    expect((await rehearsal(name)).violations).toEqual([]);
  });

  test('also when a person orders it back', async () => {
    const rehearsed = await rehearsal('healthy', { sabotage: abortAfter(400) });
    expect([rehearsed.outcome, rehearsed.reason, broken(rehearsed)]).toEqual(['reverted', 'enough', []]);
  });

  test('also when the input is refused', async () => {
    const rehearsed = await rehearsal('healthy', { input: { image: 'v9.9.9' } });
    expect([rehearsed.outcome, broken(rehearsed)]).toEqual(['refused', []]);
  });
});
