/** `sluice tell`: a person's word to the release that runs. It is written to the ledger; the owner hears it within 30 s. */

import { randomUUID } from 'node:crypto';
import { oneOf, readArguments } from '../command-line/arguments.ts';
import { typed } from '../functions/core/commands.ts';
import type { Lock } from '../functions/core/protocol.ts';
import { tell as tellRelease, type Word } from '../functions/steps/tell.ts';
import { controllerOptions, type Reach, withController } from './controller.ts';
import type { Verb } from './verb.ts';

const options = {
  ...controllerOptions,
  reason: { value: 'TEXT', help: 'with abort: why; it stands in the record and in the notice' },
  by: { value: 'NAME', help: 'who says it (the name that you are logged in by)' },
} as const;

const WORDS = ['hold', 'resume', 'advance', 'abort'] as const;

/** What comes of each word. */
const MEANS: Readonly<Record<Word, (lock: Lock) => string>> = {
  hold: ({ share }) => `it stays at ${share} % until "resume", four hours at the most; an abort still ends it`,
  resume: () => 'it goes on by its plan',
  advance: ({ share }) => `its bake at ${share} % ends now; the next share is next`,
  abort: ({ stable }) => `all requests go back to ${stable}`,
};

export const tell = (reach: Reach): Verb => ({
  summary: `say ${WORDS.slice(0, -1).join(', ')} or abort to the release that runs`,
  usage: `sluice tell ${WORDS.join('|')} --service NAME [options]`,
  options,
  async run(argv, terminal) {
    const { values, words, wrong } = readArguments(argv, options);
    const [written, ...more] = words;
    const read = written === undefined ? MISSING : oneOf(...WORDS)(written);
    const problems = [
      ...wrong,
      ...more.map((word) => ({ field: word, message: 'is one word too many', fix: 'say one' })),
      ...(typeof read === 'string' ? [] : [{ field: 'WORD', message: read.wrong, fix: read.fix }]),
      ...(values.reason !== undefined && read !== 'abort'
        ? [{ field: '--reason', message: 'belongs to abort', fix: 'leave it out' }]
        : []),
    ];
    const unanswered = 'It may have been written all the same: sluice status tells';
    return withController(
      reach,
      values,
      terminal,
      { otherwise: 'Nothing was said', unanswered, problems },
      async (controller, service) => {
        const word = read as Word;
        const { USER, LOGNAME } = terminal.environment;
        const by = values.by ?? (USER || LOGNAME || 'a person');
        const reason = values.reason === undefined ? {} : { reason: values.reason };
        const lock = await tellRelease(controller, { word, by, id: randomUUID(), ...reason });
        const { releaseId, phase, share } = lock;
        if (values.json)
          terminal.print(JSON.stringify({ schema: 'sluice.tell/1', service, word, by, releaseId, phase, share }));
        else
          terminal.print(
            `Told ${releaseId} (${lock.image}) to ${word}: ${MEANS[word](lock)}. It hears it within 30 s.\nWatch it: ${typed('status --follow', service)}`,
          );
        return 0;
      },
    );
  },
});

const MISSING = { wrong: 'is missing', fix: `say ${WORDS.join(', ')}` } as const;
