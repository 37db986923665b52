/** Somebody writes 0 and 0 into the rule by hand: every request fails until it is put right, and that is soon. */
import { expect, test } from 'vitest';
import type { RehearsalEvent } from '../../rehearsal/events.ts';
import { broken, rehearsal, shortRehearsal } from './rehearsals.ts';

const nobodyServed = (when: RehearsalEvent['when'], afterSeconds = 40): RehearsalEvent => ({
  when,
  afterSeconds,
  setWeights: { blue: 0, green: 0 },
});
const PER_SECOND = 20;
/** A tick or a look, the readings, the change and its way through the load balancer. */
const SERVED_AGAIN_AFTER_SECONDS = 60;

test.each<[string, RehearsalEvent['when']]>([
  ['in a bake [F26]', { share: 25 }],
  ['in the warm time', { event: 'warm' }],
])('%s: the release ends, users are on stable within a tick', async (_, when) => {
  const { outcome, violations, requests, reason, world } = await shortRehearsal({ events: [nobodyServed(when)] });
  expect([outcome, violations]).toEqual(['reverted', []]);
  expect(reason).toMatch(/both weights are 0/);
  expect(requests.droppedByShift).toBeGreaterThan(0);
  expect(requests.droppedByShift).toBeLessThan(SERVED_AGAIN_AFTER_SECONDS * PER_SECOND);
  expect(world.share).toBe(0);
});

test('while it rolls back, and while it closes: users are put back within a tick', async () => {
  for (const [event, scenario, outcome] of [
    ['reverting', 'errors', 'reverted'],
    ['closing', 'healthy', 'promoted'],
  ] as const) {
    const rehearsed = await shortRehearsal({ events: [nobodyServed({ event })] }, scenario);
    expect([rehearsed.outcome, rehearsed.violations]).toEqual([outcome, []]);
    expect(rehearsed.requests.droppedByShift).toBeLessThan(SERVED_AGAIN_AFTER_SECONDS * PER_SECOND);
  }
});

const whileItMigrates = {
  requestsPerSecond: PER_SECOND,
  baselineMinutes: 12,
  events: [nobodyServed({ second: 60 }, 0)],
} as const;

test('while the migration runs: the reconciler ends the release', async () => {
  const { outcome, violations, reason, requests } = await rehearsal('migration-hangs', whileItMigrates);
  expect([outcome, violations]).toEqual(['reverted', []]);
  expect(reason).toMatch(/both weights are 0/);
  expect(requests.droppedByShift).toBeLessThan(2 * SERVED_AGAIN_AFTER_SECONDS * PER_SECOND);
});

test('where nobody puts it right, the ninth promise is broken', async () => {
  expect(broken(await rehearsal('migration-hangs', { ...whileItMigrates, withReconciler: false }))).toContain(9);
});
