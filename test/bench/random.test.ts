import { describe, expect, test } from 'vitest';
import { logGamma } from '../../bench/detection/log-gamma.ts';
import { draws } from '../../bench/detection/random.ts';

const MANY = 40_000;

/** Mean and variance of many draws, in standard errors from what they should be. */
function deviations(draw: () => number, mean: number, variance: number) {
  const values = Array.from({ length: MANY }, draw);
  const found = values.reduce((sum, value) => sum + value, 0) / MANY;
  const spread = values.reduce((sum, value) => sum + (value - found) ** 2, 0) / (MANY - 1);
  return [Math.abs(found - mean) / Math.sqrt(variance / MANY), Math.abs(spread / variance - 1) * Math.sqrt(MANY / 2)];
}

describe('draws', () => {
  test.each([
    [30, 0.001],
    [3_000, 0.002],
    [57_000, 0.0009],
    [300, 0.1],
    [60_000, 0.47],
    [300, 0.97],
    [5, 0.5],
  ])('binomial counts of %d requests at %d have the mean and the variance of a binomial', (trials, probability) => {
    const chance = draws(42, trials);
    const count = () => chance.binomial(trials, probability);
    const [mean, variance] = deviations(count, trials * probability, trials * probability * (1 - probability));
    expect(mean).toBeLessThan(5);
    // The fourth moment of a rare count is larger than a normal's.
    expect(variance).toBeLessThan(trials * probability < 1 ? 40 : 6);
    expect(Array.from({ length: 1_000 }, count).every((one) => one >= 0 && one <= trials)).toBe(true);
  });

  test.each([0.5, 9.9, 10.1, 600, 60_000])('Poisson counts around %d have that mean and that variance', (mean) => {
    const chance = draws(42, mean);
    const [first, second] = deviations(() => chance.poisson(mean), mean, mean);
    expect(first).toBeLessThan(5);
    expect(second).toBeLessThan(8);
  });

  test('normal draws have mean 0 and variance 1', () => {
    const { normal } = draws(42);
    for (const deviation of deviations(normal, 0, 1)) expect(deviation).toBeLessThan(5);
  });

  test('what cannot be drawn is zero, what must happen always does', () => {
    const { binomial, poisson } = draws(42);
    expect([binomial(0, 0.5), binomial(10, 0), binomial(10, 1), poisson(0)]).toEqual([0, 0, 10, 0]);
  });

  test('the same seed draws the same, another run or stream draws something else', () => {
    const ten = (...seed: readonly number[]) => {
      const { uniform } = draws(...seed);
      return Array.from({ length: 10 }, () => uniform());
    };
    expect(ten(42, 7, 1)).toEqual(ten(42, 7, 1));
    for (const other of [ten(43, 7, 1), ten(42, 8, 1), ten(42, 7, 2), ten(7, 42, 1)]) {
      expect(other).not.toEqual(ten(42, 7, 1));
    }
  });
});

test('the gamma function goes on where factorials are', () => {
  let factorial = 0;
  for (let n = 1; n <= 200; n++) {
    factorial += Math.log(n);
    expect(logGamma(n + 1)).toBeCloseTo(factorial, 9);
  }
  expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 10);
});
