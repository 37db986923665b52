/** The command of last resort, pasted into a shell and carried out on a rule that does more than forward. */
import { type Action, ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { describe, expect, test } from 'vitest';
import { albReading, albTrafficRouter } from '../../functions/adapters/alb-traffic-router.ts';
import { withDeadline } from '../../functions/adapters/client.ts';
import { forceStable } from '../../functions/core/force-stable.ts';
import { commandTo } from '../../functions/steps/shared/traffic.ts';
import { answering, PLACE } from './answering.ts';
import { Balancer, forwardTo, GROUPS, groupArn, LISTENER, SIGN_IN } from './balancer.ts';
import { modifyRuleOf, pasted } from './pasted.ts';

const OIDC: Action = {
  ...SIGN_IN,
  AuthenticateOidcConfig: {
    ...SIGN_IN.AuthenticateOidcConfig,
    Scope: "openid o'brien",
    SessionTimeout: 3600,
    OnUnauthenticatedRequest: 'authenticate',
  },
};
const COGNITO: Action = {
  Type: 'authenticate-cognito',
  Order: 1,
  AuthenticateCognitoConfig: {
    UserPoolArn: 'arn:aws:cognito-idp:us-east-1:111111111111:userpool/us-east-1_a',
    UserPoolClientId: 'client',
    UserPoolDomain: 'domain',
  },
};
const split = forwardTo({ [GROUPS.blue]: 75, [GROUPS.green]: 25 }, { Order: 2 });
const onBlue = { Type: 'forward', Order: 2, ForwardConfig: { TargetGroups: [{ Weight: 100 }, { Weight: 0 }] } };

/** A rule that does that, and who read it. */
async function ruleOf(actions: Action[]) {
  const balancer = new Balancer();
  const { RuleArn: ruleArn = '' } = balancer.add(LISTENER, 100, actions, []);
  const elb = answering(withDeadline(new ElasticLoadBalancingV2Client(PLACE)), balancer.answers, []);
  const router = albReading(elb, { ruleArn, targetGroups: GROUPS });
  const probe = { ruleArn, url: 'http://127.0.0.1:9', header: 'x-sluice-probe', secret: 'guid' };
  const writing = albTrafficRouter(elb, { ruleArn, targetGroups: GROUPS, probe }, { sleep: async () => undefined });
  const traffic = { region: 'us-east-1', ruleArn, targetGroups: GROUPS };
  const read = () => router.current().catch(() => undefined);
  await read();
  return {
    read,
    balancer,
    ruleArn,
    traffic,
    /** One that may write, and has not read yet. */
    writing,
    command: () => commandTo({ router }, traffic, 'blue'),
    async paste() {
      await balancer.answers['ModifyRule']!(modifyRuleOf(commandTo({ router }, traffic, 'blue')) as never);
      return balancer.rules.get(ruleArn)?.Actions;
    },
  };
}

test.each([
  [
    'OIDC, with the secret that the load balancer keeps',
    OIDC,
    { ...OIDC, AuthenticateOidcConfig: { ...OIDC.AuthenticateOidcConfig, UseExistingClientSecret: true } },
  ],
  ['Cognito', COGNITO, COGNITO],
])('pasted, it keeps a sign-in by %s', async (_, signIn, stays) => {
  const it = await ruleOf([signIn, split]);
  expect(await it.paste()).toMatchObject([stays, onBlue]);
  expect(it.balancer.weights(it.ruleArn)).toEqual({ [GROUPS.blue]: 100, [GROUPS.green]: 0 });
});

test('it says what the rule did when it was read last, and not when the release began', async () => {
  const it = await ruleOf([forwardTo({ [GROUPS.blue]: 75, [GROUPS.green]: 25 })]);
  it.balancer.rules.set(it.ruleArn, { ...it.balancer.rules.get(it.ruleArn)!, Actions: [COGNITO, split] });
  await it.read();
  expect(await it.paste()).toMatchObject([COGNITO, onBlue]);
});

test('what ends the rule gives way to the forward: a page that says "closed" is no action to keep', async () => {
  const closed: Action = { Type: 'fixed-response', Order: 2, FixedResponseConfig: { StatusCode: '503' } };
  expect(await (await ruleOf([COGNITO, closed])).paste()).toMatchObject([COGNITO, onBlue]);
});

test('a change that somebody else’s target group forbids has read the rule all the same', async () => {
  const it = await ruleOf([COGNITO, forwardTo({ [GROUPS.blue]: 50, [groupArn('maria')]: 50 }, { Order: 2 })]);
  const { writing: router } = it;
  await expect(router.route({ blue: 100, green: 0 })).rejects.toThrow(/none of ours/);
  expect(modifyRuleOf(commandTo({ router }, it.traffic, 'blue')).Actions).toMatchObject([COGNITO, onBlue]);
});

describe('of a rule that could not be read', () => {
  test('it is still one line that works, and says what it cannot keep', async () => {
    const it = await ruleOf([COGNITO, split]);
    const blind = commandTo(
      { router: { actions: () => undefined } },
      { region: 'us-east-1', ruleArn: it.ruleArn, targetGroups: GROUPS },
      'blue',
    );
    expect(pasted(blind).told).toMatch(/could not be read: a sign-in on it \(OIDC, Cognito\) is removed/);
    await it.balancer.answers['ModifyRule']!(modifyRuleOf(blind) as never);
    expect(it.balancer.rules.get(it.ruleArn)?.Actions).toMatchObject([{ Type: 'forward' }]);
  });

  test('of one that only forwards nothing more is said', async () => {
    const it = await ruleOf([forwardTo({ [GROUPS.blue]: 75, [GROUPS.green]: 25 })]);
    expect(pasted(it.command()).told).toBe('');
    expect(it.command()).toBe(forceStable({ region: 'us-east-1', ruleArn: it.ruleArn, targetGroups: GROUPS }, 'blue'));
  });
});
