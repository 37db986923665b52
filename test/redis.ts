/**
 * A real Redis or Valkey for tests, on a free port of this machine, and its tokens changed by the rotation's own code: what
 * that code asks of ElastiCache is done to the server.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { ElastiCacheClient, type ModifyReplicationGroupMessage } from '@aws-sdk/client-elasticache';
import { createClient } from '@redis/client';
import { elasticacheTokens } from '../platform/rotation/adapters/elasticache-tokens.ts';
import { redisAcceptance } from '../platform/rotation/adapters/redis-acceptance.ts';
import type { CacheTokens } from '../platform/rotation/ports/credentials.ts';
import { answering, PLACE } from './adapters/answering.ts';
import { freePort } from './postgres.ts';
import { toolForTests } from './tool.ts';

export interface Redis {
  readonly tokens: CacheTokens;
  /** A client that stays connected, as a task's does. */
  connect(token: string): Promise<{ ping(): Promise<string>; end(): void }>;
  stop(): Promise<void>;
}

export const redisForTests = (): string | undefined =>
  toolForTests('Redis or Valkey server', ['redis-server'], () =>
    ['redis-server', 'valkey-server'].find((program) => spawnSync(program, ['--version']).status === 0),
  );

export async function startRedis(program: string, firstToken: string): Promise<Redis> {
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', '/tmp'];
  const server = spawn(program, [...args, '--requirepass', firstToken], { stdio: 'ignore' });
  const socket = { host: '127.0.0.1', port, reconnectStrategy: false as const };
  const login = async (password: string) => {
    const client = createClient({ socket, password });
    client.on('error', () => {});
    await client.connect();
    return client;
  };
  const accepts = redisAcceptance({ host: '127.0.0.1', port, tls: false });
  for (let look = 0; !(await accepts(firstToken).catch(() => false)); look++) {
    if (look === 50) throw new Error('Redis did not start');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  // ElastiCache's side of it: a connection that was there before any token changed.
  const service = await login(firstToken);
  let valid = [firstToken];
  const group = answering(new ElastiCacheClient(PLACE), {
    DescribeReplicationGroups: () => ({ ReplicationGroups: [{ Status: 'available' }] }),
    async ModifyReplicationGroup({ AuthToken, AuthTokenUpdateStrategy }: ModifyReplicationGroupMessage) {
      // ROTATE keeps the token before, and none that is older; SET keeps none.
      valid = [...(AuthTokenUpdateStrategy === 'ROTATE' ? valid.slice(-1) : []), AuthToken!];
      await service.sendCommand(['ACL', 'SETUSER', 'default', 'resetpass', ...valid.map((token) => `>${token}`)]);
      return {};
    },
  });
  return {
    tokens: elasticacheTokens(group, 'conductores-redis', accepts),
    async connect(token) {
      const client = await login(token);
      return { ping: () => client.ping(), end: () => client.destroy() };
    },
    async stop() {
      service.destroy();
      server.kill('SIGTERM');
      if (server.exitCode === null) await once(server, 'exit');
    },
  };
}
