/** Each promise of the design is broken on purpose, and the watch must name exactly that one. */
import { describe, expect, test } from 'vitest';
import { PROMISES } from '../../rehearsal/promises.ts';
import { SCENARIOS, type ScenarioName } from '../../rehearsal/scenarios.ts';
import { abortAfter, BROKEN } from './broken-promises.ts';
import { broken, flight } from './flights.ts';

describe('a flight that breaks a promise is caught, and that promise is named [F11]', () => {
  test.each(BROKEN)('$invariant: $how', async ({ invariant, scenario, changes }) => {
    const flown = await flight(scenario, changes);
    expect(broken(flown)).toEqual([invariant]);
    for (const { state, second, detail } of flown.violations) {
      expect(state).not.toBe('');
      expect(second).toBeGreaterThanOrEqual(0);
      expect(detail).not.toBe('');
    }
  });

  test('each promise has such a flight', () => {
    const all = PROMISES.map(({ id }) => id);
    expect([...new Set(BROKEN.map(({ invariant }) => invariant))]).toEqual(all);
  });
});

describe('a flight that nobody broke keeps every promise', () => {
  test.each(Object.keys(SCENARIOS) as ScenarioName[])('%s', async (name) => {
    expect((await flight(name)).violations).toEqual([]);
  });

  test('also when a person orders it back', async () => {
    const flown = await flight('healthy', { sabotage: abortAfter(400) });
    expect([flown.outcome, flown.reason, broken(flown)]).toEqual(['reverted', 'enough', []]);
  });

  test('also when the input is refused', async () => {
    const flown = await flight('healthy', { input: { image: 'v9.9.9' } });
    expect([flown.outcome, broken(flown)]).toEqual(['refused', []]);
  });
});
