import { expect, test } from 'vitest';
import { Transient } from '../../functions/core/failures.ts';
import { type Push, startPushed } from '../../functions/steps/shared/push.ts';
import { MemoryRegistrations } from '../../rehearsal/registrations.ts';
import { ACCOUNT, registeredOf } from '../adapters/registered.ts';

const push: Push = {
  registry: { account: ACCOUNT, region: 'us-east-1' },
  repository: 'orders',
  tag: 'v1.5.0',
  digest: `sha256:${'5'.repeat(64)}`,
  pushedAt: 1_790_000_000,
};

/** As Step Functions: the same name with the same input is the same execution. */
async function fixture({ failsOnce = '' } = {}) {
  const registrations = new MemoryRegistrations();
  const shared = registeredOf('orders').repository;
  await registrations.put(registeredOf('orders'), 0);
  await registrations.put(registeredOf('orders-admin', { repository: shared }), 1);
  await registrations.put(registeredOf('cart'), 2);
  const started = new Map<string, unknown>();
  let fails = failsOnce;
  const executions = {
    async start(name: string, input: Readonly<Record<string, unknown>>) {
      if (input['service'] === fails) {
        fails = '';
        throw new Transient('Rate exceeded');
      }
      started.set(name, input);
    },
  };
  return { started, pushed: startPushed({ registrations, executions }) };
}

test('every service that releases from the repository is started, and no other', async () => {
  const { started, pushed } = await fixture();
  expect((await pushed(push)).started).toEqual(['orders', 'orders-admin']);
  expect([...started.values()]).toEqual(
    ['orders', 'orders-admin'].map((service) => ({
      service,
      image: 'v1.5.0',
      source: 'push',
      pushedAt: push.pushedAt,
    })),
  );
});

test('an event that comes twice starts once', async () => {
  const { started, pushed } = await fixture();
  await pushed(push);
  await pushed(push);
  expect(started.size).toBe(2);
});

test('the same image pushed again later starts again', async () => {
  const { started, pushed } = await fixture();
  await pushed(push);
  await pushed({ ...push, pushedAt: push.pushedAt + 60 });
  expect(started.size).toBe(4);
});

test.each([
  ['another repository', { repository: 'somebody-elses' }],
  ['the same name in another account', { registry: { account: '222222222222', region: 'us-east-1' } }],
  ['the same name in another Region', { registry: { account: ACCOUNT, region: 'us-east-2' } }],
  ['a tag that is no release', { tag: 'latest' }],
])('a push to %s starts nothing', async (_, facts) => {
  const { started, pushed } = await fixture();
  expect((await pushed({ ...push, ...facts })).started).toEqual([]);
  expect(started.size).toBe(0);
});

test('one that cannot be started holds up nobody, and is started when the event comes again', async () => {
  const { started, pushed } = await fixture({ failsOnce: 'orders' });
  await expect(pushed(push)).rejects.toThrow(/not started for orders: .*Rate exceeded/);
  expect(started.size).toBe(1);
  await pushed(push);
  expect(started.size).toBe(2);
});

test('every name is one that Step Functions takes', async () => {
  const { started, pushed } = await fixture();
  await pushed(push);
  for (const name of started.keys()) expect(name).toMatch(/^[\w+=.@-]{1,80}$/);
});
