/** AWS's own hiccups: while users are on a candidate that nothing speaks against they stay, and what speaks against it is heard all the same. */
import { describe, expect, test } from 'vitest';
import type { RehearsalResult } from '../../rehearsal/account.ts';
import { rehearsal } from './rehearsals.ts';

const OUTAGES = ['ecs-outage', 'lambda-throttled'] as const;
const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1);
const FOUR_HOURS = 4 * 3600;

const abortOf = ({ writes }: RehearsalResult): number =>
  writes.find(({ call }) => call === 'ledger: abort' || call === 'ledger: take over')?.second ?? Number.NaN;
const questions = ({ world }: RehearsalResult) => world.notifications.filter(({ kind }) => kind === 'held');

describe.each(OUTAGES)('%s', (name) => {
  test.each([60, 90, 600])(
    'for %i s rolls back none of twenty healthy releases, and asks nobody [F59]',
    { timeout: 120_000 },
    async (seconds) => {
      for (const seed of SEEDS) {
        const rehearsed = await rehearsal(name, { seed, seconds, warmMinutes: 3, requestsPerSecond: 40 });
        expect([seed, rehearsed.outcome, rehearsed.violations]).toEqual([seed, 'promoted', []]);
        expect(questions(rehearsed)).toEqual([]);
      }
    },
  );

  test.each([42, 1, 2])('does not keep users on errors: 120 s later at the most (seed %i)', async (seed) => {
    const [hurt, usual] = [await rehearsal(name, { seed, points: 10 }), await rehearsal('errors', { seed })];
    expect([hurt.outcome, hurt.violations.filter(({ invariant }) => invariant !== 7)]).toEqual(['reverted', []]);
    expect(hurt.reason).toMatch(/more errors than/);
    expect(abortOf(hurt) - abortOf(usual)).toBeLessThanOrEqual(120);
    const stable = hurt.writes.find(({ call, share }) => call === 'ModifyRule' && share === 0)!;
    expect(stable.second - abortOf(hurt)).toBeLessThanOrEqual(15);
  });

  test('for an hour and a half asks a person after a quarter of an hour, and rolls nothing back', async () => {
    const rehearsed = await rehearsal(name, { seconds: 5400 });
    expect([rehearsed.outcome, rehearsed.violations]).toEqual(['promoted', []]);
    expect(questions(rehearsed)).toHaveLength(1);
    const shareAt = rehearsed.writes.find(({ call, share }) => call === 'ledger: share' && share === 25)!.second;
    expect(questions(rehearsed)[0]!.second - shareAt).toBeGreaterThanOrEqual(900);
    expect(questions(rehearsed)[0]!.second - shareAt).toBeLessThanOrEqual(900 + 180);
  });

  test('that does not end rolls back when nobody answered for four hours', async () => {
    const rehearsed = await rehearsal(name, { seconds: 86_400 });
    expect([rehearsed.shares, rehearsed.world.share]).toEqual([[5, 25], 0]);
    expect(abortOf(rehearsed) - questions(rehearsed)[0]!.second).toBeGreaterThanOrEqual(FOUR_HOURS - 120);
    expect(abortOf(rehearsed) - questions(rehearsed)[0]!.second).toBeLessThanOrEqual(FOUR_HOURS + 180);
  });
});
