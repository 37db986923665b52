import { ApplicationAutoScalingClient } from '@aws-sdk/client-application-auto-scaling';
import { ECSClient, type Task } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test } from 'vitest';
import { prudent } from '../../functions/adapters/client.ts';
import { ecsFleet } from '../../functions/adapters/ecs-fleet.ts';
import { MigrationFailed, Stuck, Transient } from '../../functions/core/failures.ts';
import { answering, type Call, PLACE } from './answering.ts';
import { Balancer, GROUPS } from './balancer.ts';
import { Cluster, revisionArn } from './cluster.ts';

const REPOSITORY = { registry: '111111111111.dkr.ecr.us-east-1.amazonaws.com', name: 'conductores-backend' };
const digestOf = (digit: string): string => `sha256:${digit.repeat(64)}`;
const imageOf = (digest: string): string => `${REPOSITORY.registry}/${REPOSITORY.name}@${digest}`;
const GREEN = 'service/main/app-green';

const TEMPLATE = {
  family: 'app-template',
  cpu: '1024',
  memory: '2048',
  networkMode: 'awsvpc',
  requiresCompatibilities: ['FARGATE'],
  executionRoleArn: 'arn:aws:iam::1:role/execution',
  runtimePlatform: { cpuArchitecture: 'X86_64' },
  containerDefinitions: [
    { name: 'backend', image: 'registry/backend:template', environment: [{ name: 'DEBUG', value: 'false' }] },
    { name: 'proxy', image: 'envoy:1' },
  ],
} as const;
const TAGS = [{ key: 'team', value: 'drivers' }];

/** Blue serves; green sleeps on its bootstrap. */
function scene() {
  const [cluster, balancer] = [new Cluster(), new Balancer()];
  cluster.register({ ...structuredClone(TEMPLATE), tags: TAGS } as never);
  cluster.register({ family: 'app-green', containerDefinitions: [{ name: 'backend', image: 'busybox:1.37' }] });
  for (const colour of ['blue', 'green']) {
    cluster.services.set(`app-${colour}`, {
      status: 'ACTIVE',
      desiredCount: 0,
      runningCount: 0,
      taskDefinition: revisionArn(`app-${colour}`, 1),
      deployments: [{ status: 'PRIMARY', taskDefinition: revisionArn('app-green', 1), rolloutState: 'COMPLETED' }],
    });
    cluster.scaling.set(`service/main/app-${colour}`, {});
  }
  const calls: Call[] = [];
  const slept: number[] = [];
  const clock = { now: () => 0, sleep: async (seconds: number) => void slept.push(seconds) };
  const answers = { ...balancer.answers, ...cluster.answers };
  const fleet = ecsFleet(
    {
      ecs: answering(prudent(new ECSClient(PLACE)), answers, calls),
      elb: answering(prudent(new ElasticLoadBalancingV2Client(PLACE)), answers, calls),
      scaling: answering(prudent(new ApplicationAutoScalingClient(PLACE)), answers, calls),
    },
    {
      cluster: 'main',
      services: { blue: 'app-blue', green: 'app-green' },
      families: { blue: 'app-blue', green: 'app-green', template: 'app-template' },
      container: 'backend',
      repository: REPOSITORY,
      targetGroups: GROUPS,
      migration: { command: ['alembic', 'upgrade', 'head'], subnets: ['subnet-1'], securityGroups: ['sg-1'] },
    },
    clock,
  );
  return { cluster, balancer, fleet, calls, slept };
}

test('a release is the newest template with one image changed, and nothing else', async () => {
  const { cluster, fleet } = scene();
  cluster.tagByAws('app-template', { key: 'aws:cloudformation:stack-name', value: 'releases' });
  await fleet.deploy('green', digestOf('5'), 3);
  const { definition, tags } = cluster.newest('app-green')!;
  expect(definition).toMatchObject({
    ...TEMPLATE,
    family: 'app-green',
    revision: 2,
    containerDefinitions: [
      { ...TEMPLATE.containerDefinitions[0], image: imageOf(digestOf('5')) },
      TEMPLATE.containerDefinitions[1],
    ],
  });
  expect(tags).toEqual(TAGS);
  expect(cluster.services.get('app-green')).toMatchObject({
    desiredCount: 3,
    taskDefinition: revisionArn('app-green', 2),
  });
  expect(cluster.services.get('app-blue')).toMatchObject({
    desiredCount: 0,
    taskDefinition: revisionArn('app-blue', 1),
  });
});

test('both colours log into one group, each under its own prefix', async () => {
  const { cluster, fleet } = scene();
  const logConfiguration = {
    logDriver: 'awslogs' as const,
    options: { 'awslogs-group': '/ecs/app', 'awslogs-stream-prefix': 'ecs' },
  };
  cluster.register({
    family: 'app-template',
    containerDefinitions: [{ name: 'backend', image: 'x', logConfiguration }],
  });
  await fleet.deploy('green', digestOf('5'), 2);
  expect(cluster.newest('app-green')!.definition.containerDefinitions?.[0]?.logConfiguration).toEqual({
    logDriver: 'awslogs',
    options: { 'awslogs-group': '/ecs/app', 'awslogs-stream-prefix': 'app-green' },
  });
});

test('a revision that is the same already is used again, until the template changes', async () => {
  const { cluster, fleet } = scene();
  await fleet.deploy('green', digestOf('5'), 2);
  await fleet.deploy('green', digestOf('5'), 2);
  expect(cluster.revisions('app-green')).toBe(2);
  cluster.register({ ...structuredClone(TEMPLATE), cpu: '2048' } as never);
  await fleet.deploy('green', digestOf('5'), 2);
  expect(cluster.newest('app-green')!.definition).toMatchObject({ revision: 3, cpu: '2048' });
});

test('a template without the container, or none at all, needs a person, and no colour is touched', async () => {
  const { cluster, fleet } = scene();
  const before = structuredClone(cluster.services);
  cluster.register({ family: 'app-template', containerDefinitions: [{ name: 'web', image: 'x' }] });
  await expect(fleet.deploy('green', digestOf('5'), 2)).rejects.toThrow(/no container "backend"; it has web/);
  expect(cluster.services).toEqual(before);
  expect(cluster.revisions('app-green')).toBe(1);
});

test('what was never released has no digest', async () => {
  const { fleet } = scene();
  expect(await fleet.observe('green')).toEqual({
    desired: 0,
    running: 0,
    healthy: 0,
    revision: revisionArn('app-green', 1),
    scalingSuspended: false,
    rollout: 'completed',
    crashes: 0,
  });
});

test('a colour that ECS is still rolling out is told by its newest deployment', async () => {
  const { cluster, balancer, fleet } = scene();
  await fleet.deploy('green', digestOf('5'), 2);
  const service = cluster.services.get('app-green')!;
  const [primary] = service.deployments!;
  cluster.services.set('app-green', {
    ...service,
    runningCount: 3,
    deployments: [
      { ...primary, runningCount: 1 },
      { status: 'ACTIVE', runningCount: 2 },
    ],
  });
  // Three targets are healthy, and two of them may be the older deployment's.
  balancer.healthy[GROUPS.green] = 3;
  expect(await fleet.observe('green')).toMatchObject({
    digest: digestOf('5'),
    running: 3,
    healthy: 1,
    rollout: 'in progress',
  });
  balancer.healthy[GROUPS.green] = 2;
  expect((await fleet.observe('green')).healthy).toBe(0);
  expect(await fleet.health()).toEqual({ blue: 0, green: 2 });
});

/** A task of green's newest deployment that stopped. */
const stopped = (facts: Partial<Task>, at = Date.now() + 60_000): Task => ({
  taskArn: `task/${Math.round(at)}-${facts.stoppedReason ?? ''}`,
  group: 'service:app-green',
  taskDefinitionArn: revisionArn('app-green', 2),
  desiredStatus: 'STOPPED',
  lastStatus: 'STOPPED',
  createdAt: new Date(at),
  stoppedAt: new Date(at),
  stopCode: 'EssentialContainerExited',
  containers: [{ name: 'backend', exitCode: 1 }],
  ...facts,
});

test('crashes are tasks of this deployment that exited by themselves and not with 0, over all pages', async () => {
  const { cluster, fleet } = scene();
  await fleet.deploy('green', digestOf('5'), 2);
  const later = Date.now() + 60_000;
  cluster.tasks.push(
    stopped({ stoppedReason: 'one' }),
    stopped({ stoppedReason: 'two' }, later + 1),
    stopped({ stoppedReason: 'scaled in', stopCode: 'ServiceSchedulerInitiated' }, later + 2),
    stopped({ stoppedReason: 'by a person', stopCode: 'UserInitiated' }, later + 3),
    stopped({ stoppedReason: 'done', containers: [{ name: 'backend', exitCode: 0 }] }, later + 4),
    stopped({ stoppedReason: 'another revision', taskDefinitionArn: revisionArn('app-green', 1) }, later + 5),
    stopped({ stoppedReason: 'an earlier life of this revision' }, Date.now() - 3_600_000),
    stopped({ stoppedReason: 'blue', group: 'service:app-blue' }, later + 6),
    stopped(
      {
        stoppedReason: 'Essential container in task exited',
        containers: [{ name: 'backend', exitCode: 137, reason: 'OutOfMemoryError' }],
      },
      later + 7,
    ),
  );
  expect(await fleet.observe('green')).toMatchObject({
    crashes: 3,
    lastStopped: 'Essential container in task exited (backend: exit code 137, OutOfMemoryError)',
  });
});

test('why no task could start is told, and is no crash', async () => {
  const { cluster, fleet } = scene();
  await fleet.deploy('green', digestOf('5'), 2);
  const stoppedReason = 'CannotPullContainerError: not found';
  cluster.tasks.push(stopped({ stoppedReason, stopCode: 'TaskFailedToStart', containers: [{ name: 'backend' }] }));
  expect(await fleet.observe('green')).toMatchObject({ crashes: 0, lastStopped: stoppedReason });
});

test('a service that is not there needs a person', async () => {
  const { cluster, fleet } = scene();
  cluster.services.delete('app-green');
  await expect(fleet.observe('green')).rejects.toThrow(/app-green in main is MISSING/);
  await expect(fleet.resize('green', 0)).rejects.toThrow(Stuck);
});

test('scaling rests and goes on; minimum and maximum are not ours', async () => {
  const { cluster, fleet, calls } = scene();
  await fleet.suspendScaling('green', 'in');
  expect(cluster.scaling.get(GREEN)).toMatchObject({
    DynamicScalingInSuspended: true,
    DynamicScalingOutSuspended: false,
  });
  expect((await fleet.observe('green')).scalingSuspended).toBe(true);
  await fleet.suspendScaling('green', 'both');
  expect(cluster.scaling.get(GREEN)).toMatchObject({
    DynamicScalingInSuspended: true,
    DynamicScalingOutSuspended: true,
  });
  await fleet.resumeScaling('green');
  expect((await fleet.observe('green')).scalingSuspended).toBe(false);
  const written = calls.filter(({ command }) => command === 'RegisterScalableTarget').map(({ input }) => input);
  expect(written.filter((input) => 'MinCapacity' in input || 'MaxCapacity' in input)).toEqual([]);
});

test('scaling that rests already is not told again, because telling wakes a colour that sleeps', async () => {
  const { fleet, calls } = scene();
  await fleet.suspendScaling('green', 'both');
  await fleet.suspendScaling('green', 'both');
  expect(calls.filter(({ command }) => command === 'RegisterScalableTarget')).toHaveLength(1);
});

test('a service without scaling has nothing to suspend', async () => {
  const { cluster, fleet } = scene();
  cluster.scaling.clear();
  await fleet.suspendScaling('green', 'both');
  await fleet.resumeScaling('green');
  expect(cluster.scaling.size).toBe(0);
});

test('a migration runs once, from the new image, in a family of its own', async () => {
  const { cluster, fleet, calls } = scene();
  expect(await fleet.migrate('r-1', digestOf('5'))).toEqual({ is: 'running' });
  expect(await fleet.migrate('r-1', digestOf('5'))).toEqual({ is: 'running' });
  expect(cluster.tasks).toHaveLength(1);
  expect(cluster.newest('app-template-migration')?.definition.containerDefinitions?.[0]?.image).toBe(
    imageOf(digestOf('5')),
  );
  expect(cluster.revisions('app-green')).toBe(1);
  const [asked] = calls.filter(({ command }) => command === 'RunTask').map(({ input }) => input);
  expect(asked.clientToken.length).toBeLessThanOrEqual(64);
  expect(asked.overrides.containerOverrides).toEqual([{ name: 'backend', command: ['alembic', 'upgrade', 'head'] }]);
});

/** Exit code of the migration's container (absent: it never started), and what that means. */
const ENDS: readonly (readonly [exitCode: number | undefined, is: object])[] = [
  [0, { is: 'done' }],
  [1, { is: 'failed', reason: 'it ended (backend: exit code 1)' }],
  [undefined, { is: 'failed', reason: 'it ended' }],
];

test.each(ENDS)(
  'a migration that ends with %s is told so, also by an invocation that did not start it',
  async (exitCode, is) => {
    const { cluster, fleet } = scene();
    await fleet.migrate('r-1', digestOf('5'));
    const containers = [{ name: 'backend', ...(exitCode === undefined ? {} : { exitCode }) }];
    Object.assign(cluster.tasks[0]!, {
      desiredStatus: 'STOPPED',
      lastStatus: 'STOPPED',
      stoppedReason: 'it ended',
      containers,
    });
    expect(await fleet.migrate('r-1', digestOf('5'))).toEqual(is);
  },
);

test('a migration that finds no capacity tries again later; one that cannot start at all has failed', async () => {
  const { cluster, fleet } = scene();
  cluster.runFailure = { reason: 'RESOURCE:FARGATE' };
  await expect(fleet.migrate('r-1', digestOf('5'))).rejects.toThrow(Transient);
  cluster.runFailure = { reason: 'MISSING', detail: 'the cluster' };
  await expect(fleet.migrate('r-1', digestOf('5'))).rejects.toThrow(MigrationFailed);
});

test('a migration that is stopped has stopped, or the caller hears that it has not yet', async () => {
  const { cluster, fleet, slept } = scene();
  await fleet.migrate('r-1', digestOf('5'));
  cluster.stopsAfterLooks = 3;
  await fleet.stopMigration('r-1');
  expect(cluster.tasks[0]?.lastStatus).toBe('STOPPED');
  expect(slept.length).toBeGreaterThan(0);

  await fleet.migrate('r-2', digestOf('5'));
  cluster.stopsAfterLooks = 1000;
  await expect(fleet.stopMigration('r-2')).rejects.toThrow(Transient);
  await expect(fleet.stopMigration('r-3')).resolves.toBeUndefined();
});
