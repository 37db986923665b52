/** Whether a Redis or Valkey server takes a token: by logging in, as the application does. */
import { createClient } from '@redis/client';
import { Transient } from '../../../functions/core/failures.ts';
import type { CacheTokens } from '../ports/credentials.ts';

export interface CacheAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

const WITHIN_MS = 5000;

export const redisAcceptance = ({ host, port, tls }: CacheAddress): CacheTokens['accepts'] =>
  async function accepts(token) {
    const socket = { host, port, connectTimeout: WITHIN_MS, reconnectStrategy: false as const };
    const client = createClient({ password: token, socket: tls ? { ...socket, tls } : socket });
    client.on('error', () => {});
    try {
      await client.connect();
      return (await client.ping()) === 'PONG';
    } catch (cause) {
      const { message } = cause as Error;
      if (/^(?:WRONGPASS|NOAUTH|ERR (?:invalid password|AUTH))/.test(message)) return false;
      throw new Transient(`The cache at ${host}: ${message}`, { cause });
    } finally {
      client.destroy();
    }
  };
