import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SNSClient } from '@aws-sdk/client-sns';
import { expect, test } from 'vitest';
import { BOUNDED, withDeadline } from '../../functions/adapters/client.ts';
import { snsNotifications } from '../../functions/adapters/sns-notifications.ts';
import type { Notification, NotificationKind } from '../../functions/ports/notifications.ts';
import { type Answers, answering, PLACE } from './answering.ts';

const AT = { service: 'conductores-backend', topicArn: 'arn:aws:sns:us-east-1:1:topic', eventBus: 'default' };
const REVERTED: Notification = {
  kind: 'reverted',
  releaseId: 'r-20260105-135500',
  title: 'REVERTED at 25 %, all users on blue',
  body: 'green failed 28 of 1,261 requests',
  next: ['sluice why r-20260105-135500'],
};

interface Entry {
  readonly Message: string;
  readonly Subject: string;
}

/** What arrives, and what goes wrong on the way. */
async function sent(notification: Notification, answers: Answers = {}, at: Partial<typeof AT> = AT) {
  const entries: Entry[] = [];
  const events: { readonly Detail: string; readonly EventBusName: string }[] = [];
  const troubles: unknown[] = [];
  const all: Answers = {
    PublishBatch: ({ PublishBatchRequestEntries }: { PublishBatchRequestEntries: Entry[] }) => {
      entries.push(...PublishBatchRequestEntries);
      return { Successful: [], Failed: [] };
    },
    PutEvents: ({ Entries }: { Entries: { Detail: string; EventBusName: string }[] }) => {
      events.push(...Entries);
      return { FailedEntryCount: 0, Entries: [{ EventId: '1' }] };
    },
    ...answers,
  };
  const clients = {
    sns: answering(withDeadline(new SNSClient(PLACE)), all),
    events: answering(withDeadline(new EventBridgeClient(PLACE)), all),
  };
  const { eventBus, ...rest } = at as typeof AT;
  await snsNotifications(clients, eventBus ? { ...rest, eventBus } : rest, (error) => troubles.push(error)).send(
    notification,
  );
  const messages = entries.map(({ Message }) => JSON.parse(Message) as { default: string; email: string });
  const chats = messages.map((message) => JSON.parse(message.default));
  return { entries, messages, chats, events, troubles };
}

test('a chat channel gets the schema that it can show, one thread a release', async () => {
  const { chats, messages, entries, events } = await sent({ ...REVERTED, kind: 'advanced' });
  expect(chats).toEqual([
    {
      version: '1.0',
      source: 'custom',
      content: {
        textType: 'client-markdown',
        title: 'conductores-backend: REVERTED at 25 %, all users on blue',
        description: REVERTED.body,
        nextSteps: REVERTED.next,
      },
      metadata: {
        threadId: REVERTED.releaseId,
        summary: 'conductores-backend: REVERTED at 25 %, all users on blue',
        eventType: 'sluice-advanced',
        additionalContext: { service: AT.service, kind: 'advanced', releaseId: REVERTED.releaseId },
      },
    },
  ]);
  expect(messages[0]?.email).toContain(REVERTED.body);
  expect(entries[0]?.Subject).toMatch(/^[ -~]{1,99}$/);
  expect(events.map(({ Detail, EventBusName }) => [EventBusName, JSON.parse(Detail)])).toEqual([
    ['default', { service: AT.service, ...REVERTED, kind: 'advanced' }],
  ]);
});

/** Kinds that are a message of the channel's own as well. */
const LOUD: readonly NotificationKind[] = ['reverted', 'held', 'stuck'];
const KINDS: readonly NotificationKind[] = [...LOUD, 'started', 'advanced', 'promoted', 'trouble', 'queued'];

test.each(KINDS)('%s reaches who it should', async (kind) => {
  const { chats } = await sent({ ...REVERTED, kind });
  const threads = chats.map(({ metadata }) => metadata.threadId);
  const id = REVERTED.releaseId;
  expect(threads).toEqual(LOUD.includes(kind) ? [id, `${id}!`] : [id]);
});

test('what belongs to no release is in the service’s own thread', async () => {
  const { releaseId: _, ...queued } = { ...REVERTED, kind: 'queued' as const };
  expect((await sent(queued)).chats[0].metadata.threadId).toBe(AT.service);
});

test('a release does not depend on who is listening, and what was not sent is told', async () => {
  const down = () => {
    throw new Error('nobody is there');
  };
  const { troubles, events } = await sent(REVERTED, { PublishBatch: down });
  expect(troubles).toHaveLength(1);
  expect(events).toHaveLength(1);
  const refused = await sent(REVERTED, {
    PublishBatch: () => ({ Failed: [{ Code: 'KMSDisabled', Message: 'no key' }] }),
    PutEvents: () => ({ FailedEntryCount: 1, Entries: [{ ErrorCode: 'ThrottlingException', ErrorMessage: 'slow' }] }),
  });
  expect(refused.troubles.map(String)).toEqual([
    expect.stringContaining('KMSDisabled'),
    expect.stringContaining('ThrottlingException'),
  ]);
});

test('without a bus nothing is put on one', async () => {
  const { eventBus: _, ...at } = AT;
  expect((await sent(REVERTED, {}, at)).events).toEqual([]);
});

test('nobody is waited for longer than three seconds [F56]', { timeout: 20_000 }, async () => {
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clients = {
    sns: withDeadline(new SNSClient({ ...PLACE, ...BOUNDED, endpoint })),
    events: withDeadline(new EventBridgeClient({ ...PLACE, ...BOUNDED, endpoint })),
  };
  const troubles: unknown[] = [];
  const began = Date.now();
  await snsNotifications(clients, AT, (error) => troubles.push(error)).send(REVERTED);
  expect(Date.now() - began).toBeLessThan(4500);
  expect(troubles).toHaveLength(2);
  server.closeAllConnections();
  server.close();
});
