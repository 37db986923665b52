/**
 * Notifications to people (SNS, in the schema that Amazon Q Developer shows in chat channels, with a plain text for mail) and
 * to programs (EventBridge). Whoever listens is never waited for longer than three seconds.
 */
import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { PublishBatchCommand, type SNSClient } from '@aws-sdk/client-sns';
import type { Notification, NotificationKind, Notifications } from '../ports/notifications.ts';
import type { Addresses } from './addresses.ts';

export interface NotificationClients {
  readonly sns: Pick<SNSClient, 'send'>;
  readonly events: Pick<EventBridgeClient, 'send'>;
}

const WITHIN_MS = 3000;

/** `onTrouble` hears of what could not be sent. */
export const snsNotifications = (
  { sns, events }: NotificationClients,
  { service, topicArn, eventBus }: Pick<Addresses, 'service' | 'topicArn' | 'eventBus'>,
  onTrouble: (error: unknown) => void,
): Notifications => ({
  async send(notification) {
    const within = { abortSignal: AbortSignal.timeout(WITHIN_MS) };
    const entries = threadsOf(notification, service).map((threadId, index) =>
      entry(`n${index}`, threadId, service, notification),
    );
    const answers = await Promise.allSettled([
      sns.send(new PublishBatchCommand({ TopicArn: topicArn, PublishBatchRequestEntries: entries }), within),
      ...(eventBus
        ? [events.send(new PutEventsCommand({ Entries: [event(eventBus, service, notification)] }), within)]
        : []),
    ]);
    for (const answer of answers) {
      if (answer.status === 'rejected') onTrouble(answer.reason);
      else for (const refused of refusedIn(answer.value)) onTrouble(refused);
    }
  },
});

/** These must not drown in a thread: they are a message of the channel's own as well. */
const LOUD: readonly NotificationKind[] = ['reverted', 'held', 'stuck'];

/** One thread a release. */
function threadsOf({ kind, releaseId }: Notification, service: string): readonly string[] {
  const threadId = releaseId ?? service;
  return LOUD.includes(kind) ? [threadId, `${threadId}!`] : [threadId];
}

/** Source of the schema: https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html */
function entry(id: string, threadId: string, service: string, { kind, releaseId, title, body, next }: Notification) {
  const heading = `${service}: ${title}`;
  const chat = {
    version: '1.0',
    source: 'custom',
    content: {
      textType: 'client-markdown',
      title: heading,
      description: body,
      ...(next.length > 0 ? { nextSteps: next } : {}),
    },
    metadata: {
      threadId,
      summary: heading,
      eventType: `sluice-${kind}`,
      additionalContext: { service, kind, ...(releaseId ? { releaseId } : {}) },
    },
  };
  const mail = [heading, '', body, ...(next.length > 0 ? ['', ...next] : [])].join('\n');
  return {
    Id: id,
    MessageStructure: 'json',
    Message: JSON.stringify({ default: JSON.stringify(chat), email: mail }),
    Subject: subject(heading),
    // A subscription's filter can choose: mail hears once of what chat is told twice.
    MessageAttributes: {
      kind: { DataType: 'String', StringValue: kind },
      place: { DataType: 'String', StringValue: threadId.endsWith('!') ? 'channel' : 'thread' },
    },
  };
}

/** SNS takes ASCII, up to 99 characters, on one line. */
const subject = (text: string): string => text.replace(/[^ -~]+/g, ' ').slice(0, 99);

const event = (EventBusName: string, service: string, notification: Notification) => ({
  EventBusName,
  Source: 'sluice',
  DetailType: 'Sluice Release Notification',
  Detail: JSON.stringify({ service, ...notification }),
});

/** Both services answer 200 also for what they did not take. */
function refusedIn(answer: object): readonly Error[] {
  const { Failed = [], Entries = [] } = answer as {
    readonly Failed?: readonly { readonly Code?: string; readonly Message?: string }[];
    readonly Entries?: readonly { readonly ErrorCode?: string; readonly ErrorMessage?: string }[];
  };
  return [
    ...Failed.map(({ Code, Message }) => new Error(`A notification was refused by SNS: ${Code}, ${Message}`)),
    ...Entries.filter(({ ErrorCode }) => ErrorCode).map(
      ({ ErrorCode, ErrorMessage }) =>
        new Error(`A notification was refused by EventBridge: ${ErrorCode}, ${ErrorMessage}`),
    ),
  ];
}
