/** Two colours in a cluster, and the fleet that looks after them. */
import { ApplicationAutoScalingClient } from '@aws-sdk/client-application-auto-scaling';
import { ECSClient } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { withDeadline } from '../../functions/adapters/client.ts';
import { ecsFleet } from '../../functions/adapters/ecs-fleet.ts';
import { answering, type Call, PLACE } from './answering.ts';
import { Balancer, GROUPS } from './balancer.ts';
import { Cluster, revisionArn } from './cluster.ts';

const REPOSITORY = { registry: '111111111111.dkr.ecr.us-east-1.amazonaws.com', name: 'conductores-backend' };
export const digestOf = (digit: string): string => `sha256:${digit.repeat(64)}`;
export const imageOf = (digest: string): string => `${REPOSITORY.registry}/${REPOSITORY.name}@${digest}`;

export const TEMPLATE = {
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
export const TAGS = [{ key: 'team', value: 'drivers' }];

/** Blue serves; green sleeps on its bootstrap. */
export function fixture() {
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
      ecs: answering(withDeadline(new ECSClient(PLACE)), answers, calls),
      elb: answering(withDeadline(new ElasticLoadBalancingV2Client(PLACE)), answers, calls),
      scaling: answering(withDeadline(new ApplicationAutoScalingClient(PLACE)), answers, calls),
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
