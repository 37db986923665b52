/** What the rotation's Lambdas are given, made when it is first needed. */
import { ElastiCacheClient } from '@aws-sdk/client-elasticache';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { BOUNDED, withDeadline } from '../../../functions/adapters/client.ts';
import { Stuck } from '../../../functions/core/failures.ts';
import { elasticacheTokens } from '../adapters/elasticache-tokens.ts';
import { type Login, postgresUsers } from '../adapters/postgres-users.ts';
import { redisAcceptance } from '../adapters/redis-acceptance.ts';
import type { RotationAddresses } from '../adapters/rotation-addresses.ts';
import { secretsManager } from '../adapters/secrets-manager.ts';
import { LABELS } from '../core/rotation.ts';

export const secrets = /* @__PURE__ */ secretsManager(/* @__PURE__ */ withDeadline(new SecretsManagerClient(BOUNDED)));

export const cache = ({ cache: at }: RotationAddresses) =>
  elasticacheTokens(withDeadline(new ElastiCacheClient(BOUNDED)), at.replicationGroup, redisAcceptance(at));

export const database = ({ database: at, admin }: RotationAddresses) => postgresUsers(at, () => adminLogin(admin));

/** Read anew each time: RDS changes it on its own. */
async function adminLogin(secretId: string): Promise<Login> {
  const current = (await secrets.labels(secretId))[LABELS.current] ?? '';
  const { username: user, password } = (await secrets.read(secretId, current)) ?? {};
  if (!user || !password) throw new Stuck(`${secretId} holds no username and password`);
  return { user, password };
}
