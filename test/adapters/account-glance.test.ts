import { ECSClient } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { SQSClient } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { accountGlance } from '../../functions/adapters/account-glance.ts';
import { withDeadline } from '../../functions/adapters/client.ts';
import { sqsLooks } from '../../functions/adapters/sqs-looks.ts';
import { type Answers, answering, type Call, PLACE, refusal } from './answering.ts';
import { registeredOf } from './registered.ts';

const names = Array.from({ length: 25 }, (_, index) => `service-${index}`);
const services = names.map((name) => registeredOf(name));

/** Every rule sends all to blue, unless it is in `rules`; those in `gone` are not there. */
function fixture({ gone = [] as string[], rules = {} as Record<string, object>, answers = {} as Answers } = {}) {
  const calls: Call[] = [];
  const all: Answers = {
    DescribeRules: ({ RuleArns }: { RuleArns: string[] }) => {
      if (RuleArns.some((arn) => gone.includes(arn))) throw refusal('RuleNotFoundException');
      return {
        Rules: RuleArns.map((arn) => {
          const { targetGroups } = services.find(({ ruleArn }) => ruleArn === arn)!;
          const TargetGroups = [
            { TargetGroupArn: targetGroups.blue, Weight: 100 },
            { TargetGroupArn: targetGroups.green, Weight: 0 },
          ];
          return { RuleArn: arn, Actions: [rules[arn] ?? { Type: 'forward', ForwardConfig: { TargetGroups } }] };
        }),
      };
    },
    DescribeServices: ({ services: asked }: { services: string[] }) => ({
      services: asked
        .filter((name) => !gone.includes(name))
        .map((serviceName) => ({
          serviceName,
          status: 'ACTIVE',
          deployments: [{ status: 'ACTIVE' }, { status: 'PRIMARY', taskDefinition: `${serviceName}:7` }],
        })),
    }),
    ...answers,
  };
  const elb = answering(withDeadline(new ElasticLoadBalancingV2Client(PLACE)), all, calls);
  const ecs = answering(withDeadline(new ECSClient(PLACE)), all, calls);
  let slept = 0;
  const clock = {
    sleep: async (seconds: number) => {
      slept += seconds;
    },
  };
  return { calls, slept: () => slept, account: accountGlance({ elb, ecs }, clock) };
}

const stables = services.map(({ service, cluster, services: { blue: name } }) => ({ service, cluster, name }));

test('rules are read by twenties, ECS services by tens', async () => {
  const { calls, account, slept } = fixture();
  expect([...(await account.weights(services)).values()]).toEqual(names.map(() => ({ blue: 100, green: 0 })));
  expect((await account.revisions(stables)).get('service-24')).toEqual({ revision: 'service-24-blue:7' });
  const sizes = calls.map(({ command, input }) => [command, (input.RuleArns ?? input.services).length]);
  expect(sizes).toEqual([
    ['DescribeRules', 20],
    ['DescribeRules', 5],
    ['DescribeServices', 10],
    ['DescribeServices', 10],
    ['DescribeServices', 5],
  ]);
  // A release beside it finds its tokens.
  expect(slept()).toBeCloseTo(0.75);
});

test('a rule that is gone is found among the others, which are read all the same', async () => {
  const gone = services[13]!;
  const { calls, account } = fixture({ gone: [gone.ruleArn] });
  const seen = await account.weights(services);
  expect([...seen].filter(([, weights]) => weights === 'wrong').map(([name]) => name)).toEqual([gone.service]);
  expect([...seen.values()].includes('unread')).toBe(false);
  expect(calls.length).toBeLessThan(15);
});

test('a rule that forwards elsewhere, or does something else, is wrong', async () => {
  const [one, other] = services as [(typeof services)[0], (typeof services)[0]];
  const stranger = { Type: 'forward', TargetGroupArn: 'arn:aws:elasticloadbalancing:x:y:targetgroup/z/1' };
  const { account } = fixture({ rules: { [one.ruleArn]: stranger, [other.ruleArn]: { Type: 'fixed-response' } } });
  const seen = await account.weights(services.slice(0, 3));
  expect([...seen.values()]).toEqual(['wrong', 'wrong', { blue: 100, green: 0 }]);
});

test('an ECS service that is gone is wrong', async () => {
  const { account } = fixture({ gone: ['service-3-blue'] });
  const seen = await account.revisions(stables);
  expect([seen.get('service-3'), seen.get('service-4')]).toEqual(['wrong', { revision: 'service-4-blue:7' }]);
});

test('a batch that is throttled leaves its services unread, and the others are read', async () => {
  let batch = 0;
  const { account } = fixture({
    answers: {
      DescribeServices: ({ services: asked }: { services: string[] }) => {
        if (++batch === 2) throw refusal('ThrottlingException', 'Rate exceeded');
        return { services: asked.map((serviceName) => ({ serviceName, status: 'ACTIVE' })) };
      },
      DescribeRules: () => {
        throw refusal('ThrottlingException', 'Rate exceeded');
      },
    },
  });
  expect([...(await account.weights(services)).values()].every((one) => one === 'unread')).toBe(true);
  const unread = [...(await account.revisions(stables))].filter(([, one]) => one === 'unread').map(([name]) => name);
  expect(unread).toEqual(names.slice(10, 20));
});

test('a missing right is an error, and not an account where all is well', async () => {
  const { account } = fixture({
    answers: {
      DescribeRules: () => {
        throw refusal(
          'AccessDeniedException',
          'User: x is not authorized to perform: elasticloadbalancing:DescribeRules',
        );
      },
    },
  });
  await expect(account.weights(services)).rejects.toThrow(/the right elasticloadbalancing:DescribeRules is missing/);
});

test('looks are asked for by tens, each in the group of its service, once a minute; what was not taken comes back', async () => {
  const calls: Call[] = [];
  const sqs = answering(
    withDeadline(new SQSClient(PLACE)),
    {
      SendMessageBatch: ({ Entries }: { Entries: { Id: string }[] }) => ({
        Failed: Entries.filter(({ Id }) => Id === '3'),
      }),
    },
    calls,
  );
  const asked = names.slice(0, 12).map((service) => ({ service, why: 'odd' }));
  const refused = await sqsLooks(sqs, { queueUrl: 'https://sqs/looks.fifo' }).ask(asked, 29_000_000);
  expect(refused.map(({ service }) => service)).toEqual(['service-3']);
  expect(calls.map(({ input }) => input.Entries.length)).toEqual([10, 2]);
  expect(calls[1]!.input.Entries[1]).toEqual({
    Id: '1',
    MessageBody: '{"service":"service-11","why":"odd"}',
    MessageGroupId: 'service-11',
    MessageDeduplicationId: 'service-11-29000000',
  });
});
