/** Reconciler: what it takes over, what it puts right, what it only tells, and that it may die anywhere. */
import { describe, expect, test } from 'vitest';
import { type Lock, type Phase, RECONCILER, writes } from '../../functions/core/protocol.ts';
import { COLOURS } from '../../functions/core/roles.ts';
import { CURRENT, FENCE, type Fixture, fixture, IMAGES, lockIn, NOW, SETTINGS, SOMEBODY_ELSE } from './fixture.ts';
import { expectWrites } from './order.ts';

const ended = () => 'ended' as const;
const theirs = (phase: Phase, share = 25, facts: Partial<Lock> = {}): Lock =>
  lockIn(phase, share, { owner: SOMEBODY_ELSE, ...facts });

/** A look a minute, as the schedule gives them, until nothing is left to do. */
async function lookOn(it: Fixture, looks = 8): Promise<string[]> {
  const summaries: string[] = [];
  for (let look = 0; look < looks; look++) {
    summaries.push((await it.reconcile()).summary);
    await it.wait(60);
  }
  return summaries;
}

const titles = ({ world }: Fixture): readonly string[] =>
  world.notifications.map(({ notification }) => notification.title);

describe('an owner that lives', () => {
  test('is left alone, and its ticks are remembered', async () => {
    const it = await fixture({ lock: theirs('baking', 25, { ticks: 4 }) });
    expect((await it.reconcile()).summary).toBe('r-20260105-135500 is in good hands (baking)');
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
        reason: `its controller was dead at ${share} %`,
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
      'the controller of r-20260105-135500 is dead at 25 %, it was taken over',
      'the controller of r-20260105-135500 is dead at 100 %, it was taken over',
      'the controller of r-20260105-135500 is dead at 25 %, it was taken over',
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

describe('weights that nobody released', () => {
  test('a split is put back on stable under a lock of its own, which is freed after the drain', async () => {
    const it = await fixture({ weights: { blue: 60, green: 40 } });
    const summaries = await lookOn(it, 4);
    expect(summaries[0]).toMatch(/^the rule sends 40 % to green and no release runs/);
    expect(it.log[3]).toBe('ledger: drift lock');
    expect(it.world.balancer.weights).toEqual({ blue: 100, green: 0 });
    expect(it.world.ledger.state.lock).toBeUndefined();
    expect(titles(it)).toContain('the rule sends 40 % to green and no release runs; all users are put back on blue');
    const { body, next } = it.world.notifications.find(({ notification }) =>
      notification.title.startsWith('the rule sends'),
    )!.notification;
    expect(body).toMatch(/^No release did this; CloudTrail knows who did\./);
    expect(next.at(-1)).toMatch(/^aws cloudtrail lookup-events --region us-east-1 .*AttributeValue=ModifyRule /);
    // No record: nothing was released.
    expect(it.world.ledger.record('none')).toBeUndefined();
    expect(it.violations).toEqual([]);
  });

  test('are left alone when a release begins in between', async () => {
    let open: () => void = () => {};
    const it = await fixture({
      weights: { blue: 60, green: 40 },
      before: (_, name) => name === 'Ledger write' && open(),
    });
    open = () => {
      open = () => {};
      it.write({ name: 'open', condition: { all: [] }, set: { fence: FENCE, lock: lockIn('opening') } });
    };
    expect((await it.reconcile()).summary).toBe('a release began meanwhile');
    expect(it.world.balancer.weights).toEqual({ blue: 60, green: 40 });
  });

  test('are not touched while readings disagree', async () => {
    let readings = 0;
    const it = await fixture({
      weights: { blue: 60, green: 40 },
      after: (_, name) => {
        if (name === 'DescribeRules' && ++readings === 1) it.world.balancer.weights = { blue: 100, green: 0 };
      },
    });
    expect((await it.reconcile()).summary).toMatch(/somebody is changing the rule/);
    expect(it.world.writes).toEqual([]);
  });

  test('all users on the other colour, which is healthy: it is stable now, with the image that runs there', async () => {
    const it = await fixture({ weights: { blue: 0, green: 100 }, records: [REVERTED] });
    it.world.tasks.alreadyUp('green', IMAGES['v1.5.0'].digest, 4);
    await lookOn(it, 2);
    expect(it.world.ledger.state).toMatchObject({
      stable: 'green',
      fence: FENCE,
      current: { image: 'v1.5.0', releaseId: REVERTED.releaseId },
      previous: CURRENT,
    });
    expect(it.world.balancer.weights).toEqual({ blue: 0, green: 100 });
    expect(titles(it)).toEqual(['somebody moved all users to green by hand; it is healthy, so green is stable now']);
    expect(it.world.probed).toBe('green');
  });

  test('all users on the other colour, which is dead: they are put back', async () => {
    const it = await fixture({ weights: { blue: 0, green: 100 } });
    await lookOn(it, 4);
    expect(it.world.balancer.weights).toEqual({ blue: 100, green: 0 });
    expect(it.world.ledger.state).toMatchObject({ stable: 'blue' });
    expect(it.world.ledger.state.lock).toBeUndefined();
  });
});

const REVERTED = {
  releaseId: 'r-20260104-120000',
  ...IMAGES['v1.5.0'],
  image: 'v1.5.0',
  status: 'reverted',
  fence: 6,
  openedAt: NOW - 80_000,
} as const;

describe('scaling that was left suspended', () => {
  test.each(['in', 'both'] as const)('(%s) is resumed on stable when no release runs [F50]', async (direction) => {
    const it = await fixture();
    it.world.tasks.suspend('blue', direction);
    expect((await it.reconcile()).summary).toMatch(/scaling of blue was suspended although no release runs/);
    expect(it.world.tasks.side('blue').suspended).toBe('none');
    // The colour that sleeps goes on sleeping.
    expect(it.world.tasks.side('green').suspended).toBe('both');
  });

  test('is the release’s own business when one begins in between', async () => {
    const it = await fixture({
      after: (_, name) => {
        if (name !== 'DescribeServices') return;
        it.write({ name: 'open', condition: { all: [] }, set: { fence: FENCE, lock: lockIn('opening') } });
      },
    });
    it.world.tasks.suspend('blue', 'in');
    expect((await it.reconcile()).summary).toBe('a release began meanwhile');
    expect(it.world.tasks.side('blue').suspended).toBe('in');
  });
});

describe('what is odd is told once, and nothing is changed', () => {
  test('an image on the live colour that no release put there', async () => {
    const it = await fixture();
    it.world.tasks.deploy('blue', IMAGES['v1.5.0'].digest, 4);
    await it.wait(90);
    await lookOn(it, 3);
    expect(titles(it)).toEqual([`blue runs ${IMAGES['v1.5.0'].digest}, but v1.4.2 was released there`]);
    expect(it.log.filter((line) => !line.startsWith('ledger: look'))).toEqual(
      expect.not.arrayContaining(['ModifyRule']),
    );
    expect(it.world.tasks.side('blue').digest).toBe(IMAGES['v1.5.0'].digest);
  });

  test('another image after it is news', async () => {
    const it = await fixture();
    for (const tag of ['v1.5.0', 'v1.5.1'] as const) {
      it.world.tasks.deploy('blue', IMAGES[tag].digest, 4);
      await it.wait(90);
      await lookOn(it, 2);
    }
    expect(titles(it)).toHaveLength(2);
  });

  test('a release tag that was pushed and never started, after a quarter of an hour [F04]', async () => {
    const it = await fixture();
    await lookOn(it, 10);
    expect(titles(it)).toEqual([]);
    await lookOn(it, 10);
    expect(titles(it)).toEqual(['v1.5.1 was pushed and never started']);
    expect(it.started).toEqual([]);
  });

  test('also before the first release, but never the one that runs already', async () => {
    const first = { current: undefined, previous: undefined } as never;
    const it = await fixture({ service: first });
    it.world.tasks.alreadyUp('blue', IMAGES['v1.5.0'].digest, 4);
    await lookOn(it, 20);
    expect(titles(it)).toEqual(['v1.5.1 was pushed and never started']);
    const runs = await fixture({ service: first });
    runs.world.tasks.alreadyUp('blue', IMAGES['v1.5.1'].digest, 4);
    await lookOn(runs, 20);
    expect(titles(runs)).toEqual([]);
  });

  test('not one that was released, whatever became of it', async () => {
    const it = await fixture({ records: [{ ...REVERTED, ...IMAGES['v1.5.1'], image: 'v1.5.1' }] });
    await lookOn(it, 20);
    expect(titles(it)).toEqual([]);
  });
});
