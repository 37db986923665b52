/** What is deployed, not what it was built from: every bundle in a process of its own answers its event against moto. */

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { DescribeRulesCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  RotateSecretCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { attributesOf } from '../../functions/adapters/ledger-expressions.ts';
import { RECONCILER, type ServiceState } from '../../functions/core/protocol.ts';
import { bundleLambdas } from '../../scripts/lambda-bundles.ts';
import { lambdaNode } from '../lambda/node.ts';
import { lockIn } from '../steps/fixture.ts';
import { overTheWire } from './backends.ts';
import { type Bundles, invoke } from './bundles.ts';
import { desiredNow, setDesired, weightsNow } from './mirror.ts';
import { A_MINUTE, type Moto, motoForTests, placeAt, REGION, sharedMoto } from './moto.ts';
import { withScheduler } from './scheduler.ts';
import { clientsAt, hangAlarms, SERVICE } from './stage.ts';
import { startWire, type Wire } from './wire.ts';

const programs = motoForTests();
const node = lambdaNode();
const OWNER = 'arn:aws:states:us-east-1:123456789012:execution:release:mine';

/** Each is asked below. */
const ASKED = [
  'close',
  'guard',
  'judge',
  'migrate',
  'migrate-by-hand',
  'open',
  'prepare',
  'reconcile',
  'revert',
  'rotate-app',
  'rotate-refresh',
  'rotate-reminder',
  'shift',
  'task-family',
  'weighted-rule',
] as const;

describe.skipIf(!programs || !node)('a bundle', () => {
  let moto: Moto;
  let wire: Wire;
  let folder: string;
  let bundles: Bundles;
  let names: readonly string[];
  let digest: string;
  const it = overTheWire(
    () => moto,
    () => wire.endpoint,
  );

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-bundles-'));
    names = (await bundleLambdas(folder)).map(({ name }) => name);
    moto = await sharedMoto(programs!);
    wire = await startWire(
      () => moto.endpoint,
      withScheduler(() => 2),
    );
  }, 3 * A_MINUTE);
  // Each story begins with a service of its own.
  beforeEach(async () => {
    await it.begin();
    await hangAlarms(clientsAt(moto.endpoint));
    await it.targetsAre('blue', 2);
    digest = await it.push('v1.5.0');
    const ROTATION = JSON.stringify({
      app: 'app',
      integrations: 'integrations',
      admin: 'admin',
      database: { host: '127.0.0.1', port: 5432, database: 'db', tls: false },
      cache: { replicationGroup: 'cache', host: '127.0.0.1', port: 6379, tls: false },
      readBy: [SERVICE],
    });
    const variables = { SLUICE: JSON.stringify(it.addresses()), ROTATION };
    bundles = { node: node!, folder, endpoint: wire.endpoint, variables };
  }, A_MINUTE);
  afterAll(async () => {
    await wire?.stop();
    await moto?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const ask = (name: (typeof ASKED)[number], event: unknown) => invoke(bundles, name, event);
  /** How often AWS was called so while that bundle answered. */
  const callsWhile = async (call: string, answering: Promise<unknown>): Promise<number> => {
    const before = wire.calls.length;
    await answering;
    return wire.calls.slice(before).filter((one) => one === call).length;
  };
  const weights = () => weightsNow(moto, it.addresses());
  const ledgerHolds = async (facts: Partial<ServiceState>) => {
    const state: ServiceState = { service: SERVICE, stable: 'blue', fence: 8, ...facts };
    const Item = { pk: { S: `SERVICE#${SERVICE}` }, sk: { S: 'STATE' }, ...attributesOf(state) };
    await clientsAt(moto.endpoint).dynamodb.send(new PutItemCommand({ TableName: 'ledger', Item }));
  };
  const inPhase = (phase: Parameters<typeof lockIn>[0], share: number, facts = {}) =>
    ledgerHolds({ lock: lockIn(phase, share, { owner: OWNER, digest, ...facts }) });
  const state = { share: 5, release: { id: lockIn('opening').releaseId, fence: 8 } };

  test(
    'of a verb answers the state machine, one after the other',
    async () => {
      await ledgerHolds({
        current: { releaseId: 'r-1', digest: `sha256:${'1'.repeat(64)}`, image: 'v1', pushedAt: 1 },
      });
      const opened = await ask('open', { execution: OWNER, input: { image: 'v1.5.0' } });
      expect(opened).toMatchObject({ answer: { verdict: 'opened', share: 0, release: { fence: 9 } } });
      const { release } = (opened as { answer: typeof state }).answer;
      const input = { execution: OWNER, state: { release } };
      expect(await ask('migrate', input)).toMatchObject({ answer: { verdict: 'wait' } });
      await inPhase('deploying', 0);
      expect(await ask('prepare', { execution: OWNER, state })).toMatchObject({ answer: { verdict: 'wait' } });
      expect(await ask('shift', { execution: OWNER, state })).toMatchObject({ answer: { verdict: 'wait' } });
      await it.targetsAre('green', 2);
      expect(await ask('shift', { execution: OWNER, state })).toMatchObject({
        answer: { verdict: 'shifted', share: 5 },
      });
      expect(await ask('judge', { execution: OWNER, state })).toMatchObject({ answer: { verdict: 'continue' } });
      expect(await ask('revert', { execution: OWNER, state })).toMatchObject({ answer: { verdict: 'wait' } });
      expect(await weights()).toEqual({ blue: 100, green: 0 });
      await inPhase('warm', 100);
      expect(await ask('close', { execution: OWNER, state })).toMatchObject({ answer: { verdict: 'wait' } });
    },
    3 * A_MINUTE,
  );

  test(
    'of a verb names its failures as the state machine catches them',
    async () => {
      await inPhase('baking', 5, { owner: 'arn:of:somebody:else' });
      expect(await ask('judge', { execution: OWNER, state })).toMatchObject({ error: 'FencedOut' });
      await ledgerHolds({});
      expect(await ask('open', { execution: OWNER, input: {} })).toMatchObject({ error: 'ReleaseRefused' });
    },
    A_MINUTE,
  );

  test(
    'of the guard sends users back when a task of this release crashed',
    async () => {
      const revision = 'arn:aws:ecs:us-east-1:123456789012:task-definition/app-green:2';
      await inPhase('baking', 25, { revision });
      await it.weightsAre({ blue: 75, green: 25 });
      const event = {
        'detail-type': 'ECS Task State Change',
        source: 'aws.ecs',
        detail: {
          group: 'service:app-green',
          lastStatus: 'STOPPED',
          stopCode: 'EssentialContainerExited',
          stoppedReason: 'Essential container in task exited',
          taskDefinitionArn: revision,
          clusterArn: 'arn:aws:ecs:us-east-1:123456789012:cluster/main',
          containers: [{ name: 'backend', exitCode: 1 }],
        },
      };
      const stopped = [
        { name: 'backend', exitCode: 0 },
        { name: 'proxy', exitCode: 143 },
      ];
      const well = { ...event, detail: { ...event.detail, containers: stopped } };
      expect(await ask('guard', well)).toMatchObject({ answer: { aborted: false } });
      expect(await ask('guard', event)).toMatchObject({ answer: { aborted: true } });
      expect(await weights()).toEqual({ blue: 100, green: 0 });
    },
    A_MINUTE,
  );

  test(
    'of the reconciler puts users back whose release has no controller any more',
    async () => {
      await inPhase('baking', 25);
      await it.weightsAre({ blue: 75, green: 25 });
      expect(await ask('reconcile', { source: 'aws.events' })).toHaveProperty('answer.summary');
      expect(await weights()).toEqual({ blue: 100, green: 0 });
      const { lock } = await it.ask(({ ledger }) => ledger.read());
      expect(lock).toMatchObject({ owner: RECONCILER, phase: 'reverting', share: 0 });
    },
    A_MINUTE,
  );

  test(
    'of a custom resource answers CloudFormation, and what it was asked for is there',
    async () => {
      await ledgerHolds({});
      const { ruleArn, targetGroups } = it.addresses();
      const ListenerArn = ruleArn.replace(':listener-rule/', ':listener/').replace(/\/[^/]+$/, '');
      const rule = await created('weighted-rule', {
        Service: SERVICE,
        Table: 'ledger',
        ListenerArn,
        BlueTargetGroupArn: targetGroups.blue,
        GreenTargetGroupArn: targetGroups.green,
        Priority: '100',
        PathPatterns: ['/*'],
      });
      expect(rule).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: ruleArn });
      const { Rules = [] } = await clientsAt(moto.endpoint).elb.send(new DescribeRulesCommand({ ListenerArn }));
      expect(Rules.filter(({ Priority }) => Priority === '100')).toHaveLength(1);

      const family = await created('task-family', {
        Family: 'app-new',
        Image: 'public.ecr.aws/docker/library/busybox:1',
        ContainerName: 'backend',
        Port: '8000',
        HealthPath: '/health',
        ExecutionRoleArn: 'arn:aws:iam::123456789012:role/execution',
        LogGroup: 'logs',
      });
      expect(family).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'app-new' });
    },
    A_MINUTE,
  );

  test(
    'of the rotation makes the next version, restarts the tasks that read it, and reminds of the rest',
    async () => {
      await ledgerHolds({});
      const secrets = new SecretsManagerClient(placeAt(moto.endpoint));
      for (const Name of ['app', 'integrations'])
        await secrets.send(new CreateSecretCommand({ Name, SecretString: JSON.stringify({ SECRET_KEY: 'old' }) }));
      const pending = { SecretId: 'app', ClientRequestToken: '0123456789abcdef0123456789abcdef' };
      // moto announces the version, then finds that no such Lambda is there: here the bundle is the Lambda.
      const RotationLambdaARN = `arn:aws:lambda:${REGION}:123456789012:function:rotate-app`;
      await secrets.send(new RotateSecretCommand({ ...pending, RotationLambdaARN })).catch(() => undefined);
      const fieldsAt = async (VersionStage: string) => {
        const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: 'app', VersionStage }));
        return JSON.parse(SecretString!) as Readonly<Record<string, string>>;
      };
      await expect(fieldsAt('AWSPENDING')).rejects.toThrow('find the specified secret value');
      expect(await ask('rotate-app', { ...pending, Step: 'createSecret' })).toEqual({});
      expect(await fieldsAt('AWSPENDING')).toMatchObject({
        SECRET_KEY_PREVIOUS: 'old',
        SECRET_KEY: expect.stringMatching(/^[0-9a-f]{64}$/),
        DATABASE_USER: 'conductores_app_clone',
      });
      expect(await fieldsAt('AWSCURRENT')).toEqual({ SECRET_KEY: 'old' });

      await setDesired(clientsAt(moto.endpoint), 'blue', 2);
      const awake = Object.values(await desiredNow(clientsAt(moto.endpoint))).filter((desired) => desired > 0);
      const refreshed = ask('rotate-refresh', {});
      expect(await callsWhile('UpdateService', refreshed)).toBe(awake.length);
      expect(await refreshed).toMatchObject({ answer: { verdict: 'restarted' } });

      const reminded = ask('rotate-reminder', {});
      expect(await callsWhile('PublishBatch', reminded)).toBe(1);
      expect(await reminded).toEqual({});
    },
    2 * A_MINUTE,
  );

  test(
    'of a migration by hand starts one task, and asked again only tells of it',
    async () => {
      await ledgerHolds({});
      const byHand = () => ask('migrate-by-hand', { id: 'by-hand-1', action: 'upgrade', image: 'v1.5.0' });
      const begun = byHand();
      const started = await callsWhile('RunTask', begun);
      expect(await begun).toMatchObject({ answer: { is: 'running' } });
      expect(started).toBe(1);
      const again = byHand();
      expect(await callsWhile('RunTask', again)).toBe(0);
      expect(await again).toMatchObject({ answer: { is: 'running' } });
    },
    A_MINUTE,
  );

  test('is built of every handler, and each was asked', () => {
    expect(ASKED.toSorted()).toEqual(names.toSorted());
  });

  /** CloudFormation's own part: it asks, and takes the answer at a URL. */
  async function created(name: 'weighted-rule' | 'task-family', ResourceProperties: object): Promise<unknown> {
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      request.on('data', (part: Buffer) => bodies.push(part.toString()));
      request.on('end', () => response.end());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    await ask(name, {
      RequestType: 'Create',
      ResponseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      StackId: `arn:aws:cloudformation:${REGION}:123456789012:stack/releases/guid`,
      RequestId: 'request',
      LogicalResourceId: 'Resource',
      ResourceType: 'Custom::Resource',
      ResourceProperties,
    });
    server.closeAllConnections();
    server.close();
    return JSON.parse(bodies.join(''));
  }
});
