/** What a colour runs before its first release: a small server that answers the health check, and nothing else. */
import { type ECSClient, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import { newestOf } from './ecs-revisions.ts';

export interface Bootstrap {
  readonly family: string;
  /** An image with a shell and busybox' httpd. */
  readonly image: string;
  readonly container: string;
  readonly port: number;
  /** As `/health`. */
  readonly healthPath: string;
  readonly executionRoleArn: string;
  readonly taskRoleArn?: string | undefined;
  readonly logGroup: string;
  readonly region: string;
}

/** A family that has a revision is left alone: its newest one is what a colour runs. */
export async function bootstrap(ecs: Pick<ECSClient, 'send'>, wanted: Bootstrap): Promise<void> {
  const { family, image, container, port, executionRoleArn, taskRoleArn, logGroup, region } = wanted;
  if (await newestOf(ecs, family)) return;
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family,
      requiresCompatibilities: ['FARGATE'],
      networkMode: 'awsvpc',
      // The smallest that Fargate has.
      cpu: '256',
      memory: '512',
      executionRoleArn,
      taskRoleArn,
      containerDefinitions: [
        {
          name: container,
          image,
          essential: true,
          command: ['sh', '-c', serving(wanted)],
          portMappings: [{ containerPort: port, protocol: 'tcp' }],
          logConfiguration: {
            logDriver: 'awslogs',
            options: { 'awslogs-group': logGroup, 'awslogs-region': region, 'awslogs-stream-prefix': 'bootstrap' },
          },
        },
      ],
    }),
  );
}

function serving({ port, healthPath }: Bootstrap): string {
  if (!/^\/[\w./-]*$/.test(healthPath)) throw new Error(`${healthPath} is no path that a file can stand at`);
  const file = `/www${healthPath.endsWith('/') ? `${healthPath}index.html` : healthPath}`;
  return `mkdir -p "$(dirname ${file})" && echo ok > ${file} && exec httpd -f -p ${port} -h /www`;
}
