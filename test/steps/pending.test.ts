/** A push that waits is started exactly once, and never lost. */
import { describe, expect, test } from 'vitest';
import { Transient } from '../../functions/core/failures.ts';
import type { Pending } from '../../functions/core/protocol.ts';
import { pendingName } from '../../functions/steps/shared/pending.ts';
import { fixture, IMAGES, lockIn, NOW, type SceneOptions, SOMEBODY_ELSE } from './fixture.ts';

const waits = (image: keyof typeof IMAGES, attempt = 1): Pending => ({
  ...IMAGES[image],
  image,
  attempt,
  input: { image, source: 'push', pushedAt: IMAGES[image].pushedAt },
});
const nameOf = (attempt: number): string => pendingName(waits('v1.5.1', attempt));

/** Executions by name, as the service knows them. */
const known =
  (states: Readonly<Record<string, 'RUNNING' | 'ended'>>): SceneOptions['executionStatus'] =>
  (execution) =>
    states[execution] ?? 'unknown';

const waiting = (states: Parameters<typeof known>[0], attempt = 1): SceneOptions => ({
  service: { pending: waits('v1.5.1', attempt) },
  executionStatus: known(states),
});

test('the name of a start says which push and which attempt: the same name again is the same start', () => {
  expect(nameOf(1)).toBe(`pending-6666666666666666-${NOW - 30}-1`);
  expect(new Set([nameOf(1), nameOf(2), pendingName(waits('v1.5.0'))]).size).toBe(3);
});

describe('a push that waits while nothing runs', () => {
  test('and was never started is started by the next look', async () => {
    const it = await fixture(waiting({}));
    await it.reconcile();
    expect(it.started).toEqual([nameOf(1)]);
    // Only its own Open takes it away.
    expect(it.world.ledger.state.pending).toEqual(waits('v1.5.1'));
  });

  test('and is on its way is not started again', async () => {
    const it = await fixture(waiting({ [nameOf(1)]: 'RUNNING' }));
    await it.reconcile();
    expect(it.started).toEqual([]);
    expect(it.world.writes).toEqual([]);
  });

  test('whose execution died before it owned the lock is started under the next name', async () => {
    const it = await fixture(waiting({ [nameOf(1)]: 'ended' }));
    await it.reconcile();
    expect(it.started).toEqual([nameOf(2)]);
    expect(it.world.ledger.state.pending?.attempt).toBe(2);
  });

  test('whose look died between the new name and the start is started by the next look', async () => {
    let isFirst = true;
    const it = await fixture({
      ...waiting({ [nameOf(1)]: 'ended' }),
      before: (_, name) => {
        if (name !== 'StartExecution' || !isFirst) return;
        isFirst = false;
        throw new Error('the Lambda died');
      },
    });
    await it.reconcile();
    await it.reconcile();
    expect(it.started).toEqual([nameOf(2)]);
    expect(it.world.ledger.state.pending?.attempt).toBe(2);
  });

  test('and was refused three times waits no longer, and that is told', async () => {
    const it = await fixture(waiting({ [nameOf(3)]: 'ended' }, 3));
    await it.reconcile();
    expect(it.started).toEqual([]);
    expect(it.world.ledger.state.pending).toBeUndefined();
    expect(it.world.notifications.map(({ notification }) => notification.title)).toEqual([
      'v1.5.1 waited, was started 3 times and refused each time',
    ]);
  });
});

describe('a push that waits while a release runs', () => {
  const running = lockIn('baking', 25, { owner: SOMEBODY_ELSE });

  test('is not started', async () => {
    const it = await fixture({ lock: running, service: { pending: waits('v1.5.1') } });
    await it.reconcile();
    expect(it.started).toEqual([]);
  });

  test.each([
    ['an older and then a newer', ['v1.5.0', 'v1.5.1']],
    ['a newer and then an older', ['v1.5.1', 'v1.5.0']],
    ['the same twice', ['v1.5.1', 'v1.5.1']],
  ] as const)('%s: the newest is the one that waits', async (_, pushed) => {
    const lock = lockIn('baking', 25, { owner: SOMEBODY_ELSE, ...IMAGES['v1.4.1'], image: 'v1.4.1' });
    const it = await fixture({ lock });
    for (const image of pushed) {
      expect(await it.open({ image, source: 'push', pushedAt: IMAGES[image].pushedAt })).toMatchObject({
        verdict: 'nothing',
      });
    }
    expect(it.world.ledger.state.pending).toEqual(waits('v1.5.1'));
  });
});

test('a release that opens in the second in which the lock is freed has the push wait on, and uses up none of its starts', async () => {
  let open: (() => void) | undefined;
  const it = await fixture({
    lock: lockIn('reverting', 0, { settleFrom: NOW - 120 }),
    service: { pending: waits('v1.5.1') },
    executionStatus: () => 'unknown',
    before: (_, name) => name === 'Ledger read' && open?.(),
  });
  open = () => {
    if (it.world.ledger.state.lock) return;
    open = undefined;
    const lock = lockIn('opening', 0, { owner: SOMEBODY_ELSE });
    it.write({ name: 'open', condition: { all: [] }, set: { lock, fence: lock.fence } });
  };
  expect(await it.ask('Revert')).toMatchObject({ verdict: 'reverted' });
  expect(it.started).toEqual([]);
  expect(it.world.ledger.state.pending).toEqual(waits('v1.5.1'));
});

test('a start that fails when the lock is freed is told, and made up for a minute later', async () => {
  let isFirst = true;
  const it = await fixture({
    lock: lockIn('reverting', 0, { settleFrom: NOW - 120 }),
    service: { pending: waits('v1.5.1') },
    executionStatus: () => 'unknown',
    before: (_, name) => {
      if (name !== 'StartExecution' || !isFirst) return;
      isFirst = false;
      throw new Transient('throttled');
    },
  });
  expect(await it.ask('Revert')).toMatchObject({ verdict: 'reverted' });
  expect(it.world.notifications.at(-1)?.notification.title).toBe('v1.5.1 waits and could not be started');
  await it.wait(60);
  await it.reconcile();
  expect(it.started).toEqual([nameOf(1)]);
});
