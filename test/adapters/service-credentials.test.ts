import { STSClient } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { withDeadline } from '../../functions/adapters/client.ts';
import { sessionsOf } from '../../functions/adapters/service-credentials.ts';
import { Transient } from '../../functions/core/failures.ts';
import { LONGEST_SESSION_POLICY, RIGHTS_OF, sessionName, sessionPolicy } from '../../functions/core/service-rights.ts';
import { type Answers, answering, type Call, PLACE, refusal } from './answering.ts';
import { registrationOf } from './registered.ts';

const NOW = Date.UTC(2026, 10, 24, 10);
const AN_HOUR = 3_600_000;
const MINUTE = 60_000;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW, toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Each session has the number of its call in it, and an hour to live. */
function stsThat(answers: Answers = {}) {
  const calls: Call[] = [];
  let number = 0;
  const given = () => ({
    Credentials: {
      AccessKeyId: `key-${++number}`,
      SecretAccessKey: 'secret',
      SessionToken: 'token',
      Expiration: new Date(Date.now() + AN_HOUR),
    },
  });
  const client = answering(withDeadline(new STSClient(PLACE)), { AssumeRole: given, ...answers }, calls);
  return { calls, sessionOf: sessionsOf(client) };
}

const orders = registrationOf('orders');
const cart = registrationOf('cart');
const shift = { actor: 'shift', release: 'r-20261124-100000' } as const;

test('a session is of the role of that service, and named after the verb and the release', async () => {
  const { calls, sessionOf } = stsThat();
  expect(await sessionOf(shift, orders)()).toMatchObject({ accessKeyId: 'key-1', sessionToken: 'token' });
  expect(calls.map(({ input }) => input)).toEqual([
    {
      RoleArn: orders.role,
      RoleSessionName: 'shift@r-20261124-100000',
      Policy: sessionPolicy('shift', orders),
      DurationSeconds: 3600,
    },
  ]);
});

test('invocations that follow use the session that is there, whoever was served between them', async () => {
  const { calls, sessionOf } = stsThat();
  for (const service of [orders, cart, orders, cart]) await sessionOf(shift, service)();
  expect(calls.map(({ input }) => input.RoleArn)).toEqual([orders.role, cart.role]);
});

test('calls at the same time share one session', async () => {
  const { calls, sessionOf } = stsThat();
  const session = sessionOf(shift, orders);
  await Promise.all([session(), session(), sessionOf(shift, orders)()]);
  expect(calls.length).toBe(1);
});

test('five minutes before its end a session is replaced', async () => {
  const { sessionOf } = stsThat();
  expect((await sessionOf(shift, orders)()).accessKeyId).toBe('key-1');
  vi.setSystemTime(NOW + AN_HOUR - 5 * MINUTE);
  expect((await sessionOf(shift, orders)()).accessKeyId).toBe('key-1');
  vi.setSystemTime(NOW + AN_HOUR - 5 * MINUTE + 1);
  expect((await sessionOf(shift, orders)()).accessKeyId).toBe('key-2');
});

test('another verb, another release and another rule have a session of their own', async () => {
  const { calls, sessionOf } = stsThat();
  await sessionOf(shift, orders)();
  await sessionOf({ ...shift, actor: 'judge' }, orders)();
  await sessionOf({ ...shift, release: 'r-20261124-110000' }, orders)();
  await sessionOf(shift, { ...orders, ruleArn: cart.ruleArn })();
  expect(calls.length).toBe(4);
});

test('an environment that serves very many forgets the oldest session, and gets it again when it is needed', async () => {
  const { calls, sessionOf } = stsThat();
  await sessionOf(shift, orders)();
  for (let index = 0; index < 100; index++) await sessionOf({ ...shift, release: `r-${index}` }, cart)();
  calls.length = 0;
  await sessionOf(shift, orders)();
  expect(calls.length).toBe(1);
});

test('a role that may not be assumed yet, or no more, is worth another try, and the sentence names it', async () => {
  let isThere = false;
  const credentials = {
    AccessKeyId: 'key',
    SecretAccessKey: 'secret',
    SessionToken: 'token',
    Expiration: new Date(NOW + AN_HOUR),
  };
  const { sessionOf } = stsThat({
    AssumeRole: () => {
      if (!isThere) throw refusal('AccessDenied', 'User: arn:x is not authorized to perform: sts:AssumeRole');
      return { Credentials: credentials };
    },
  });
  const asking = sessionOf(shift, orders)();
  await expect(asking).rejects.toThrow(Transient);
  await expect(asking).rejects.toThrow(`${orders.role}, the role of orders, may not be assumed`);
  isThere = true;
  expect((await sessionOf(shift, orders)()).accessKeyId).toBe('key');
});

test('the policy of every session is far from what IAM takes, with the longest names that AWS allows', () => {
  const longest = (arn: string) => `${arn}${'x'.repeat(256 - arn.length)}`;
  const far = { ruleArn: longest(orders.ruleArn), probe: { ...orders.probe, ruleArn: longest(orders.probe.ruleArn) } };
  for (const actor of Object.keys(RIGHTS_OF) as (keyof typeof RIGHTS_OF)[])
    expect(sessionPolicy(actor, far).length).toBeLessThan(LONGEST_SESSION_POLICY * 0.7);
});

test('a session has a name that AWS takes, with a release and without', () => {
  expect(sessionName('guard', undefined)).toBe('guard@no-release');
  for (const release of ['r-20261124-100000', 'by hand / ümläut', 'x'.repeat(100)])
    expect(sessionName('migrate-by-hand', release)).toMatch(/^[\w+=,.@-]{2,64}$/);
});
