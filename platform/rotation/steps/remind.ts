/** Once a month: the keys that only people can change, and where each is changed. */

import type { Notifications } from '../../../functions/ports/notifications.ts';
import { keysByHand } from '../core/rotation.ts';

/** A restart of the tasks follows by itself (`refresh`). */
export const remind = ({ notifications }: { readonly notifications: Notifications }, secretId: string) =>
  async function remindStep(): Promise<void> {
    await notifications.send({
      kind: 'trouble',
      title: `${keysByHand.length} keys of ${secretId} are to be changed by hand this month`,
      body: `No interface of their makers changes them: ${keysByHand.join(', ')}. Make a new key at the maker, write it into the secret, wait until every task has it, then delete the old one at the maker.`,
      next: [`aws secretsmanager put-secret-value --secret-id ${secretId} --secret-string file://integrations.json`],
    });
  };
