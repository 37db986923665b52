/** The reconciler while no release runs: rule, scaling and images. */
import { describe, expect, test } from 'vitest';
import { CURRENT, FENCE, fixture, IMAGES, lockIn, NOW } from './fixture.ts';
import { lookOn, titles } from './looks.ts';

describe('weights that nobody released', () => {
  test('a split is put back on stable under a lock of its own, which is freed after the drain', async () => {
    const it = await fixture({ weights: { blue: 60, green: 40 } });
    const summaries = await lookOn(it, 4);
    expect(summaries[0]).toMatch(/^the rule sends 40 % to green and no release runs/);
    expect(it.log[3]).toBe('ledger: drift lock');
    expect(it.world.balancer.weights).toEqual({ blue: 100, green: 0 });
    expect(it.world.ledger.state.lock).toBeUndefined();
    expect(titles(it)).toContain('the rule sends 40 % to green and no release runs; all users are moved back to blue');
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
