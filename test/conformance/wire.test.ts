/** What only a wire has: AWS' own shapes and pages. What happens to a call on its way is in faults.test.ts. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DescribeScalableTargetsCommand } from '@aws-sdk/client-application-auto-scaling';
import { DescribeTaskDefinitionCommand, DescribeTasksCommand, ECSClient, ListTasksCommand } from '@aws-sdk/client-ecs';
import {
  CreateRuleCommand,
  CreateTargetGroupCommand,
  DeleteRuleCommand,
  DescribeRulesCommand,
  ModifyRuleCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SubscribeCommand } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { rulesOn } from '../../functions/adapters/listener-rules.ts';
import { Stuck } from '../../functions/core/failures.ts';
import { commandTo } from '../../functions/steps/shared/traffic.ts';
import { ecsRestarts } from '../../platform/rotation/adapters/ecs-restarts.ts';
import { secretsManager } from '../../platform/rotation/adapters/secrets-manager.ts';
import { SIGN_IN } from '../adapters/balancer.ts';
import { modifyRuleOf } from '../adapters/pasted.ts';
import { overTheWire } from './backends.ts';
import { A_MINUTE, type Moto, motoForTests, placeAt, queueAt, REGION, sharedMoto } from './moto.ts';
import { withScheduler } from './scheduler.ts';
import { clientsAt, type OwnClients, portsAt, SERVICE, TEMPLATE } from './stage.ts';
import { startWire, type Wire } from './wire.ts';

const programs = motoForTests();
const DIGEST = `sha256:${'5'.repeat(64)}`;

describe.skipIf(!programs)('over the wire', () => {
  let moto: Moto;
  let wire: Wire;
  let own: OwnClients;
  const it = overTheWire(
    () => moto,
    () => wire.endpoint,
  );

  beforeAll(async () => {
    moto = await sharedMoto(programs!);
    wire = await startWire(
      () => moto.endpoint,
      withScheduler(() => 0),
    );
    own = clientsAt(moto.endpoint);
  }, A_MINUTE);
  beforeEach(() => it.begin(), A_MINUTE);
  afterAll(async () => {
    await wire?.stop();
    await moto?.stop();
  });

  const ruleNow = async () => {
    const { Rules: [rule] = [] } = await own.elb.send(new DescribeRulesCommand({ RuleArns: [it.addresses().ruleArn] }));
    return rule!;
  };

  describe('the rule', () => {
    test('a shift switches stickiness off, and leaves conditions and priority as they are', async () => {
      const before = await ruleNow();
      expect(before.Actions?.[0]?.ForwardConfig?.TargetGroupStickinessConfig?.Enabled).toBe(true);
      await it.ask(({ router }) => router.route({ blue: 95, green: 5 }));
      const after = await ruleNow();
      expect(after.Actions?.[0]?.ForwardConfig?.TargetGroupStickinessConfig?.Enabled).toBe(false);
      expect([after.Conditions, after.Priority]).toEqual([before.Conditions, before.Priority]);
    });

    test('the right to write is proven by a write', async () => {
      const written = () => wire.calls.filter((call) => call === 'ModifyRule').length;
      const before = written();
      await it.ask(({ router }) => router.checkWritePermission());
      expect(written() - before).toBe(1);
    });

    test('a probe leads to its colour while it asks, with the secret in its header', async () => {
      const met: unknown[] = [];
      const service = createServer(async ({ headers }, response) => {
        met.push([await it.probeLeadsTo(), headers['x-sluice-probe']]);
        response.writeHead(200).end();
      });
      service.listen(0, '127.0.0.1');
      await once(service, 'listening');
      const { probe, ...rest } = it.addresses();
      const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}/health`;
      const clock = { now: () => 0, sleep: async () => undefined };
      try {
        const { router } = portsAt(wire.endpoint, { ...rest, probe: { ...probe, url } }, clock);
        expect(await router.probe('green')).toEqual({ passed: 6, tried: 6 });
        expect(met).toEqual(Array.from({ length: 6 }, () => ['green', probe.secret]));
      } finally {
        service.close();
      }
    });

    test('every action is sent again: one that is left out is gone', async () => {
      const signIn = {
        Type: 'authenticate-cognito' as const,
        Order: 1,
        AuthenticateCognitoConfig: {
          UserPoolArn: 'arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_a',
          UserPoolClientId: 'client',
          UserPoolDomain: 'domain',
        },
      };
      const [forward] = (await ruleNow()).Actions!;
      await own.elb.send(
        new ModifyRuleCommand({ RuleArn: it.addresses().ruleArn, Actions: [signIn, { ...forward!, Order: 2 }] }),
      );
      await it.ask(({ router }) => router.route({ blue: 50, green: 50 }));
      expect((await ruleNow()).Actions?.map(({ Type }) => Type)).toEqual(['authenticate-cognito', 'forward']);
    });

    test('the command of last resort, pasted, keeps a sign-in', async () => {
      const signIn = {
        ...SIGN_IN,
        AuthenticateOidcConfig: { ...SIGN_IN.AuthenticateOidcConfig, ClientSecret: 'kept by the load balancer' },
      };
      const { ruleArn, targetGroups } = it.addresses();
      const [forward] = (await ruleNow()).Actions!;
      await own.elb.send(new ModifyRuleCommand({ RuleArn: ruleArn, Actions: [signIn, { ...forward!, Order: 2 }] }));
      const command = await it.ask(async ({ router }) => {
        await router.current();
        return commandTo({ router }, { region: REGION, ruleArn, targetGroups }, 'green');
      });
      await own.elb.send(new ModifyRuleCommand(modifyRuleOf(command)));
      const { ClientSecret: _, ...stays } = signIn.AuthenticateOidcConfig;
      expect((await ruleNow()).Actions).toMatchObject([
        { Type: 'authenticate-oidc', Order: 1, AuthenticateOidcConfig: { ...stays, UseExistingClientSecret: true } },
        { Type: 'forward', Order: 2, ForwardConfig: { TargetGroups: [{ Weight: 0 }, { Weight: 100 }] } },
      ]);
    });

    test('a rule that is gone is nothing that another try could mend', async () => {
      await own.elb.send(new DeleteRuleCommand({ RuleArn: it.addresses().ruleArn }));
      await expect(it.ask(({ router }) => router.current())).rejects.toThrow(Stuck);
      await expect(it.ask(({ router }) => router.route({ blue: 100, green: 0 }))).rejects.toThrow(Stuck);
    });

    test('a rule that also forwards to somebody else’s group is not ours to weigh', async () => {
      const { TargetGroups: [stranger] = [] } = await own.elb.send(
        new CreateTargetGroupCommand({ Name: 'stranger', TargetType: 'lambda' }),
      );
      const TargetGroups = [{ TargetGroupArn: stranger!.TargetGroupArn, Weight: 1 }];
      await own.elb.send(
        new ModifyRuleCommand({
          RuleArn: it.addresses().ruleArn,
          Actions: [{ Type: 'forward', ForwardConfig: { TargetGroups } }],
        }),
      );
      await expect(it.ask(({ router }) => router.route({ blue: 100, green: 0 }))).rejects.toThrow(/none of ours/);
    });

    test('a target group that is gone is nothing that another try could mend', async () => {
      const { targetGroups, ...rest } = it.addresses();
      const gone = { ...rest, targetGroups: { ...targetGroups, green: `${targetGroups.green}0` } };
      const { fleet } = portsAt(wire.endpoint, gone, { now: () => 0, sleep: async () => undefined });
      await expect(fleet.health()).rejects.toThrow(Stuck);
    });

    test('a listener’s rules are read over all pages', async () => {
      const ListenerArn = it
        .addresses()
        .ruleArn.replace(':listener-rule/', ':listener/')
        .replace(/\/[^/]+$/, '');
      const Actions = (await ruleNow()).Actions;
      const priorities = Array.from({ length: 60 }, (_, index) => 1000 + index);
      for (const Priority of priorities) {
        const Conditions = [{ Field: 'path-pattern', Values: [`/${Priority}`] }];
        await own.elb.send(new CreateRuleCommand({ ListenerArn, Priority, Conditions, Actions }));
      }
      const found = (await rulesOn(own.elb, ListenerArn)).map(({ priority }) => priority);
      expect(found).toEqual(expect.arrayContaining(priorities));
    });
  });

  describe('a revision', () => {
    const revisionOf = async (family: string) =>
      own.ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: family, include: ['TAGS'] }));

    test('is the template with one image changed, and nothing else', async () => {
      await it.ask(({ fleet }) => fleet.deploy('green', DIGEST, 2));
      const { taskDefinition: made } = await revisionOf('app-green');
      const { taskDefinition: template } = await revisionOf(TEMPLATE.family);
      const [backend, sidecar] = made!.containerDefinitions!;
      const { registry, name } = it.addresses().repository;
      expect(backend).toEqual({ ...template!.containerDefinitions![0], image: `${registry}/${name}@${DIGEST}` });
      expect(sidecar).toEqual(template!.containerDefinitions![1]);
      for (const field of ['cpu', 'memory', 'networkMode', 'executionRoleArn', 'taskRoleArn', 'volumes'] as const)
        expect([field, made![field]]).toEqual([field, template![field]]);
    });

    test('has the template’s tags', async () => {
      await it.ask(({ fleet }) => fleet.deploy('green', DIGEST, 2));
      const byKey = (one: { key?: string }, other: { key?: string }) => (one.key! < other.key! ? -1 : 1);
      expect((await revisionOf('app-green')).tags?.toSorted(byKey)).toEqual([...TEMPLATE.tags].toSorted(byKey));
    });

    test('of the same image is used again, also where ECS tells the tags in another order', async () => {
      await it.ask(({ fleet }) => fleet.deploy('green', DIGEST, 2));
      const first = await it.ask(({ fleet }) => fleet.observe('green'));
      await it.ask(({ fleet }) => fleet.deploy('green', DIGEST, 4));
      const again = await it.ask(({ fleet }) => fleet.observe('green'));
      expect([again.revision, again.desired]).toEqual([first.revision, 4]);
    });
  });

  test('a migration is one task of that image, with the migration’s command and its release’s token', async () => {
    await it.ask(({ fleet }) => fleet.migrate('r-1', DIGEST));
    const { taskArns: tasks } = await own.ecs.send(new ListTasksCommand({ cluster: 'main' }));
    const { tasks: [task] = [] } = await own.ecs.send(new DescribeTasksCommand({ cluster: 'main', tasks }));
    const { taskDefinition } = await own.ecs.send(
      new DescribeTaskDefinitionCommand({ taskDefinition: task!.taskDefinitionArn }),
    );
    const { migration } = it.addresses();
    expect(task!.startedBy).toBe('r-1');
    expect(task!.overrides?.containerOverrides).toMatchObject([{ name: 'backend', command: migration!.command }]);
    expect(taskDefinition!.containerDefinitions![0]!.image).toMatch(new RegExp(`@${DIGEST}$`));
  });

  test('scaling rests in the direction that is asked for', async () => {
    const suspended = async () => {
      const { ScalableTargets: [target] = [] } = await own.scaling.send(
        new DescribeScalableTargetsCommand({ ServiceNamespace: 'ecs', ResourceIds: ['service/main/app-blue'] }),
      );
      const { DynamicScalingInSuspended: inwards, DynamicScalingOutSuspended: outwards } = target!.SuspendedState!;
      return [inwards, outwards];
    };
    await it.ask(({ fleet }) => fleet.suspendScaling('blue', 'in'));
    expect(await suspended()).toEqual([true, false]);
    await it.ask(({ fleet }) => fleet.suspendScaling('blue', 'both'));
    expect(await suspended()).toEqual([true, true]);
  });

  test('every deployment and every restart is a new one, also of what runs already', async () => {
    await it.ask(({ fleet }) => fleet.deploy('green', DIGEST, 2));
    await ecsRestarts(new ECSClient(placeAt(wire.endpoint)), it.addresses()).restart('green');
    const asked = wire.asked('UpdateService').slice(-2);
    expect(asked.map((body) => JSON.parse(body).forceNewDeployment)).toEqual([true, true]);
  });

  test('a secret’s next value is written beside the current one, and takes its label', async () => {
    const client = new SecretsManagerClient(placeAt(wire.endpoint));
    const secrets = secretsManager(client);
    const created = await client.send(new CreateSecretCommand({ Name: 'app', SecretString: '{"KEY":"old"}' }));
    const [secretId, first, next] = [created.ARN!, created.VersionId!, '6f1c1a52-0d5b-4a0e-9d52-0f0e4f3c2b1a'];
    expect(await secrets.read(secretId, next)).toBeUndefined();
    await secrets.write(secretId, next, { KEY: 'new' });
    await secrets.write(secretId, next, { KEY: 'new' });
    expect(await secrets.labels(secretId)).toEqual({ AWSCURRENT: first, AWSPENDING: next });
    await secrets.move(secretId, 'AWSCURRENT', next);
    await secrets.drop(secretId, 'AWSPENDING');
    expect(await secrets.labels(secretId)).toEqual({ AWSCURRENT: next, AWSPREVIOUS: first });
    expect([await secrets.read(secretId, first), await secrets.read(secretId, next)]).toEqual([
      { KEY: 'old' },
      { KEY: 'new' },
    ]);
  });

  describe('a notification', () => {
    const sent = () =>
      it.ask(({ notifications }) =>
        notifications.send({
          kind: 'advanced',
          releaseId: 'r-1',
          title: '25 % on green',
          body: 'fine so far',
          next: [],
        }),
      );

    test('reaches who subscribed, whole', async () => {
      const people = await queueAt(moto.endpoint, 'people');
      const { topicArn: TopicArn } = it.addresses();
      await own.sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: people.arn }));
      await sent();
      expect(JSON.stringify(await people.received())).toContain(`${SERVICE}: 25 % on green`);
      expect(it.troubles).toEqual([]);
    });

    test('is an event for programs, which a rule of the bus finds by its source', async () => {
      const programs = await queueAt(moto.endpoint, 'programs');
      await own.events.send(new PutRuleCommand({ Name: 'ours', EventPattern: JSON.stringify({ source: ['sluice'] }) }));
      await own.events.send(new PutTargetsCommand({ Rule: 'ours', Targets: [{ Id: 'queue', Arn: programs.arn }] }));
      await sent();
      const [event] = await programs.received();
      expect(event).toMatchObject({
        source: 'sluice',
        'detail-type': 'Sluice Release Notification',
        detail: { service: SERVICE, kind: 'advanced', releaseId: 'r-1', title: '25 % on green' },
      });
      expect(it.troubles).toEqual([]);
    });
  });
});
