import { DeleteRuleCommand, ModifyRuleCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { beforeEach, describe, expect, test } from 'vitest';
import { elb } from '../../functions/handlers/ports.ts';
import { handler } from '../../functions/handlers/weighted-rule.ts';
import { answering, refusal } from '../adapters/answering.ts';
import { forwardTo, GROUPS, groupArn, LISTENER } from '../adapters/balancer.ts';
import { RULE, StackResource } from './cloudformation.ts';
import {
  actionsSent,
  balancer,
  calls,
  MOVED,
  NEW_GROUPS,
  releasing,
  rule,
  shift,
  statuses,
  weightsOf,
} from './rule-stage.ts';

describe('a new stack', () => {
  test('gets a rule that sends all requests to the first colour', async () => {
    const { Status, PhysicalResourceId } = await rule.create(RULE);
    expect(Status).toBe('SUCCESS');
    expect(balancer.rules.get(PhysicalResourceId)).toMatchObject({
      Priority: '100',
      Conditions: [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/*'] } }],
    });
    expect(weightsOf()).toEqual([100, 0]);
  });

  test('gets a rule to the stable colour, where the ledger outlived an older stack', async () => {
    releasing(false, 'green');
    await rule.create(RULE);
    expect(weightsOf()).toEqual([0, 100]);
  });

  test('takes the rule that an older stack left behind, with the weights that it has', async () => {
    const left = balancer.add(LISTENER, 100, [forwardTo({ [GROUPS.blue]: 0, [GROUPS.green]: 100 })], []);
    expect((await rule.create(RULE)).PhysicalResourceId).toBe(left.RuleArn);
    expect(weightsOf()).toEqual([0, 100]);
    expect(actionsSent()).toEqual([]);
  });

  test('is told where its place is taken by a rule of somebody else', async () => {
    balancer.add(LISTENER, 100, [forwardTo({ [groupArn('others')]: 1 })], []);
    expect(await rule.create(RULE)).toMatchObject({
      Status: 'FAILED',
      Reason: expect.stringMatching(/Priority 100 .* taken/),
    });
    expect(balancer.rules.size).toBe(1);
    expect(statuses()).toEqual(['FAILED', 'SUCCESS']);
  });

  test('gets a probe rule that only the secret header opens', async () => {
    const { PathPatterns: _, HostHeaders: __, ...rest } = RULE;
    await rule.create({ ...rest, Priority: 99, HeaderName: 'x-sluice-probe', HeaderValue: 'guid' });
    expect(balancer.rules.get(rule.physicalId)?.Conditions).toEqual([
      { Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'x-sluice-probe', Values: ['guid'] } },
    ]);
  });
});

describe('an update', () => {
  beforeEach(() => rule.create(RULE));

  test('changes conditions and place, and sends no weight, also while a release runs [F05]', async () => {
    releasing(true);
    await shift(25);
    calls.length = 0;
    await rule.update({ ...RULE, Priority: 110, PathPatterns: ['/api/*'], HostHeaders: ['api.example.com'] });
    expect(weightsOf()).toEqual([75, 25]);
    expect(actionsSent()).toEqual([]);
    expect(balancer.rules.get(rule.physicalId)).toMatchObject({
      Priority: '110',
      Conditions: [
        { PathPatternConfig: { Values: ['/api/*'] } },
        { HostHeaderConfig: { Values: ['api.example.com'] } },
      ],
    });
  });

  test('does not undo what a person put into the rule', async () => {
    await elb().send(
      new ModifyRuleCommand({
        RuleArn: rule.physicalId,
        Actions: [forwardTo({ [GROUPS.blue]: 50, [GROUPS.green]: 0, [groupArn('maria')]: 50 })],
      }),
    );
    await rule.update({ ...RULE, PathPatterns: ['/api/*'] });
    expect(balancer.weights(rule.physicalId)).toMatchObject({ [GROUPS.blue]: 50, [groupArn('maria')]: 50 });
  });

  test('is refused a place that another rule has', async () => {
    balancer.add(LISTENER, 110, [forwardTo({ [groupArn('others')]: 1 })], []);
    const [forward, back] = await rule.update({ ...RULE, Priority: 110 });
    expect(forward).toMatchObject({ Status: 'FAILED' });
    expect(back).toMatchObject({ Status: 'SUCCESS' });
  });

  test('to another listener makes a new rule with the live weights, and the old one goes', async () => {
    await shift(100);
    const old = rule.physicalId;
    expect(await rule.update(MOVED)).toMatchObject([{ Status: 'SUCCESS' }]);
    expect(rule.physicalId).not.toBe(old);
    expect(weightsOf()).toEqual([0, 100]);
    expect([...balancer.rules.keys()]).toEqual([rule.physicalId]);
  });

  test('to other target groups maps the live weights, colour by colour, and ends in its own place', async () => {
    await shift(100);
    // Behind the old rule until ECS has brought the tasks into the new groups; then nobody needs that one.
    const meanwhile = async () => {
      expect([...balancer.rules.values()].map(({ Priority }) => Priority)).toEqual(['100', '101']);
      balancer.healthy[GROUPS.blue] = 0;
      balancer.healthy[groupArn('green2')] = 2;
    };
    await rule.update(NEW_GROUPS, { meanwhile });
    expect(balancer.weights(rule.physicalId)).toEqual({ [groupArn('blue2')]: 0, [groupArn('green2')]: 100 });
    await rule.update({ ...NEW_GROUPS, PathPatterns: ['/api/*'] });
    expect([...balancer.rules.values()].map(({ RuleArn, Priority }) => [RuleArn, Priority])).toEqual([
      [rule.physicalId, '100'],
    ]);
    expect(statuses()).not.toContain('FAILED');
  });

  test('to another listener is refused while a release runs, and rolls back', async () => {
    releasing(true);
    await shift(25);
    const [forward, back] = await rule.update(MOVED);
    expect(forward).toMatchObject({
      Status: 'FAILED',
      Reason: expect.stringMatching(/r-20260105-135500 is being released/),
    });
    expect(back).toMatchObject({ Status: 'SUCCESS' });
    expect(weightsOf()).toEqual([75, 25]);
    expect(balancer.rules.size).toBe(1);
  });

  test('finds the rule again that somebody deleted', async () => {
    await elb().send(new DeleteRuleCommand({ RuleArn: rule.physicalId }));
    releasing(false, 'green');
    await rule.update({ ...RULE, PathPatterns: ['/api/*'] });
    expect(weightsOf()).toEqual([0, 100]);
  });
});

describe('the end of a stack', () => {
  beforeEach(() => rule.create(RULE));

  test('keeps the rule while users are served through it', async () => {
    expect(await rule.delete()).toMatchObject({ Status: 'SUCCESS' });
    expect(weightsOf()).toEqual([100, 0]);
  });

  test('takes the rule where nobody is served, twice without harm', async () => {
    balancer.healthy[GROUPS.blue] = 0;
    expect(await rule.delete()).toMatchObject({ Status: 'SUCCESS' });
    expect(balancer.rules.size).toBe(0);
    expect(await rule.delete()).toMatchObject({ Status: 'SUCCESS' });
  });

  test('takes the rule where the settings say so', async () => {
    await rule.update({ ...RULE, RemoveRule: true });
    await rule.delete();
    expect(balancer.rules.size).toBe(0);
  });

  test('keeps the rule also where it may not look at other listeners', async () => {
    answering(elb(), {
      ...balancer.answers,
      DescribeListeners: () => {
        throw refusal('AccessDenied', 'is not authorized to perform: elasticloadbalancing:DescribeListeners');
      },
    });
    expect(await rule.delete()).toMatchObject({ Status: 'SUCCESS' });
    expect(weightsOf()).toEqual([100, 0]);
  });

  test('takes the probe rule, through which no user is served', async () => {
    const probe = new StackResource(handler as never);
    await probe.create({ ...RULE, Priority: 99, HeaderName: 'x-sluice-probe', HeaderValue: 'guid' });
    await probe.delete();
    expect([...balancer.rules.keys()]).toEqual([rule.physicalId]);
  });
});

test('an event that cannot be carried out is answered too', async () => {
  expect(await rule.create({ ...RULE, ListenerArn: '' })).toMatchObject({
    Status: 'FAILED',
    Reason: 'The custom resource has no ListenerArn',
    PhysicalResourceId: 'WeightedRule-was-not-made',
  });
});
