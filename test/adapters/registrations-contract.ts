/** What every store of registrations does, whoever keeps it. */
import { expect, test } from 'vitest';
import { type ServiceState, writes } from '../../functions/core/protocol.ts';
import type { Ledger } from '../../functions/ports/ledger.ts';
import type { Registrations } from '../../functions/ports/registrations.ts';
import { lockIn, recordOf } from '../steps/fixture.ts';
import { registeredOf } from './registered.ts';

export interface Store {
  readonly registrations: Registrations;
  ledgerOf(service: string): Pick<Ledger, 'read' | 'write'>;
}

async function opened(ledger: Pick<Ledger, 'read' | 'write'>, seen?: ServiceState) {
  const state = seen ?? (await ledger.read());
  const lock = { ...lockIn('opening'), fence: state.fence + 1 };
  return ledger.write(writes.open(state, lock, recordOf(lock), false));
}

export function keepsRegistrations(store: () => Promise<Store>): void {
  test('what is registered is read back with the state of that service, and no other', async () => {
    const { registrations, ledgerOf } = await store();
    expect(await registrations.read('orders')).toEqual({ state: { service: 'orders', stable: 'blue', fence: 0 } });
    expect(await registrations.put(registeredOf('orders'), 0)).toBe(true);
    expect(await registrations.put(registeredOf('cart'), 1)).toBe(true);
    await opened(ledgerOf('orders'));
    const { registered, state } = await registrations.read('orders');
    expect(registered).toEqual(registeredOf('orders'));
    expect(state.lock?.phase).toBe('opening');
    expect((await registrations.read('cart')).state.lock).toBeUndefined();
  });

  test('all are listed by their names, however many pages that takes', async () => {
    const { registrations } = await store();
    expect(await registrations.all()).toEqual({ changes: 0, services: [], unreadable: [] });
    const names = ['orders', 'cart', 'web', 'admin', 'search'];
    for (const [changes, name] of names.entries()) await registrations.put(registeredOf(name), changes);
    const { changes, services } = await registrations.all();
    expect([changes, services.map(({ service }) => service)]).toEqual([5, names.toSorted()]);
    expect((await registrations.states(names)).map(({ service }) => service).toSorted()).toEqual(names.toSorted());
  });

  test('of two that register after the same look one is written', async () => {
    const { registrations } = await store();
    const { changes } = await registrations.all();
    expect(await registrations.put(registeredOf('orders'), changes)).toBe(true);
    expect(await registrations.put(registeredOf('cart', { ruleArn: registeredOf('orders').ruleArn }), changes)).toBe(
      false,
    );
    expect((await registrations.all()).services.map(({ service }) => service)).toEqual(['orders']);
  });

  test('a newer version takes the place of the older one', async () => {
    const { registrations } = await store();
    await registrations.put(registeredOf('orders'), 0);
    expect(await registrations.put(registeredOf('orders', { version: 2, cluster: 'other' }), 1)).toBe(true);
    expect((await registrations.read('orders')).registered).toMatchObject({ version: 2, cluster: 'other' });
  });

  test('a service is not removed while it is released', async () => {
    const { registrations, ledgerOf } = await store();
    await registrations.put(registeredOf('orders'), 0);
    await opened(ledgerOf('orders'));
    expect((await registrations.remove('orders'))?.lock?.phase).toBe('opening');
    expect((await registrations.read('orders')).registered).toBeDefined();
  });

  test('once removed, nothing opens that read the state before, be it the first release or a later one', async () => {
    const { registrations, ledgerOf } = await store();
    for (const changes of [0, 2]) {
      await registrations.put(registeredOf('orders'), changes);
      const seen = (await registrations.read('orders')).state;
      expect(await registrations.remove('orders')).toBeUndefined();
      expect((await opened(ledgerOf('orders'), seen)).written).toBe(false);
      expect((await registrations.read('orders')).registered).toBeUndefined();
    }
    expect((await registrations.all()).services).toEqual([]);
  });

  test('a service that is registered again goes on with the fence that it had', async () => {
    const { registrations, ledgerOf } = await store();
    await registrations.put(registeredOf('orders'), 0);
    await registrations.remove('orders');
    const { fence } = (await registrations.read('orders')).state;
    await registrations.put(registeredOf('orders'), 2);
    expect((await registrations.read('orders')).state.fence).toBe(fence);
    expect((await opened(ledgerOf('orders'))).written).toBe(true);
  });

  test('what users stand on changes only while nothing is released, and nothing opens from the state before', async () => {
    const { registrations, ledgerOf } = await store();
    await registrations.put(registeredOf('orders'), 0);
    const { state } = await registrations.read('orders');
    expect(await registrations.put(registeredOf('orders', { version: 2 }), 1, state)).toBe(true);
    expect((await opened(ledgerOf('orders'), state)).written).toBe(false);
    const again = (await registrations.read('orders')).state;
    await opened(ledgerOf('orders'));
    expect(await registrations.put(registeredOf('orders', { version: 3 }), 2, again)).toBe(false);
    expect((await registrations.read('orders')).registered?.version).toBe(2);
  });

  test('a service whose first push waits is removed with it', async () => {
    const { registrations, ledgerOf } = await store();
    await registrations.put(registeredOf('orders'), 0);
    const pending = { digest: 'sha256:1', image: 'v1.0.0', pushedAt: 1, attempt: 1, input: {} };
    await ledgerOf('orders').write(writes.keep(pending));
    expect(await registrations.remove('orders')).toBeUndefined();
    expect((await registrations.read('orders')).state.pending).toBeUndefined();
  });
}
