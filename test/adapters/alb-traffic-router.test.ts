import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Action, ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { albTrafficRouter } from '../../functions/adapters/alb-traffic-router.ts';
import { withDeadline } from '../../functions/adapters/client.ts';
import { Stuck } from '../../functions/core/failures.ts';
import { rolesWhenStableIs, weightsFor } from '../../functions/core/roles.ts';
import { answering, type Call, PLACE } from './answering.ts';
import { Balancer, forwardTo, GROUPS, groupArn, LISTENER, SIGN_IN } from './balancer.ts';

const PATHS = [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/api/*'] } }];

/** A rule with those actions, and a router over it. */
function fixture(actions: Action[], probeUrl = 'http://127.0.0.1:9') {
  const balancer = new Balancer();
  const { RuleArn: ruleArn = '' } = balancer.add(LISTENER, 100, actions, PATHS);
  const probeRule = balancer.add(LISTENER, 99, [forwardTo({ [GROUPS.blue]: 100, [GROUPS.green]: 0 })], []);
  const calls: Call[] = [];
  const elb = answering(withDeadline(new ElasticLoadBalancingV2Client(PLACE)), balancer.answers, calls);
  const probe = { ruleArn: probeRule.RuleArn!, url: probeUrl, header: 'x-sluice-probe', secret: 'guid' };
  const slept: number[] = [];
  const clock = { sleep: async (seconds: number) => void slept.push(seconds) };
  const router = albTrafficRouter(elb, { ruleArn, targetGroups: GROUPS, probe }, clock);
  return { balancer, router, ruleArn, probeRule: probeRule.RuleArn!, calls, slept };
}

const split = (blue: number, green: number, more: Partial<Action> = {}): Action =>
  forwardTo({ [GROUPS.blue]: blue, [GROUPS.green]: green }, more);

test('whatever share is asked for is what the rule then says', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 100 }), fc.constantFrom('blue', 'green'), async (share, stable) => {
      const { router, balancer, ruleArn } = fixture([split(100, 0)]);
      const weights = weightsFor(rolesWhenStableIs(stable as 'blue'), share);
      await router.route(weights);
      expect(await router.current()).toEqual(weights);
      expect(balancer.weights(ruleArn)).toEqual({ [GROUPS.blue]: weights.blue, [GROUPS.green]: weights.green });
    }),
    { numRuns: 50 },
  );
});

test('conditions and priority of the rule stay, and group stickiness goes off [F26] [F33]', async () => {
  const { router, balancer, ruleArn } = fixture([split(75, 25)]);
  await router.route({ blue: 100, green: 0 });
  const rule = balancer.rules.get(ruleArn);
  expect(rule).toMatchObject({ Conditions: PATHS, Priority: '100' });
  expect(rule?.Actions?.[0]?.ForwardConfig?.TargetGroupStickinessConfig).toEqual({ Enabled: false });
});

test('a sign-in before the forward stays, in its order and with its secret [F32]', async () => {
  const { router, balancer, ruleArn } = fixture([SIGN_IN, split(75, 25, { Order: 2 })]);
  await router.route({ blue: 50, green: 50 });
  expect(balancer.rules.get(ruleArn)?.Actions).toMatchObject([
    {
      Type: 'authenticate-oidc',
      Order: 1,
      AuthenticateOidcConfig: { ...SIGN_IN.AuthenticateOidcConfig, UseExistingClientSecret: true },
    },
    { Type: 'forward', Order: 2 },
  ]);
});

test('a third target group is somebody else’s: the rule is not read as ours, and not written [F26] [F32]', async () => {
  const { router, balancer, ruleArn } = fixture([
    forwardTo({ [GROUPS.blue]: 50, [GROUPS.green]: 25, [groupArn('maria')]: 25 }),
  ]);
  const before = structuredClone(balancer.rules.get(ruleArn));
  await expect(router.current()).rejects.toThrow(/maria.* none of ours/);
  await expect(router.route({ blue: 100, green: 0 })).rejects.toThrow(Stuck);
  expect(balancer.rules.get(ruleArn)).toEqual(before);
});

test('a rule that a person pointed at one colour sends all requests there', async () => {
  expect(await fixture([forwardTo({ [GROUPS.green]: 1 })]).router.current()).toEqual({ blue: 0, green: 1 });
  const single = { Type: 'forward', TargetGroupArn: GROUPS.blue } as const;
  expect(await fixture([single]).router.current()).toEqual({ blue: 1, green: 0 });
});

test('a rule that is gone, or does something else, needs a person [F31]', async () => {
  const answers503: Action = { Type: 'fixed-response', FixedResponseConfig: { StatusCode: '503' } };
  await expect(fixture([answers503]).router.current()).rejects.toThrow(/does not forward/);
  const { router, balancer } = fixture([split(100, 0)]);
  balancer.rules.clear();
  await expect(router.route({ blue: 100, green: 0 })).rejects.toThrow(Stuck);
});

test('the right to move traffic is proved by writing what stands there [F57]', async () => {
  const { router, balancer, ruleArn, calls } = fixture([SIGN_IN, split(60, 40, { Order: 2 })]);
  await router.checkWritePermission();
  expect(calls.map(({ command }) => command)).toEqual(['DescribeRules', 'ModifyRule']);
  expect(balancer.weights(ruleArn)).toEqual({ [GROUPS.blue]: 60, [GROUPS.green]: 40 });
  const { TargetGroupStickinessConfig } = balancer.rules.get(ruleArn)!.Actions![1]!.ForwardConfig!;
  expect(TargetGroupStickinessConfig).toEqual({ Enabled: true, DurationSeconds: 300 });
});

/** A backend that the probe rule leads to. */
async function probing(answer: (probes: number) => number) {
  let probes = 0;
  const secrets: unknown[] = [];
  const server = createServer((request, response) => {
    secrets.push(request.headers['x-sluice-probe']);
    response.writeHead(answer(++probes), { location: '/elsewhere' }).end('ok');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const staged = fixture([split(75, 25)], `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`);
  const before = staged.balancer.weights(staged.ruleArn);
  const result = await staged.router.probe('green').finally(() => server.close());
  expect(staged.balancer.weights(staged.ruleArn)).toEqual(before);
  return { ...staged, result, secrets };
}

test('a probe goes to the candidate with the secret, and users are not moved for it', async () => {
  const { result, secrets, balancer, probeRule, calls, slept } = await probing(() => 200);
  expect(result).toEqual({ passed: 6, tried: 6 });
  expect(secrets).toEqual(Array(6).fill('guid'));
  const pointed = calls.filter(({ command }) => command === 'ModifyRule').map(({ input }) => input);
  expect(pointed.map(({ RuleArn }) => RuleArn)).toEqual([probeRule, probeRule]);
  expect(pointed[0].Actions[0].ForwardConfig.TargetGroups).toEqual([
    { TargetGroupArn: GROUPS.blue, Weight: 0 },
    { TargetGroupArn: GROUPS.green, Weight: 100 },
  ]);
  expect(slept).toEqual([8]);
  expect(balancer.weights(probeRule)).toEqual({ [GROUPS.blue]: 100, [GROUPS.green]: 0 });
});

test('an error or a redirect is no passed probe', async () => {
  expect((await probing((probes) => (probes % 2 === 0 ? 500 : 302))).result).toEqual({ passed: 0, tried: 6 });
});

test('where nobody answers, no probe passes', async () => {
  expect(await fixture([split(100, 0)]).router.probe('green')).toEqual({ passed: 0, tried: 6 });
});

test('at rest the probe leads to stable, and is written only where it does not yet', async () => {
  const { router, balancer, probeRule, calls } = fixture([split(0, 100)]);
  await router.resetProbe('green');
  expect(balancer.weights(probeRule)).toEqual({ [GROUPS.blue]: 0, [GROUPS.green]: 100 });
  await router.resetProbe('green');
  expect(calls.filter(({ command }) => command === 'ModifyRule').map(({ input }) => input.RuleArn)).toEqual([
    probeRule,
  ]);
});
