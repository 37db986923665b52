import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { latencyColumns, learn, learnNoise } from '../../../functions/core/judge/baseline.ts';
import type { Counts, GroupMinute } from '../../../functions/core/judge/readings.ts';
import { recordings } from './recordings.ts';

const gridMs = [100, 200, 300, 500, 1000];

const zone = (requests: number, withinPercent: readonly (number | undefined)[], errors5xx = 0): GroupMinute => ({
  requests,
  errors5xx,
  withinPercent,
});

const usual = [50, 90, 95, 98, 99.5];
const hour = (minutes: number, zones: readonly GroupMinute[]) => Array.from({ length: minutes }, () => zones);
const counts = (requests: number, failures: number): Counts => ({ requests, failures, slow: 0, verySlow: 0 });

describe('what slow means', () => {
  test('slow and very slow begin where 90 % and 99 % of stable were faster', () => {
    const { slowMs, verySlowMs } = learn(hour(60, [zone(100, usual), zone(100, usual)]), gridMs);
    expect([slowMs, verySlowMs]).toEqual([200, 1000]);
  });

  test('zones are pooled by their requests', () => {
    const zones = [zone(900, [95, 99, 100, 100, 100]), zone(100, [0, 0, 50, 99, 100])];
    expect(learn(hour(60, zones), gridMs)).toMatchObject({ slowMs: 300, verySlowMs: 500 });
  });

  test('a stable slower than the whole grid is measured at its end', () => {
    const late = [0, 0, 1, 2, 60];
    expect(learn(hour(60, [zone(100, late), zone(100, late)]), gridMs)).toMatchObject({
      slowMs: 1000,
      verySlowMs: 1000,
    });
  });

  test('a stable of which nothing is known is measured at the bars of the plan', () => {
    expect(learn([], gridMs)).toMatchObject({ slowMs: 300, verySlowMs: 500, minutes: 0, learned: false });
  });

  test('the thresholds stand in the grid', () => {
    expect(latencyColumns({ slowMs: 200, verySlowMs: 1000 }, gridMs)).toEqual({
      slow: 1,
      verySlow: 4,
      overPassBar: 2,
      overRollbackBar: 3,
    });
  });
});

describe('what noise means', () => {
  const priors = {
    burst: { errors: 1.75, slow: 1.5, verySlow: 1.5 },
    spread: { errors: 0.05, slow: 0.04, verySlow: 0.06 },
  };

  test('nine minutes teach nothing, ten do', () => {
    const zones = [zone(1000, usual, 40), zone(1000, usual, 2)];
    expect(learn(hour(9, zones), gridMs)).toMatchObject({ ...priors, minutes: 9, learned: false });
    const ten = learn(hour(10, zones), gridMs);
    expect(ten.learned).toBe(true);
    expect(ten.burst.errors).toBeGreaterThan(priors.burst.errors);
  });

  test('one zone alone cannot show noise, but its rate is known', () => {
    const one = learn(hour(60, [zone(1000, usual, 4)]), gridMs);
    expect(one).toMatchObject({ ...priors, learned: false, minutes: 60, requests: 60_000, failures: 240 });
  });

  test('the first of three zones is compared with the other two', () => {
    const three = learn(hour(60, [zone(1000, usual, 10), zone(500, usual, 5), zone(500, usual, 5)]), gridMs);
    const two = learn(hour(60, [zone(1000, usual, 10), zone(1000, usual, 10)]), gridMs);
    expect(three.burst.errors).toBe(two.burst.errors);
  });

  test('zones that differ more than chance make the judge more careful', () => {
    const even = learnNoise(Array.from({ length: 60 }, () => ({ one: counts(1000, 10), rest: counts(1000, 10) })));
    const torn = learnNoise(Array.from({ length: 60 }, () => ({ one: counts(1000, 38), rest: counts(1000, 2) })));
    expect(torn.burst.errors).toBeGreaterThan(even.burst.errors);
    expect(torn.spread.errors).toBeGreaterThan(even.spread.errors);
  });

  test('noise stays between its bounds whatever the hour was', () => {
    const side = fc
      .tuple(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 0, max: 1_000 }))
      .map(([requests, thousandths]) => counts(requests, Math.floor((requests * thousandths) / 1_000)));
    fc.assert(
      fc.property(fc.array(fc.record({ one: side, rest: side }), { minLength: 10, maxLength: 60 }), (halves) => {
        const { burst, spread } = learnNoise(halves);
        expect(burst.errors).toBeGreaterThanOrEqual(1.5);
        expect(burst.errors).toBeLessThanOrEqual(6);
        expect(spread.errors).toBeGreaterThanOrEqual(0.005);
        expect(spread.errors).toSatisfy(Number.isFinite);
      }),
    );
  });
});

test('the recorded hours teach thresholds between 100 ms and 1 s and an error rate under 1 %', () => {
  for (const { columns, baseline } of recordings) {
    const ranks = columns.flatMap((column, index) => (column.startsWith('PR(') ? [index] : []));
    const learned = learn(
      baseline.map(({ stableZones }) =>
        stableZones.map((row) =>
          zone(
            row[0]!,
            ranks.map((rank) => row[rank] ?? undefined),
            row[1]!,
          ),
        ),
      ),
      ranks.map((rank) => Math.round(Number(columns[rank]!.slice(4, -1)) * 1000)),
    );
    expect(learned.learned).toBe(true);
    expect(learned.slowMs).toBeGreaterThanOrEqual(100);
    expect(learned.verySlowMs).toBeGreaterThan(learned.slowMs);
    expect(learned.failures / learned.requests).toBeLessThan(0.01);
  }
});
