/**
 * The violations that a model checker found in the first drafts of the protocol, V1 to V31, each provoked here against
 * the real steps: what happens, and what must hold all the same.
 */
import { describe, expect, test } from 'vitest';
import { Transient } from '../../functions/core/failures.ts';
import { type Lock, type Pending, type Phase, writes } from '../../functions/core/protocol.ts';
import { type GuardEvent, guard } from '../../functions/steps/safety/guard.ts';
import {
  ABORT,
  askUntilAnswered,
  FENCE,
  type Fixture,
  fixture,
  IMAGES,
  lockIn,
  ME,
  NOW,
  type SceneOptions,
  SOMEBODY_ELSE,
} from '../steps/fixture.ts';

const ON_STABLE = { blue: 100, green: 0 };
const ON_CANDIDATE = { blue: 0, green: 100 };
const settled = { settleFrom: NOW - 120 };
const ended = () => 'ended' as const;
const theirs = (phase: Phase, share: number, facts: Partial<Lock> = {}): Lock =>
  lockIn(phase, share, { owner: SOMEBODY_ELSE, ...facts });
const pending: Pending = { ...IMAGES['v1.5.1'], image: 'v1.5.1', attempt: 1, input: { image: 'v1.5.1' } };
const push = (image: 'v1.5.0' | 'v1.5.1') => ({ image, source: 'push', pushedAt: IMAGES[image].pushedAt });
const to = (share: number) => ({ release: { id: lockIn('opening').releaseId, fence: FENCE }, share });
const crash: GuardEvent = {
  kind: 'task stopped',
  colour: 'green',
  revision: 'conductores-backend-green:1',
  stopCode: 'EssentialContainerExited',
  exitCode: 1,
  reason: 'exit code 1',
};
const crashing = { revision: 'conductores-backend-green:1' };

/** Does something once, when the named call is made (or has been answered) for the n-th time. */
function once(name: string, deed: () => unknown, nth = 1): (call: number, name: string) => void {
  let seen = 0;
  return (_, call) => (call === name && ++seen === nth ? (deed() as undefined) : undefined);
}

async function looks(it: Fixture, count: number): Promise<void> {
  for (let look = 0; look < count; look++) {
    await it.reconcile();
    await it.wait(60);
  }
}

const serviceWrites = ({ log }: Fixture) => log.filter((line) => /^(Modify|Update|Register)/.test(line));
const desired = ({ world }: Fixture, colour: 'blue' | 'green') => world.tasks.side(colour).desired;

/** What is not provoked here, and why. */
const OUTSIDE: Readonly<Record<string, string>> = {
  V12: 'the rule’s custom resource is no step: that an update sends no actions is held where its handler and the template are tested',
  V24: 'reserved concurrency is the template’s; that the rehearsal plays it is held in test/rehearsal/safety.test.ts',
};

const PROVOKED: Readonly<Record<string, readonly [title: string, story: () => Promise<void>]>> = {
  V1: [
    'a Shift that was given up wakes while the release closes: the drain outlasts it, and nothing sleeps under users',
    async () => {
      const it = await fixture({ lock: lockIn('closing', 100, { settleFrom: NOW - 95 }) });
      await it.ask('Close');
      await it.wait(20);
      it.world.balancer.route({ blue: 75, green: 25 });
      expect(desired(it, 'blue')).toBe(4);
      expect(await askUntilAnswered(it, 'Close')).toBe('closed');
      expect(it.world.balancer.weights).toEqual(ON_CANDIDATE);
      expect(it.violations).toEqual([]);
    },
  ],
  V2: [
    'a guard that is slow to write the rule has written, or is dead, before the lock is free',
    async () => {
      for (const seconds of [25, 40]) {
        let sleep: () => unknown = () => undefined;
        const it = await fixture({ lock: lockIn('baking', 25, crashing), before: once('ModifyRule', () => sleep()) });
        sleep = () => it.clock.sleep(seconds);
        const { world } = it;
        // Not waited for: the owner goes on meanwhile.
        void guard(world.ports({ by: 'guard' }))(crash);
        await it.wait(2);
        expect(await askUntilAnswered(it, 'Revert')).toBe('reverted');
        await it.wait(60);
        const late = world.writes.findIndex(({ actor, call }) => actor.by === 'guard' && call === 'ModifyRule');
        const free = world.writes.findIndex(({ call }) => call === 'ledger: free after revert');
        expect(late).toBeLessThan(free);
        expect(late >= 0).toBe(seconds < 30);
        expect(it.violations).toEqual([]);
      }
    },
  ],
  V3: [
    'an execution that dies while it closes, with stable asleep already, is rolled forward',
    async () => {
      const it = await fixture({
        lock: theirs('closing', 100, { ...settled, retiring: 'blue' }),
        stableTasks: 0,
        executionStatus: ended,
      });
      await looks(it, 4);
      expect(it.world.balancer.weights).toEqual(ON_CANDIDATE);
      expect(it.world.ledger.state).toMatchObject({ stable: 'green' });
      expect(it.world.ledger.state.lock).toBeUndefined();
    },
  ],
  V4: [
    'stable is dead when the guard aborts: users stay where somebody answers',
    async () => {
      const it = await fixture({ lock: theirs('baking', 25, crashing), stableTasks: 0 });
      await it.guard(crash);
      expect(serviceWrites(it)).toEqual([]);
    },
  ],
  V5: [
    'the candidate was marked for its end when stable dies: nobody is sent to it any more',
    async () => {
      const it = await fixture({
        lock: theirs('reverting', 0, { ...settled, retiring: 'green' }),
        stableTasks: 0,
        executionStatus: ended,
      });
      await it.reconcile();
      // The dead owner's Lambda, which had passed its check.
      it.world.tasks.resize('green', 0);
      await it.wait(60);
      await looks(it, 4);
      expect(it.world.balancer.weights).toEqual(ON_STABLE);
      expect(it.world.ledger.state.lock?.phase).toBe('stuck');
      expect(it.world.notifications.at(-1)?.notification.kind).toBe('stuck');
    },
  ],
  V6: [
    'a late duplicate of an older release’s event does not reach the release that runs now, of the same colour [F47]',
    async () => {
      const it = await fixture({
        lock: theirs('baking', 25, { fence: FENCE + 1, revision: 'conductores-backend-green:2' }),
        service: { fence: FENCE + 1 },
      });
      expect(await it.guard(crash)).toMatchObject({ aborted: false });
      expect(it.world.writes).toEqual([]);
    },
  ],
  V7: [
    'an abort while it closes is refused, so that a release is either closed or going back',
    async () => {
      const it = await fixture({ lock: lockIn('closing', 100, { ...settled, ...crashing }) });
      await it.guard(crash);
      await expect(it.tell({ word: 'abort', by: 'maria', id: 'c-1' })).rejects.toMatchObject({
        name: 'ReleaseRefused',
      });
      expect(it.world.ledger.state.lock?.abort).toBeUndefined();
      expect(await askUntilAnswered(it, 'Close')).toBe('closed');
    },
  ],
  V8: [
    'what is scaled down is scaled down before the lock is free, never after',
    async () => {
      for (const [verb, lock, free] of [
        ['Close', lockIn('closing', 100, settled), 'ledger: free after close'],
        ['Revert', lockIn('reverting', 0, settled), 'ledger: free after revert'],
      ] as const) {
        const it = await fixture({ lock });
        await it.ask(verb);
        expect(it.log.indexOf(free)).toBe(it.log.length - 1);
        expect(serviceWrites(it).some((line) => /^UpdateService \w+ 0$/.test(line))).toBe(true);
      }
    },
  ],
  V9: [
    'somebody put all users back on stable by hand before it closes: stable is not scaled down',
    async () => {
      const it = await fixture({ lock: lockIn('closing', 100, settled), weights: ON_STABLE });
      expect(await it.ask('Close')).toMatchObject({ verdict: 'stuck' });
      expect(serviceWrites(it)).toEqual([]);
    },
  ],
  V10: [
    'the same, hidden by one reading that lags: one reading is not believed',
    async () => {
      let readings = 0;
      const it = await fixture({
        lock: lockIn('closing', 100, settled),
        // The first reading is the look of every tick; the second is the first of the three that must agree.
        after: (_, name) => {
          if (name === 'DescribeRules' && ++readings === 2) it.world.balancer.route(ON_STABLE);
        },
      });
      expect(await it.ask('Close')).toMatchObject({ verdict: 'wait' });
      expect(desired(it, 'blue')).toBe(4);
      expect(it.violations).toEqual([]);
    },
  ],
  V11: [
    'somebody gave the idle colour users before a release: it is neither opened nor rolled',
    async () => {
      const weights = { blue: 75, green: 25 };
      const opening = await fixture({ weights });
      await expect(opening.open({ image: 'v1.5.0' })).rejects.toMatchObject({ name: 'ReleaseRefused' });
      const deploying = await fixture({ lock: lockIn('deploying'), weights });
      await expect(deploying.ask('Prepare', to(5))).rejects.toMatchObject({ name: 'NotReady' });
      expect([...serviceWrites(opening), ...serviceWrites(deploying)]).toEqual([]);
    },
  ],
  V13: [
    'an execution that cannot read the ledger writes nothing, though it may have been the owner',
    async () => {
      const it = await fixture({ lock: lockIn('baking', 25, { abort: ABORT }), before: unreadable });
      await expect(it.ask('Revert')).rejects.toMatchObject({ name: 'Transient' });
      expect(it.world.writes).toEqual([]);
    },
  ],
  V14: [
    'nor when stable looks healthy: another release may run by now',
    async () => {
      const it = await fixture({ lock: theirs('baking', 25, { fence: FENCE + 1 }), before: unreadable });
      await expect(it.ask('Revert')).rejects.toMatchObject({ name: 'Transient' });
      expect(it.world.writes).toEqual([]);
    },
  ],
  V15: [
    'a rollback that was about one release does not abort the next one',
    async () => {
      let next: () => void = () => {};
      const it = await fixture({ lock: theirs('warm', 100), before: once('Ledger write', () => next()) });
      next = () =>
        it.write({
          name: 'the next release',
          condition: { all: [] },
          set: { fence: FENCE + 1, lock: theirs('baking', 25, { fence: FENCE + 1, releaseId: 'r-20260105-140100' }) },
        });
      await expect(it.open({ action: 'rollback' })).rejects.toThrow(/r-20260105-140100 began while the rollback/);
      expect(it.world.ledger.state.lock?.abort).toBeUndefined();
      expect(serviceWrites(it)).toEqual([]);
    },
  ],
  V16: [
    'a person’s laptop writes the ledger only: what it says late is refused by the fence',
    async () => {
      const it = await fixture({ lock: lockIn('baking', 25) });
      await it.tell({ word: 'abort', by: 'maria', id: 'c-1' });
      expect(it.world.writes.map(({ call }) => call)).toEqual(['ledger: abort']);
      const next = await fixture({ lock: lockIn('baking', 25, { fence: FENCE + 1 }) });
      expect(next.world.ledger.write(writes.abort(FENCE, ABORT)).written).toBe(false);
    },
  ],
  V17: [
    'the lock is freed while a push queues: it opens instead of waiting for nobody',
    async () => {
      let free: () => void = () => {};
      const it = await fixture({
        lock: theirs('closing', 100),
        weights: ON_STABLE,
        before: once('Ledger write', () => free()),
      });
      free = () => it.write({ name: 'free', condition: { present: 'lock' }, set: {}, remove: ['lock'] });
      expect(await it.open(push('v1.5.1'))).toMatchObject({ verdict: 'opened' });
    },
  ],
  V18: [
    'the owner dies with a push in the queue: whoever frees the lock, the push is started',
    async () => {
      const it = await fixture({ lock: theirs('baking', 25), service: { pending }, executionStatus: ended });
      await looks(it, 4);
      expect(it.started[0]).toBe(`pending-6666666666666666-${pending.pushedAt}-1`);
    },
  ],
  V19: [
    'Open was written and its answer was lost: asked again, it knows its own lock',
    async () => {
      const it = await fixture({
        after: once('Ledger write', () => {
          throw new Transient('500');
        }),
      });
      await expect(it.open({ image: 'v1.5.0' })).rejects.toMatchObject({ name: 'Transient' });
      expect(await it.open({ image: 'v1.5.0' })).toMatchObject({ verdict: 'opened', release: { fence: FENCE } });
      expect(it.world.ledger.state.lock).toMatchObject({ owner: ME, fence: FENCE });
    },
  ],
  V20: [
    'a push that meets a rule that is elsewhere is refused and kept, and started once the rule is right',
    async () => {
      const it = await fixture({ weights: { blue: 75, green: 25 }, executionStatus: () => 'unknown' });
      await expect(it.open(push('v1.5.1'))).rejects.toMatchObject({ name: 'ReleaseRefused' });
      expect(it.world.ledger.state.pending?.image).toBe('v1.5.1');
      await looks(it, 6);
      expect(it.world.balancer.weights).toEqual(ON_STABLE);
      expect(it.started).toContain(`pending-6666666666666666-${pending.pushedAt}-1`);
    },
  ],
  V21: [
    'a split that nobody released is put back, and pushes are taken again',
    async () => {
      const it = await fixture({ weights: { blue: 75, green: 25 } });
      await looks(it, 4);
      expect(it.world.balancer.weights).toEqual(ON_STABLE);
      expect(await it.open({ image: 'v1.5.0' })).toMatchObject({ verdict: 'opened' });
    },
  ],
  V22: [
    'a take-over makes the reconciler the owner: the next look carries on, and takes over no more',
    async () => {
      const it = await fixture({ lock: theirs('baking', 25), executionStatus: ended });
      await looks(it, 2);
      expect(it.log.filter((line) => line === 'ledger: take over')).toHaveLength(1);
      await looks(it, 3);
      expect(it.world.ledger.state).toMatchObject({ fence: FENCE + 1 });
      expect(it.world.ledger.state.lock).toBeUndefined();
    },
  ],
  V23: [
    'a second event while it reverts writes nothing: its rule could land in the next release',
    async () => {
      const it = await fixture({ lock: theirs('reverting', 0, { ...settled, ...crashing, abort: ABORT }) });
      expect(await it.guard(crash)).toMatchObject({ aborted: false });
      expect((await it.open({ action: 'rollback' })).summary).toMatch(/^already live/);
      expect(it.world.writes).toEqual([]);
    },
  ],
  V25: [
    'a second try of Close or Revert waits for the first to be dead',
    async () => {
      const begun = { ...settled, drained: settled.settleFrom };
      for (const [verb, lock] of [
        ['Close', lockIn('closing', 100, begun)],
        ['Revert', lockIn('reverting', 0, begun)],
      ] as const) {
        const it = await fixture({ lock });
        expect(await it.ask(verb)).toMatchObject({ verdict: 'wait' });
        expect(serviceWrites(it)).toEqual([]);
        expect(it.world.ledger.state.lock?.settleFrom).toBe(NOW);
      }
    },
  ],
  V26: [
    'users were sent to the candidate and stable heals: they come back, and it ends',
    async () => {
      const it = await fixture({
        lock: lockIn('reverting', 25, { ...settled, target: 'candidate' }),
        weights: { blue: 75, green: 25 },
      });
      expect(await askUntilAnswered(it, 'Revert')).toBe('reverted');
      expect(it.world.ledger.state.lock).toBeUndefined();
    },
  ],
  V27: [
    'the candidate dies as stable was marked for its end, and stable is still up: users go back to it',
    async () => {
      const it = await fixture({ lock: lockIn('closing', 100, { ...settled, retiring: 'blue' }), candidateTasks: 0 });
      expect(await askUntilAnswered(it, 'Close')).toBe('stuck');
      expect(it.world.balancer.weights).toEqual(ON_STABLE);
    },
  ],
  V28: [
    'stable dies right after its health was read: one reading a decision, and the next decision puts it right',
    async () => {
      let die: () => void = () => {};
      const it = await fixture({
        lock: lockIn('baking', 25, { abort: ABORT }),
        after: once('DescribeTargetHealth', () => die()),
      });
      die = () => {
        it.world.tasks.resize('blue', 0);
        it.world.tasks.second();
      };
      await it.ask('Revert');
      expect(it.log.slice(0, 2)).toEqual(['DescribeTargetHealth', 'ModifyRule blue 100, green 0']);
      expect(await askUntilAnswered(it, 'Revert')).toBe('stuck');
      expect(it.world.balancer.weights).toEqual(ON_CANDIDATE);
      expect(it.world.ledger.state.lock?.target).toBe('candidate');
    },
  ],
  V29: [
    'a hold that comes before the next intent stops it',
    async () => {
      let hold: () => void = () => {};
      const it = await fixture({ lock: lockIn('baking', 5), before: once('Ledger write', () => hold()) });
      hold = () => it.write(writes.hold(FENCE, 'maria', NOW));
      expect(await it.ask('Shift', to(25))).toMatchObject({ verdict: 'held', share: 5 });
      expect(serviceWrites(it)).toEqual([]);
    },
  ],
  V30: [
    'an advance that was said to one release does not end a bake of the next',
    async () => {
      const command = { id: 'c-1', verb: 'advance', share: 25, fence: FENCE - 1 } as const;
      const it = await fixture({ lock: lockIn('baking', 25, { command }) });
      expect(await it.ask('Judge')).toMatchObject({ verdict: 'continue', share: 25 });
      expect(it.world.ledger.write(writes.command(command)).written).toBe(false);
    },
  ],
  V31: [
    'an advance whose intent was written and not answered is taken once',
    async () => {
      const command = { id: 'c-1', verb: 'advance', share: 5, fence: FENCE } as const;
      const it = await fixture({
        lock: lockIn('baking', 5, { command }),
        after: once('Ledger write', () => {
          throw new Transient('500');
        }),
      });
      expect(await askUntilAnswered(it, 'Shift', to(25))).toBe('shifted');
      expect(it.world.ledger.state.lock).toMatchObject({ share: 25, taken: 'c-1' });
      expect(it.world.ledger.state.lock?.command).toBeUndefined();
      expect(await it.ask('Judge')).toMatchObject({ verdict: 'continue', share: 25 });
    },
  ],
};

const unreadable: NonNullable<SceneOptions['before']> = (_, name) => {
  if (name === 'Ledger read') throw new Transient('DynamoDB did not answer');
};

describe.each(Object.entries(PROVOKED))('%s', (_, [title, story]) => {
  test(title, story);
});

test('every violation is provoked here, or says where it is held', () => {
  const all = Array.from({ length: 31 }, (_, index) => `V${index + 1}`);
  expect([...Object.keys(PROVOKED), ...Object.keys(OUTSIDE)].sort()).toEqual(all.sort());
  for (const reason of Object.values(OUTSIDE)) expect(reason).not.toBe('');
});
