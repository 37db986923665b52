/** Tasks that stopped. ECS shows them for at least an hour. */
import {
  type Deployment,
  DescribeTasksCommand,
  type ECSClient,
  ListTasksCommand,
  type ListTasksCommandInput,
  type Task,
} from '@aws-sdk/client-ecs';

type Ecs = Pick<ECSClient, 'send'>;

/** DescribeTasks takes no more at once. */
const AT_ONCE = 100;

/** Every task that the filter finds, over all pages. */
export async function tasksBy(ecs: Ecs, filter: ListTasksCommandInput): Promise<readonly Task[]> {
  const arns: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await ecs.send(new ListTasksCommand({ ...filter, nextToken }));
    arns.push(...(page.taskArns ?? []));
    nextToken = page.nextToken;
  } while (nextToken);
  const tasks: Task[] = [];
  for (let from = 0; from < arns.length; from += AT_ONCE) {
    const some = { cluster: filter.cluster, tasks: arns.slice(from, from + AT_ONCE) };
    tasks.push(...((await ecs.send(new DescribeTasksCommand(some))).tasks ?? []));
  }
  return tasks;
}

/** Those of this deployment, the last one first: an earlier life of the same revision does not count. */
export async function stoppedTasks(
  ecs: Ecs,
  cluster: string,
  serviceName: string,
  deployment: Deployment | undefined,
): Promise<readonly Task[]> {
  if (!deployment) return [];
  const since = deployment.createdAt?.getTime() ?? 0;
  const tasks = await tasksBy(ecs, { cluster, serviceName, desiredStatus: 'STOPPED' });
  return tasks
    .filter(({ taskDefinitionArn }) => taskDefinitionArn === deployment.taskDefinition)
    .filter(({ createdAt }) => (createdAt?.getTime() ?? 0) >= since)
    .toSorted((one, other) => endOf(other) - endOf(one));
}

const endOf = ({ stoppedAt, stoppingAt }: Task): number => (stoppedAt ?? stoppingAt)?.getTime() ?? 0;

/**
 * Tasks that exited by themselves with a non-zero code; those that the scheduler, a person or Spot ended are none
 * (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html, stopCode).
 */
export const crashesOf = (stopped: readonly Task[]): number =>
  stopped.filter(
    ({ stopCode, containers = [] }) =>
      stopCode === 'EssentialContainerExited' && containers.some(({ exitCode = 0 }) => exitCode !== 0),
  ).length;

/** "Essential container in task exited (backend: exit code 137, OutOfMemoryError)" */
export function whyStopped({
  stoppedReason,
  containers = [],
}: Pick<Task, 'stoppedReason' | 'containers'>): string | undefined {
  const ends = containers
    .filter(({ exitCode, reason }) => reason || (exitCode ?? 0) !== 0)
    .map(({ name, exitCode, reason }) =>
      [`${name}: ${exitCode === undefined ? 'never started' : `exit code ${exitCode}`}`, reason]
        .filter(Boolean)
        .join(', '),
    );
  return [stoppedReason, ends.length > 0 ? `(${ends.join('; ')})` : undefined].filter(Boolean).join(' ') || undefined;
}
