/** Faults that begin when everybody is on the new version. */
import { describe, expect, test } from 'vitest';
import type { Scenario } from '../../rehearsal/scenarios.ts';
import { rehearsal } from './rehearsals.ts';

const AT_100 = { at: 100 } as const;
/** Minutes from the fault, which begins with 100 %, to the order to roll back. */
const minutesOf = ({ writes }: Awaited<ReturnType<typeof rehearsal>>): number => {
  const began = writes.find(({ call, share }) => call === 'ledger: share' && share === 100)!;
  const order = writes.find(({ call }) => call === 'ledger: abort')!;
  return (order.second - began.second) / 60;
};

/** The candidate has a fault for so many minutes from 100 % on. */
const faultFor = (minutesLong: number, faultOf: { errorPoints?: number; latencyFactor?: number }): Scenario => ({
  about: 'a few bad minutes at 100 %',
  faultOf: (role, minutes) => (role === 'candidate' && minutes >= 0 && minutes < minutesLong ? faultOf : {}),
  expected: () => ({ outcome: 'promoted' }),
});

describe('at 100 %, under compare', () => {
  test.each([1, 2, 3])('two points more errors roll back within ten minutes (seed %i)', async (seed) => {
    const rehearsed = await rehearsal('errors', { ...AT_100, seed, points: 2 });
    expect([rehearsed.outcome, rehearsed.violations]).toEqual(['reverted', []]);
    expect(minutesOf(rehearsed)).toBeLessThanOrEqual(11);
    expect(rehearsed.reason).toMatch(/more errors than are usual/);
  });

  test.each([1, 2, 3])('twice as slow rolls back within twelve minutes (seed %i)', async (seed) => {
    const rehearsed = await rehearsal('latency', { ...AT_100, seed });
    expect([rehearsed.outcome, rehearsed.violations]).toEqual(['reverted', []]);
    expect(minutesOf(rehearsed)).toBeLessThanOrEqual(12);
    expect(rehearsed.reason).toMatch(/slow responses than are usual/);
  });

  test('a version of which nearly all requests fail is off within four minutes', async () => {
    const rehearsed = await rehearsal('errors', { ...AT_100, points: 95 });
    expect(rehearsed.outcome).toBe('reverted');
    expect(minutesOf(rehearsed)).toBeLessThanOrEqual(4);
  });

  test.each([
    ['one bad minute', 1, { errorPoints: 3 }],
    ['five bad minutes', 5, { errorPoints: 8, latencyFactor: 2 }],
  ])('%s roll nobody back: a person is told', async (_, minutes, faultOf) => {
    const rehearsed = await rehearsal('healthy', { ...AT_100, scenario: faultFor(minutes, faultOf) });
    expect([rehearsed.outcome, rehearsed.violations]).toEqual(['promoted', []]);
    expect(rehearsed.world.notifications.some(({ kind }) => kind === 'trouble')).toBe(true);
  });

  test('every minute of the warm time is written down with its odds', async () => {
    const rehearsed = await rehearsal('healthy', { ...AT_100, warmMinutes: 10 });
    const { releaseId } = rehearsed.setting.ledger.newestRecord()!;
    const warm = rehearsed.setting.ledger.evidence(releaseId).filter(({ share }) => share === 100);
    expect(warm.length).toBeGreaterThanOrEqual(7);
    for (const { alone, candidate, odds } of warm) {
      expect([alone, candidate !== undefined]).toEqual([true, true]);
      expect(odds).toBeLessThan(5);
    }
  });
});

test('a first release is not compared with what stood there before it', async () => {
  const rehearsed = await rehearsal('first-release', {
    ...AT_100,
    scenario: { ...faultFor(60, { latencyFactor: 3 }), firstRelease: true },
  });
  expect([rehearsed.outcome, rehearsed.violations]).toEqual(['promoted', []]);
});

test.each(['compare', 'literal'] as const)(
  'under %s an alarm rolls nobody back to a dead old colour',
  async (policy) => {
    const { outcome, violations } = await rehearsal('healthy', {
      at: 100,
      policy,
      scenario: {
        about: 'the old colour dies, then the new one fails for four minutes',
        errorFreeUnderLiteral: true,
        faultOf: (role, minutes) => {
          if (role === 'stable') return minutes >= 0 ? { failsHealthChecks: true } : {};
          return minutes >= 6 && minutes < 10 ? { errorPoints: 30 } : {};
        },
        expected: () => ({ outcome: 'promoted' }),
      },
    });
    expect([outcome, violations]).toEqual(['promoted', []]);
  },
);

test.each([6, 30])('a version that a person brought back stays, with %i points more errors too', async (points) => {
  const { outcome, violations } = await rehearsal('healthy', {
    at: 100,
    input: { action: 'rollback' },
    scenario: {
      about: 'the version that is left fails half of its requests',
      faultOf: (role, minutes) => {
        if (role === 'stable') return minutes > -1.5 ? { errorPoints: 50 } : {};
        return minutes >= 0 && minutes < 8 ? { errorPoints: points } : {};
      },
      expected: () => ({ outcome: 'promoted' }),
    },
  });
  expect([outcome, violations]).toEqual(['promoted', []]);
});
