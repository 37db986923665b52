import { beforeEach, expect, test } from 'vitest';
import { ecs } from '../../functions/handlers/ports.ts';
import { handler } from '../../functions/handlers/task-family.ts';
import { answering, PLACE } from '../adapters/answering.ts';
import { Cluster } from '../adapters/cluster.ts';
import { StackResource } from './cloudformation.ts';

process.env['AWS_REGION'] = PLACE.region;
process.env['POWERTOOLS_LOG_LEVEL'] = 'SILENT';

const FAMILY = {
  Family: 'app-green',
  Image: 'public.ecr.aws/docker/library/busybox:1.37',
  ContainerName: 'backend',
  Port: 8000,
  HealthPath: '/health',
  ExecutionRoleArn: 'arn:aws:iam::111111111111:role/execution',
  TaskRoleArn: 'arn:aws:iam::111111111111:role/task',
  LogGroup: '/ecs/app',
};

let cluster: Cluster;
let family: StackResource;
beforeEach(() => {
  cluster = new Cluster();
  answering(ecs(), cluster.answers);
  family = new StackResource(handler as never);
});

test('an empty family gets a revision that answers the health check on the port of the app', async () => {
  expect(await family.create(FAMILY)).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'app-green' });
  const [container] = cluster.newest('app-green')!.definition.containerDefinitions!;
  expect(container).toMatchObject({ name: 'backend', image: FAMILY.Image, portMappings: [{ containerPort: 8000 }] });
  expect(container?.command?.at(-1)).toBe(
    'mkdir -p "$(dirname /www/health)" && echo ok > /www/health && exec httpd -f -p 8000 -h /www',
  );
  expect(cluster.newest('app-green')!.definition).toMatchObject({
    requiresCompatibilities: ['FARGATE'],
    networkMode: 'awsvpc',
    executionRoleArn: FAMILY.ExecutionRoleArn,
    taskRoleArn: FAMILY.TaskRoleArn,
  });
});

test('a family that has a revision is left alone, whatever the template says now', async () => {
  cluster.register({ family: 'app-green', containerDefinitions: [{ name: 'backend', image: 'released' }] });
  await family.create(FAMILY);
  await family.update({ ...FAMILY, Port: 9000, Image: 'busybox:2' });
  expect(cluster.revisions('app-green')).toBe(1);
});

test('no service is touched: how many tasks run is CloudFormation’s at first, and then the controller’s', async () => {
  await family.create(FAMILY);
  await family.update({ ...FAMILY, HealthPath: '/' });
  expect(cluster.services.size).toBe(0);
});

test('the end of the stack takes nothing, and a path that is none is refused', async () => {
  await family.create(FAMILY);
  expect(await family.delete()).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'app-green' });
  expect(cluster.revisions('app-green')).toBe(1);
  const other = new StackResource(handler as never);
  expect(await other.create({ ...FAMILY, Family: 'app-blue', HealthPath: '/$(reboot)' })).toMatchObject({
    Status: 'FAILED',
  });
  expect(cluster.revisions('app-blue')).toBe(0);
});
