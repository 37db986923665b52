/** Everything that happens to a call on its way: what its caller hears, and how the world is left. */
import { DescribeScalableTargetsCommand } from '@aws-sdk/client-application-auto-scaling';
import { DescribeServicesCommand, ListTaskDefinitionsCommand, ListTasksCommand } from '@aws-sdk/client-ecs';
import { ListExecutionsCommand } from '@aws-sdk/client-sfn';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Transient } from '../../functions/core/failures.ts';
import { writes } from '../../functions/core/protocol.ts';
import type { Ports } from '../../functions/steps/shared/step.ts';
import { FENCE, IMAGES, lockIn, ME, NOW } from '../steps/fixture.ts';
import { overTheWire } from './backends.ts';
import { A_MINUTE, type Moto, motoForTests, sharedMoto } from './moto.ts';
import { withScheduler } from './scheduler.ts';
import { clientsAt, hangAlarms, type OwnClients, SERVICE } from './stage.ts';
import { type Fault, startWire, type Wire } from './wire.ts';

const programs = motoForTests();
const DIGEST = `sha256:${'5'.repeat(64)}`;

/** In all of these AWS may have heard of the call, or not. */
const FAULTS: readonly Fault[] = ['throttled', 'refused with 429', 'failed', 'cut before', 'cut after', 'slow'];
/** In these it has carried it out. */
const CARRIED_OUT: readonly Fault[] = ['cut after', 'slow'];
const NOT_SLOW = FAULTS.filter((fault) => fault !== 'slow');

describe.skipIf(!programs)('a call on its way', () => {
  let moto: Moto;
  let wire: Wire;
  let own: OwnClients;
  const it = overTheWire(
    () => moto,
    () => wire.endpoint,
  );

  beforeAll(async () => {
    moto = await sharedMoto(programs!);
    wire = await startWire(
      () => moto.endpoint,
      withScheduler(() => 0),
    );
    own = clientsAt(moto.endpoint);
  }, A_MINUTE);
  // A fault that waits for a call that never comes has tested nothing.
  afterEach(() => expect(wire.leftOver()).toEqual([]));
  afterAll(async () => {
    await wire?.stop();
    await moto?.stop();
  });

  const timesCalled = (name: string) => wire.calls.filter((call) => call === name).length;

  describe('that reads', () => {
    const minute = it.now - 600;
    beforeAll(async () => {
      await it.begin();
      await hangAlarms(own);
      await it.push('v1.5.0');
      await it.ask(({ executions }) => executions.start('push-1', {}));
      const counted = { requests: 7, errors5xx: 0, connectionErrors: 0, healthy: 2, unhealthy: 0 };
      await it.minuteIs(minute, { blue: [counted], green: [counted] });
    }, A_MINUTE);

    const minutes = ({ signals }: Ports) => signals.minutes({ from: minute, to: minute + 60, thresholdsMs: [] });
    const READINGS: readonly (readonly [call: string, asked: (ports: Ports) => Promise<unknown>])[] = [
      ['DescribeRules', ({ router }) => router.current()],
      ['DescribeTargetHealth', ({ fleet }) => fleet.observe('green')],
      ['DescribeServices', ({ fleet }) => fleet.observe('green')],
      ['DescribeScalableTargets', ({ fleet }) => fleet.observe('green')],
      ['ListTasks', ({ fleet }) => fleet.migrationOf('r-1')],
      ['GetMetricData', minutes],
      ['ListMetrics', minutes],
      ['DescribeAlarms', ({ signals }) => signals.alarms()],
      ['GetItem', ({ ledger }) => ledger.read()],
      ['Query', ({ ledger }) => ledger.newestRecord()],
      ['DescribeImages', ({ registry }) => registry.newest()],
      ['DescribeExecution', ({ executions }) => executions.status('push-1')],
    ];

    test.each(READINGS)('%s is asked again, and the answer is the same', async (call, asked) => {
      const undisturbed = await it.ask(asked);
      for (const fault of NOT_SLOW) {
        wire.next(call, fault);
        expect([fault, await it.ask(asked)]).toEqual([fault, undisturbed]);
      }
    });

    test.each(READINGS)('%s that goes wrong three times is worth another try, and no answer', async (call, asked) => {
      for (const fault of ['throttled', 'refused with 429', 'failed', 'cut before'] as const) {
        const before = timesCalled(call);
        wire.next(call, fault, fault, fault);
        await expect(it.ask(asked)).rejects.toThrow(Transient);
        expect(timesCalled(call) - before).toBe(3);
      }
    });
  });

  describe('that writes', () => {
    beforeEach(() => it.begin(), A_MINUTE);

    test.each(FAULTS)('and is %s is tried again, and the weights are written', async (fault) => {
      const before = timesCalled('ModifyRule');
      wire.next('ModifyRule', fault);
      await it.ask(({ router }) => router.route({ blue: 75, green: 25 }));
      expect(await it.ask(({ router }) => router.current())).toEqual({ blue: 75, green: 25 });
      expect(timesCalled('ModifyRule') - before).toBe(2);
    });

    test('suspends scaling, whatever happens to it', async () => {
      for (const fault of NOT_SLOW) {
        wire.next('RegisterScalableTarget', fault);
        await it.ask(({ fleet }) => fleet.suspendScaling('blue', 'in'));
        const { ScalableTargets: [target] = [] } = await own.scaling.send(
          new DescribeScalableTargetsCommand({ ServiceNamespace: 'ecs', ResourceIds: ['service/main/app-blue'] }),
        );
        expect([fault, target?.SuspendedState?.DynamicScalingInSuspended]).toEqual([fault, true]);
        await it.ask(({ fleet }) => fleet.resumeScaling('blue'));
      }
    });

    test('a revision and is cut before leaves one of it; UpdateService cut after has had its effect', async () => {
      wire.next('RegisterTaskDefinition', 'cut before');
      wire.next('UpdateService', 'cut after');
      await it.ask(({ fleet }) => fleet.deploy('green', DIGEST, 2));
      expect(await deployedNow()).toEqual({ revisions: 2, newestRuns: true, desired: 2 });
    });

    test('a revision and is cut after leaves two alike: the newest is run, and used again', async () => {
      wire.next('RegisterTaskDefinition', 'cut after');
      await it.ask(({ fleet }) => fleet.deploy('green', DIGEST, 2));
      expect(await deployedNow()).toEqual({ revisions: 3, newestRuns: true, desired: 2 });
      await it.ask(({ fleet }) => fleet.deploy('green', DIGEST, 4));
      expect(await deployedNow()).toEqual({ revisions: 3, newestRuns: true, desired: 4 });
    });

    /** The bootstrap's revision counts. */
    async function deployedNow() {
      const { taskDefinitionArns = [] } = await own.ecs.send(
        new ListTaskDefinitionsCommand({ familyPrefix: 'app-green' }),
      );
      const { services: [service] = [] } = await own.ecs.send(
        new DescribeServicesCommand({ cluster: 'main', services: ['app-green'] }),
      );
      return {
        revisions: taskDefinitionArns.length,
        newestRuns: service?.taskDefinition === taskDefinitionArns.at(-1),
        desired: service?.desiredCount,
      };
    }

    const tasksThatRun = async () =>
      (await own.ecs.send(new ListTasksCommand({ cluster: 'main', desiredStatus: 'RUNNING' }))).taskArns?.length;

    test.each(['throttled', 'refused with 429', 'failed', 'cut before'] as const)(
      'and is %s starts a migration once',
      async (fault) => {
        wire.next('RunTask', fault);
        expect(await it.ask(({ fleet }) => fleet.migrate('r-1', DIGEST))).toEqual({ is: 'running' });
        expect(await tasksThatRun()).toBe(1);
      },
    );

    test('and is cut after asks for the same migration again, by the same token', async () => {
      const before = wire.asked('RunTask').length;
      wire.next('RunTask', 'cut after');
      await it.ask(({ fleet }) => fleet.migrate('r-1', DIGEST));
      const tokens = wire
        .asked('RunTask')
        .slice(before)
        .map((body) => (JSON.parse(body) as { readonly clientToken?: string }).clientToken);
      expect(tokens).toEqual(['r-1', 'r-1']);
      // moto knows no tokens; ECS would have one.
      expect(await tasksThatRun()).toBe(2);
    });

    test.each(NOT_SLOW)('and is %s stops a migration', async (fault) => {
      await it.ask(({ fleet }) => fleet.migrate('r-1', DIGEST));
      wire.next('StopTask', fault);
      await it.ask(({ fleet }) => fleet.stopMigration('r-1'));
      expect(await tasksThatRun()).toBe(0);
    });

    test('starts one execution, whatever happens to it', async () => {
      for (const [index, fault] of FAULTS.entries()) {
        wire.next('StartExecution', fault);
        await it.ask(({ executions }) => executions.start(`push-${index}`, { image: 'v1.5.0' }));
        const { executions = [] } = await own.sfn.send(
          new ListExecutionsCommand({ stateMachineArn: it.addresses().stateMachineArn }),
        );
        expect([fault, executions.length]).toEqual([fault, index + 1]);
      }
    });

    test.each(['PublishBatch', 'PutEvents'])(
      'a notification by %s goes wrong without anybody waiting for it',
      async (call) => {
        wire.next(call, 'cut before', 'cut before', 'cut before');
        await it.ask(({ notifications }) => notifications.send({ kind: 'stuck', title: 't', body: 'b', next: [] }));
        expect(it.troubles).toHaveLength(1);
      },
    );
  });

  describe('to the ledger', () => {
    beforeEach(() => it.begin(), A_MINUTE);

    const lock = lockIn('baking', 25, { ticks: 5 });
    const state = { service: SERVICE, stable: 'blue', fence: FENCE, lock } as const;
    const me = { owner: ME, fence: FENCE };
    const stateNow = () => it.ask(({ ledger }) => ledger.read());

    test.each(FAULTS)('that is %s is not sent again: only a reading tells', async (fault) => {
      await it.ledgerHolds(state);
      wire.next('UpdateItem', fault);
      await expect(it.ask(({ ledger }) => ledger.write(writes.tick(me)))).rejects.toThrow(Transient);
      expect((await stateNow()).lock?.ticks).toBe(CARRIED_OUT.includes(fault) ? 6 : 5);
    });

    const opening = (fence: number) => {
      const seen = { service: SERVICE, stable: 'blue', fence: fence - 1 } as const;
      const opened = lockIn('opening', 0, { fence });
      return { seen, write: writes.open(seen, opened, { ...opened, status: 'open' }, false) };
    };

    test.each(NOT_SLOW)('that is its first and is %s begins it, then or with the next write', async (fault) => {
      const { seen, write } = opening(1);
      wire.next('PutItem', fault);
      await expect(it.ask(({ ledger }) => ledger.write(write))).rejects.toThrow(Transient);
      expect(await stateNow()).toEqual(seen);
      expect((await it.ask(({ ledger }) => ledger.write(write))).written).toBe(true);
      expect((await stateNow()).lock?.owner).toBe(ME);
    });

    test.each(FAULTS)('that opens a release and is %s has opened it once', async (fault) => {
      const { seen, write } = opening(FENCE);
      await it.ledgerHolds(seen);
      wire.next('TransactWriteItems', fault);
      const answer = await it.ask(({ ledger }) => ledger.write(write));
      expect((await stateNow()).lock?.owner).toBe(ME);
      // moto knows no tokens: the second try meets what the first has done. Open looks whose lock it is.
      expect(answer).toMatchObject({ written: !CARRIED_OUT.includes(fault), state: { lock: { owner: ME } } });
    });

    test('that meets a transaction of somebody else’s is worth another try, and has changed nothing', async () => {
      const { seen, write } = opening(FENCE);
      await it.ledgerHolds(seen);
      for (const [call, asked] of [
        ['TransactWriteItems', write],
        ['UpdateItem', writes.keep({ ...IMAGES['v1.5.1'], image: 'v1.5.1', attempt: 1, input: {} })],
      ] as const) {
        wire.next(call, 'in conflict');
        await expect(it.ask(({ ledger }) => ledger.write(asked))).rejects.toThrow(Transient);
        expect(await stateNow()).toEqual(seen);
      }
    });

    test('that frees the lock and is cut after it was carried out has freed it', async () => {
      const reverting = lockIn('reverting', 0, { retiring: 'green' });
      await it.ledgerHolds({ ...state, lock: reverting });
      wire.next('TransactWriteItems', 'cut after');
      await it.ask(({ ledger }) => ledger.write(writes.freeAfterRevert(me, reverting, NOW)));
      expect((await stateNow()).lock).toBeUndefined();
      expect((await it.ask(({ ledger }) => ledger.record(lock.digest)))?.status).toBe('reverted');
    });
  });
});
