import { describe, expect, test } from 'vitest';
import type { Pending, ReleaseRecord } from '../../functions/core/protocol.ts';
import { writes } from '../../functions/core/protocol.ts';
import { CURRENT, FENCE, fixture, IMAGES, lockIn, ME, NOW, PREVIOUS, SOMEBODY_ELSE, truth } from './fixture.ts';
import { expectWrites } from './order.ts';

const push = (image: keyof typeof IMAGES) => ({ image, source: 'push', pushedAt: IMAGES[image].pushedAt });
const waits = (image: keyof typeof IMAGES): Pending => ({ ...IMAGES[image], image, attempt: 1, input: push(image) });
const RUNNING = lockIn('baking', 25, { owner: SOMEBODY_ELSE });
const REVERTED: ReleaseRecord = {
  releaseId: 'r-20260104-120000',
  ...IMAGES['v1.5.0'],
  image: 'v1.5.0',
  status: 'reverted',
  fence: 6,
  openedAt: NOW - 80_000,
};

describe('a release that may begin', () => {
  test('reads the rule and the health, and then takes the lock in one write', async () => {
    const it = await fixture({ minutes: 2 });
    expect(await it.open({ image: 'v1.5.0' })).toMatchObject({ verdict: 'opened', release: { fence: FENCE } });
    expectWrites(it.log, ['DescribeRules', 'DescribeTargetHealth', 'ledger: open']);
    const { lock, fence } = it.world.ledger.state;
    expect(lock).toMatchObject({ owner: ME, fence: FENCE, stable: 'blue', candidate: 'green', phase: 'opening' });
    expect(fence).toBe(FENCE);
    expect(it.world.ledger.record('v1.5.0')).toMatchObject({ status: 'open', fence: FENCE });
  });

  test('takes the push that waited with it', async () => {
    const it = await fixture({ service: { pending: waits('v1.5.1') } });
    expect(await it.open(push('v1.5.1'))).toMatchObject({ verdict: 'opened' });
    expect(it.world.ledger.state.pending).toBeUndefined();
  });

  test('a rollback when nothing runs goes straight to 100 % of the previous image, without a migration', async () => {
    const it = await fixture();
    expect(await it.open({ action: 'rollback' })).toMatchObject({ verdict: 'opened' });
    expect(it.world.ledger.state.lock).toMatchObject({
      digest: PREVIOUS.digest,
      plan: { stages: [{ share: 100, bakeSeconds: 0 }], migrates: false },
    });
  });

  test('the first release of a service goes straight to 100 %', async () => {
    const it = await fixture();
    const first = await fixture({ service: { current: undefined, previous: undefined } as never });
    await first.open({ image: 'v1.5.0' });
    await it.open({ image: 'v1.5.0' });
    expect(first.world.ledger.state.lock?.plan.stages).toHaveLength(1);
    expect(it.world.ledger.state.lock?.plan.stages).toHaveLength(4);
  });

  test('an image that was released before is released again when a person says force [F16]', async () => {
    const it = await fixture({ records: [REVERTED] });
    expect(await it.open({ image: 'v1.5.0', force: true })).toMatchObject({ verdict: 'opened' });
    expect(it.world.ledger.record('v1.5.0')).toMatchObject({ status: 'open', fence: FENCE });
  });
});

describe('a release with nothing to do', () => {
  test.each([
    ['already live', {}, { image: 'v1.4.2' }],
    ['stale', {}, push('v1.4.1')],
    ['duplicate', { lock: RUNNING }, { image: 'v1.5.0' }],
    ['duplicate', { records: [REVERTED] }, { image: 'v1.5.0' }],
  ])('says that it is %s [F16]', async (why, options, input) => {
    const it = await fixture(options);
    const before = truth(it);
    const { verdict, summary } = await it.open(input);
    expect(verdict).toBe('nothing');
    expect(summary).toMatch(new RegExp(`^${why}: `));
    expect(truth(it)).toEqual(before);
    expect(it.world.writes).toEqual([]);
  });
});

describe('a push while a release runs', () => {
  test('waits for its end', async () => {
    const it = await fixture({ lock: RUNNING });
    expect((await it.open(push('v1.5.1'))).summary).toMatch(/^queued: /);
    expect(it.world.ledger.state.pending).toEqual(waits('v1.5.1'));
    expectWrites(it.log, ['ledger: queue']);
  });

  test('takes the place of an older one that waits', async () => {
    const it = await fixture({ lock: RUNNING, service: { pending: waits('v1.4.1') } });
    await it.open(push('v1.5.1'));
    expect(it.world.ledger.state.pending?.image).toBe('v1.5.1');
  });

  test('is stale behind a newer one that waits', async () => {
    const lock = lockIn('baking', 25, { owner: SOMEBODY_ELSE, ...IMAGES['v1.4.1'], image: 'v1.4.1' });
    const it = await fixture({ lock, service: { pending: waits('v1.5.1') } });
    expect((await it.open(push('v1.5.0'))).summary).toMatch(/^stale: v1.5.1 was pushed after it/);
    expect(it.world.ledger.state.pending?.image).toBe('v1.5.1');
  });

  test('that waits already is a duplicate', async () => {
    const it = await fixture({ lock: RUNNING, service: { pending: waits('v1.5.1') } });
    expect((await it.open(push('v1.5.1'))).summary).toMatch(/^duplicate: /);
    expect(it.world.writes).toEqual([]);
  });

  test('opens when the lock is freed while it queues', async () => {
    let free: () => void = () => {};
    const it = await fixture({ lock: RUNNING, before: (_, name) => name === 'Ledger write' && free() });
    free = () => {
      free = () => {};
      it.write({ name: 'free', condition: { present: 'lock' }, set: {}, remove: ['lock'] });
      it.world.balancer.weights = { blue: 100, green: 0 };
    };
    expect(await it.open(push('v1.5.1'))).toMatchObject({ verdict: 'opened' });
    expect(it.world.ledger.state.lock?.fence).toBe(FENCE + 1);
  });

  test('an older one that opens behind a newer one is stale, and the newer one is started', async () => {
    const it = await fixture({ service: { pending: waits('v1.5.1') } });
    expect((await it.open(push('v1.5.0'))).summary).toMatch(/^stale: v1.5.1/);
    expect(it.started).toEqual([`pending-6666666666666666-${IMAGES['v1.5.1'].pushedAt}-1`]);
  });
});

describe('a rollback', () => {
  test.each(['opening', 'migrating', 'deploying', 'baking', 'warm'] as const)(
    'of a release in phase %s is an abort, bound to its fence, and the rule at once',
    async (phase) => {
      const it = await fixture({ lock: { ...RUNNING, phase } });
      expect(await it.open({ action: 'rollback', reason: 'the shop is slow' })).toMatchObject({
        verdict: 'nothing',
        summary: 'already live: v1.4.2 stays; r-20260105-135500 is rolled back to it',
        owner: SOMEBODY_ELSE,
      });
      expectWrites(it.log, ['ledger: abort', 'DescribeTargetHealth', 'ModifyRule blue 100, green 0', 'DescribeRules']);
      expect(it.world.ledger.state.lock?.abort).toMatchObject({ by: 'person', reason: 'the shop is slow' });
      expect(it.world.ledger.state.pending).toBeUndefined();
    },
  );

  test('claims nothing of where users are: while stable is dead they stay, and whoever owns the release decides', async () => {
    const it = await fixture({ lock: RUNNING, stableTasks: 0 });
    const { summary, owner } = await it.open({ action: 'rollback' });
    expect(it.world.balancer.weights).toEqual({ blue: 75, green: 25 });
    expect(summary).toBe('already live: v1.4.2 stays; r-20260105-135500 is rolled back to it');
    expect(owner).toBe(SOMEBODY_ELSE);
  });

  test('asked twice is one abort', async () => {
    const it = await fixture({ lock: RUNNING });
    await it.open({ action: 'rollback', reason: 'first' });
    await it.open({ action: 'rollback', reason: 'second' });
    expect(it.world.ledger.state.lock?.abort?.reason).toBe('first');
  });

  test('of a release that goes back already adds nothing: stable is not rolled back after it', async () => {
    const it = await fixture({ lock: lockIn('reverting', 0, { owner: SOMEBODY_ELSE }) });
    expect((await it.open({ action: 'rollback' })).summary).toMatch(
      /^already live: v1.4.2 stays; \S+ is rolled back to it$/,
    );
    expect(it.world.writes).toEqual([]);
  });

  test('while it closes waits, and then goes to what was stable when it was asked', async () => {
    const it = await fixture({ lock: lockIn('closing', 100, { owner: SOMEBODY_ELSE, settleFrom: NOW - 120 }) });
    expect((await it.open({ action: 'rollback' })).summary).toMatch(/^queued: v1.4.2/);
    await it.ask('Close', undefined, SOMEBODY_ELSE);
    const { pending, current } = it.world.ledger.state;
    expect(current?.image).toBe('v1.5.0');
    expect(await it.open(pending!.input)).toMatchObject({ verdict: 'opened' });
    expect(it.world.ledger.state.lock).toMatchObject({ digest: CURRENT.digest, stable: 'green' });
    expect(it.world.ledger.state.pending).toBeUndefined();
  });
});

describe('a refused release leaves the world as it was', () => {
  test.each([
    ['an input with a typing mistake', {}, { imgae: 'v1.5.0' }, /imgae/],
    ['an image that is not there', {}, { image: 'v9.9.9' }, /v9\.9\.9 is not in the registry/],
    [
      'a rollback with nothing to go back to',
      { service: { previous: undefined } },
      { action: 'rollback' },
      /no earlier/,
    ],
    [
      'a rule that is elsewhere',
      { weights: { blue: 75, green: 25 } },
      { image: 'v1.5.0' },
      /does not send all requests/,
    ],
    ['a stable without a healthy target', { stableTasks: 0 }, { image: 'v1.5.0' }, /blue has no healthy target/],
    ['a stable that fails by itself', { minutes: 12, stableErrorRate: 0.03 }, { image: 'v1.5.0' }, /over the 1 %/],
  ] as const)('%s', async (_, options, input, message) => {
    const it = await fixture(options as never);
    const before = truth(it);
    await expect(it.open(input)).rejects.toMatchObject({
      name: 'ReleaseRefused',
      message: expect.stringMatching(message),
    });
    expect(truth(it)).toEqual(before);
    expect(it.world.writes).toEqual([]);
  });

  test('a push that meets a rule that is elsewhere is refused, and not lost', async () => {
    const it = await fixture({ weights: { blue: 75, green: 25 } });
    await expect(it.open(push('v1.5.0'))).rejects.toMatchObject({ name: 'ReleaseRefused' });
    expectWrites(it.log, ['DescribeRules', 'ledger: keep']);
    expect(it.world.ledger.state.pending?.image).toBe('v1.5.0');
  });

  test('a broken stable is no obstacle for a hotfix', async () => {
    const it = await fixture({ stableTasks: 0 });
    expect(await it.open({ image: 'v1.5.0', hotfix: 'blue is down' })).toMatchObject({ verdict: 'opened' });
  });
});

test('an Open whose answer was lost knows its own lock', async () => {
  const it = await fixture();
  await it.open({ image: 'v1.5.0' });
  const before = truth(it);
  expect(await it.open({ image: 'v1.5.0' })).toMatchObject({ verdict: 'opened', release: { fence: FENCE } });
  expect(truth(it)).toEqual(before);
});

test('of two that open at once, one owns the release and the other waits', async () => {
  let other: () => void = () => {};
  const it = await fixture({ before: (_, name) => name === 'Ledger write' && other() });
  other = () => {
    other = () => {};
    const state = it.world.ledger.state;
    const lock = lockIn('opening', 0, { owner: SOMEBODY_ELSE, ...IMAGES['v1.4.1'] });
    it.write(writes.open(state, lock, { ...REVERTED, ...IMAGES['v1.4.1'], status: 'open' }, true));
  };
  expect((await it.open(push('v1.5.1'))).summary).toMatch(/^queued: /);
  expect(it.world.ledger.state.lock?.owner).toBe(SOMEBODY_ELSE);
});
