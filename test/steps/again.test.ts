/** Every step may be asked again: at once, after its answer was lost, after any of its calls was or was not carried out. */
import { describe, expect, test } from 'vitest';
import { Transient } from '../../functions/core/failures.ts';
import type { Verb } from '../../rehearsal/functions.ts';
import {
  ABORT,
  askUntilAnswered,
  FENCE,
  type Fixture,
  fixture,
  lockIn,
  NOW,
  type SceneOptions,
  truth,
} from './fixture.ts';

interface Story {
  readonly verb: Verb;
  readonly of: string;
  readonly options: SceneOptions;
  readonly share?: number;
  /** Open is asked with an input of its own. */
  readonly input?: unknown;
  readonly ends: string;
  /** What of the service is written once more when it is asked again. @default - nothing */
  readonly writesAgain?: readonly string[];
}

const settled = { settleFrom: NOW - 120, reason: ABORT.reason };
const command = { id: 'c-1', verb: 'advance', share: 5, fence: FENCE } as const;
const { plan } = lockIn('opening');

const STORIES: readonly Story[] = [
  { verb: 'Migrate', of: 'a migration that ends well', options: { lock: lockIn('opening') }, ends: 'done' },
  { verb: 'Prepare', of: 'a colour that slept', options: { lock: lockIn('migrating') }, share: 5, ends: 'ready' },
  {
    verb: 'Prepare',
    of: 'a candidate that must grow',
    options: { lock: lockIn('baking', 25), candidateTasks: 2, stableTasks: 5 },
    share: 50,
    ends: 'ready',
  },
  {
    verb: 'Shift',
    of: 'the first share',
    options: { lock: lockIn('deploying'), candidateTasks: 2 },
    share: 5,
    ends: 'shifted',
  },
  { verb: 'Shift', of: 'a higher share', options: { lock: lockIn('baking', 5) }, share: 25, ends: 'shifted' },
  { verb: 'Shift', of: 'the last share', options: { lock: lockIn('baking', 50) }, share: 100, ends: 'shifted' },
  {
    verb: 'Shift',
    of: 'a share that a person asked for',
    options: { lock: lockIn('baking', 5, { command }) },
    share: 25,
    ends: 'shifted',
  },
  { verb: 'Judge', of: 'a bake', options: { lock: lockIn('baking', 5) }, ends: 'continue' },
  {
    verb: 'Judge',
    of: 'a share that somebody changed',
    options: { lock: lockIn('baking', 5), weights: { blue: 40, green: 60 } },
    ends: 'abort',
  },
  { verb: 'Judge', of: 'the warm time', options: { lock: lockIn('warm', 100), minutes: 3 }, ends: 'continue' },
  {
    verb: 'Revert',
    of: 'a release that was aborted',
    options: { lock: lockIn('baking', 25, { abort: ABORT }) },
    ends: 'reverted',
  },
  {
    verb: 'Revert',
    of: 'a release without users',
    options: { lock: lockIn('deploying'), candidateTasks: 2 },
    ends: 'reverted',
  },
  { verb: 'Revert', of: 'what has settled', options: { lock: lockIn('reverting', 0, settled) }, ends: 'reverted' },
  {
    verb: 'Revert',
    of: 'a release whose stable died',
    options: { lock: lockIn('baking', 25, { abort: ABORT }), stableTasks: 0 },
    ends: 'stuck',
  },
  { verb: 'Close', of: 'a warm release', options: { lock: lockIn('warm', 100) }, ends: 'closed' },
  { verb: 'Close', of: 'what has settled', options: { lock: lockIn('closing', 100, settled) }, ends: 'closed' },
  {
    verb: 'Close',
    of: 'a release that died',
    options: { lock: lockIn('closing', 100, settled), candidateTasks: 0 },
    ends: 'stuck',
  },
  {
    verb: 'Open',
    of: 'a release',
    options: { minutes: 2 },
    input: { image: 'v1.5.0' },
    ends: 'opened',
  },
  {
    verb: 'Open',
    of: 'a push that waits',
    options: { lock: lockIn('baking', 25, { owner: 'other', plan }) },
    input: { image: 'v1.5.1', source: 'push', pushedAt: NOW - 30 },
    ends: 'nothing',
  },
  {
    verb: 'Open',
    of: 'a rollback',
    options: { lock: lockIn('baking', 25, { owner: 'other' }) },
    input: { action: 'rollback' },
    ends: 'nothing',
    // Whoever aborted before may have died on the way: the rule is worth writing until the owner reverts.
    writesAgain: ['ModifyRule'],
  },
];

async function end(it: Fixture, { verb, share, input }: Story): Promise<string> {
  if (verb !== 'Open') {
    const state = { release: { id: lockIn('opening').releaseId, fence: FENCE }, ...(share ? { share } : {}) };
    return askUntilAnswered(it, verb, state);
  }
  for (;;) {
    try {
      return (await it.open(input)).verdict;
    } catch (error) {
      if (!(error instanceof Transient)) throw error;
    }
  }
}

async function undisturbed(story: Story) {
  let calls = 0;
  const it = await fixture({
    ...story.options,
    after: (call) => {
      calls = call;
    },
  });
  expect(await end(it, story)).toBe(story.ends);
  return { truth: truth(it), calls, it };
}

const lostOnce = (nth: number): SceneOptions['after'] => {
  let isLost = false;
  return (call) => {
    if (call !== nth || isLost) return;
    isLost = true;
    throw new Transient('no answer');
  };
};

describe.each(STORIES)('$verb of $of', (story) => {
  test('asked twice in a row is the same as asked once', async () => {
    const { truth: expected, it } = await undisturbed(story);
    const moves = () => it.world.writes.map(({ call }) => call).filter((call) => !call.startsWith('ledger: '));
    const moved = moves();
    await end(it, story);
    expect(truth(it)).toEqual(expected);
    expect(moves()).toEqual([...moved, ...(story.writesAgain ?? [])]);
  });

  test('ends the same whichever of its calls was carried out without its knowing', async () => {
    const { truth: expected, calls } = await undisturbed(story);
    for (let nth = 1; nth <= calls; nth++) {
      const it = await fixture({ ...story.options, after: lostOnce(nth) });
      expect(await end(it, story), `after call ${nth}: ${it.world.calls[nth - 1]?.call}`).toBe(story.ends);
      expect(truth(it), `after call ${nth}: ${it.world.calls[nth - 1]?.call}`).toEqual(expected);
      expect(it.violations.filter(({ promise }) => promise !== 5)).toEqual([]);
    }
  });

  test('ends the same whichever of its calls was not carried out at first', async () => {
    const { truth: expected, calls } = await undisturbed(story);
    for (let nth = 1; nth <= calls; nth++) {
      const it = await fixture({ ...story.options, before: lostOnce(nth) });
      expect(await end(it, story), `before call ${nth}`).toBe(story.ends);
      expect(truth(it), `before call ${nth}`).toEqual(expected);
    }
  });
});
