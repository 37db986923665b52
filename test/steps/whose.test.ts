import { describe, expect, test } from 'vitest';
import { ReleaseRefused } from '../../functions/core/failures.ts';
import { serviceIn, whoseIs } from '../../functions/steps/shared/whose.ts';
import { MemoryRegistrations } from '../../rehearsal/registrations.ts';
import { registeredOf } from '../adapters/registered.ts';

async function of(...names: readonly string[]) {
  const registrations = new MemoryRegistrations();
  for (const [changes, name] of names.entries()) await registrations.put(registeredOf(name), changes);
  return (named?: unknown) => whoseIs(registrations, named);
}

test('a name finds its service, with its state', async () => {
  const found = await (await of('orders', 'cart'))('cart');
  expect([found.registered.service, found.state.service]).toEqual(['cart', 'cart']);
});

test('the only service need not be named', async () => {
  expect((await (await of('orders'))()).registered.service).toBe('orders');
});

test.each<[what: string, names: readonly string[], named: unknown, says: RegExp]>([
  [
    'there are several and none is named',
    ['orders', 'cart'],
    undefined,
    /service: is missing, and there are several; .* one of cart, orders/,
  ],
  ['there is none', [], undefined, /no service is registered here; deploy a stack/],
  ['the name is nearly right', ['orders'], 'order', /"order" is not registered here; did you mean orders\?/],
  ['the name is another one', ['orders', 'cart'], 'search', /"search" is not registered here; .* cart, orders/],
  ['it is no name at all', ['orders'], 7, /is no name of a service/],
  ['it is empty', ['orders'], '', /is no name of a service/],
])('refused, with what to write, when %s', async (_, names, named, says) => {
  const asking = (await of(...names))(named);
  await expect(asking).rejects.toThrow(ReleaseRefused);
  await expect(asking).rejects.toThrow(says);
});

test('of very many names a refusal says some', async () => {
  const names = Array.from({ length: 30 }, (_, index) => `service-${index}`);
  await expect((await of(...names))()).rejects.toThrow(/ and 10 more/);
});

describe('a payload names its service', () => {
  test.each<[what: string, payload: unknown, name: unknown]>([
    ['by the state of a step', { execution: 'x', state: { service: 'orders' } }, 'orders'],
    ['by the input of a release', { execution: 'x', input: { service: 'orders', image: 'v1' } }, 'orders'],
    ['by itself', { service: 'orders', action: 'upgrade' }, 'orders'],
    ['first by the state', { state: { service: 'orders' }, service: 'cart' }, 'orders'],
    ['or not', { execution: 'x', input: { image: 'v1' } }, undefined],
    ['or not at all', undefined, undefined],
  ])('%s', (_, payload, name) => {
    expect(serviceIn(payload)).toBe(name);
  });
});
