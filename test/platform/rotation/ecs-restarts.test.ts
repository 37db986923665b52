import { ECSClient } from '@aws-sdk/client-ecs';
import { expect, test } from 'vitest';
import { ecsRestarts } from '../../../platform/rotation/adapters/ecs-restarts.ts';
import { answering, type Call, PLACE } from '../../adapters/answering.ts';

function fixture(minimumHealthyPercent?: number) {
  const calls: Call[] = [];
  const client = answering(
    new ECSClient(PLACE),
    {
      DescribeServices: () => ({ services: [{ deploymentConfiguration: { minimumHealthyPercent } }] }),
      UpdateService: () => ({}),
    },
    calls,
  );
  const restarts = ecsRestarts(client, { cluster: 'app', services: { blue: 'app-blue', green: 'app-green' } });
  return { restarts, updates: () => calls.filter(({ command }) => command === 'UpdateService') };
}

test('a restart names neither a revision nor a number of tasks, so that it changes nothing that a release decided', async () => {
  const { restarts, updates } = fixture(100);
  await restarts.restart('green');
  expect(updates().map(({ input }) => input)).toEqual([
    { cluster: 'app', service: 'app-green', forceNewDeployment: true },
  ]);
});

test.each([[undefined], [50]])('a service that may lose tasks meanwhile (%s %%) is not restarted', async (percent) => {
  const { restarts, updates } = fixture(percent);
  await expect(restarts.restart('blue')).rejects.toMatchObject({ name: 'Stuck', message: /deploy the stack/ });
  expect(updates()).toEqual([]);
});
