/**
 * How every SDK client is used. A call is tried three times and ends within nine seconds, none begins after the
 * seventeenth of an invocation's thirty, and three more are enough for a notification: so a Lambda always finishes what it
 * began, which the drain relies on (docs/architecture.md, "Drain"). What goes wrong has one of our names.
 */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Transient } from '../core/failures.ts';
import { named } from './failures.ts';

/** 3 tries of 2.5 s, with pauses of at most 0.5 and 1 s between them. */
export const BOUNDED = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 2500, throwOnRequestTimeout: true },
} as const;

/** For writes whose lost answer only a reading can make up for. */
export const ONCE = { ...BOUNDED, maxAttempts: 1 } as const;

/** When the last call may begin, epoch milliseconds; each invocation sets it anew. */
export interface Deadline {
  lastCallAt: number;
}

export const CALLS_BEGIN_WITHIN_MS = 17_000;
export const LONGEST_CALL_MS = 9000;

/** What is added looks into no input and no output, so the stack of any client takes it. */
type AnyStack = Pick<DynamoDBClient['middlewareStack'], 'add'>;

/** The client, with our names for its failures. Without a deadline its calls may begin at any time. */
export function withDeadline<Client extends { readonly middlewareStack: unknown }>(
  client: Client,
  deadline?: Deadline,
): Client {
  const stack = client.middlewareStack as AnyStack;
  stack.add(
    (next, { commandName = 'a call' }) =>
      async function nameFailures(call) {
        const verb = commandName.replace(/Command$/, '');
        if (deadline && Date.now() > deadline.lastCallAt)
          throw new Transient(`${verb} was not begun: this invocation has no time left for it`);
        try {
          return await next(call);
        } catch (error) {
          throw named(verb, error);
        }
      },
    { step: 'initialize', priority: 'high', name: 'nameFailures' },
  );
  // Retry-After could make one call longer than a Lambda may live.
  stack.add(
    (next) =>
      async function forgetRetryAfter(call) {
        try {
          return await next(call);
        } catch (error) {
          const { $response } = error as { $response?: { headers?: Record<string, string> } };
          delete $response?.headers?.['retry-after'];
          throw error;
        }
      },
    { step: 'finalizeRequest', priority: 'low', name: 'forgetRetryAfter' },
  );
  return client;
}
