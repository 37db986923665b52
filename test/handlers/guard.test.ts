/** The guard as EventBridge calls it: events of real shape in, the ledger and the load balancer behind the SDK's clients. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Lock, Phase } from '../../functions/core/protocol.ts';
import { handler } from '../../functions/handlers/guard.ts';
import { dynamodb, elb } from '../../functions/handlers/ports.ts';
import { answering, type Call, PLACE } from '../adapters/answering.ts';
import { Balancer, forwardTo, GROUPS, LISTENER } from '../adapters/balancer.ts';
import { revisionArn } from '../adapters/cluster.ts';
import { SLUICE } from '../adapters/sluice.ts';
import { Table } from '../adapters/table.ts';
import { FENCE, lockIn, NOW } from '../steps/fixture.ts';
import { alarmEvent, STOP_CODES, taskEvent } from './events.ts';

process.env['AWS_REGION'] = PLACE.region;
process.env['POWERTOOLS_LOG_LEVEL'] = 'SILENT';
process.env['POWERTOOLS_METRICS_DISABLED'] = 'true';

const REVISION = revisionArn('app-green', 7);
const TASK = { cluster: SLUICE.cluster, service: SLUICE.services.green, revision: REVISION };
const BACKSTOP = 'conductores-backend-green-backstop';
const FIRST_SHARE = NOW - 600;

let balancer: Balancer;
let table: Table;
let calls: Call[];
let ruleArn: string;

beforeEach(() => {
  balancer = new Balancer();
  table = new Table();
  calls = [];
  answering(elb(), balancer.answers, calls);
  answering(dynamodb().again, table.answers, calls);
  answering(dynamodb().once, table.answers, calls);
  balancer.healthy[GROUPS.blue] = 2;
  balancer.healthy[GROUPS.green] = 2;
  ruleArn = balancer.add(LISTENER, 100, [forwardTo({ [GROUPS.blue]: 75, [GROUPS.green]: 25 })], []).RuleArn!;
  process.env['SLUICE'] = JSON.stringify({ ...SLUICE, ruleArn });
});

function releasing(facts: Partial<Lock> = {}, phase: Phase = 'baking'): void {
  const lock = lockIn(phase, 25, { revision: REVISION, firstShareAt: FIRST_SHARE, alarmsSeen: {}, ...facts });
  const key = { pk: `SERVICE#${SLUICE.service}`, sk: 'STATE' };
  const state = { service: SLUICE.service, stable: 'blue', fence: lock.fence, lock: JSON.parse(JSON.stringify(lock)) };
  table.items.set(`${key.pk} ${key.sk}`, { ...key, ...state });
}

const called = (event: unknown) => handler(event as never, {} as never);
const shareOfGreen = () => balancer.weights(ruleArn)[GROUPS.green];
const abortOf = () => (table.items.get(`SERVICE#${SLUICE.service} STATE`) as { lock?: Lock } | undefined)?.lock?.abort;
const writes = () => calls.map(({ command }) => command).filter((command) => !/^(Get|Describe)/.test(command));

/** Calls the guard with what must change nothing, neither in the ledger nor in the rule. */
async function expectNothingChanged(event: unknown): Promise<void> {
  const before = structuredClone([...table.items]);
  expect(await called(event)).toMatchObject({ aborted: false });
  expect([...table.items]).toEqual(before);
  expect(writes()).not.toContain('ModifyRule');
  expect(shareOfGreen()).toBe(25);
}

describe.each([
  ['the backstop alarm', alarmEvent(BACKSTOP, NOW - 5)],
  ['a crash', taskEvent(TASK)],
])('%s of the candidate', (_, event) => {
  test('brings every user back to stable, with no write before but the order itself', async () => {
    releasing();
    expect(await called(event)).toMatchObject({ aborted: true });
    expect(shareOfGreen()).toBe(0);
    expect(writes()).toEqual(['UpdateItem', 'ModifyRule']);
    expect(calls.findIndex(({ command }) => command === 'ModifyRule')).toBeLessThanOrEqual(5);
    expect(abortOf()).toMatchObject({
      by: 'guard',
      reason: expect.stringMatching(/transitioned to ALARM|exit code 1/),
    });
  });

  test('delivered again changes nothing more', async () => {
    releasing();
    await called(event);
    const order = abortOf();
    await called(event);
    expect(abortOf()).toEqual(order);
    expect(shareOfGreen()).toBe(0);
  });

  test('delivered hours late, when an older release’s colour is the next one’s too, touches nothing', async () => {
    releasing({ fence: FENCE + 1, revision: revisionArn('app-green', 8), firstShareAt: NOW + 7200 });
    await expectNothingChanged(event);
  });

  test('while nothing is released touches nothing', async () => {
    await expectNothingChanged(event);
  });

  test('once the owner reverts touches nothing', async () => {
    releasing({}, 'reverting');
    await expectNothingChanged(event);
  });

  test('leaves users on the candidate where stable is dead', async () => {
    releasing();
    balancer.healthy[GROUPS.blue] = 0;
    expect(await called(event)).toMatchObject({ aborted: true });
    expect(shareOfGreen()).toBe(25);
  });
});

describe('an alarm', () => {
  test.each([
    ['of the other colour', alarmEvent('conductores-backend-blue-backstop', NOW - 5)],
    ['of another service', alarmEvent('conductores-frontend-green-backstop', NOW - 5)],
    ['that is only a part of the backstop', alarmEvent('conductores-backend-green-backstop-error-rate', NOW - 5)],
    ['of the literal set, under the other policy', alarmEvent('conductores-backend-green-literal-p95', NOW - 5)],
    ['that is over', alarmEvent(BACKSTOP, NOW - 5, { value: 'OK' })],
    ['without data', alarmEvent(BACKSTOP, NOW - 5, { value: 'INSUFFICIENT_DATA' })],
    ['of before the first share', alarmEvent(BACKSTOP, FIRST_SHARE - 1)],
    ['without a state', { ...alarmEvent(BACKSTOP, NOW), detail: { alarmName: BACKSTOP } }],
    ['whose time is none', alarmEvent(BACKSTOP, NOW, { timestamp: 'yesterday' })],
  ])('%s touches nothing', async (_, event) => {
    releasing();
    await expectNothingChanged(event);
  });

  test('of the literal set acts where the release chose that policy', async () => {
    releasing({ plan: { ...lockIn('opening').plan, policy: 'literal' } });
    const event = alarmEvent('conductores-backend-green-literal-any-5xx', NOW - 5);
    expect(await called(event)).toMatchObject({ aborted: true });
    expect(shareOfGreen()).toBe(0);
  });
});

describe('a task that stopped', () => {
  test.each(STOP_CODES)('by %s', async (stopCode) => {
    releasing();
    const isCrash = stopCode === 'EssentialContainerExited';
    expect(await called(taskEvent(TASK, { stopCode }))).toMatchObject({ aborted: isCrash });
    expect(shareOfGreen()).toBe(isCrash ? 0 : 25);
  });

  test('for a container beside the one that exited well, with a code of its own, crashed', async () => {
    releasing();
    const containers = [
      { name: 'proxy', exitCode: 0 },
      { name: 'backend', exitCode: 137, reason: 'OutOfMemoryError' },
    ];
    expect(await called(taskEvent(TASK, { containers }))).toMatchObject({ aborted: true });
    expect(abortOf()?.reason).toContain('backend: exit code 137, OutOfMemoryError');
  });

  test.each([
    ['without an error', taskEvent(TASK, { containers: [{ name: 'backend', exitCode: 0 }] })],
    [
      'without an error, while its side-car was stopped',
      taskEvent(TASK, {
        containers: [
          { name: 'backend', exitCode: 0 },
          { name: 'proxy', exitCode: 143 },
        ],
      }),
    ],
    [
      'when a side-car failed and the application ended well, which the next look at the tasks tells',
      taskEvent(TASK, {
        containers: [
          { name: 'proxy', exitCode: 1 },
          { name: 'backend', exitCode: 0 },
        ],
      }),
    ],
    ['before its container began', taskEvent(TASK, { containers: [{ name: 'backend', reason: 'CannotPull' }] })],
    ['of stable', taskEvent({ ...TASK, service: SLUICE.services.blue })],
    ['of an older revision', taskEvent({ ...TASK, revision: revisionArn('app-green', 6) })],
    ['of another service', taskEvent({ ...TASK, service: 'app-green-worker' })],
    ['of another cluster', taskEvent({ ...TASK, cluster: 'not-main' })],
    ['of a migration', taskEvent(TASK, { group: 'family:app-template-migration' })],
    ['not yet', taskEvent(TASK, { lastStatus: 'DEPROVISIONING' })],
  ])('%s touches nothing', async (_, event) => {
    releasing();
    await expectNothingChanged(event);
  });
});

test.each([undefined, null, 'x', {}, { 'detail-type': 'ECS Service Action', detail: {} }])(
  'an event of another kind touches nothing: %j',
  async (event) => {
    releasing();
    await expectNothingChanged(event);
  },
);
