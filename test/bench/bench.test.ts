import { expect, test } from 'vitest';
import { rehearsals, reversal, transitions } from '../../bench/bench.ts';

test('going back by weights is compared with deploying the old version again, in one run', async () => {
  const { value, baseline, ratio, samples } = await reversal(2, 42);
  expect(samples).toBe(2);
  expect(value).toBeGreaterThan(0);
  // Tasks of the simulated fleet take 23 s at the least to start and be healthy.
  expect(baseline).toBeGreaterThanOrEqual(23);
  expect(ratio).toBeCloseTo(value / baseline!, 1);
});

test('releases a second are counted on whole rehearsals', async () => {
  expect(await rehearsals(1, 42)).toMatchObject({ unit: 'releases/s', samples: 1, value: expect.any(Number) });
});

test('a promoted release costs more transitions than one that went back, at the price of a transition', async () => {
  const { promoted, reverted } = await transitions(42);
  expect(promoted.transitions).toBeGreaterThan(reverted.transitions);
  expect(promoted.usd).toBeCloseTo(promoted.transitions * 0.000_025, 4);
});
