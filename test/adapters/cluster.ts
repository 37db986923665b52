/** An ECS cluster in memory, behind the calls of the ECS and the Application Auto Scaling client. */
import type {
  Deployment,
  RegisterTaskDefinitionCommandInput,
  Service,
  Tag,
  Task,
  TaskDefinition,
} from '@aws-sdk/client-ecs';
import { type Answers, refusal } from './answering.ts';

const ECS = 'arn:aws:ecs:us-east-1:111111111111';
const TASKS_A_PAGE = 2;
const READ_ONLY = [
  'taskDefinitionArn',
  'revision',
  'status',
  'compatibilities',
  'requiresAttributes',
  'registeredAt',
  'registeredBy',
];

export const revisionArn = (family: string, revision: number): string => `${ECS}:task-definition/${family}:${revision}`;

interface Registered {
  readonly definition: TaskDefinition;
  readonly tags: readonly Tag[];
}

interface Suspension {
  DynamicScalingInSuspended?: boolean;
  DynamicScalingOutSuspended?: boolean;
  ScheduledScalingSuspended?: boolean;
}

export class Cluster {
  readonly services = new Map<string, Service>();
  readonly tasks: Task[] = [];
  readonly scaling = new Map<string, Suspension>();
  readonly #families = new Map<string, Registered[]>();
  /** How a RunTask goes; by default the task starts. */
  runFailure: { reason: string; detail?: string } | undefined;
  /** Looks that a stopped task still takes to be gone. */
  stopsAfterLooks = 0;

  newest(family: string): Registered | undefined {
    return this.#families.get(family)?.at(-1);
  }

  revisions(family: string): number {
    return this.#families.get(family)?.length ?? 0;
  }

  register({ family = '', tags = [], ...rest }: RegisterTaskDefinitionCommandInput): TaskDefinition {
    if (tags.some(({ key }) => key?.startsWith('aws:')))
      throw refusal('InvalidParameterException', 'aws: prefixed tag key names are not allowed');
    const readOnly = Object.keys(rest).filter((field) => READ_ONLY.includes(field));
    if (readOnly.length > 0) throw refusal('InvalidParameterException', `unknown: ${readOnly.join(', ')}`);
    const known = this.#families.get(family) ?? [];
    const revision = known.length + 1;
    const definition: TaskDefinition = {
      ...structuredClone(rest as TaskDefinition),
      family,
      taskDefinitionArn: revisionArn(family, revision),
      revision,
      status: 'ACTIVE',
      compatibilities: ['EC2', 'FARGATE'],
      requiresAttributes: [{ name: 'com.amazonaws.ecs.capability.ecr-auth' }],
      registeredAt: new Date(revision),
      registeredBy: 'somebody',
    };
    this.#families.set(family, [...known, { definition, tags }]);
    return definition;
  }

  /** Tags that only AWS may give. */
  tagByAws(family: string, tag: Tag): void {
    const newest = this.newest(family)!;
    this.#families.get(family)!.splice(-1, 1, { ...newest, tags: [...newest.tags, tag] });
  }

  readonly answers: Answers = {
    DescribeServices: ({ services: [name = ''] }: { services: string[] }) => {
      const service = this.services.get(name);
      return service ? { services: [service] } : { failures: [{ arn: name, reason: 'MISSING' }] };
    },
    UpdateService: (asked: {
      service: string;
      desiredCount?: number;
      taskDefinition?: string;
      forceNewDeployment?: boolean;
    }) => {
      const service = this.services.get(asked.service);
      if (!service) throw refusal('ServiceNotFoundException');
      const { desiredCount = service.desiredCount, taskDefinition } = asked;
      const isNew = asked.forceNewDeployment || (taskDefinition && taskDefinition !== service.taskDefinition);
      const deployments: Deployment[] = isNew
        ? [{ status: 'PRIMARY', taskDefinition, rolloutState: 'IN_PROGRESS', createdAt: new Date(), runningCount: 0 }]
        : (service.deployments ?? []);
      this.services.set(asked.service, {
        ...service,
        desiredCount,
        ...(taskDefinition ? { taskDefinition } : {}),
        deployments,
      });
      return {};
    },
    DescribeTaskDefinition: ({ taskDefinition, include }: { taskDefinition: string; include?: string[] }) => {
      const [, family = '', revision] = /(?:.*\/)?([\w-]+)(?::(\d+))?$/.exec(taskDefinition) ?? [];
      const found = revision ? this.#families.get(family)?.[Number(revision) - 1] : this.newest(family);
      if (!found) throw refusal('ClientException', 'Unable to describe task definition.');
      return { taskDefinition: found.definition, ...(include?.includes('TAGS') ? { tags: found.tags } : {}) };
    },
    RegisterTaskDefinition: (asked: RegisterTaskDefinitionCommandInput) => ({ taskDefinition: this.register(asked) }),
    ListTasks: (asked: { serviceName?: string; family?: string; desiredStatus?: string; nextToken?: string }) => {
      const all = this.tasks.filter(
        ({ group, taskDefinitionArn, desiredStatus }) =>
          (!asked.serviceName || group === `service:${asked.serviceName}`) &&
          (!asked.family || taskDefinitionArn?.includes(`/${asked.family}:`)) &&
          desiredStatus === (asked.desiredStatus ?? 'RUNNING'),
      );
      const at = Number(asked.nextToken ?? 0);
      const page = all.slice(at, at + TASKS_A_PAGE).map(({ taskArn }) => taskArn);
      return { taskArns: page, ...(at + TASKS_A_PAGE < all.length ? { nextToken: String(at + TASKS_A_PAGE) } : {}) };
    },
    DescribeTasks: ({ tasks }: { tasks: string[] }) => {
      for (const task of this.tasks) this.#stopping(task);
      return { tasks: structuredClone(this.tasks.filter(({ taskArn }) => tasks.includes(taskArn!))) };
    },
    RunTask: (asked: { clientToken: string; startedBy: string; taskDefinition: string }) => {
      if (this.runFailure) return { tasks: [], failures: [this.runFailure] };
      const known = this.tasks.find(({ taskArn }) => taskArn === `${ECS}:task/${asked.clientToken}`);
      if (known) return { tasks: [known], failures: [] };
      const task: Task = {
        taskArn: `${ECS}:task/${asked.clientToken}`,
        startedBy: asked.startedBy,
        taskDefinitionArn: asked.taskDefinition,
        lastStatus: 'PROVISIONING',
        desiredStatus: 'RUNNING',
        containers: [{ name: 'backend' }],
      };
      this.tasks.push(task);
      return { tasks: [task], failures: [] };
    },
    StopTask: ({ task: arn }: { task: string }) => {
      const task = this.tasks.find(({ taskArn }) => taskArn === arn)!;
      Object.assign(task, { desiredStatus: 'STOPPED', stoppedReason: 'The migration was asked to stop' });
      return {};
    },
    DescribeScalableTargets: ({ ResourceIds: [id = ''] }: { ResourceIds: string[] }) => {
      const SuspendedState = this.scaling.get(id);
      return { ScalableTargets: SuspendedState ? [{ ResourceId: id, SuspendedState }] : [] };
    },
    RegisterScalableTarget: ({ ResourceId, SuspendedState }: { ResourceId: string; SuspendedState: Suspension }) => {
      if (!this.scaling.has(ResourceId))
        throw refusal('ValidationException', 'A new target needs a minimum and a maximum');
      this.scaling.set(ResourceId, SuspendedState);
      return {};
    },
  };

  #stopping(task: Task): void {
    if (task.desiredStatus !== 'STOPPED' || task.lastStatus === 'STOPPED') return;
    if (this.stopsAfterLooks-- > 0) return;
    Object.assign(task, { lastStatus: 'STOPPED', containers: [{ name: 'backend', exitCode: 137 }] });
  }
}
