import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LATENCY_GRID_MS } from '../../../functions/core/judge/constants.ts';
import { type Counts, countsOf, type Outcome, percentile } from '../../../rehearsal/live/counts.ts';

const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({ status: fc.integer({ min: 200, max: 599 }), latencyMs: fc.double({ min: 0, max: 12_000, noNaN: true }) }),
  fc.record({ lost: fc.constantFrom('refused', 'reset') }),
);
const answeredIn = ({ answered }: Counts) => Object.values(answered).reduce((sum, count) => sum + count, 0);

test('a request without an answer counts as a request, and as no status of the target', () => {
  expect(countsOf([{ status: 204, latencyMs: 12 }, { lost: 'refused' }, { lost: 'reset' }])).toMatchObject({
    requests: 3,
    answered: { '2xx': 1, '3xx': 0, '4xx': 0, '5xx': 0 },
    connectionErrors: 1,
    p95Ms: 12,
  });
});

test('a minute without answers has no response time', () => {
  expect(countsOf([{ lost: 'reset' }])).not.toHaveProperty('p95Ms');
});

test('an answer exactly at a threshold is within it', () => {
  const { withinGrid } = countsOf([{ status: 200, latencyMs: LATENCY_GRID_MS[1] }]);
  expect(withinGrid.slice(0, 3)).toEqual([0, 1, 1]);
});

test('the counts of two zones add up to those of their colour', () => {
  fc.assert(
    fc.property(fc.array(outcome), fc.array(outcome), (first, second) => {
      const [one, other, both] = [countsOf(first), countsOf(second), countsOf([...first, ...second])];
      expect(both.requests).toBe(one.requests + other.requests);
      expect(answeredIn(both)).toBe(answeredIn(one) + answeredIn(other));
      expect(both.connectionErrors).toBe(one.connectionErrors + other.connectionErrors);
      expect(both.withinGrid).toEqual(one.withinGrid.map((count, index) => count + other.withinGrid[index]!));
    }),
  );
});

test('more thresholds are met the higher they are, and never by more than were answered', () => {
  fc.assert(
    fc.property(fc.array(outcome), (outcomes) => {
      const counts = countsOf(outcomes);
      expect(counts.withinGrid).toEqual([...counts.withinGrid].sort((a, b) => a - b));
      expect(counts.withinGrid.at(-1)).toBeLessThanOrEqual(answeredIn(counts));
      expect(answeredIn(counts)).toBeLessThanOrEqual(counts.requests);
    }),
  );
});

test('a percentile is one of the values, and that share of them does not exceed it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ noNaN: true }), { minLength: 1 }),
      fc.integer({ min: 1, max: 100 }),
      (values, percent) => {
        const found = percentile(values, percent)!;
        const share = (isCounted: (value: number) => boolean) =>
          (values.filter(isCounted).length / values.length) * 100;
        expect(values.some((value) => value === found)).toBe(true);
        expect(share((value) => value <= found)).toBeGreaterThanOrEqual(percent - 1e-9);
        expect(share((value) => value < found)).toBeLessThan(percent);
      },
    ),
  );
  expect(percentile([], 95)).toBeUndefined();
});
