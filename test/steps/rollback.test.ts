/** A person's rollback at any moment: what it does at once, what it waits for, and what it refuses before anything changes. */
import { describe, expect, test } from 'vitest';
import { type LiveRelease, type Lock, type Phase, type ReleaseRecord, writes } from '../../functions/core/protocol.ts';
import { ABORT, CURRENT, FENCE, fixture, IMAGES, lockIn, NOW, PREVIOUS, SOMEBODY_ELSE, truth } from './fixture.ts';

const ABORTABLE = ['opening', 'migrating', 'deploying', 'baking', 'warm'] as const;
const running = (phase: Phase = 'baking', facts: Partial<Lock> = {}): Lock =>
  lockIn(phase, phase === 'warm' ? 100 : 25, { owner: SOMEBODY_ELSE, ...facts });
const recordOf = (image: LiveRelease, facts: Partial<ReleaseRecord> = {}): ReleaseRecord => ({
  ...image,
  status: 'promoted',
  fence: 6,
  openedAt: image.pushedAt + 60,
  ...facts,
});
const back = (facts: Readonly<Record<string, unknown>> = {}) => ({ action: 'rollback', ...facts });

describe('while a release runs', () => {
  test.each(ABORTABLE)('in phase %s, to a version by name: back at once, and then that version', async (phase) => {
    const it = await fixture({ lock: running(phase) });
    expect((await it.open(back({ to: 'v1.4.1' }))).summary).toMatch(/^queued: v1.4.1 waits until/);
    expect(it.log.filter((line) => !line.startsWith('Describe'))).toEqual([
      'ledger: abort',
      'ModifyRule blue 100, green 0',
      'ledger: queue',
    ]);
    expect(it.world.ledger.state.pending).toMatchObject({
      image: 'v1.4.1',
      input: { action: 'rollback', to: PREVIOUS.digest },
    });
  });

  test('to the version that is stable by name is the same as without a name', async () => {
    const it = await fixture({ lock: running() });
    expect((await it.open(back({ to: 'v1.4.2' }))).summary).toMatch(
      /^already live: v1.4.2 stays; \S+ is rolled back to it$/,
    );
    expect(it.world.ledger.state.pending).toBeUndefined();
    expect(it.world.balancer.weights).toEqual({ blue: 100, green: 0 });
  });

  test('to the version that is being released changes nothing', async () => {
    const it = await fixture({ lock: running() });
    expect((await it.open(back({ to: 'v1.5.0' }))).summary).toMatch(/^duplicate: v1.5.0 is being released/);
    expect(it.world.writes).toEqual([]);
  });

  test('takes the place of a push that waits: it was asked for later', async () => {
    const pending = { ...IMAGES['v1.5.1'], image: 'v1.5.1', attempt: 1, input: { image: 'v1.5.1' } };
    const it = await fixture({ lock: running(), service: { pending } });
    await it.open(back({ to: 'v1.4.1' }));
    expect(it.world.ledger.state.pending?.image).toBe('v1.4.1');
  });

  test('that is stuck is refused with the reason: an operator must decide', async () => {
    const it = await fixture({ lock: running('stuck', { reason: 'blue has no healthy target' }) });
    await expect(it.open(back())).rejects.toMatchObject({
      name: 'ReleaseRefused',
      message: expect.stringContaining('r-20260105-135500 is stuck: blue has no healthy target'),
    });
    expect(it.world.writes).toEqual([]);
  });

  test('that closes under our eyes becomes an ordinary rollback of it', async () => {
    const lock = running('closing', { retiring: 'blue' });
    let free: () => void = () => {};
    const it = await fixture({ lock, before: (_, name) => name === 'Ledger write' && free() });
    free = () => {
      free = () => {};
      it.write(writes.freeAfterClose(lock, { ...it.world.ledger.state, lock }, NOW));
      it.world.balancer.weights = { blue: 0, green: 100 };
    };
    expect(await it.open(back())).toMatchObject({ verdict: 'opened' });
    expect(it.world.ledger.state.lock).toMatchObject({ digest: CURRENT.digest, candidate: 'blue', fence: FENCE + 1 });
  });

  test('twice, the second time while it goes back already, is one order and no second rollback', async () => {
    const it = await fixture({ lock: running() });
    await it.open(back());
    await it.ask('Revert', undefined, SOMEBODY_ELSE);
    expect((await it.open(back())).summary).toMatch(/^already live/);
    expect(it.log.filter((line) => line === 'ledger: abort')).toHaveLength(1);
    expect(it.world.ledger.state.pending).toBeUndefined();
  });
});

describe('later, when nothing runs', () => {
  test('to the version before, on the colour that slept, without a migration and straight to 100 %', async () => {
    const it = await fixture();
    expect(await it.open(back())).toMatchObject({ verdict: 'opened' });
    expect(it.world.ledger.state.lock).toMatchObject({
      digest: PREVIOUS.digest,
      candidate: 'green',
      plan: { stages: [{ share: 100 }], migrates: false },
    });
  });

  test.each([
    ['a tag', 'v1.4.1'],
    ['a digest', PREVIOUS.digest],
    ['a release id', PREVIOUS.releaseId],
  ])('to a version named by %s', async (_, to) => {
    const it = await fixture({ records: [recordOf(PREVIOUS)] });
    expect(await it.open(back({ to }))).toMatchObject({ verdict: 'opened' });
    expect(it.world.ledger.state.lock?.digest).toBe(PREVIOUS.digest);
  });

  test('to what is live already, by name, rolls it out again: the template may have changed', async () => {
    const it = await fixture();
    expect(await it.open(back({ to: 'v1.4.2' }))).toMatchObject({ verdict: 'opened' });
    expect(it.world.ledger.state.lock?.digest).toBe(CURRENT.digest);
  });

  test('twice at once: the second waits for the first, which is no release of another image', async () => {
    const it = await fixture();
    await it.open(back());
    expect((await it.open(back({ to: 'v1.4.1' }), SOMEBODY_ELSE)).summary).toMatch(/^duplicate: v1.4.1 is being/);
  });
});

describe('is refused, and the world is as it was', () => {
  const GONE = { ...CURRENT, releaseId: 'r-20260101-090000', image: 'v1.3.0', digest: `sha256:${'9'.repeat(64)}` };

  test.each([
    [
      'to an image that the registry no longer has [F21]',
      back({ to: GONE.releaseId }),
      /v1\.3\.0 is not in the registry/,
    ],
    ['to a tag that never was', back({ to: 'v9.9.9' }), /v9\.9\.9 is not in the registry/],
    [
      'to a release of another service [F23]',
      back({ to: 'r-20200101-000000' }),
      /r-20200101-000000 is no release of this/,
    ],
    ['to words that name nothing', back({ to: 'yesterday' }), /names no release tag/],
  ])('%s: while nothing runs, and while a release runs', async (_, input, message) => {
    for (const lock of [undefined, running()]) {
      const it = await fixture({ ...(lock ? { lock } : {}), records: [recordOf(GONE)] });
      const before = truth(it);
      await expect(it.open(input)).rejects.toMatchObject({
        name: 'ReleaseRefused',
        message: expect.stringMatching(message),
      });
      expect(truth(it)).toEqual(before);
      expect(it.world.writes).toEqual([]);
    }
  });

  test('while nothing runs and there is no release before', async () => {
    const it = await fixture({ service: { previous: undefined } as never });
    await expect(it.open(back())).rejects.toThrow(/there is no earlier release of this service/);
    expect(it.world.writes).toEqual([]);
  });

  test('past a migration that nobody called compatible [F22] [S541]', async () => {
    const it = await fixture({ records: [recordOf(CURRENT, { migrated: true })] });
    await expect(it.open(back())).rejects.toThrow(
      /v1\.4\.2 migrated the database and was not released as schemaCompat/,
    );
    expect(it.world.writes).toEqual([]);
  });

  test.each(ABORTABLE)(
    'to an older one by name past stable’s own migration, before the release in phase %s is aborted',
    async (phase) => {
      const it = await fixture({ lock: running(phase), records: [recordOf(CURRENT, { migrated: true })] });
      await expect(it.open(back({ to: 'v1.4.1' }))).rejects.toThrow(/v1\.4\.2 migrated the database/);
      expect(it.world.writes).toEqual([]);
    },
  );

  test('past the migration of a release that closes, before it waits for it', async () => {
    const it = await fixture({ lock: running('closing'), records: [recordOf(lockIn('closing'), { migrated: true })] });
    await expect(it.open(back())).rejects.toThrow(/v1\.5\.0 migrated the database/);
    expect(it.world.writes).toEqual([]);
  });
});

describe('past a migration', () => {
  test.each([
    ['that was released as compatible [S541]', { schemaCompatible: true }, back()],
    ['of which a person says that it is fine', {}, back({ acceptSchema: true })],
  ])('%s goes back', async (_, facts, input) => {
    const it = await fixture({ records: [recordOf(CURRENT, { migrated: true, ...facts })] });
    expect(await it.open(input)).toMatchObject({ verdict: 'opened' });
    expect(it.world.ledger.state.lock?.plan.migrates).toBe(false);
  });

  test('of the release that runs goes back without a question: stable’s own tasks run on that schema already', async () => {
    const it = await fixture({ lock: running('warm'), records: [recordOf(CURRENT)] });
    expect(await it.open(back())).toMatchObject({ verdict: 'nothing' });
    expect(it.world.balancer.weights).toEqual({ blue: 100, green: 0 });
  });
});

test('while it closes: it waits for the end, and goes to what was stable when it was asked', async () => {
  const it = await fixture({ lock: running('closing', { settleFrom: NOW - 120 }) });
  expect((await it.open(back())).summary).toMatch(/^queued: v1.4.2/);
  expect(it.world.balancer.weights).toEqual({ blue: 75, green: 25 });
  expect(it.world.ledger.state.lock?.abort).toBeUndefined();
  expect(it.world.ledger.state.pending?.input).toEqual(back({ to: CURRENT.digest }));
});

test('of a release that somebody aborted already writes the rule once more, until the owner reverts', async () => {
  const it = await fixture({ lock: running('baking', { abort: ABORT }) });
  expect(await it.open(back())).toMatchObject({ verdict: 'nothing' });
  expect(it.world.ledger.state.lock?.abort).toEqual(ABORT);
  expect(it.world.balancer.weights).toEqual({ blue: 100, green: 0 });
});
