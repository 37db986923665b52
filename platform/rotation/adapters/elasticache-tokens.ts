/** The token of an ElastiCache replication group. Source: "Authenticating with the AUTH command", ElastiCache user guide. */
import {
  type AuthTokenUpdateStrategyType,
  DescribeReplicationGroupsCommand,
  type ElastiCacheClient,
  ModifyReplicationGroupCommand,
} from '@aws-sdk/client-elasticache';
import { Transient } from '../../../functions/core/failures.ts';
import type { CacheTokens } from '../ports/credentials.ts';

export function elasticacheTokens(
  client: Pick<ElastiCacheClient, 'send'>,
  ReplicationGroupId: string,
  accepts: CacheTokens['accepts'],
): CacheTokens {
  async function change(AuthTokenUpdateStrategy: AuthTokenUpdateStrategyType, AuthToken: string): Promise<void> {
    const { ReplicationGroups } = await client.send(new DescribeReplicationGroupsCommand({ ReplicationGroupId }));
    const status = ReplicationGroups?.[0]?.Status;
    if (status !== 'available') throw new Transient(`${ReplicationGroupId} is ${status}; its token is not changed now`);
    await client.send(
      new ModifyReplicationGroupCommand({
        ReplicationGroupId,
        AuthToken,
        AuthTokenUpdateStrategy,
        ApplyImmediately: true,
      }),
    );
  }
  return {
    accepts,
    admit: (token) => change('ROTATE', token),
    keepOnly: (token) => change('SET', token),
  };
}
