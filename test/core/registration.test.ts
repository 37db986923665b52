import { describe, expect, test } from 'vitest';
import { parseRegistration, takenFrom } from '../../functions/core/registration.ts';
import { accepted, registeredOf, registrationOf } from '../adapters/registered.ts';

const ORDERS = registrationOf('orders');

function wrongIn(raw: unknown): Readonly<Record<string, string>> {
  const parsed = parseRegistration(raw);
  return parsed.ok ? {} : Object.fromEntries(parsed.fields.map(({ field, message }) => [field, message]));
}

test('what is right is accepted as it is, also as JSON', () => {
  expect(accepted(ORDERS)).toEqual(ORDERS);
  expect(accepted(JSON.parse(JSON.stringify(ORDERS)))).toEqual(ORDERS);
});

const elsewhere = (arn: string) => arn.replace('us-east-1', 'eu-west-1');

describe('a registration that is invalid is refused with a sentence for each field, all at once', () => {
  test.each<[what: string, raw: unknown, wrong: Readonly<Record<string, string>>]>([
    ['nothing', undefined, { registration: 'is missing' }],
    ['a field that nobody knows', { ...ORDERS, rulArn: 'x' }, { rulArn: 'is a field that nobody knows' }],
    [
      'a name that AWS would refuse',
      { ...ORDERS, service: 'Orders_1' },
      { service: '"Orders_1" is no name of a service' },
    ],
    [
      'two at once',
      { ...ORDERS, ruleArn: ORDERS.loadBalancer, container: undefined },
      { ruleArn: 'is no ARN of a listener rule', container: 'is missing' },
    ],
    [
      'a word that is none of the choices',
      { ...ORDERS, settings: { ...ORDERS.settings, policy: 'brave' } },
      { 'settings.policy': '"brave" is invalid' },
    ],
    [
      'one rule twice',
      { ...ORDERS, probe: { ...ORDERS.probe, ruleArn: ORDERS.ruleArn } },
      { ruleArn: 'is the probe rule as well' },
    ],
    [
      'a rule of another load balancer',
      { ...ORDERS, ruleArn: ORDERS.ruleArn.replace('app/conductores', 'app/shop') },
      { ruleArn: 'is a rule of another load balancer' },
    ],
    [
      'a target group of another Region',
      { ...ORDERS, targetGroups: { ...ORDERS.targetGroups, green: elsewhere(ORDERS.targetGroups.green) } },
      { 'targetGroups.green': 'is in another account or region than the load balancer' },
    ],
    [
      'one ECS service for both colours',
      { ...ORDERS, services: { blue: 'orders', green: 'orders' } },
      { services: 'is the same for both colours' },
    ],
    [
      "a colour's family as the template",
      { ...ORDERS, families: { ...ORDERS.families, template: ORDERS.families.blue } },
      { 'families.template': "is a colour's own family" },
    ],
    [
      "another account's role",
      { ...ORDERS, role: 'arn:aws:iam::222222222222:role/sluice-orders' },
      { role: 'is of another account than the load balancer' },
    ],
    [
      'a migration that nobody wrote down',
      { ...ORDERS, migration: undefined },
      { migration: 'is missing, and settings.hasMigration says that there is one' },
    ],
  ])('%s', (_, raw, wrong) => {
    expect(Object.keys(wrongIn(raw))).toEqual(Object.keys(wrong));
    for (const [field, message] of Object.entries(wrong)) expect(wrongIn(raw)[field]).toContain(message);
  });

  test('every refusal says what to write instead', () => {
    const parsed = parseRegistration({});
    expect(parsed.ok ? [] : parsed.fields.map(({ fix }) => fix).filter((fix) => fix === '')).toEqual([]);
    expect(parsed.ok ? 0 : parsed.fields.length).toBe(12);
  });
});

describe('of what only one service can have, nothing is given to a second one', () => {
  const cart = registeredOf('cart');
  const taken = (one: ReturnType<typeof registrationOf>, stack = 'mine') =>
    takenFrom([cart], one, stack).map(({ field }) => field);

  test.each(['ruleArn', 'targetGroups', 'services', 'families'] as const)('%s', (field) => {
    expect(taken({ ...ORDERS, [field]: cart[field] }).every((name) => name.startsWith(field))).toBe(true);
    expect(taken({ ...ORDERS, [field]: cart[field] })).not.toEqual([]);
  });

  test('the probe rule', () => {
    expect(taken({ ...ORDERS, probe: cart.probe })).toEqual(['probe.ruleArn']);
  });

  test('the name, except in the stack that registered it', () => {
    expect(taken(registrationOf('cart'))).toEqual(['service']);
    expect(taken(registrationOf('cart'), cart.stack)).toEqual([]);
  });

  test('a repository is shared by services of one stack, and by no others', () => {
    const shares = { ...ORDERS, repository: cart.repository };
    expect(taken(shares)).toEqual(['repository']);
    expect(taken(shares, cart.stack)).toEqual([]);
  });

  test('a service beside it with parts of its own takes nothing', () => {
    expect(taken(ORDERS)).toEqual([]);
  });
});
