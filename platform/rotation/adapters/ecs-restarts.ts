/** New tasks of the same revision and number, as a rolling update. */
import { DescribeServicesCommand, type ECSClient, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import type { Addresses } from '../../../functions/adapters/addresses.ts';
import { Stuck } from '../../../functions/core/failures.ts';
import type { Restarts } from '../ports/restarts.ts';

export const ecsRestarts = (
  ecs: Pick<ECSClient, 'send'>,
  { cluster, services }: Pick<Addresses, 'cluster' | 'services'>,
): Restarts => ({
  async restart(colour) {
    const service = services[colour];
    const answer = await ecs.send(new DescribeServicesCommand({ cluster, services: [service] }));
    const minimum = answer.services?.[0]?.deploymentConfiguration?.minimumHealthyPercent;
    if (minimum === undefined || minimum < 100)
      throw new Stuck(
        `${service} may go down to ${minimum ?? 0} % of its tasks while it is restarted; deploy the stack, which says 100`,
      );
    await ecs.send(new UpdateServiceCommand({ cluster, service, forceNewDeployment: true }));
  },
});
