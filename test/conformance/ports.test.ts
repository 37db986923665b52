/** The same cases in our world and over the wire: whoever rehearses has the ports that production has. */
import { beforeEach, describe, expect, test } from 'vitest';
import { Stuck } from '../../functions/core/failures.ts';
import { type Lock, writes } from '../../functions/core/protocol.ts';
import { COLOURS } from '../../functions/core/roles.ts';
import type { JudgeMemory, MinuteEvidence } from '../../functions/ports/ledger.ts';
import type { Notification } from '../../functions/ports/notifications.ts';
import { IMAGES, lockIn, ME } from '../steps/fixture.ts';
import type { Counted } from './backend.ts';
import { bothBackends } from './backends.ts';
import { A_MINUTE } from './moto.ts';
import { withScheduler } from './scheduler.ts';

const { backends } = bothBackends(withScheduler(() => 0));
const DIGEST = `sha256:${'5'.repeat(64)}`;

describe.each(backends)('$name', (it) => {
  beforeEach(() => it.begin(), A_MINUTE);

  describe('traffic', () => {
    test('a service at rest has all users on blue', async () => {
      expect(await it.ask(({ router }) => router.current())).toEqual({ blue: 100, green: 0 });
    });

    test.each([5, 50, 100, 0])('a share of %i on green is read back as it was written', async (share) => {
      const weights = { blue: 100 - share, green: share };
      await it.ask(({ router }) => router.route(weights));
      expect(await it.ask(({ router }) => router.current())).toEqual(weights);
    });

    test('what somebody writes by hand is read', async () => {
      await it.weightsAre({ blue: 30, green: 70 });
      expect(await it.ask(({ router }) => router.current())).toEqual({ blue: 30, green: 70 });
    });

    test('proving the right to write changes nothing', async () => {
      await it.weightsAre({ blue: 75, green: 25 });
      await it.ask(({ router }) => router.checkWritePermission());
      expect(await it.ask(({ router }) => router.current())).toEqual({ blue: 75, green: 25 });
    });

    test('of two writers at once one wins whole', async () => {
      const asked = [
        { blue: 95, green: 5 },
        { blue: 75, green: 25 },
      ];
      await it.ask(({ router }) => Promise.all(asked.map((weights) => router.route(weights))));
      expect(asked).toContainEqual(await it.ask(({ router }) => router.current()));
    });

    test('after a probe its rule leads away from what was probed, and at rest to stable', async () => {
      expect(await it.ask(({ router }) => router.probe('green'))).toEqual({ passed: 0, tried: 6 });
      expect(await it.probeLeadsTo()).toBe('blue');
      expect(await it.ask(({ router }) => router.probe('blue'))).toEqual({ passed: 0, tried: 6 });
      expect(await it.probeLeadsTo()).toBe('green');
      await it.ask(({ router }) => router.resetProbe('blue'));
      expect(await it.probeLeadsTo()).toBe('blue');
    });

    test('a probe leaves the weights of users alone', async () => {
      await it.weightsAre({ blue: 75, green: 25 });
      await it.ask(({ router }) => router.probe('green'));
      expect(await it.ask(({ router }) => router.current())).toEqual({ blue: 75, green: 25 });
    });
  });

  describe('tasks', () => {
    test('a colour that sleeps has no tasks', async () => {
      const green = await it.ask(({ fleet }) => fleet.observe('green'));
      expect([green.desired, green.running, green.healthy, green.crashes, green.digest]).toEqual([
        0,
        0,
        0,
        0,
        undefined,
      ]);
    });

    test('a deployed colour runs that image, in that number, and is not healthy yet', async () => {
      await it.ask(({ fleet }) => fleet.deploy('green', DIGEST, 3));
      const green = await it.ask(({ fleet }) => fleet.observe('green'));
      expect([green.desired, green.digest, green.healthy]).toEqual([3, DIGEST, 0]);
      const blue = await it.ask(({ fleet }) => fleet.observe('blue'));
      expect(blue.desired).toBe(0);
    });

    test('every deployment of another image has a revision of its own', async () => {
      await it.ask(({ fleet }) => fleet.deploy('green', DIGEST, 2));
      const first = await it.ask(({ fleet }) => fleet.observe('green'));
      await it.ask(({ fleet }) => fleet.deploy('green', `sha256:${'6'.repeat(64)}`, 2));
      const second = await it.ask(({ fleet }) => fleet.observe('green'));
      expect(second.revision).not.toBe(first.revision);
      expect(second.revision).toMatch(/green:\d+$/);
    });

    test('a resized colour keeps its image', async () => {
      await it.ask(({ fleet }) => fleet.deploy('green', DIGEST, 2));
      await it.ask(({ fleet }) => fleet.resize('green', 7));
      const green = await it.ask(({ fleet }) => fleet.observe('green'));
      expect([green.desired, green.digest]).toEqual([7, DIGEST]);
    });

    test('healthy targets of both colours are counted in one reading', async () => {
      await it.targetsAre('blue', 4);
      await it.targetsAre('green', 2);
      expect(await it.ask(({ fleet }) => fleet.health())).toEqual({ blue: 4, green: 2 });
    });

    test('scaling rests in one direction or in both, and goes on again', async () => {
      const seen: boolean[] = [];
      const look = async () => seen.push((await it.ask(({ fleet }) => fleet.observe('blue'))).scalingSuspended);
      await it.ask(({ fleet }) => fleet.resumeScaling('blue'));
      await look();
      await it.ask(({ fleet }) => fleet.suspendScaling('blue', 'in'));
      await look();
      await it.ask(({ fleet }) => fleet.suspendScaling('blue', 'both'));
      await look();
      await it.ask(({ fleet }) => fleet.resumeScaling('blue'));
      await look();
      expect(seen).toEqual([false, true, true, false]);
    });

    test('a migration that runs is asked again, not started again', async () => {
      expect(await it.ask(({ fleet }) => fleet.migrate('r-1', DIGEST))).toEqual({ is: 'running' });
      expect(await it.ask(({ fleet }) => fleet.migrate('r-1', DIGEST))).toEqual({ is: 'running' });
    });

    test('a migration waits for another that runs', async () => {
      await it.ask(({ fleet }) => fleet.migrate('by-hand-1', DIGEST));
      expect(await it.ask(({ fleet }) => fleet.migrate('r-1', DIGEST))).toEqual({ is: 'waits', behind: 'by-hand-1' });
      await it.ask(({ fleet }) => fleet.stopMigration('by-hand-1'));
      expect(await it.ask(({ fleet }) => fleet.migrate('r-1', DIGEST))).toEqual({ is: 'running' });
    });

    test('a migration is known by its token, and one that was never started is not', async () => {
      await it.ask(({ fleet }) => fleet.migrate('r-1', DIGEST));
      expect(await it.ask(({ fleet }) => fleet.migrationOf('r-1'))).toEqual({ is: 'running' });
      expect(await it.ask(({ fleet }) => fleet.migrationOf('r-2'))).toBeUndefined();
    });

    test('a migration that came to a good end is done, and is not run again', async () => {
      await it.ask(({ fleet }) => fleet.migrate('r-1', DIGEST));
      await it.migrationsEnd();
      expect(await it.ask(({ fleet }) => fleet.migrationOf('r-1'))).toEqual({ is: 'done' });
      expect(await it.ask(({ fleet }) => fleet.migrate('r-1', DIGEST))).toEqual({ is: 'done' });
    });

    test('a migration that is told to stop has stopped, and is not run again', async () => {
      await it.ask(({ fleet }) => fleet.migrate('r-1', DIGEST));
      await it.ask(({ fleet }) => fleet.stopMigration('r-1'));
      // moto gives a task that was stopped the exit code 0, where a container's is its own.
      const known = await it.ask(({ fleet }) => fleet.migrationOf('r-1'));
      expect(known?.is).toMatch(/^(failed|done)$/);
      expect(await it.ask(({ fleet }) => fleet.migrate('r-1', DIGEST))).toEqual(known);
    });
  });

  describe('numbers', () => {
    const zones = (requests: number, errors5xx: number, connectionErrors = 0): readonly Counted[] => [
      { requests, errors5xx, connectionErrors, healthy: 2, unhealthy: 0 },
      { requests: requests + 1, errors5xx: 0, connectionErrors: 0, healthy: 1, unhealthy: 1 },
    ];
    const from = it.now - 600;

    test('a minute is the sum of its zones, each colour by itself', async () => {
      await it.minuteIs(from, { blue: zones(900, 9), green: zones(100, 5, 3) });
      const [minute] = await it.ask(({ signals }) => signals.minutes({ from, to: from + 60, thresholdsMs: [] }));
      expect(minute?.minute).toBe(from);
      expect(minute?.colours.blue).toMatchObject({ requests: 1801, errors5xx: 9, healthyHosts: 3, unhealthyHosts: 1 });
      expect(minute?.colours.green).toMatchObject({ requests: 201, errors5xx: 5, connectionErrors: 3 });
    });

    test('each zone is told too', async () => {
      await it.minuteIs(from, { blue: zones(900, 9), green: zones(100, 5) });
      const [minute] = await it.ask(({ signals }) => signals.minutes({ from, to: from + 60, thresholdsMs: [] }));
      expect(minute?.zones.blue.map(({ requests }) => requests)).toEqual([900, 901]);
      expect(minute?.zones.green.map(({ errors5xx }) => errors5xx)).toEqual([5, undefined]);
    });

    test('a count of zero is no number, and requests that nobody answered are missing from the answered ones', async () => {
      await it.minuteIs(from, { blue: zones(0, 0), green: zones(50, 0, 50) });
      const [minute] = await it.ask(({ signals }) => signals.minutes({ from, to: from + 60, thresholdsMs: [] }));
      expect(minute?.colours.blue).not.toHaveProperty('errors5xx');
      expect(minute?.colours.green).toMatchObject({ requests: 101, answered: 51, connectionErrors: 50 });
    });

    test('minutes are told oldest first, from the first to before the last', async () => {
      for (const minutes of [0, 1, 2, 3])
        await it.minuteIs(from + minutes * 60, { blue: zones(minutes * 10, 0), green: zones(1, 0) });
      const told = await it.ask(({ signals }) =>
        signals.minutes({ from: from + 60, to: from + 180, thresholdsMs: [] }),
      );
      expect(told.map(({ minute }) => minute - from)).toEqual([60, 120]);
    });

    test.each(['OK', 'ALARM', 'INSUFFICIENT_DATA'] as const)('an alarm that is %s is read so', async (state) => {
      await it.errorAlarmsAre(['green'], state);
      const alarms = await it.ask(({ signals }) => signals.alarms());
      const read = alarms.filter(({ colour, name }) => colour === 'green' && name.endsWith('literal-any-5xx'));
      expect(read.map(({ kind, state }) => [kind, state])).toEqual([['literal', state]]);
      expect(read[0]!.reason).not.toBe('');
      expect(read[0]!.since).toBeGreaterThan(from);
    });

    test('every alarm of both colours is there', async () => {
      await it.errorAlarmsAre(['green'], 'OK');
      const names = (await it.ask(({ signals }) => signals.alarms())).map(({ name }) => name);
      expect(new Set(names).size).toBe(16);
      for (const colour of COLOURS) expect(names).toContain(`${it.service}-${colour}-backstop-no-healthy-target`);
    });

    test.each([
      { breached: ['green'], rings: ['green'] },
      { breached: ['blue'], rings: ['blue'] },
      { breached: ['blue', 'green'], rings: [] },
    ] as const)('a backstop that is breached by $breached rings for $rings', async ({ breached, rings }) => {
      await it.errorAlarmsAre(breached, 'ALARM');
      const alarms = await it.ask(({ signals }) => signals.alarms());
      const firing = alarms.filter(({ name, state }) => name.endsWith('backstop-error-rate') && state === 'ALARM');
      expect(firing.map(({ colour }) => colour)).toEqual(rings);
    });
  });

  describe('images', () => {
    test('a tag and its digest are the same image; what was never pushed is none', async () => {
      const digest = await it.push('v1.5.0');
      const byTag = await it.ask(({ registry }) => registry.resolve('v1.5.0'));
      expect(byTag?.digest).toBe(digest);
      expect(byTag?.pushedAt).toBeGreaterThan(it.now - 3600);
      expect(await it.ask(({ registry }) => registry.resolve(digest))).toEqual(byTag);
      expect(await it.ask(({ registry }) => registry.resolve('v9.9.9'))).toBeUndefined();
    });

    test('the release tag that was pushed last is the newest; another tag is none', async () => {
      expect(await it.ask(({ registry }) => registry.newest())).toBeUndefined();
      await it.push('v1.5.1');
      const digest = await it.push('v1.5.0');
      await it.push('latest');
      expect(await it.ask(({ registry }) => registry.newest())).toMatchObject({ tag: 'v1.5.0', digest });
    });
  });

  describe('what is known of releases', () => {
    const opened = (releaseId: string, image: 'v1.5.0' | 'v1.5.1', fence: number) =>
      lockIn('reverting', 0, { releaseId, image, ...IMAGES[image], fence, retiring: 'green' });
    const opens = (lock: Lock) => {
      const seen = { service: it.service, stable: 'blue', fence: lock.fence - 1 } as const;
      return it.ask(({ ledger }) => ledger.write(writes.open(seen, lock, { ...lock, status: 'open' }, false)));
    };

    test('the newest record is of the release that was opened last', async () => {
      expect(await it.ask(({ ledger }) => ledger.newestRecord())).toBeUndefined();
      const first = opened('r-20260105-135500', 'v1.5.1', 1);
      await opens(first);
      await it.ask(({ ledger }) => ledger.write(writes.freeAfterRevert({ owner: ME, fence: 1 }, first, it.now)));
      await opens(opened('r-20260105-140000', 'v1.5.0', 2));
      const newest = await it.ask(({ ledger }) => ledger.newestRecord());
      expect([newest?.releaseId, newest?.image, newest?.status]).toEqual(['r-20260105-140000', 'v1.5.0', 'open']);
      for (const reference of [first.releaseId, first.image, first.digest])
        expect(await it.ask(({ ledger }) => ledger.record(reference))).toMatchObject({
          image: 'v1.5.1',
          status: 'reverted',
        });
    });

    test('every minute that was folded is kept, oldest first, each release for itself', async () => {
      const minute = (at: number): MinuteEvidence =>
        ({
          minute: at,
          share: 25,
          blue: { withinPercent: [] },
          green: { requests: 7, withinPercent: [99.5] },
          odds: 0.25,
          parts: {},
        }) as unknown as MinuteEvidence;
      const judging = (folded: number) => ({ state: { odds: 0.1 + 0.2 } as unknown as JudgeMemory['state'], folded });
      const save = (releaseId: string, seen: number | undefined, folded: number, ...minutes: number[]) =>
        it.ask(({ ledger }) => ledger.saveJudging(releaseId, seen, judging(folded), minutes.map(minute)));
      expect(await save('r-1', undefined, 120, 60, 120)).toBe(true);
      expect(await save('r-2', undefined, 60, 60)).toBe(true);
      expect(await save('r-1', 120, 180, 180)).toBe(true);
      // Somebody else folded it already.
      expect(await save('r-1', 120, 180, 180)).toBe(false);
      expect(await it.ask(({ ledger }) => ledger.evidence('r-1'))).toEqual([60, 120, 180].map(minute));
      expect(await it.ask(({ ledger }) => ledger.judging('r-1'))).toEqual(judging(180));
    });
  });

  describe('executions', () => {
    const input = { image: 'v1.5.0' };

    test('one that was started runs; one that was not is unknown', async () => {
      await it.ask(({ executions }) => executions.start('push-1', input));
      expect(await it.ask(({ executions }) => executions.status('push-1'))).toBe('RUNNING');
      expect(await it.ask(({ executions }) => executions.status('push-2'))).toBe('unknown');
    });

    test('the same name again is the same execution', async () => {
      await it.ask(({ executions }) => executions.start('push-1', input));
      await it.ask(({ executions }) => executions.start('push-1', input));
      expect(await it.ask(({ executions }) => executions.status('push-1'))).toBe('RUNNING');
    });

    test('the same name for another input is refused', async () => {
      await it.ask(({ executions }) => executions.start('push-1', input));
      await expect(it.ask(({ executions }) => executions.start('push-1', { image: 'v1.5.1' }))).rejects.toThrow(Stuck);
    });

    test('one that came to its end has ended, and is not started again', async () => {
      await it.ask(({ executions }) => executions.start('push-1', input));
      await it.executionEnds('push-1');
      expect(await it.ask(({ executions }) => executions.status('push-1'))).toBe('ended');
      await it.ask(({ executions }) => executions.start('push-1', input));
      expect(await it.ask(({ executions }) => executions.status('push-1'))).toBe('ended');
      await expect(it.ask(({ executions }) => executions.start('push-1', { image: 'v1.5.1' }))).rejects.toThrow(Stuck);
    });
  });

  test('a notification reaches who subscribed', async () => {
    const received = await it.subscriber();
    const notification: Notification = {
      kind: 'advanced',
      releaseId: 'r-1',
      title: '25 % on green',
      body: 'why',
      next: ['x'],
    };
    await it.ask(({ notifications }) => notifications.send(notification));
    expect(await received()).toEqual(['25 % on green']);
  });
});
