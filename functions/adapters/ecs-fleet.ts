/**
 * The tasks of both colours: one ECS service and one target group each. Readiness is our own: the SDK's
 * waitUntilServicesStable calls a service stable that ECS has already rolled back.
 */
import type { ApplicationAutoScalingClient } from '@aws-sdk/client-application-auto-scaling';
import {
  type Deployment,
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  type ECSClient,
  type Service,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import {
  DescribeTargetHealthCommand,
  type ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { Stuck } from '../core/failures.ts';
import { COLOURS, type Colour } from '../core/roles.ts';
import type { Clock } from '../ports/clock.ts';
import type { ColourStatus, Fleet } from '../ports/fleet.ts';
import type { Addresses } from './addresses.ts';
import { ecsMigration } from './ecs-migration.ts';
import { revisionWith } from './ecs-revisions.ts';
import { ecsScaling } from './ecs-scaling.ts';
import { crashesOf, stoppedTasks, whyStopped } from './ecs-tasks.ts';

type FleetAddresses = Pick<
  Addresses,
  'cluster' | 'services' | 'families' | 'container' | 'repository' | 'targetGroups' | 'migration'
>;

export interface FleetClients {
  readonly ecs: Pick<ECSClient, 'send'>;
  readonly elb: Pick<ElasticLoadBalancingV2Client, 'send'>;
  readonly scaling: Pick<ApplicationAutoScalingClient, 'send'>;
}

export function ecsFleet({ ecs, elb, scaling }: FleetClients, at: FleetAddresses, clock: Clock): Fleet {
  const { cluster, services, families, targetGroups } = at;
  const { isSuspended, ...scalingOfColours } = ecsScaling(scaling, at);

  async function observe(colour: Colour): Promise<ColourStatus> {
    const service = await serviceOf(colour);
    const { desiredCount: desired = 0, runningCount: running = 0 } = service;
    const deployment = service.deployments?.find(({ status }) => status === 'PRIMARY');
    const [targets, { digest, essential }, scalingSuspended, stopped] = await Promise.all([
      healthyTargets(elb, targetGroups[colour]),
      revisionOf(deployment?.taskDefinition),
      isSuspended(colour),
      stoppedTasks(ecs, cluster, services[colour], deployment),
    ]);
    const lastStopped = stopped[0] && whyStopped(stopped[0]);
    return {
      desired,
      running,
      healthy: healthyOf(deployment, targets, running),
      ...(deployment?.taskDefinition ? { revision: deployment.taskDefinition } : {}),
      ...(digest ? { digest } : {}),
      scalingSuspended,
      rollout: ROLLOUTS[deployment?.rolloutState ?? 'none'],
      crashes: crashesOf(stopped, { released: at.container, essential }),
      ...(lastStopped ? { lastStopped } : {}),
    };
  }

  async function serviceOf(colour: Colour): Promise<Service> {
    const answer = await ecs.send(new DescribeServicesCommand({ cluster, services: [services[colour]] }));
    const service = answer.services?.[0];
    if (service?.status === 'ACTIVE') return service;
    const reason = answer.failures?.[0]?.reason ?? service?.status ?? 'not there';
    throw new Stuck(`The ECS service ${services[colour]} in ${cluster} is ${reason}`);
  }

  /** The digest is absent for what was never released, as the bootstrap. A container is essential unless it says otherwise. */
  async function revisionOf(revision: string | undefined): Promise<RevisionFacts> {
    if (!revision) return { essential: [] };
    const { taskDefinition } = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: revision }));
    const containers = taskDefinition?.containerDefinitions ?? [];
    const { image } = containers.find(({ name }) => name === at.container) ?? {};
    const [name, digest] = image?.split('@') ?? [];
    return {
      ...(digest && name === `${at.repository.registry}/${at.repository.name}` ? { digest } : {}),
      essential: containers.flatMap((container) => (container.essential === false ? [] : (container.name ?? []))),
    };
  }

  return {
    observe,

    async crashes(colour) {
      const deployment = (await serviceOf(colour)).deployments?.find(({ status }) => status === 'PRIMARY');
      const stopped = await stoppedTasks(ecs, cluster, services[colour], deployment);
      const lastStopped = stopped[0] && whyStopped(stopped[0]);
      // Which containers are essential matters only where a task stopped.
      const { essential } = await revisionOf(stopped.length > 0 ? deployment?.taskDefinition : undefined);
      return {
        crashes: crashesOf(stopped, { released: at.container, essential }),
        ...(lastStopped ? { lastStopped } : {}),
      };
    },

    async health() {
      const counts = await Promise.all(COLOURS.map((colour) => healthyTargets(elb, targetGroups[colour])));
      return Object.fromEntries(COLOURS.map((colour, index) => [colour, counts[index]])) as Record<Colour, number>;
    },

    async deploy(colour, digest, tasks) {
      const taskDefinition = await revisionWith(ecs, at, { family: families[colour], digest });
      await ecs.send(
        new UpdateServiceCommand({
          cluster,
          service: services[colour],
          taskDefinition,
          desiredCount: tasks,
          // A revision that is used again gets a deployment of its own, and with it a crash count that begins at 0.
          forceNewDeployment: true,
        }),
      );
    },

    async resize(colour, tasks) {
      await ecs.send(new UpdateServiceCommand({ cluster, service: services[colour], desiredCount: tasks }));
    },

    ...scalingOfColours,
    ...ecsMigration(ecs, at, clock),
  };
}

interface RevisionFacts {
  readonly digest?: string;
  readonly essential: readonly string[];
}

const ROLLOUTS = { none: 'none', IN_PROGRESS: 'in progress', COMPLETED: 'completed', FAILED: 'failed' } as const;

async function healthyTargets(elb: FleetClients['elb'], TargetGroupArn: string): Promise<number> {
  const { TargetHealthDescriptions = [] } = await elb.send(new DescribeTargetHealthCommand({ TargetGroupArn }));
  return TargetHealthDescriptions.filter(({ TargetHealth }) => TargetHealth?.State === 'healthy').length;
}

/**
 * Healthy tasks of the newest deployment. The load balancer does not say which deployment a target is of, so while
 * tasks of an older one still run, all of those are taken to be among the healthy ones.
 */
function healthyOf(deployment: Deployment | undefined, targets: number, running: number): number {
  const ours = deployment?.runningCount ?? 0;
  return Math.max(0, Math.min(ours, targets - (running - ours)));
}
