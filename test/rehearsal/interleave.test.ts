import { describe, expect, test } from 'vitest';
import { SABOTAGES } from '../../rehearsal/interleave/sabotage.ts';
import { interleavings } from '../../rehearsal/interleave/threads.ts';
import { interleave } from '../../rehearsal/interleave.ts';
import { amount } from '../amounts.ts';

const SCHEDULES = amount({ onPush: 10_000, inAll: 104_000 });
/** Of the schedules; the others, three in a hundred, are like an earlier one. */
const DISTINCT = 0.96;
const MINUTES = 60_000;

const asCommands = (broken: Awaited<ReturnType<typeof interleavings>>['broken']) =>
  broken.map(({ seed, broken: [first] }) => `npm run interleave -- --seed ${seed}   # ${first!.detail}`);

describe('random interleavings of owner, guard, reconciler, people, pushes and a deploy', () => {
  test('10,000 on each push, 100,000 different ones every night: all keep every promise [F54]', {
    timeout: 30 * MINUTES,
  }, async () => {
    const { broken, distinct } = await interleavings({ seed: 1, schedules: SCHEDULES, threads: 2 });
    expect(asCommands(broken)).toEqual([]);
    expect(distinct).toBeGreaterThanOrEqual(DISTINCT * SCHEDULES);
  });

  test('the same seed is the same schedule, event by event', async () => {
    const [one, again, other] = [
      await interleave(7, { trace: true }),
      await interleave(7, { trace: true }),
      await interleave(8, { trace: true }),
    ];
    expect(one).toEqual(again);
    expect(one.hash).not.toBe(other.hash);
  });
});

describe('a protection that is taken away is missed', () => {
  test.each(Object.keys(SABOTAGES) as (keyof typeof SABOTAGES)[])('%s', { timeout: 5 * MINUTES }, async (sabotage) => {
    const { broken } = await interleavings({ seed: 1, schedules: 2500, threads: 2, sabotage, untilBroken: true });
    expect(broken.length).toBeGreaterThan(0);
    const { seed } = broken[0]!;
    expect((await interleave(seed, { sabotage: SABOTAGES[sabotage] })).broken).toEqual(broken[0]!.broken);
    expect((await interleave(seed)).broken).toEqual([]);
  });
});
