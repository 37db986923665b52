/** A colour's task family, for CloudFormation: an empty one is given a first revision. It never adds one to a live colour. */
import { bootstrap } from '../adapters/bootstrap-revision.ts';
import { type Asked, customResource, text } from './custom-resource.ts';
import { ecs } from './ports.ts';

export const handler = customResource(async function fillEmptyFamily({ to, wanted, physicalId }: Asked) {
  if (to === 'Delete') return physicalId ?? '';
  const { TaskRoleArn } = wanted as { readonly TaskRoleArn?: string };
  await bootstrap(ecs(), {
    family: text(wanted, 'Family'),
    image: text(wanted, 'Image'),
    container: text(wanted, 'ContainerName'),
    port: Number(text(wanted, 'Port')),
    healthPath: text(wanted, 'HealthPath'),
    executionRoleArn: text(wanted, 'ExecutionRoleArn'),
    taskRoleArn: TaskRoleArn,
    logGroup: text(wanted, 'LogGroup'),
    region: process.env['AWS_REGION'] ?? '',
  });
  return text(wanted, 'Family');
});
