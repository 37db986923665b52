import { expect, test } from 'vitest';
import { ReleaseRefused, Stuck, Transient } from '../../functions/core/failures.ts';
import { writes } from '../../functions/core/protocol.ts';
import type { Registration } from '../../functions/core/registration.ts';
import { type RegistrarPorts, register, unregister } from '../../functions/steps/shared/registrar.ts';
import { MemoryRegistrations } from '../../rehearsal/registrations.ts';
import { registrationOf } from '../adapters/registered.ts';
import { lockIn, recordOf } from './fixture.ts';

const STACK = 'orders-stack';

/** `current`: what the rule says, once for each time that it is read; then that it is well. */
function fixture({ current = [] as (() => Promise<never>)[] } = {}) {
  const registrations = new MemoryRegistrations();
  let now = 1_790_000_000;
  let sleeps = 0;
  const clock = {
    now: () => now,
    sleep: async (seconds: number) => {
      now += seconds;
      sleeps++;
    },
  };
  const routerOf: RegistrarPorts['routerOf'] = () => ({
    current: async () => (await current.shift()?.()) ?? { blue: 100, green: 0 },
  });
  const ports = { registrations, routerOf, clock };
  return {
    registrations,
    registers: (one: unknown, stack = STACK) => register(ports)(one, stack),
    leaves: (service: string, stack = STACK) => unregister(ports)(service, stack),
    isReleased(service: string) {
      const ledger = registrations.ledgerOf(service);
      const lock = { ...lockIn('baking'), fence: ledger.state.fence + 1 };
      ledger.write(writes.open(ledger.state, lock, recordOf(lock), true));
    },
    versionOf: async (service: string) => (await registrations.read(service)).registered?.version,
    slept: () => sleeps,
  };
}

const orders = registrationOf('orders');
const cart = registrationOf('cart');
const more: Registration = { ...orders, settings: { ...orders.settings, warmMinutes: 5 } };

test('a service is taken in, and the same once more changes nothing', async () => {
  const { registers, versionOf } = fixture();
  expect(await registers(orders)).toMatchObject({ ...orders, stack: STACK, version: 1 });
  expect((await registers(orders)).version).toBe(1);
  expect((await registers(more)).version).toBe(2);
  expect(await versionOf('orders')).toBe(2);
});

test('what is wrong is refused with its field, and nothing is written', async () => {
  const { registers, versionOf } = fixture();
  await expect(registers({ ...orders, container: '' })).rejects.toThrow(
    /container: .*is empty; write the name of the container/,
  );
  await expect(registers({ ...orders, container: '' })).rejects.toThrow(ReleaseRefused);
  expect(await versionOf('orders')).toBeUndefined();
});

test("a name, a rule and a repository that are another stack's are refused", async () => {
  const { registers } = fixture();
  await registers(orders);
  await expect(registers(orders, 'other')).rejects.toThrow(/service: orders is registered by orders-stack/);
  await expect(registers({ ...cart, ruleArn: orders.ruleArn }, 'other')).rejects.toThrow(/ruleArn: is orders's/);
  await expect(registers({ ...cart, repository: orders.repository }, 'other')).rejects.toThrow(/repository: /);
  expect((await registers({ ...cart, repository: orders.repository })).version).toBe(1);
});

test('of two that want the same rule at the same time one gets it', async () => {
  const { registers } = fixture();
  const both = await Promise.allSettled([registers(orders), registers({ ...cart, ruleArn: orders.ruleArn })]);
  expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
});

test('two that have nothing in common are both taken in, at the same time as well', async () => {
  const { registers, registrations } = fixture();
  await Promise.all([registers(orders), registers(cart, 'cart-stack')]);
  expect((await registrations.all()).services.map(({ service }) => service)).toEqual(['cart', 'orders']);
});

test('a rule that forwards to somebody else is refused, with what it does', async () => {
  const stranger = () => Promise.reject(new Stuck('The listener rule also forwards to arn:x, which is none of ours'));
  const { registers, versionOf } = fixture({ current: [stranger] });
  await expect(registers(orders)).rejects.toThrow(/ruleArn: The listener rule also forwards to arn:x/);
  expect(await versionOf('orders')).toBeUndefined();
});

test('a role that can be assumed only after some seconds is waited for, a minute at most', async () => {
  const notYet = () => Promise.reject(new Transient('may not be assumed'));
  const soon = fixture({ current: [notYet, notYet] });
  expect((await soon.registers(orders)).version).toBe(1);
  const never = fixture({ current: Array.from({ length: 50 }, () => notYet) });
  await expect(never.registers(orders)).rejects.toThrow('may not be assumed');
  expect(never.slept() * 5).toBeLessThanOrEqual(60);
});

test('while it is released a service gets a new rule and new limits, and keeps what its users stand on', async () => {
  const { registers, isReleased } = fixture();
  await registers(orders);
  isReleased('orders');
  expect((await registers({ ...more, ruleArn: `${orders.ruleArn}2` })).version).toBe(2);
  const elsewhere = { ...more, services: { blue: 'b', green: 'g' } };
  await expect(registers(elsewhere)).rejects.toThrow(
    /services: r-\S+ of orders is under way \(baking, \d+ %\); wait until/,
  );
});

test('a service leaves, and takes its place again with the fence that it had', async () => {
  const { registers, leaves, registrations, versionOf } = fixture();
  await registers(orders);
  await leaves('orders');
  expect(await versionOf('orders')).toBeUndefined();
  const { fence } = (await registrations.read('orders')).state;
  await registers(orders);
  expect((await registrations.read('orders')).state.fence).toBe(fence);
});

test('a service that is released does not leave, and the refusal says what to do', async () => {
  const { registers, leaves, isReleased, versionOf } = fixture();
  await registers(orders);
  isReleased('orders');
  await expect(leaves('orders')).rejects.toThrow(/under way .* sluice status --service orders/s);
  expect(await versionOf('orders')).toBe(1);
});

test('a stack that goes takes nothing with it that another one has by now', async () => {
  const { registers, leaves, versionOf } = fixture();
  await registers(orders);
  await leaves('orders', 'an older stack');
  expect(await versionOf('orders')).toBe(1);
  await leaves('nobody');
});
