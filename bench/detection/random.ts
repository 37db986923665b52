/** Fast seeded draws: a bench of ten thousand releases draws a thousand million numbers. */
import type { Chance } from '../../rehearsal/chance.ts';
import { logGamma } from './log-gamma.ts';

export interface Draws extends Pick<Chance, 'uniform' | 'binomial' | 'poisson'> {
  /** Standard normal. */
  readonly normal: () => number;
  readonly between: (low: number, high: number) => number;
}

/** The same numbers draw the same; each stream is independent of the others. */
export function draws(...seed: readonly number[]): Draws {
  const uniform = sfc32(seed);
  return {
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    between: (low, high) => low + (high - low) * uniform(),
    poisson: (mean) =>
      mean <= 0 ? 0 : mean < 10 ? poissonByProduct(uniform, mean) : poissonByRejection(uniform, mean),
    binomial(trials, probability) {
      if (trials <= 0 || probability <= 0) return 0;
      if (probability >= 1) return trials;
      if (probability > 0.5) return trials - binomialOfRare(uniform, trials, 1 - probability);
      return binomialOfRare(uniform, trials, probability);
    },
  };
}

const binomialOfRare = (uniform: () => number, trials: number, probability: number): number =>
  trials * probability < 10
    ? binomialByInversion(uniform, trials, probability)
    : binomialByRejection(uniform, trials, probability);

function binomialByInversion(uniform: () => number, trials: number, probability: number): number {
  const odds = probability / (1 - probability);
  let mass = Math.exp(trials * Math.log1p(-probability));
  let left = uniform();
  let count = 0;
  while (left > mass && count < trials) {
    left -= mass;
    count++;
    mass *= (odds * (trials - count + 1)) / count;
  }
  return count;
}

/** Hörmann, "The generation of binomial random variates" (1993), algorithm BTRS; right for a mean of 10 or more. */
function binomialByRejection(uniform: () => number, trials: number, probability: number): number {
  const deviation = Math.sqrt(trials * probability * (1 - probability));
  const b = 1.15 + 2.53 * deviation;
  const a = -0.0873 + 0.0248 * b + 0.01 * probability;
  const centre = trials * probability + 0.5;
  const quick = 0.92 - 4.2 / b;
  const alpha = (2.83 + 5.1 / b) * deviation;
  const logOdds = Math.log(probability / (1 - probability));
  const mode = Math.floor((trials + 1) * probability);
  const atMode = logGamma(mode + 1) + logGamma(trials - mode + 1);
  for (;;) {
    const u = uniform() - 0.5;
    const v = uniform();
    const edge = 0.5 - Math.abs(u);
    const count = Math.floor(((2 * a) / edge + b) * u + centre);
    if (edge >= 0.07 && v <= quick) return count;
    if (count < 0 || count > trials) continue;
    const height = Math.log((v * alpha) / (a / (edge * edge) + b));
    if (height <= atMode - logGamma(count + 1) - logGamma(trials - count + 1) + (count - mode) * logOdds) return count;
  }
}

/** Knuth: as many factors as it takes to fall under e^-mean. */
function poissonByProduct(uniform: () => number, mean: number): number {
  const floor = Math.exp(-mean);
  let product = uniform();
  let count = 0;
  while (product > floor) {
    product *= uniform();
    count++;
  }
  return count;
}

/** Hörmann, "The transformed rejection method for generating Poisson random variables" (1993), algorithm PTRS. */
function poissonByRejection(uniform: () => number, mean: number): number {
  const b = 0.931 + 2.53 * Math.sqrt(mean);
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const quick = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const u = uniform() - 0.5;
    const v = uniform();
    const edge = 0.5 - Math.abs(u);
    const count = Math.floor(((2 * a) / edge + b) * u + mean + 0.43);
    if (edge >= 0.07 && v <= quick) return count;
    if (count < 0 || (edge < 0.013 && v > edge)) continue;
    const height = Math.log((v * inverseAlpha) / (a / (edge * edge) + b));
    if (height <= count * Math.log(mean) - mean - logGamma(count + 1)) return count;
  }
}

/** Chris Doty-Humphrey's small fast counting generator, 128 bits of state, stirred before use. */
function sfc32(seed: readonly number[]): () => number {
  let [a, b, c, counter] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 1];
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (const number of seed) {
    a ^= number | 0;
    for (let round = 0; round < 12; round++) next();
  }
  return () => (next() + 0.5) / 2 ** 32;
}
