/** Reconciler: it dies at any moment without harm, since the next look goes on from the ledger. */
import { describe, expect, test } from 'vitest';
import type { Lock, Phase } from '../../functions/core/protocol.ts';
import { ABORT, fixture, lockIn, type SceneOptions, SOMEBODY_ELSE, truth } from './fixture.ts';

const ended = () => 'ended' as const;
const theirs = (phase: Phase, share = 25, facts: Partial<Lock> = {}): Lock =>
  lockIn(phase, share, { owner: SOMEBODY_ELSE, ...facts });

test.each([1, 2, 3])('%i looks that die on their way to tell somebody: somebody is told in the end', async (deaths) => {
  let died = 0;
  const it = await fixture({
    lock: theirs('baking'),
    executionStatus: ended,
    before: (_, name) => {
      if (name !== 'Publish' || died >= deaths) return;
      died += 1;
      throw new Error('the Lambda died');
    },
  });
  for (let look = 0; look < 10; look++) {
    await it.reconcile().catch(() => undefined);
    await it.wait(60);
  }
  expect(died).toBe(deaths);
  expect(it.world.ledger.state.lock).toBeUndefined();
  expect(it.world.notifications.map(({ notification }) => notification.title)).toContainEqual(
    expect.stringMatching(/it was taken over$/),
  );
});

describe('a reconciler that dies at any of its calls', () => {
  const STORIES: readonly (readonly [string, SceneOptions])[] = [
    ['a dead owner at 25 %', { lock: theirs('baking'), executionStatus: ended }],
    ['a dead owner that was aborted', { lock: theirs('baking', 50, { abort: ABORT }), executionStatus: ended }],
    ['a dead owner that was closing', { lock: theirs('closing', 100), executionStatus: ended }],
    ['a dead owner whose stable died', { lock: theirs('baking'), stableTasks: 0, executionStatus: ended }],
    ['a split that nobody released', { weights: { blue: 60, green: 40 } }],
  ];

  /** The looks go on; the one that makes the n-th call dies before or after it. */
  async function killed(options: SceneOptions, when: 'before' | 'after', nth: number) {
    let died = 0;
    const die = (call: number) => {
      if (call !== nth || died > 0) return;
      died += 1;
      throw new Error('the Lambda died');
    };
    const it = await fixture({ ...options, [when]: die });
    for (let look = 0; look < 9; look++) {
      await it.reconcile().catch(() => undefined);
      await it.wait(60);
    }
    return { it, died };
  }

  describe.each(STORIES)('%s', (_, options) => {
    test.each(['before', 'after'] as const)('%s it: the next looks come to the same end', async (when) => {
      const undisturbed = await killed(options, when, 0);
      const expected = truth(undisturbed.it);
      expect(undisturbed.it.violations).toEqual([]);
      let points = 0;
      for (let nth = 1; ; nth++) {
        const { it, died } = await killed(options, when, nth);
        // The looks of a service at rest, which come after the end, are the last calls.
        if (died === 0 || nth > 60) break;
        points += 1;
        const where = `${when} call ${nth}: ${it.world.calls[nth - 1]?.call}`;
        expect(truth(it), where).toEqual(expected);
        expect(it.violations, where).toEqual([]);
        // Whatever was lost with the dead look, somebody was told.
        expect(it.world.notifications.map(({ notification }) => notification.releaseId).join(), where).toMatch(
          /r-2026|drift-/,
        );
      }
      expect(points).toBeGreaterThan(15);
    });
  });
});
