import { describe, expect, test } from 'vitest';
import { cellSentence, endOf, loopCell } from '../../bench/closed-loop/cells.ts';
import { CONDITIONS, type ConditionName } from '../../bench/closed-loop/conditions.ts';

const SEED = 7;
const conditions = Object.keys(CONDITIONS) as ConditionName[];

describe.each(conditions)('with %s', (condition) => {
  test('a good release is not sent back by the numbers, and no promise is broken', async () => {
    const cell = await loopCell(condition, 'healthy', 'compare', 2, SEED);
    expect(cell).toMatchObject({ byNumbers: 0, byHardRules: 0, violations: 0 });
    expect(cell.promoted + cell.unproven).toBe(1);
  });

  test.each(['errors +10', 'latency x2', 'crash'] as const)('a release with %s is not promoted', async (fault) => {
    const cell = await loopCell(condition, fault, 'compare', 1, SEED);
    expect(cell).toMatchObject({ promoted: 0, violations: 0 });
  });
});

test.each(['late-2', 'late-3', 'late-5', 'gaps-30', 'no-pr', 'one-zone', 'no-history', 'sticky-half'] as const)(
  'with %s the numbers still convict, within the first bake',
  async (condition) => {
    const cell = await loopCell(condition, 'errors +10', 'compare', 1, SEED);
    expect(cell.byNumbers).toBe(1);
    expect(cell.medianMinutesToBack).toBeLessThan(15);
  },
);

test('under `literal` an ordinary error rate is enough to go back', async () => {
  expect(await loopCell('usual', 'healthy', 'literal', 2, SEED)).toMatchObject({ promoted: 0, byNumbers: 1 });
});

test('a release that cannot be proven asks a person, and `onUnproven` can answer', async () => {
  const [ask, proceed, abort] = await Promise.all(
    (['quiet-1-ask', 'quiet-1-proceed', 'quiet-1-abort'] as const).map((condition) =>
      loopCell(condition, 'healthy', 'compare', 2, SEED),
    ),
  );
  expect([ask?.asked, proceed?.promoted, abort?.unproven]).toEqual([1, 1, 1]);
});

test('an end that no release of this bench may come to is an error', () => {
  expect(() => endOf({ outcome: 'stuck', reason: 'neither way is safe' })).toThrow(/stuck/);
});

test('a cell reads as a sentence', () => {
  const cell = { condition: 'usual', fault: 'errors +2', policy: 'compare', runs: 4, violations: 0 } as const;
  const rates = { promoted: 0, byNumbers: 0.75, byHardRules: 0, unproven: 0.25, asked: 0.25 };
  expect(cellSentence({ ...cell, ...rates, ci95: [0, 0.5], medianMinutesToBack: 5.2 })).toBe(
    '75 % back by the numbers; 25 % back unproven; 25 % asked; minute 5.2',
  );
});
