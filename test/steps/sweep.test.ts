import { expect, test } from 'vitest';
import { writes } from '../../functions/core/protocol.ts';
import type { Weights } from '../../functions/core/roles.ts';
import type { Account, Glance, Look } from '../../functions/ports/account.ts';
import { numberOf, sweep } from '../../functions/steps/safety/sweep.ts';
import { MemoryLedger } from '../../rehearsal/ledger.ts';
import { MemoryRegistrations } from '../../rehearsal/registrations.ts';
import { registeredOf } from '../adapters/registered.ts';
import { CURRENT, lockIn, recordOf } from './fixture.ts';

const HERE = 'arn:aws:ecs:us-east-1:111111111111:task-definition/x:7';
const THERE = 'arn:aws:ecs:us-east-1:111111111111:task-definition/x:8';
const AT_REST: Weights = { blue: 100, green: 0 };

/** Services at rest, each on blue with the revision that was released there. */
async function fixture(names: readonly string[]) {
  const ledgers = new Map(
    names.map((service) => [
      service,
      new MemoryLedger({ service, stable: 'blue', fence: 3, current: { ...CURRENT, revision: HERE } }),
    ]),
  );
  const registrations = new MemoryRegistrations(ledgers);
  for (const [changes, name] of names.entries()) await registrations.put(registeredOf(name), changes);
  const weights = new Map<string, Glance<Weights>>();
  const revisions = new Map<string, Glance<{ readonly revision?: string }>>();
  const account: Account = {
    weights: async (of) => new Map(of.map(({ service }) => [service, weights.get(service) ?? AT_REST])),
    revisions: async (of) => new Map(of.map(({ service }) => [service, revisions.get(service) ?? { revision: HERE }])),
  };
  let taken = Number.POSITIVE_INFINITY;
  const looks = { ask: async (asked: readonly Look[]) => asked.slice(taken) };
  // A minute in which none of these has its look of the hour.
  let minute = 29_000_000;
  while (names.some((name) => (minute - numberOf(name)) % 60 === 0)) minute++;
  const at = { minute };
  return {
    weights,
    revisions,
    at,
    ledgerOf: (service: string) => ledgers.get(service)!,
    takesOnly: (count: number) => {
      taken = count;
    },
    swept: () => sweep({ registrations, account, looks, clock: { now: () => at.minute * 60 } })(),
  };
}

function isReleased(ledger: MemoryLedger) {
  const lock = { ...lockIn('baking'), fence: ledger.state.fence + 1 };
  ledger.write(writes.open(ledger.state, lock, recordOf(lock), true));
}

const askedOf = ({ asked }: { readonly asked: readonly Look[] }) => asked.map(({ service }) => service);

test('of services at rest and as they should be, none is looked at', async () => {
  const { swept } = await fixture(['orders', 'cart']);
  expect(await swept()).toMatchObject({ services: 2, asked: [], unread: [], refused: [] });
});

test.each<[what: string, spoil: (one: Awaited<ReturnType<typeof fixture>>) => void, why: RegExp]>([
  ['a release runs', ({ ledgerOf }) => isReleased(ledgerOf('orders')), /^r-\S+ is under way$/],
  [
    'a push waits',
    ({ ledgerOf }) =>
      ledgerOf('orders').write(
        writes.keep({ digest: 'sha256:1', image: 'v1.6.0', pushedAt: Number.MAX_SAFE_INTEGER, attempt: 1, input: {} }),
      ),
    /^v1\.6\.0 waits$/,
  ],
  ['its weights are split', ({ weights }) => weights.set('orders', { blue: 70, green: 30 }), /everybody to blue/],
  ['all are on the other colour', ({ weights }) => weights.set('orders', { blue: 0, green: 100 }), /everybody to blue/],
  ['nobody is sent anywhere', ({ weights }) => weights.set('orders', { blue: 0, green: 0 }), /everybody to blue/],
  ['its rule is gone', ({ weights }) => weights.set('orders', 'wrong'), /its rule is not as it was made/],
  ['its ECS service is gone', ({ revisions }) => revisions.set('orders', 'wrong'), /blue is not there/],
  ['somebody deployed by hand', ({ revisions }) => revisions.set('orders', { revision: THERE }), /was not released/],
])('a service is looked at when %s, and the one beside it is not', async (_, spoil, why) => {
  const one = await fixture(['orders', 'cart']);
  spoil(one);
  const { asked } = await one.swept();
  expect(asked).toEqual([{ service: 'orders', why: expect.stringMatching(why) }]);
});

test('each is looked at once an hour, whatever is seen of it', async () => {
  const names = ['orders', 'cart', 'web'];
  const { at, swept } = await fixture(names);
  const seen: string[] = [];
  for (let minute = 0; minute < 120; minute++) {
    at.minute++;
    seen.push(...askedOf(await swept()));
  }
  expect(seen.toSorted()).toEqual([...names, ...names].toSorted());
});

test('a thousand services have their looks of the hour spread over it', () => {
  const minutes = new Map<number, number>();
  for (let index = 0; index < 1000; index++) {
    const minute = numberOf(`service-${index}`) % 60;
    minutes.set(minute, (minutes.get(minute) ?? 0) + 1);
  }
  expect(Math.max(...minutes.values())).toBeLessThan(40);
});

test('what AWS does not answer is said, and is no reason to ask for more; a release is looked at all the same', async () => {
  const one = await fixture(['orders', 'cart', 'web']);
  for (const name of ['orders', 'cart']) one.weights.set(name, 'unread');
  one.revisions.set('web', 'unread');
  isReleased(one.ledgerOf('web'));
  const answer = await one.swept();
  expect(askedOf(answer)).toEqual(['web']);
  expect(answer.unread).toEqual(['cart', 'orders']);
  expect(answer.summary).toContain('2 could not be read');
});

test('when all are odd at once, releases come first, and of the others nobody is last every minute', async () => {
  const names = Array.from({ length: 200 }, (_, index) => `service-${index}`);
  const one = await fixture(names);
  for (const name of names) one.weights.set(name, { blue: 50, green: 50 });
  for (const name of names.slice(100, 110)) isReleased(one.ledgerOf(name));
  one.takesOnly(50);
  const served = new Set<string>();
  for (let minute = 0; minute < 30; minute++) {
    one.at.minute++;
    const answer = await one.swept();
    expect(askedOf(answer).slice(0, 10).toSorted()).toEqual(names.slice(100, 110).toSorted());
    expect(answer.refused.length).toBe(150);
    for (const name of askedOf(answer).slice(0, 50)) served.add(name);
  }
  expect(served.size).toBe(names.length);
});
