/** Guard: which event is whose, and how few calls lie between an alarm and the load balancer. */
import { describe, expect, test } from 'vitest';
import { type Lock, type Phase, writes } from '../../functions/core/protocol.ts';
import type { GuardEvent } from '../../functions/steps/safety/guard.ts';
import { ABORT, FENCE, fixture, IMAGES, lockIn, NOW, SOMEBODY_ELSE } from './fixture.ts';
import { expectWrites } from './order.ts';

const REVISION = 'conductores-backend-green:1';
const BACKSTOP = 'conductores-backend-green-backstop-error-rate';

/** At 25 % since ten minutes; its alarms were quiet since an hour when the first user came. */
const running = (facts: Partial<Lock> = {}, phase: Phase = 'baking', share = 25): Lock =>
  lockIn(phase, share, {
    owner: SOMEBODY_ELSE,
    revision: REVISION,
    firstShareAt: NOW - 600,
    alarmsSeen: { [BACKSTOP]: NOW - 3600 },
    ...facts,
  });
const literal = (facts: Partial<Lock> = {}, phase: Phase = 'baking', share = 25): Lock =>
  running({ plan: { ...lockIn('opening').plan, policy: 'literal' }, ...facts }, phase, share);

const alarm = (changes: Partial<Extract<GuardEvent, { kind: 'alarm' }>> = {}): GuardEvent => ({
  kind: 'alarm',
  name: BACKSTOP,
  colour: 'green',
  acts: 'backstop',
  state: 'ALARM',
  since: NOW - 2,
  reason: '31 % errors, 29 points over blue',
  ...changes,
});
const crash = (changes: Partial<Extract<GuardEvent, { kind: 'task stopped' }>> = {}): GuardEvent => ({
  kind: 'task stopped',
  colour: 'green',
  revision: REVISION,
  stopCode: 'EssentialContainerExited',
  exitCode: 1,
  reason: 'Essential container in task exited (exit code 1)',
  ...changes,
});
const literalAlarm = alarm({ name: 'conductores-backend-green-literal-p95', acts: 'literal' });

describe.each([
  ['the backstop alarm', alarm(), 'alarm conductores-backend-green-backstop-error-rate: 31 % errors, 29 points'],
  ['a crash', crash(), 'a task of green crashed: Essential container in task exited (exit code 1)'],
])('%s of the release that runs', (_, event, reason) => {
  test('is an order to go back, and then at once the rule: in at most five calls, with nothing in between', async () => {
    const it = await fixture({ lock: running() });
    expect(await it.guard(event)).toMatchObject({ aborted: true });
    const { calls, writes: written, ledger, balancer } = it.world;
    expect(calls.findIndex(({ call }) => call === 'ModifyRule') + 1).toBeLessThanOrEqual(5);
    expect(written.map(({ call }) => call)).toEqual(['ledger: abort', 'ModifyRule']);
    expect(balancer.weights).toEqual({ blue: 100, green: 0 });
    expect(ledger.state.lock?.abort).toMatchObject({ by: 'guard', reason: expect.stringContaining(reason) });
    expect(it.violations).toEqual([]);
  });

  test('delivered twice writes one order, and the users stay where they belong [F44]', async () => {
    const it = await fixture({ lock: running() });
    await it.guard(event);
    await it.guard(event);
    expect(it.log.filter((line) => line.startsWith('ledger'))).toEqual(['ledger: abort']);
    expect(it.world.balancer.weights).toEqual({ blue: 100, green: 0 });
  });

  test('reads the health once, and leaves users where somebody answers when stable is dead', async () => {
    const it = await fixture({ lock: running(), stableTasks: 0 });
    expect(await it.guard(event)).toMatchObject({ aborted: true });
    expectWrites(it.log, ['ledger: abort', 'DescribeTargetHealth']);
    expect(it.world.balancer.weights).toEqual({ blue: 75, green: 25 });
  });

  test.each(['baking', 'warm'] as const)('acts in phase %s', async (phase) => {
    const it = await fixture({ lock: running({}, phase, phase === 'warm' ? 100 : 25) });
    expect(await it.guard(event)).toMatchObject({ aborted: true });
    expect(it.world.balancer.weights).toEqual({ blue: 100, green: 0 });
  });

  test.each(['reverting', 'closing', 'stuck'] as const)(
    'in phase %s comes too late: the owner or the reconciler decides anew',
    async (phase) => {
      const it = await fixture({ lock: running(phase === 'reverting' ? { abort: ABORT } : {}, phase, 25) });
      expect(await it.guard(event)).toMatchObject({ aborted: false });
      expect(it.world.writes).toEqual([]);
    },
  );

  test('hours late, when the release is long over and another one runs, touches nothing [F47]', async () => {
    const next = running({
      fence: FENCE + 1,
      ...IMAGES['v1.5.1'],
      revision: 'conductores-backend-green:2',
      firstShareAt: NOW + 6800,
      alarmsSeen: { [BACKSTOP]: NOW + 600 },
    });
    const it = await fixture({ lock: next, service: { fence: FENCE + 1 } });
    expect(await it.guard(event)).toMatchObject({ aborted: false });
    expect(it.world.writes).toEqual([]);
  });

  test('when nothing is released touches nothing', async () => {
    const it = await fixture();
    expect(await it.guard(event)).toEqual({ aborted: false, summary: 'nothing is being released' });
    expect(it.world.writes).toEqual([]);
  });

  test('of the other colour is not the candidate’s', async () => {
    const it = await fixture({ lock: running() });
    expect(await it.guard({ ...event, colour: 'blue' } as GuardEvent)).toMatchObject({ aborted: false });
    expect(it.world.writes).toEqual([]);
  });

  test('cannot reach a release that opened between its reading and its order', async () => {
    let replace: () => void = () => {};
    const it = await fixture({ lock: running(), before: (_, name) => name === 'Ledger write' && replace() });
    replace = () => {
      replace = () => {};
      it.write({
        name: 'a newer release',
        condition: { all: [] },
        set: { fence: FENCE + 1, lock: running({ fence: FENCE + 1 }) },
      });
    };
    expect(await it.guard(event)).toMatchObject({ aborted: false });
    expect(it.world.ledger.state.lock?.abort).toBeUndefined();
    expect(it.world.balancer.weights).toEqual({ blue: 75, green: 25 });
  });
});

describe('an order that somebody else wrote before', () => {
  test('is carried out all the same: its writer may have died on the way to the rule', async () => {
    const it = await fixture({ lock: running({ abort: ABORT }) });
    expect(await it.guard(alarm())).toMatchObject({ aborted: true });
    expect(it.world.ledger.state.lock?.abort).toEqual(ABORT);
    expect(it.world.balancer.weights).toEqual({ blue: 100, green: 0 });
  });

  test('is not, once the owner has begun to revert: that rule may be the next release’s', async () => {
    let revert: () => void = () => {};
    const it = await fixture({
      lock: running({ abort: ABORT }),
      before: (_, name) => name === 'Ledger write' && revert(),
    });
    revert = () => {
      revert = () => {};
      it.write(writes.reverting({ owner: SOMEBODY_ELSE, fence: FENCE }, NOW, { onStable: true, reason: 'r' }));
    };
    expect(await it.guard(alarm())).toMatchObject({ aborted: false });
    expect(it.world.writes).toEqual([]);
  });
});

describe('an alarm', () => {
  test.each([
    ['that ended', alarm({ state: 'OK' })],
    ['that has no data', alarm({ state: 'INSUFFICIENT_DATA' })],
    ['that rang before the first share, as seen there [F36]', alarm({ since: NOW - 3600 })],
    ['that rang before that', alarm({ since: NOW - 90_000 })],
    ['that was not seen at the first share and rang before it', alarm({ name: 'new', since: NOW - 601 })],
    ['that rang so soon after it that its minutes are older', alarm({ since: NOW - 600 + 180 })],
  ])('%s is not this release’s', async (_, event) => {
    const it = await fixture({ lock: running() });
    expect(await it.guard(event)).toMatchObject({ aborted: false });
    expect(it.world.writes).toEqual([]);
  });

  test('is this release’s once its minutes can be', async () => {
    const it = await fixture({ lock: running() });
    expect(await it.guard(alarm({ since: NOW - 600 + 181 }))).toMatchObject({ aborted: true });
  });

  test('before any user met the candidate is not this release’s', async () => {
    const lock = lockIn('deploying', 0, { owner: SOMEBODY_ELSE, revision: REVISION });
    const it = await fixture({ lock, candidateTasks: 2 });
    expect(await it.guard(alarm())).toMatchObject({ aborted: false });
    expect(it.world.writes).toEqual([]);
  });

  test.each([
    ['compare', 'baking', 'backstop', true],
    ['compare', 'warm', 'backstop', true],
    ['compare', 'baking', 'literal', false],
    ['compare', 'warm', 'literal', false],
    ['literal', 'baking', 'backstop', true],
    ['literal', 'warm', 'backstop', true],
    ['literal', 'baking', 'literal', true],
    ['literal', 'warm', 'literal', false],
  ] as const)('under %s, %s: the %s one aborts %s', async (policy, phase, acts, aborted) => {
    const lock = (policy === 'literal' ? literal : running)({}, phase, phase === 'warm' ? 100 : 25);
    const it = await fixture({ lock });
    expect(await it.guard(acts === 'literal' ? literalAlarm : alarm())).toMatchObject({ aborted });
    expect(it.world.balancer.weights.green === 0).toBe(aborted);
    expect(it.world.writes.length).toBe(aborted ? 2 : 0);
  });
});

describe('a task that stopped', () => {
  // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html, stopCode
  test.each([
    'TaskFailedToStart',
    'UserInitiated',
    'ServiceSchedulerInitiated',
    'SpotInterruption',
    'TerminationNotification',
  ])('by %s did not crash, whatever its exit code [F43] [F58]', async (stopCode) => {
    const it = await fixture({ lock: running() });
    for (const exitCode of [0, 1, 137, 143])
      expect(await it.guard(crash({ stopCode, exitCode }))).toMatchObject({ aborted: false });
    expect(it.world.writes).toEqual([]);
  });

  test('by itself and without an error did not crash', async () => {
    const it = await fixture({ lock: running() });
    expect(await it.guard(crash({ exitCode: 0 }))).toMatchObject({ aborted: false });
    const { exitCode: _, ...neverStarted } = crash() as Extract<GuardEvent, { kind: 'task stopped' }>;
    expect(await it.guard(neverStarted)).toMatchObject({ aborted: false });
    expect(it.world.writes).toEqual([]);
  });

  test.each(['conductores-backend-green:0', 'conductores-backend-green:11', 'conductores-backend-blue:1'])(
    'of revision %s is of another release',
    async (revision) => {
      const it = await fixture({ lock: running() });
      expect(await it.guard(crash({ revision }))).toMatchObject({ aborted: false });
      expect(it.world.writes).toEqual([]);
    },
  );

  test('while it comes up ends the release before any user meets it', async () => {
    const lock = lockIn('deploying', 0, { owner: SOMEBODY_ELSE, revision: REVISION });
    const it = await fixture({ lock, candidateTasks: 2 });
    expect(await it.guard(crash())).toMatchObject({ aborted: true });
    expect(it.world.ledger.state.lock?.abort?.by).toBe('guard');
  });

  test('is nobody’s while the release’s own revision is not known yet', async () => {
    const it = await fixture({ lock: lockIn('deploying', 0, { owner: SOMEBODY_ELSE }), candidateTasks: 2 });
    expect(await it.guard(crash())).toMatchObject({ aborted: false });
    expect(it.world.writes).toEqual([]);
  });
});
