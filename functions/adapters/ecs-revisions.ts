/**
 * Task definition revisions. Developers edit the template family; a release is its newest revision with one image
 * changed, and the prefix of its logs, registered into the family of a colour.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  type ContainerDefinition,
  DescribeTaskDefinitionCommand,
  type ECSClient,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
  type Tag,
  type TaskDefinition,
} from '@aws-sdk/client-ecs';
import { Stuck } from '../core/failures.ts';
import type { Addresses } from './addresses.ts';
import { isCalled } from './failures.ts';

type Ecs = Pick<ECSClient, 'send'>;

/** What ECS adds to a registered revision, and does not take back. */
const READ_ONLY = [
  'taskDefinitionArn',
  'revision',
  'status',
  'requiresAttributes',
  'compatibilities',
  'registeredAt',
  'deregisteredAt',
  'deleteRequestedAt',
  'registeredBy',
] as const satisfies readonly (keyof TaskDefinition)[];

/** The ARN of the family's revision that runs this image; registered only if the newest one is not the same already. */
export async function revisionWith(
  ecs: Ecs,
  { families, container, repository }: Pick<Addresses, 'families' | 'container' | 'repository'>,
  { family, digest }: { readonly family: string; readonly digest: string },
): Promise<string> {
  const template = await newestOf(ecs, families.template);
  if (!template) throw new Stuck(`The family ${families.template} has no active revision to copy`);
  const image = `${repository.registry}/${repository.name}@${digest}`;
  const wanted = changed(template.input, container, (one) => ({ ...one, image, ...logsAs(family, one) }));
  const newest = await newestOf(ecs, family);
  if (newest && isDeepStrictEqual({ ...newest.input, family }, { ...wanted, family })) return newest.arn;
  const { taskDefinition } = await ecs.send(new RegisterTaskDefinitionCommand({ ...wanted, family }));
  if (!taskDefinition?.taskDefinitionArn) throw new Stuck(`ECS registered no revision of ${family}`);
  return taskDefinition.taskDefinitionArn;
}

export interface Revision {
  readonly arn: string;
  /** As it would be registered again. */
  readonly input: RegisterTaskDefinitionCommandInput;
}

export async function newestOf(ecs: Ecs, family: string): Promise<Revision | undefined> {
  try {
    const answer = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: family, include: ['TAGS'] }));
    const { taskDefinition, tags = [] } = answer;
    if (!taskDefinition?.taskDefinitionArn) return undefined;
    return { arn: taskDefinition.taskDefinitionArn, input: inputOf(taskDefinition, tags) };
  } catch (error) {
    // ECS has no error of its own for a family without an active revision.
    if (isCalled(error, 'Client')) return undefined;
    throw error;
  }
}

function inputOf(revision: TaskDefinition, tags: readonly Tag[]): RegisterTaskDefinitionCommandInput {
  const definition: Partial<Record<keyof TaskDefinition, unknown>> = { ...revision };
  for (const field of READ_ONLY) delete definition[field];
  // Tags of AWS' own, as CloudFormation's, cannot be given.
  const own = tags
    .filter(({ key }) => !key?.startsWith('aws:'))
    .toSorted((one, other) => (one.key! < other.key! ? -1 : 1));
  return { ...(definition as unknown as RegisterTaskDefinitionCommandInput), ...(own.length > 0 ? { tags: own } : {}) };
}

function changed(
  input: RegisterTaskDefinitionCommandInput,
  container: string,
  change: (one: ContainerDefinition) => ContainerDefinition,
): RegisterTaskDefinitionCommandInput {
  const containers = input.containerDefinitions ?? [];
  if (!containers.some(({ name }) => name === container)) {
    throw new Stuck(
      `The template has no container "${container}"; it has ${containers.map(({ name }) => name).join(', ') || 'none'}`,
    );
  }
  return { ...input, containerDefinitions: containers.map((one) => (one.name === container ? change(one) : one)) };
}

/** Both colours write into one log group; a prefix tells them apart. */
function logsAs(
  family: string,
  { logConfiguration }: ContainerDefinition,
): Pick<ContainerDefinition, 'logConfiguration'> {
  if (logConfiguration?.logDriver !== 'awslogs') return {};
  return {
    logConfiguration: {
      ...logConfiguration,
      options: { ...logConfiguration.options, 'awslogs-stream-prefix': family },
    },
  };
}
