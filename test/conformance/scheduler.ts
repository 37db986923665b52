/**
 * What ECS does of its own accord and moto does not: bring what runs nearer to what is desired, and tell of it. moto keeps a
 * service's first deployment for ever and starts no task; here the answer of DescribeServices is completed with the
 * deployment that the service's own fields already imply.
 */
import type { Completed } from './wire.ts';

interface Service {
  readonly serviceName: string;
  readonly taskDefinition: string;
  readonly desiredCount: number;
  readonly deployments: readonly object[];
}

/** Tasks of a service that run its newest revision. */
export type RunningTasks = (serviceName: string) => number;

export const withScheduler =
  (running: RunningTasks): Completed =>
  (call, body: { readonly services?: readonly Service[] }) => {
    if (call !== 'DescribeServices') return body;
    return { ...body, services: body.services?.map((service) => deployed(service, running(service.serviceName))) };
  };

function deployed(service: Service, runningCount: number) {
  const { taskDefinition, desiredCount } = service;
  const rolloutState = runningCount >= desiredCount ? 'COMPLETED' : 'IN_PROGRESS';
  return {
    ...service,
    // moto forgets it.
    deploymentConfiguration: { minimumHealthyPercent: 100, maximumPercent: 200 },
    runningCount,
    pendingCount: Math.max(0, desiredCount - runningCount),
    deployments: service.deployments.map((deployment) => ({
      ...deployment,
      taskDefinition,
      desiredCount,
      runningCount,
      rolloutState,
    })),
  };
}
