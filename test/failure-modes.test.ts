import { describe, expect, test } from 'vitest';
import { failureModesIn } from '../scripts/proofs.ts';
import { writtenIds } from './proofs.ts';
import { textOf } from './repository-files.ts';

const MOST_UNTESTED = 8;

const modes = failureModesIn(textOf('docs/failure-modes.md'));

describe('docs/failure-modes.md', () => {
  test('has sixty faults in order, each with what a user expects and what happens', () => {
    expect(modes.map(({ id }) => id)).toEqual(
      Array.from({ length: 60 }, (_, index) => `F${String(index + 1).padStart(2, '0')}`),
    );
    for (const mode of modes)
      expect([mode.fault, mode.expected, mode.happens].filter((words) => words.length < 3)).toEqual([]);
  });

  test('names a test for each, or the reason why it cannot be tested here', () => {
    expect(modes.filter(({ isTested, untested }) => isTested === (untested !== undefined))).toEqual([]);
    expect(modes.filter(({ untested }) => untested !== undefined).length).toBeLessThanOrEqual(MOST_UNTESTED);
  });

  test('each id stands in the title of a test, and no title has another one', () => {
    const written = [...writtenIds().keys()].filter((id) => id.startsWith('F'));
    expect(written.toSorted()).toEqual(modes.filter(({ isTested }) => isTested).map(({ id }) => id));
  });
});
