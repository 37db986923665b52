/** Tasks that stopped. ECS shows them for at least an hour. */
import {
  type Container,
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

/** What a task's containers are; a task itself does not say which of them are essential. */
export interface ContainerRoles {
  /** The name of the one whose image is released. */
  readonly released: string;
  /** The names of those whose end is the end of the task. */
  readonly essential: readonly string[];
}

/**
 * Tasks that crashed: that ended because an essential container did, and not because the scheduler, a person or Spot
 * ended them (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html, stopCode), and in which the released
 * container failed, or another essential one did. ECS then stops the rest, and what their exit codes say is no news.
 */
export const crashesOf = (stopped: readonly Task[], { released, essential }: ContainerRoles): number =>
  stopped.filter(
    ({ stopCode, containers = [] }) =>
      stopCode === 'EssentialContainerExited' &&
      containers.some(
        (container) =>
          // Any failure of the released one counts: many side-cars end well when they are stopped, so that a code of 0
          // beside it does not show who ended first.
          (container.name === released && failed(container)) ||
          (essential.includes(container.name ?? '') && failedByItself(container)),
      ),
  ).length;

const failed = ({ exitCode = 0 }: Container): boolean => exitCode !== 0;

/** 128 + SIGTERM, and 128 + SIGKILL for who has not ended 30 s after it: how ECS stops a container. */
const STOPPED_CODES: readonly (number | undefined)[] = [143, 137];

/** Killed for want of memory is 137 too, but by itself. */
const failedByItself = (container: Container): boolean =>
  failed(container) &&
  (!STOPPED_CODES.includes(container.exitCode) || container.reason?.startsWith('OutOfMemory') === true);

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
