/** Abort, as those write it who are not the owner: the guard, and a rollback in flight. */
import { describe, expect, test } from 'vitest';
import { Transient } from '../../functions/core/failures.ts';
import { type Lock, type Phase, writes } from '../../functions/core/protocol.ts';
import { abortRelease } from '../../functions/steps/safety/abort.ts';
import { ABORT, FENCE, type Fixture, fixture, lockIn, ME, NOW, type SceneOptions, SOMEBODY_ELSE } from './fixture.ts';
import { expectWrites } from './order.ts';

const running = (phase: Phase = 'baking', facts: Partial<Lock> = {}): Lock =>
  lockIn(phase, 25, { owner: SOMEBODY_ELSE, ...facts });

async function abort(it: Fixture, meant: Lock): Promise<boolean> {
  let aborted: boolean | undefined;
  void abortRelease(it.world.ports({ by: 'person' }), meant, { by: 'person', reason: ABORT.reason }).then((answer) => {
    aborted = answer;
  });
  await it.wait(10);
  return aborted!;
}

test('the order, one reading of the health, the rule, its reading: in this order', async () => {
  const it = await fixture({ lock: running() });
  expect(await abort(it, running())).toBe(true);
  expectWrites(it.log, ['ledger: abort', 'DescribeTargetHealth', 'ModifyRule blue 100, green 0', 'DescribeRules']);
  expect(it.world.ledger.state.lock?.abort).toEqual({ by: 'person', reason: ABORT.reason, at: NOW });
});

test('a change that the load balancer refuses is tried again by the same invocation', async () => {
  let refused = 0;
  const it = await fixture({
    lock: running(),
    before: (_, name) => {
      if (name === 'ModifyRule' && ++refused <= 2) throw new Transient('Rate exceeded');
    },
  });
  expect(await abort(it, running())).toBe(true);
  expect(it.world.balancer.weights).toEqual({ blue: 100, green: 0 });
});

test('nobody is sent to a stable that is dead while the candidate lives [F30]', async () => {
  const it = await fixture({ lock: running(), stableTasks: 0 });
  expect(await abort(it, running())).toBe(true);
  expectWrites(it.log, ['ledger: abort', 'DescribeTargetHealth']);
});

test('when both are dead users are sent to stable, which is what ECS brings back', async () => {
  const it = await fixture({ lock: running(), stableTasks: 0, candidateTasks: 0 });
  await abort(it, running());
  expect(it.world.balancer.weights).toEqual({ blue: 100, green: 0 });
});

describe('nothing is written', () => {
  test.each<[string, SceneOptions]>([
    ['the release is over', { service: { fence: FENCE } }],
    ['another one runs', { lock: running('baking', { fence: FENCE + 1 }) }],
    ['another one runs and is aborted', { lock: running('baking', { fence: FENCE + 1, abort: ABORT }) }],
    ['it goes back already', { lock: running('reverting', { abort: ABORT }) }],
    ['it closes', { lock: running('closing') }],
    ['it is stuck', { lock: running('stuck', { abort: ABORT }) }],
  ])('when %s', async (_, options) => {
    const it = await fixture(options);
    expect(await abort(it, running())).toBe(false);
    expect(it.world.writes).toEqual([]);
  });
});

test('a shift that is under way cannot leave its share behind: the owner takes it back itself', async () => {
  let order: () => void = () => {};
  const it = await fixture({
    lock: lockIn('baking', 5),
    before: (_, name) => {
      if (name === 'ModifyRule') order();
    },
  });
  // The whole abort happens while the owner's own ModifyRule is on its way.
  order = () => {
    order = () => {};
    it.write(writes.abort(FENCE, ABORT));
    it.world.balancer.route({ blue: 100, green: 0 });
  };
  const state = { release: { id: lockIn('opening').releaseId, fence: FENCE }, share: 25 };
  await expect(it.ask('Shift', state, ME)).rejects.toMatchObject({ name: 'Aborted' });
  expect(it.log.filter((line) => line.startsWith('ModifyRule'))).toEqual([
    'ModifyRule blue 75, green 25',
    'ModifyRule blue 100, green 0',
  ]);
  expect(it.world.balancer.weights).toEqual({ blue: 100, green: 0 });
});
