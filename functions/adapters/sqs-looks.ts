/**
 * Looks through an SQS FIFO queue, message group = service: of one group one message is under way at a time, which is what
 * keeps two reconcilers of one service apart (docs/decisions/0025).
 */
import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Look, Looks } from '../ports/account.ts';

/** SQS' limit. */
const MESSAGES_A_CALL = 10;

export const sqsLooks = (
  sqs: Pick<SQSClient, 'send'>,
  { queueUrl: QueueUrl }: { readonly queueUrl: string },
): Looks => ({
  async ask(looks, minute) {
    const refused: Look[] = [];
    for (let first = 0; first < looks.length; first += MESSAGES_A_CALL) {
      const some = looks.slice(first, first + MESSAGES_A_CALL);
      const { Failed = [] } = await sqs.send(
        new SendMessageBatchCommand({
          QueueUrl,
          Entries: some.map((look, index) => ({
            Id: String(index),
            MessageBody: JSON.stringify(look),
            MessageGroupId: look.service,
            // For five minutes SQS takes this one once: a sweep that comes twice in its minute asks once.
            MessageDeduplicationId: `${look.service}-${minute}`,
          })),
        }),
      );
      refused.push(...Failed.map(({ Id }) => some[Number(Id)]!));
    }
    return refused;
  },
});
