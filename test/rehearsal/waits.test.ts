/** Whoever waits above 0 % is judged at every tick, hears people, and has a deadline that names its cause. */
import { describe, expect, test } from 'vitest';
import type { RehearsalResult } from '../../rehearsal/account.ts';
import { rehearsal, shortRehearsal, withStep } from './rehearsals.ts';

const TWO_TICKS = 60;

const secondOf = ({ writes }: RehearsalResult, call: string, share?: number): number =>
  writes.find((row) => row.call === call && (share === undefined || row.share === share))?.second ?? Number.NaN;

describe('a probe that never passes while users are on the candidate', () => {
  test.each([42, 1, 2])('does not keep users on errors longer than a release that goes on (seed %i)', async (seed) => {
    const waiting = await rehearsal('probe-fails', { points: 10, seed });
    // The same fault from the end of the first bake on, when the next share is prepared.
    const goingOn = await rehearsal('errors', { points: 10, seed, fromMinute: 15 });
    expect([waiting.outcome, waiting.shares, waiting.violations]).toEqual(['reverted', [5], []]);
    expect(waiting.reason).toMatch(/^green has more errors than blue/);
    expect(secondOf(waiting, 'ledger: abort') - secondOf(goingOn, 'ledger: abort')).toBeLessThanOrEqual(TWO_TICKS);
  });

  test('ends the release after ten minutes when nothing else speaks against it, and says what to look at', async () => {
    const rehearsed = await rehearsal('probe-fails');
    expect([rehearsed.outcome, rehearsed.shares, rehearsed.violations]).toEqual(['reverted', [5], []]);
    expect(rehearsed.reason).toMatch(
      /^green failed 6 of 6 probes after 10 minutes, although its targets are healthy: is the Lambda shut out/,
    );
    expect(secondOf(rehearsed, 'ledger: reverting') - secondOf(rehearsed, 'ledger: waiting', undefined)).toBeLessThan(
      1600,
    );
  });

  test.each(['abort', 'hold'] as const)('hears %s within a tick', async (say) => {
    const events = [{ when: { share: 5 }, afterSeconds: 1000, say }];
    const rehearsed = await rehearsal('probe-fails', { events });
    const heard = rehearsed.timeline.find(
      ({ state, summary }) => state === 'Judge' && /held by|a person asked/.test(summary),
    );
    expect(heard!.second - secondOf(rehearsed, `ledger: ${say}`)).toBeLessThanOrEqual(45);
  });
});

test('a release that a person held while it grew waits anew when the hold is removed by hand from the table', async () => {
  const rehearsed = await shortRehearsal(
    {
      requestsPerSecond: 120,
      sabotage: withStep('Judge', async (payload, real, world) => {
        const { hold } = world.ledger.state.lock!;
        if (hold && world.clock.now() > hold.at + 1800)
          world.ledger.write({ name: 'by hand', condition: { all: [] }, set: {}, remove: ['lock.hold'] });
        return real(payload);
      }),
    },
    'held-while-growing',
  );
  expect([rehearsed.outcome, rehearsed.shares, rehearsed.violations]).toEqual(['promoted', [25, 50, 100], []]);
});
