import { addresses } from '../../../functions/adapters/addresses.ts';
import { beginInvocation } from '../../../functions/handlers/deadline.ts';
import { ecs, fleet, ledger } from '../../../functions/handlers/ports.ts';
import { ecsRestarts } from '../adapters/ecs-restarts.ts';
import { rotationAddresses } from '../adapters/rotation-addresses.ts';
import { refresh } from '../steps/refresh.ts';
import { cache, secrets } from './rotation-ports.ts';

/** Every five minutes, one at a time (reserved concurrency 1). */
export const handler = async () => {
  beginInvocation();
  const at = addresses(process.env);
  const { readBy, ...rotated } = rotationAddresses(process.env);
  const ports = { secrets, ledger: ledger(at), fleet: fleet(at), restarts: ecsRestarts(ecs(), at) };
  const both = [
    { secretId: rotated.app, readBy, isRotated: true },
    { secretId: rotated.integrations, readBy, isRotated: false },
  ];
  return refresh({ ...ports, cache: cache({ readBy, ...rotated }) }, both)();
};
