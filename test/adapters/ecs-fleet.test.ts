import type { Task } from '@aws-sdk/client-ecs';
import { describe, expect, test } from 'vitest';
import { Stuck } from '../../functions/core/failures.ts';
import { GROUPS } from './balancer.ts';
import { revisionArn } from './cluster.ts';
import { digestOf, fixture, imageOf, TAGS, TEMPLATE } from './fleet.ts';

const GREEN = 'service/main/app-green';

test('a release is the newest template with one image changed, and nothing else [S157] [S464]', async () => {
  const { cluster, fleet } = fixture();
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
  const { cluster, fleet } = fixture();
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
  const { cluster, fleet } = fixture();
  await fleet.deploy('green', digestOf('5'), 2);
  await fleet.deploy('green', digestOf('5'), 2);
  expect(cluster.revisions('app-green')).toBe(2);
  cluster.register({ ...structuredClone(TEMPLATE), cpu: '2048' } as never);
  await fleet.deploy('green', digestOf('5'), 2);
  expect(cluster.newest('app-green')!.definition).toMatchObject({ revision: 3, cpu: '2048' });
});

test('a template without the container, or none at all, needs a person, and no colour is touched', async () => {
  const { cluster, fleet } = fixture();
  const before = structuredClone(cluster.services);
  cluster.register({ family: 'app-template', containerDefinitions: [{ name: 'web', image: 'x' }] });
  await expect(fleet.deploy('green', digestOf('5'), 2)).rejects.toThrow(/no container "backend"; it has web/);
  expect(cluster.services).toEqual(before);
  expect(cluster.revisions('app-green')).toBe(1);
});

test('what was never released has no digest', async () => {
  const { fleet } = fixture();
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
  const { cluster, balancer, fleet } = fixture();
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
  const { cluster, fleet } = fixture();
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
  const told = {
    crashes: 3,
    lastStopped: 'Essential container in task exited (backend: exit code 137, OutOfMemoryError)',
  };
  expect(await fleet.observe('green')).toMatchObject(told);
  expect(await fleet.crashes('green')).toEqual(told);
  expect(await fleet.crashes('blue')).toMatchObject({ crashes: 0 });
});

describe('a task of several containers', () => {
  /** The proxy is essential, the shipper of logs is not; both are told to stop when the task does. */
  const containers = (backend: number, proxy: number, logs: number, reasons: Readonly<Record<string, string>> = {}) =>
    Object.entries({ backend, proxy, logs }).map(([name, exitCode]) => ({
      name,
      exitCode,
      ...(reasons[name] ? { reason: reasons[name] } : {}),
    }));
  const OOM = 'OutOfMemoryError: Container killed due to memory usage';

  test.each([
    ['the application ended well, and its side-car was stopped', containers(0, 143, 143), 0],
    ['the application ended well, and its side-car had to be killed', containers(0, 137, 137), 0],
    ['the application ended well, and what is not essential failed', containers(0, 143, 1), 0],
    ['an essential side-car ended well, and so did all that were stopped', containers(0, 0, 0), 0],
    ['the application failed', containers(1, 143, 143), 1],
    ['the application was killed, and its side-car ended well when it was stopped', containers(137, 0, 0), 1],
    ['an essential side-car failed, and the application ended well when it was stopped', containers(0, 1, 143), 1],
    ['an essential side-car had no memory left', containers(0, 137, 143, { proxy: OOM }), 1],
  ])('%s', async (_, ended, crashes) => {
    const { cluster, fleet } = fixture();
    cluster.register({
      family: TEMPLATE.family,
      containerDefinitions: [
        { name: 'backend', image: 'x' },
        { name: 'proxy', image: 'envoy', essential: true },
        { name: 'logs', image: 'fluent-bit', essential: false },
      ],
    });
    await fleet.deploy('green', digestOf('5'), 2);
    cluster.tasks.push(
      stopped({ taskDefinitionArn: cluster.services.get('app-green')!.taskDefinition!, containers: ended }),
    );
    expect(await fleet.observe('green')).toMatchObject({ crashes, digest: digestOf('5') });
    expect((await fleet.crashes('green')).crashes).toBe(crashes);
  });
});

test('why no task could start is told, and is no crash [F48]', async () => {
  const { cluster, fleet } = fixture();
  await fleet.deploy('green', digestOf('5'), 2);
  const stoppedReason = 'CannotPullContainerError: not found';
  cluster.tasks.push(stopped({ stoppedReason, stopCode: 'TaskFailedToStart', containers: [{ name: 'backend' }] }));
  expect(await fleet.observe('green')).toMatchObject({ crashes: 0, lastStopped: stoppedReason });
});

test('a service that is not there needs a person', async () => {
  const { cluster, fleet } = fixture();
  cluster.services.delete('app-green');
  await expect(fleet.observe('green')).rejects.toThrow(/app-green in main is MISSING/);
  await expect(fleet.resize('green', 0)).rejects.toThrow(Stuck);
});

test('scaling rests and goes on; minimum and maximum are not ours', async () => {
  const { cluster, fleet, calls } = fixture();
  await fleet.suspendScaling('green', 'in');
  expect(cluster.scaling.get(GREEN)).toMatchObject({
    DynamicScalingInSuspended: true,
    DynamicScalingOutSuspended: false,
    ScheduledScalingSuspended: false,
  });
  expect((await fleet.observe('green')).scalingSuspended).toBe(true);
  await fleet.suspendScaling('green', 'both');
  expect(cluster.scaling.get(GREEN)).toMatchObject({
    DynamicScalingInSuspended: true,
    DynamicScalingOutSuspended: true,
    // A schedule raises the minimum, and would wake a colour that sleeps.
    ScheduledScalingSuspended: true,
  });
  await fleet.resumeScaling('green');
  expect((await fleet.observe('green')).scalingSuspended).toBe(false);
  const written = calls.filter(({ command }) => command === 'RegisterScalableTarget').map(({ input }) => input);
  expect(written.filter((input) => 'MinCapacity' in input || 'MaxCapacity' in input)).toEqual([]);
});

test('scaling that rests already is not told again, because telling wakes a colour that sleeps', async () => {
  const { fleet, calls } = fixture();
  await fleet.suspendScaling('green', 'both');
  await fleet.suspendScaling('green', 'both');
  expect(calls.filter(({ command }) => command === 'RegisterScalableTarget')).toHaveLength(1);
});

test('a service without scaling has nothing to suspend', async () => {
  const { cluster, fleet } = fixture();
  cluster.scaling.clear();
  await fleet.suspendScaling('green', 'both');
  await fleet.resumeScaling('green');
  expect(cluster.scaling.size).toBe(0);
});
