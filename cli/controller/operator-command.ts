/** What the operator commands share: the order is written to the ledger, and the release that runs reads it within 30 s. */
import { randomUUID } from 'node:crypto';
import type { Arguments } from '../../command-line/arguments.ts';
import { OPERATOR_COMMANDS, typed } from '../../functions/core/commands.ts';
import type { Lock } from '../../functions/core/protocol.ts';
import { type OperatorCommand, sendCommand } from '../../functions/steps/shared/operator-command.ts';
import type { Terminal } from '../screen/verb.ts';
import { controllerOptions, type Reach, withController } from './controller.ts';

export const operatorOptions = {
  ...controllerOptions,
  by: { value: 'NAME', help: 'who orders it (the name that you are logged in by)' },
} as const;

export interface Order {
  /** As the ledger, `--json` and scenario files know it. */
  readonly word: OperatorCommand;
  readonly reason?: string | undefined;
  /** What comes of it. */
  readonly means: (lock: Lock) => string;
}

/** Writes the order for the release that runs, and says what comes of it; answers with the exit code. */
export async function operate(
  reach: Reach,
  terminal: Terminal,
  { values, words, wrong }: Arguments<typeof operatorOptions>,
  { word, reason, means }: Order,
): Promise<number> {
  const command = OPERATOR_COMMANDS[word];
  const problems = [
    ...wrong,
    ...words.map((one) => ({ field: one, message: 'is one word too many', fix: 'leave it out' })),
  ];
  const asked = {
    otherwise: `${command} was not written`,
    unanswered: 'It may have been written all the same: see sluice status',
    problems,
  };
  return withController(reach, values, terminal, asked, async (controller, service) => {
    const { USER, LOGNAME } = terminal.environment;
    const by = values.by ?? (USER || LOGNAME || 'a person');
    const lock = await sendCommand(controller, {
      word,
      by,
      id: randomUUID(),
      ...(reason === undefined ? {} : { reason }),
    });
    const { releaseId, image, phase, share } = lock;
    if (values.json)
      terminal.print(JSON.stringify({ schema: 'sluice.tell/1', service, word, by, releaseId, phase, share }));
    else
      terminal.print(
        `${command} is written for ${releaseId} (${image}): ${means(lock)}. The release reads it within 30 s.\nWatch it: ${typed('status --follow', service)}`,
      );
    return 0;
  });
}
