/** Reconciler: what it takes over, what it puts right, what it only tells, and that it may die anywhere. */
import { describe, expect, test } from 'vitest';
import { type Lock, type Phase, RECONCILER, writes } from '../../functions/core/protocol.ts';
import { COLOURS } from '../../functions/core/roles.ts';
import { CURRENT, FENCE, fixture, IMAGES, lockIn, NOW, SETTINGS, SOMEBODY_ELSE } from './fixture.ts';
import { lookOn } from './looks.ts';
import { expectWrites } from './order.ts';

const ended = () => 'ended' as const;
const theirs = (phase: Phase, share = 25, facts: Partial<Lock> = {}): Lock =>
  lockIn(phase, share, { owner: SOMEBODY_ELSE, ...facts });

describe('an owner that lives', () => {
  test('is left alone, and its ticks are remembered', async () => {
    const it = await fixture({ lock: theirs('baking', 25, { ticks: 4 }) });
    expect((await it.reconcile()).summary).toBe('r-20260105-135500 goes on (baking)');
    expectWrites(it.log, ['ledger: look']);
    expect(it.world.ledger.state.watch).toEqual({ fence: FENCE, ticks: 4, still: 0, told: [], at: NOW });
  });

  test('is not taken over for one reading that says it ended', async () => {
    let readings = 0;
    const it = await fixture({
      lock: theirs('baking'),
      executionStatus: () => (++readings === 1 ? 'ended' : 'RUNNING'),
    });
    await it.reconcile();
    expect(readings).toBe(2);
    expect(it.world.ledger.state.lock).toMatchObject({ owner: SOMEBODY_ELSE, fence: FENCE });
  });

  test('is not taken over when it freed the lock or wrote in between', async () => {
    let free: () => void = () => {};
    const it = await fixture({
      lock: theirs('baking'),
      executionStatus: ended,
      before: (_, name) => name === 'Ledger write' && free(),
    });
    free = () => {
      free = () => {};
      it.write({ name: 'free', condition: { present: 'lock' }, set: {}, remove: ['lock'] });
    };
    expect((await it.reconcile()).summary).toMatch(/moved on by itself/);
    expect(it.world.writes).toEqual([]);
  });
});

describe('a dead owner', () => {
  test.each(['opening', 'migrating', 'deploying', 'baking', 'warm', 'reverting'] as const)(
    'in phase %s: users are on stable in the same look, the lock is free after the drain',
    async (phase) => {
      const share = phase === 'warm' ? 100 : phase === 'baking' ? 25 : 0;
      const it = await fixture({ lock: theirs(phase, share), candidateTasks: 4, executionStatus: ended });
      await it.reconcile();
      expect(it.world.balancer.weights).toEqual({ blue: 100, green: 0 });
      expect(it.world.ledger.state.lock).toMatchObject({ owner: RECONCILER, fence: FENCE + 1, phase: 'reverting' });
      expect(it.world.tasks.side('green').desired).toBe(4);

      await it.wait(60);
      await lookOn(it, 2);
      expect(it.world.ledger.state.lock).toBeUndefined();
      expect(it.world.ledger.state).toMatchObject({ stable: 'blue', fence: FENCE + 1 });
      expect(it.world.tasks.side('green').desired).toBe(0);
      expect(it.world.tasks.side('blue').suspended).toBe('none');
      expect(it.world.ledger.record('v1.5.0')).toMatchObject({
        status: 'reverted',
        reason: `its controller had stopped at ${share} %`,
      });
      expect(it.violations).toEqual([]);
    },
  );

  test('past the point of no return: its release is rolled forward', async () => {
    const it = await fixture({ lock: theirs('closing', 100, { settleFrom: NOW - 300 }), executionStatus: ended });
    const summaries = await lookOn(it, 3);
    expect(summaries[0]).toMatch(/^took over r-20260105-135500 because its execution has ended; closing/);
    expect(it.world.balancer.weights).toEqual({ blue: 0, green: 100 });
    expect(it.world.ledger.state).toMatchObject({ stable: 'green', current: { image: 'v1.5.0' }, previous: CURRENT });
    expect(it.world.ledger.state.lock).toBeUndefined();
    expect(it.world.tasks.side('blue').desired).toBe(0);
    expect(it.violations).toEqual([]);
  });

  test('drains anew, although it had drained before it died', async () => {
    const lock = theirs('reverting', 0, { settleFrom: NOW - 500, drained: NOW - 500 });
    const it = await fixture({ lock, executionStatus: ended });
    await it.reconcile();
    expect(it.world.ledger.state.lock?.settleFrom).toBeGreaterThanOrEqual(NOW);
    await it.wait(100);
    await it.reconcile();
    expect(it.world.tasks.side('green').desired).toBe(4);
  });

  test('whose stable is dead too: users are on the candidate, and a person is called', async () => {
    const it = await fixture({ lock: theirs('baking'), stableTasks: 0, executionStatus: ended });
    await lookOn(it, 4);
    expect(it.world.balancer.weights).toEqual({ blue: 0, green: 100 });
    expect(it.world.ledger.state.lock).toMatchObject({ phase: 'stuck', target: 'candidate' });
    expect(it.world.notifications.map(({ notification }) => notification.kind)).toContain('stuck');
  });

  test('that called it stuck is left to a person', async () => {
    const it = await fixture({ lock: theirs('stuck'), executionStatus: ended });
    await lookOn(it, 2);
    expect(it.world.writes).toEqual([]);
  });

  test('can write nothing any more when it is redriven [F25]', async () => {
    const it = await fixture({ lock: theirs('baking'), executionStatus: ended });
    await it.reconcile();
    const before = it.world.writes.length;
    for (const verb of ['Prepare', 'Shift', 'Judge', 'Revert', 'Close'] as const)
      await expect(it.ask(verb, undefined, SOMEBODY_ELSE)).rejects.toMatchObject({ name: 'FencedOut' });
    expect(it.world.writes).toHaveLength(before);
  });

  test('is told with the command that needs none of us, to the colour that is safe', async () => {
    const back = await fixture({ lock: theirs('baking'), executionStatus: ended });
    await back.reconcile();
    const forward = await fixture({ lock: theirs('closing', 100), executionStatus: ended });
    await forward.reconcile();
    const staying = await fixture({ lock: theirs('baking'), stableTasks: 0, executionStatus: ended });
    await staying.reconcile();
    const pages = [back, forward, staying].map(({ world }) => world.notifications.at(-1)!.notification);
    expect(pages.map(({ title }) => title)).toEqual([
      'the controller of r-20260105-135500 stopped at 25 %, it was taken over',
      'the controller of r-20260105-135500 stopped at 100 %, it was taken over',
      'the controller of r-20260105-135500 stopped at 25 %, it was taken over',
    ]);
    expect(pages.map(({ next }) => COLOURS.find((colour) => next[1]?.includes(safe(colour))))).toEqual([
      'blue',
      'green',
      'green',
    ]);
  });

  /** The part of the command that gives everything to that colour. */
  const safe = (colour: 'blue' | 'green') => `${SETTINGS.traffic.targetGroups[colour]}","Weight":100`;

  test('leaves a push that waits: it is started once the lock is free', async () => {
    const pending = { ...IMAGES['v1.5.1'], image: 'v1.5.1', attempt: 1, input: { image: 'v1.5.1' } };
    const it = await fixture({ lock: theirs('baking'), service: { pending }, executionStatus: ended });
    await it.reconcile();
    expect(it.started).toEqual([]);
    await it.wait(121);
    await it.reconcile();
    expect(it.world.ledger.state.lock).toBeUndefined();
    expect(it.started).toEqual([`pending-6666666666666666-${pending.pushedAt}-1`]);
  });
});

describe('a wedged owner', () => {
  test('that rolls back is taken over when five looks in a row saw no tick, though its execution runs [F46]', async () => {
    const it = await fixture({ lock: theirs('reverting', 25, { settleFrom: NOW - 30, reason: 'an alarm rang' }) });
    const summaries = await lookOn(it, 6);
    expect(summaries[4]).not.toMatch(/took over/);
    expect(summaries[5]).toMatch(/because its execution has not moved for 5 minutes/);
    expect(it.world.balancer.weights).toEqual({ blue: 100, green: 0 });
  });

  test('that moves once more is watched from the beginning', async () => {
    const it = await fixture({ lock: theirs('baking') });
    await lookOn(it, 5);
    it.write(writes.tick({ owner: SOMEBODY_ELSE, fence: FENCE }));
    await lookOn(it, 5);
    expect(it.world.ledger.state.lock?.owner).toBe(SOMEBODY_ELSE);
  });

  test('does not make the next release look wedged', async () => {
    const it = await fixture({
      lock: theirs('baking', 25, { fence: FENCE + 1 }),
      service: { fence: FENCE + 1, watch: { fence: FENCE, ticks: 0, still: 4, told: [] } },
    });
    await it.reconcile();
    expect(it.world.ledger.state).toMatchObject({ watch: { fence: FENCE + 1, still: 0 }, lock: { fence: FENCE + 1 } });
  });
});
