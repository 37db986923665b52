/**
 * `npm run bench:credentials -- http://127.0.0.1:5000`: what the session of a service's role adds to a call, against an AWS
 * API on this machine (moto). The machine's own speed falls out: everything is a multiple of one call without a session, in
 * the same run. Cold: a client that was never used, as in a new environment of a Lambda. Warm: as in every one after that.
 */
import { DescribeLoadBalancersCommand, ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { STSClient } from '@aws-sdk/client-sts';
import { BOUNDED, withDeadline } from '../../functions/adapters/client.ts';
import { sessionsOf } from '../../functions/adapters/service-credentials.ts';

const ROUNDS = 60;
/** The first calls of a process compile what all others use. */
const UNCOUNTED = 10;
/** Calls one after the other until users are on stable again: ledger, health, rule read and written, read back, ledger. */
const CALLS_OF_THE_WAY_BACK = 6;

const [endpoint] = process.argv.slice(2);
if (!endpoint) {
  process.stderr.write('Say where an AWS API answers: npm run bench:credentials -- http://127.0.0.1:5000\n');
  process.exit(2);
}

const place = { ...BOUNDED, endpoint, region: 'us-east-1' };
const own = { accessKeyId: 'test', secretAccessKey: 'test' };
const rule = 'arn:aws:elasticloadbalancing:us-east-1:123456789012:listener-rule/app/shop/1/2/3';
const over = {
  service: 'orders',
  role: 'arn:aws:iam::123456789012:role/sluice-orders',
  ruleArn: rule,
  probe: { ruleArn: `${rule}4`, url: 'http://shop.example.com', header: 'x', secret: 'y' },
};

type Credentials = NonNullable<
  NonNullable<ConstructorParameters<typeof ElasticLoadBalancingV2Client>[0]>['credentials']
>;

const withOwn = (): Credentials => own;
const withSession = (sts = withDeadline(new STSClient({ ...place, credentials: own }))): Credentials =>
  sessionsOf(sts)({ actor: 'revert', release: 'r-20261124-100000' }, over);

const clientWith = (credentials: Credentials) =>
  withDeadline(new ElasticLoadBalancingV2Client({ ...place, credentials }));

async function milliseconds(call: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await call();
  return performance.now() - began;
}

const ask = (client: ElasticLoadBalancingV2Client) => client.send(new DescribeLoadBalancersCommand({}));
const median = (numbers: readonly number[]): number =>
  numbers.toSorted((one, other) => one - other)[numbers.length >> 1]!;

/** Medians of a cold and a warm call. Both kinds take turns, so that a slow moment meets both. */
const times = {
  own: { cold: [] as number[], warm: [] as number[] },
  session: { cold: [] as number[], warm: [] as number[] },
};
for (let round = 0; round < ROUNDS + UNCOUNTED; round++)
  for (const [kind, credentials] of [
    ['own', withOwn],
    ['session', () => withSession()],
  ] as const) {
    const client = clientWith(credentials());
    const cold = await milliseconds(() => ask(client));
    const warm = await milliseconds(() => ask(client));
    client.destroy();
    if (round < UNCOUNTED) continue;
    times[kind].cold.push(cold);
    times[kind].warm.push(warm);
  }

const call = median(times.own.warm);
const added = median(times.session.cold) - median(times.own.cold);
process.stdout.write(
  [
    `One call, warm: 1 (${call.toFixed(1)} ms here)`,
    `The first call of a new environment, without a session: ${(median(times.own.cold) / call).toFixed(2)}`,
    `The same with a session that has to be begun: ${(median(times.session.cold) / call).toFixed(2)}`,
    `A call with a session that is there: ${(median(times.session.warm) / call).toFixed(2)}`,
    `So the way back (${CALLS_OF_THE_WAY_BACK} calls, warm) is longer by ${((100 * added) / (CALLS_OF_THE_WAY_BACK * call)).toFixed(0)} % once, and then by ${(100 * (median(times.session.warm) / call - 1)).toFixed(0)} %`,
    '',
  ].join('\n'),
);
