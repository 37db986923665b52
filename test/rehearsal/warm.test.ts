/** Faults that begin when everybody is on the new version. */
import { describe, expect, test } from 'vitest';
import type { Scenario } from '../../rehearsal/scenarios.ts';
import { flight } from './flights.ts';

const AT_100 = { at: 100 } as const;
/** Minutes from the fault, which begins with 100 %, to the order to roll back. */
const minutesOf = ({ writes }: Awaited<ReturnType<typeof flight>>): number => {
  const began = writes.find(({ call, share }) => call === 'ledger: share' && share === 100)!;
  const order = writes.find(({ call }) => call === 'ledger: abort')!;
  return (order.second - began.second) / 60;
};

/** The candidate is spoilt for so many minutes from 100 % on. */
const spoiltFor = (minutesLong: number, spoilt: { errorPoints?: number; latencyFactor?: number }): Scenario => ({
  about: 'a few bad minutes at 100 %',
  spoilt: (role, minutes) => (role === 'candidate' && minutes >= 0 && minutes < minutesLong ? spoilt : {}),
  expected: () => ({ outcome: 'promoted' }),
});

describe('at 100 %, under compare', () => {
  test.each([1, 2, 3])('two points more errors roll back within ten minutes (seed %i)', async (seed) => {
    const flown = await flight('errors', { ...AT_100, seed, points: 2 });
    expect([flown.outcome, flown.violations]).toEqual(['reverted', []]);
    expect(minutesOf(flown)).toBeLessThanOrEqual(11);
    expect(flown.reason).toMatch(/more errors than are usual/);
  });

  test.each([1, 2, 3])('twice as slow rolls back within twelve minutes (seed %i)', async (seed) => {
    const flown = await flight('latency', { ...AT_100, seed });
    expect([flown.outcome, flown.violations]).toEqual(['reverted', []]);
    expect(minutesOf(flown)).toBeLessThanOrEqual(12);
    expect(flown.reason).toMatch(/slow responses than are usual/);
  });

  test('a version of which nearly all requests fail is off within four minutes', async () => {
    const flown = await flight('errors', { ...AT_100, points: 95 });
    expect(flown.outcome).toBe('reverted');
    expect(minutesOf(flown)).toBeLessThanOrEqual(4);
  });

  test.each([
    ['one bad minute', 1, { errorPoints: 3 }],
    ['five bad minutes', 5, { errorPoints: 8, latencyFactor: 2 }],
  ])('%s roll nobody back: a person is told', async (_, minutes, spoilt) => {
    const flown = await flight('healthy', { ...AT_100, scenario: spoiltFor(minutes, spoilt) });
    expect([flown.outcome, flown.violations]).toEqual(['promoted', []]);
    expect(flown.world.notices.some(({ kind }) => kind === 'trouble')).toBe(true);
  });

  test('every minute of the warm time is written down with its odds', async () => {
    const flown = await flight('healthy', { ...AT_100, warmMinutes: 10 });
    const { releaseId } = flown.setting.ledger.newestRecord()!;
    const warm = flown.setting.ledger.evidence(releaseId).filter(({ share }) => share === 100);
    expect(warm.length).toBeGreaterThanOrEqual(7);
    for (const { alone, candidate, odds } of warm) {
      expect([alone, candidate !== undefined]).toEqual([true, true]);
      expect(odds).toBeLessThan(5);
    }
  });
});

test('a first release is not compared with what stood there before it', async () => {
  const flown = await flight('first-release', {
    ...AT_100,
    scenario: { ...spoiltFor(60, { latencyFactor: 3 }), firstRelease: true },
  });
  expect([flown.outcome, flown.violations]).toEqual(['promoted', []]);
});
