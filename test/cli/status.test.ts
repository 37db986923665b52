/** What `sluice status` says of a service at each moment, and that it changes nothing. */
import { describe, expect, test } from 'vitest';
import { hold } from '../../cli/hold.ts';
import { rollback } from '../../cli/rollback.ts';
import { start } from '../../cli/start.ts';
import { secondsToEverybody, status } from '../../cli/status.ts';
import { Stuck } from '../../functions/core/failures.ts';
import { forceStable } from '../../functions/core/force-stable.ts';
import { lockIn, NOW } from '../steps/fixture.ts';
import { type Deployed, deployed } from './deployed.ts';

const SHORT = '{"image":"v1.5.0","stages":[{"share":25,"bake":600},50,100],"warmMinutes":3}';

async function at25(it: Deployed): Promise<void> {
  await it.type(start, '--input', SHORT);
  await it.until(() => it.world.ledger.state.lock?.share === 25);
}

const looked = async (it: Deployed) => {
  const writes = () => it.world.writes.filter(({ actor }) => actor.by === 'person');
  const before = writes();
  const { code, out } = await it.type(status);
  expect(code).toBe(0);
  expect(writes()).toEqual(before);
  return out;
};

describe('status says', () => {
  test('at rest, what is live, what was before it, and how to go back [S578]', async () => {
    const it = await deployed();
    const out = await looked(it);
    expect(out).toMatch(/^conductores-backend {3}100 % on blue {3}nothing is being released\n/);
    expect(out).toMatch(/live {6}v1\.4\.2, r-\d+-\d+\n {2}before it v1\.4\.1/);
    expect(out).toContain('rule      blue 100 %, green 0 % (read now)');
    expect(out).toContain('Rollback:    sluice rollback --service conductores-backend');
    // The plan's `aws ecs update-service ... :42`, for somebody who has nothing but the AWS CLI.
    expect(out).toContain(
      `aws stepfunctions start-execution --region us-east-1 --state-machine-arn ${it.controller.stateMachineArn} --input '{"action":"rollback"}'`,
    );
    expect(out.trim().split('\n').at(-1)).toBe(forceStable(it.controller.settings.traffic, 'blue'));
  });

  test('in a bake, the share, the minutes that are left, and what it waits for', async () => {
    const it = await deployed();
    await at25(it);
    await it.wait(310);
    const out = await looked(it);
    expect(out).toMatch(/25 % on green {3}bake 5:\d\d of 10:00 {3}odds [\d.]+ of 100 {3}r-\d+-\d+\n/);
    expect(out).toMatch(/left {6}20 min of bakes until everybody has it, then 3 min warm/);
    expect(out).toContain('waits     for the end of this bake');
    expect(out).toContain('healthy   blue 2 of 2 tasks, green 2 of 2 tasks');
    expect(out).toContain('Say:         sluice hold | resume | promote | abort');
  });

  test('who holds it, and that its clock stands still', async () => {
    const it = await deployed();
    await at25(it);
    await it.type(hold);
    const out = await looked(it);
    expect(out).toContain('held by ana since');
    expect(out).toContain('waits     for sluice resume; ana holds it');
    expect(out).toContain('the clock stands still');
  });

  test('that a push waits', async () => {
    const it = await deployed();
    await at25(it);
    it.world.push('v1.5.1', { digest: `sha256:${'6'.repeat(64)}`, pushedAt: it.clock.now() });
    await it.type(start, 'v1.5.1');
    await it.until(() => it.world.ledger.state.pending !== undefined);
    expect(await looked(it)).toContain('queue     v1.5.1 waits; it starts when the lock is free');
  });

  test('after a revert, what was reverted and why', async () => {
    const it = await deployed({}, 'errors');
    await it.type(start, '--input', SHORT, '--follow');
    const { reason } = it.world.ledger.record('v1.5.0')!;
    expect(await looked(it)).toMatch(/last {6}v1\.5\.0, r-\d+-\d+: reverted, /);
    expect(await looked(it)).toContain(reason);
  });

  test('the colour that answers, when the one that users trust does not', async () => {
    const it = await deployed({ withReconciler: false });
    await at25(it);
    await it.until(() => it.world.tasks.healthy('green') > 0);
    it.world.tasks.resize('blue', 0);
    await it.wait(5);
    const out = await looked(it);
    expect(out).toContain('everybody on green, at once');
    expect(out.trim().split('\n').at(-1)).toBe(forceStable(it.controller.settings.traffic, 'green'));
  });

  test('the same in JSON', async () => {
    const it = await deployed();
    await at25(it);
    const { out, err } = await it.type(status, '--json');
    expect(err).toBe('');
    expect(JSON.parse(out)).toMatchObject({
      schema: 'sluice.status/1',
      service: 'conductores-backend',
      share: 25,
      weights: { blue: 75, green: 25 },
      stable: 'blue',
      lock: { image: 'v1.5.0', phase: 'baking' },
      waitsFor: 'for the end of this bake',
      forceStable: forceStable(it.controller.settings.traffic, 'blue'),
    });
  });
});

describe('status advises no rollback that would do nothing', () => {
  const NEEDLESS = /sluice rollback --service|"action":"rollback"/;

  test('after a release that rolled back by itself', async () => {
    const it = await deployed({}, 'errors');
    await it.type(start, '--input', SHORT, '--follow');
    const out = await looked(it);
    expect(out).not.toMatch(NEEDLESS);
    expect(out).toContain('Rollback:    v1.5.0 is rolled back already; v1.4.2 is live');
    expect(out).toContain('sluice rollback --to VERSION --service conductores-backend');
    expect(JSON.parse((await it.type(status, '--json')).out)).not.toHaveProperty('rollback');
  });

  test('in the warm time of a rollback, and after it', async () => {
    const it = await deployed();
    await it.type(rollback);
    for (const isThere of [
      () => it.world.ledger.state.lock?.phase === 'warm',
      () => it.world.ledger.state.lock === undefined,
    ]) {
      await it.until(isThere);
      const out = await looked(it);
      expect(out).not.toMatch(NEEDLESS);
      expect(out).toMatch(/Rollback: {4}v1\.4\.1 is live; r-\d+-\d+ brought it back/);
    }
    expect(
      it.world.notifications.flatMap(({ notification }) => notification.next).filter((next) => NEEDLESS.test(next)),
    ).toEqual([]);
  });

  test('nor does the end of a rollback that was followed', async () => {
    const it = await deployed();
    const { out } = await it.type(rollback, '--follow');
    expect(out).toMatch(/Next {4}sluice status --service/);
  });
});

test('while the ledger cannot be read it says the one command that needs none of us, for either colour, and exits 4', async () => {
  const it = await deployed({}, 'healthy', {
    before: (call) => {
      if (call.startsWith('Ledger')) throw new Stuck('GetItem: the right dynamodb:GetItem is missing on table');
    },
  });
  const { code, out, err } = await it.type(status);
  expect([code, out]).toEqual([4, '']);
  expect(err).toContain('Unknown: GetItem: the right dynamodb:GetItem is missing on table. Whatever runs goes on.');
  expect(err).toContain(
    `Everybody on blue, 2 healthy targets:\n${forceStable(it.controller.settings.traffic, 'blue')}`,
  );
  expect(err).toContain(
    `Everybody on green, 0 healthy targets:\n${forceStable(it.controller.settings.traffic, 'green')}`,
  );
});

test('what is left is the rest of this bake and every later one; past the bakes nothing is', () => {
  const canary = { stageFrom: NOW - 300 };
  expect(secondsToEverybody(lockIn('migrating'), NOW)).toBe(45 * 60);
  expect(secondsToEverybody(lockIn('baking', 5, canary), NOW)).toBe(40 * 60);
  expect(secondsToEverybody(lockIn('baking', 50, canary), NOW)).toBe(10 * 60);
  expect(secondsToEverybody(lockIn('baking', 50, { stageFrom: NOW - 3000 }), NOW)).toBe(0);
  for (const phase of ['warm', 'closing', 'reverting', 'stuck'] as const)
    expect(secondsToEverybody(lockIn(phase, phase === 'warm' ? 100 : 25), NOW)).toBeUndefined();
});

test('wrong words are refused with what to write', async () => {
  const it = await deployed();
  const { code, err } = await it.type(status, 'conductores-backend', '--regoin', 'x');
  expect(code).toBe(2);
  expect(err).toMatch(/--regoin +is no option; did you mean --region\?/);
  expect(err).toMatch(/conductores-backend is not understood; write --service conductores-backend/);
});
