import { randomBinomial, randomLcg, randomPoisson } from 'd3-random';

/** Seeded chance. Each use draws from a stream of its own, so that one more draw here changes nothing there. */
export interface Chance {
  /** Uniform in [0, 1). */
  readonly uniform: () => number;
  readonly poisson: (mean: number) => number;
  readonly binomial: (trials: number, probability: number) => number;
  /** A whole number from `low` to `high`, both included. */
  readonly between: (low: number, high: number) => number;
}

export function chance(seed: number, stream: string): Chance {
  const uniform = randomLcg(mixed(seed, stream));
  const poisson = randomPoisson.source(uniform);
  const binomial = randomBinomial.source(uniform);
  return {
    uniform,
    poisson: (mean) => (mean > 0 ? poisson(mean)() : 0),
    binomial: (trials, probability) =>
      trials <= 0 || probability <= 0 ? 0 : probability >= 1 ? trials : binomial(trials, probability)(),
    between: (low, high) => low + Math.floor(uniform() * (high - low + 1)),
  };
}

/** FNV-1a over the seed and the stream's name, as a number in [0, 1). */
function mixed(seed: number, stream: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(`${seed}/${stream}`)) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return (hash >>> 0) / 2 ** 32;
}
