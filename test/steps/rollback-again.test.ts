/** A rollback without a name is about the newest release, once: what it finds done already, it does not do again. */
import { describe, expect, test } from 'vitest';
import type { LiveRelease, Lock, Phase, ReleaseRecord } from '../../functions/core/protocol.ts';
import {
  ABORT,
  CURRENT,
  FENCE,
  type Fixture,
  fixture,
  IMAGES,
  lockIn,
  NOW,
  PREVIOUS,
  SOMEBODY_ELSE,
} from './fixture.ts';

const back = (facts: Readonly<Record<string, unknown>> = {}) => ({ action: 'rollback', ...facts });
const recordOf = (release: LiveRelease, facts: Partial<ReleaseRecord> = {}): ReleaseRecord => ({
  ...release,
  status: 'promoted',
  fence: 6,
  openedAt: release.pushedAt + 60,
  ...facts,
});
const NEWER: LiveRelease = { releaseId: 'r-20260105-120000', image: 'v1.5.0', ...IMAGES['v1.5.0'] };
const REVERTED = recordOf(NEWER, { status: 'reverted', reason: 'more errors' });

/** A rollback to v1.4.1, which somebody else asked for: v1.4.2 is what it leaves. */
const rollbackIn = (phase: Phase, share = 0, facts: Partial<Lock> = {}): Lock =>
  lockIn(phase, share, {
    owner: SOMEBODY_ELSE,
    image: 'v1.4.1',
    digest: PREVIOUS.digest,
    rollback: true,
    ...facts,
  });

async function changesNothing(it: Fixture, says: RegExp): Promise<void> {
  const { weights } = it.world.balancer;
  const answer = await it.open(back());
  expect(answer).toMatchObject({ verdict: 'nothing', summary: expect.stringMatching(says) });
  expect(it.world.writes).toEqual([]);
  expect(it.world.balancer.weights).toEqual(weights);
}

describe('of a rollback', () => {
  test.each([
    ['baking', 100],
    ['warm', 100],
    ['closing', 100],
  ] as const)('in phase %s, at 100 %: it is done already', async (phase, share) => {
    const it = await fixture({ lock: rollbackIn(phase, share, { settleFrom: NOW }) });
    await changesNothing(it, /^done already: v1\.4\.1 is live/);
  });

  test.each(['opening', 'migrating', 'deploying'] as const)('in phase %s: it is on its way', async (phase) => {
    const it = await fixture({ lock: rollbackIn(phase) });
    await changesNothing(it, /^on its way: r-20260105-135500 brings v1\.4\.1 back already$/);
    expect(await it.open(back())).toMatchObject({ owner: SOMEBODY_ELSE });
  });

  test('that is over: it is done already, whatever was released before it', async () => {
    const it = await fixture({ service: { current: { ...CURRENT, rollback: true }, previous: NEWER } });
    await changesNothing(it, /^done already: v1\.4\.2 is live; r-20260104-090000 brought it back/);
  });

  test.each([
    ['was aborted', rollbackIn('warm', 100, { abort: ABORT })],
    ['reverts', rollbackIn('reverting', 0, { settleFrom: NOW, reason: 'its tasks never became healthy' })],
  ])('that %s is refused with the reason: users stay on the version that is bad', async (_, lock) => {
    const it = await fixture({ lock });
    await expect(it.open(back())).rejects.toMatchObject({
      name: 'ReleaseRefused',
      message: expect.stringMatching(/r-20260105-135500, the rollback to v1\.4\.1, is being rolled back itself/),
    });
    expect(it.world.writes).toEqual([]);
  });

  test('that failed is refused with the reason, and says how to ask for it again', async () => {
    const failed = recordOf({ ...NEWER, ...IMAGES['v1.4.1'], image: 'v1.4.1' }, { status: 'reverted', rollback: true });
    const it = await fixture({ records: [{ ...failed, reason: 'its tasks never became healthy' }] });
    await expect(it.open(back())).rejects.toThrow(
      /the rollback to v1\.4\.1 \(r-20260105-120000\) failed: its tasks never became healthy; v1\.4\.2 stays/,
    );
    expect(await it.open(back({ to: 'v1.4.1' }))).toMatchObject({ verdict: 'opened' });
  });

  test('undone by name: the release that it left comes back', async () => {
    const lock = rollbackIn('warm', 100);
    const it = await fixture({ lock });
    expect((await it.open(back({ to: 'v1.4.2' }))).summary).toMatch(/^already live: v1\.4\.2 stays/);
    expect(it.world.ledger.state.lock?.abort?.by).toBe('person');
  });

  test('and a push after it: the push is what the next one takes back', async () => {
    const it = await fixture({
      service: { current: NEWER, previous: { ...CURRENT, rollback: true } },
      records: [recordOf(NEWER)],
    });
    expect(await it.open(back())).toMatchObject({ verdict: 'opened' });
    expect(it.world.ledger.state.lock).toMatchObject({ digest: CURRENT.digest, rollback: true });
  });
});

describe('two people in the same second', () => {
  test('one opens the rollback, and the other finds it on its way', async () => {
    let first: (() => void) | undefined;
    const it = await fixture({ before: (_, name) => name === 'Ledger write' && first?.() });
    first = () => {
      first = undefined;
      const lock = rollbackIn('opening', 0, { fence: FENCE });
      it.write({ name: 'open', condition: { all: [] }, set: { lock, fence: FENCE } });
    };
    expect((await it.open(back())).summary).toMatch(/^on its way: /);
    expect(it.world.ledger.state.lock?.abort).toBeUndefined();
  });

  test('and a release that opened in between is not taken for the one that was meant', async () => {
    let push: (() => void) | undefined;
    const it = await fixture({ before: (_, name) => name === 'Ledger write' && push?.() });
    push = () => {
      push = undefined;
      const lock = lockIn('opening', 0, { owner: SOMEBODY_ELSE });
      it.write({ name: 'open', condition: { all: [] }, set: { lock, fence: FENCE } });
    };
    await expect(it.open(back())).rejects.toThrow(/r-20260105-135500 began while the rollback was asked for/);
    expect(it.world.ledger.state.lock?.abort).toBeUndefined();
  });
});

describe('after a release', () => {
  test.each([
    ['was rolled back', REVERTED, /^done already: v1\.5\.0 is rolled back already; v1\.4\.2 is live/],
    [
      'everybody had, and users were taken off it by hand',
      recordOf(NEWER),
      /^done already: v1\.5\.0 is rolled back already/,
    ],
  ] as const)('that %s: nothing is older than what users have', async (_, record, says) => {
    await changesNothing(await fixture({ records: [recordOf(CURRENT), record] }), says);
  });

  test('that was rolled back, an older version is for whoever names it', async () => {
    const it = await fixture({ records: [REVERTED] });
    expect(await it.open(back({ to: 'v1.4.1' }))).toMatchObject({ verdict: 'opened' });
  });

  test('that was the first one and was rolled back: what the service began with stays', async () => {
    const it = await fixture({ service: { current: undefined, previous: undefined } as never, records: [REVERTED] });
    await changesNothing(it, /^done already: v1\.5\.0 is rolled back already; what the service began with is live/);
  });

  test('whose lock was taken away by hand is refused: nobody knows what users have', async () => {
    const it = await fixture({ records: [recordOf(NEWER, { status: 'open' })] });
    await expect(it.open(back())).rejects.toThrow(/r-20260105-120000 ended and was neither promoted nor rolled back/);
    expect(it.world.writes).toEqual([]);
  });

  test('that was rolled back while the rollback was asked for is not followed by a second one', async () => {
    let free: (() => void) | undefined;
    const lock = lockIn('reverting', 0, { owner: SOMEBODY_ELSE });
    const it = await fixture({
      lock: { ...lock, phase: 'warm' },
      before: (_, name) => name === 'Ledger write' && free?.(),
    });
    free = () => {
      free = undefined;
      const { digest } = lock;
      const record = { digest, mustBeNew: false, set: { status: 'reverted' as const } };
      it.write({ name: 'free', condition: { present: 'lock' }, set: {}, remove: ['lock'], record });
      it.world.balancer.weights = { blue: 100, green: 0 };
    };
    expect((await it.open(back())).summary).toMatch(/^done already: v1\.5\.0 is rolled back already/);
    expect(it.world.ledger.state.lock).toBeUndefined();
  });

  test('that everybody has: the rollback is what it was', async () => {
    const it = await fixture({ records: [recordOf(PREVIOUS), recordOf(CURRENT)] });
    expect(await it.open(back())).toMatchObject({ verdict: 'opened' });
    expect(it.world.ledger.state.lock).toMatchObject({ digest: PREVIOUS.digest, rollback: true });
    expect(it.world.ledger.record(PREVIOUS.digest)).toMatchObject({ rollback: true });
  });

  test('of which the version was rolled back to and is released again: that is a release like any other', async () => {
    const it = await fixture({ records: [recordOf(CURRENT, { rollback: true })] });
    await it.open({ image: 'v1.4.2', force: true });
    expect(it.world.ledger.record(CURRENT.digest)).toMatchObject({ rollback: false });
    expect(it.world.ledger.state.lock?.rollback).toBeUndefined();
  });
});

test('while the reconciler puts the rule right: it waits, and then brings the version before', async () => {
  const drift = lockIn('reverting', 0, {
    owner: 'reconciler',
    drift: true,
    releaseId: 'drift-1767621600',
    digest: 'none',
    image: 'none',
    settleFrom: NOW,
  });
  const it = await fixture({ lock: drift });
  expect((await it.open(back())).summary).toMatch(/^queued: v1\.4\.1 waits/);
  expect(it.world.ledger.state.pending?.input).toEqual(back({ to: PREVIOUS.digest }));
});

test('a version that was brought back has migrated all the same, and is asked about when it is left', async () => {
  const first = await fixture({
    service: { current: NEWER, previous: CURRENT },
    records: [recordOf(CURRENT, { migrated: true }), recordOf(NEWER, { migrated: true, schemaCompatible: true })],
  });
  expect(await first.open(back())).toMatchObject({ verdict: 'opened' });
  const record = first.world.ledger.record(CURRENT.digest)!;
  expect(record).toMatchObject({ migrated: true, rollback: true });
  const { releaseId, digest, image, pushedAt } = record;
  const then = await fixture({
    service: { current: { releaseId, digest, image, pushedAt, rollback: true }, previous: NEWER },
    records: [{ ...record, status: 'promoted' }],
  });
  await expect(then.open(back({ to: PREVIOUS.image }))).rejects.toThrow(/v1\.4\.2 migrated the database/);
  expect(then.world.writes).toEqual([]);
});

describe('a version that is broken can be left', () => {
  test('when a twentieth of its requests fail', async () => {
    const it = await fixture({ stableErrorRate: 0.05, minutes: 15 });
    expect(await it.open(back())).toMatchObject({ verdict: 'opened' });
    expect(it.world.ledger.state.lock).toMatchObject({ digest: PREVIOUS.digest });
  });

  test('when it has no healthy target', async () => {
    const it = await fixture({ failsHealthCheck: ({ colour }) => colour === 'blue', minutes: 10 });
    expect(await it.open(back())).toMatchObject({ verdict: 'opened' });
    expect(it.world.ledger.state.lock).toMatchObject({ digest: PREVIOUS.digest });
  });
});
