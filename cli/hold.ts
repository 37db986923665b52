/** `sluice hold`: the release that runs stays at its share. Only a rollback moves its users meanwhile. */
import { readArguments } from '../command-line/arguments.ts';
import type { Reach } from './controller/controller.ts';
import { operate, operatorOptions } from './controller/operator-command.ts';
import type { Verb } from './screen/verb.ts';

export const hold = (reach: Reach): Verb => ({
  summary: 'keep the release that runs at its share until resume, four hours at the most',
  usage: 'sluice hold --service NAME [options]',
  options: operatorOptions,
  run: (argv, terminal) =>
    operate(reach, terminal, readArguments(argv, operatorOptions), {
      word: 'hold',
      means: ({ share }) => `it stays at ${share} % until "resume", four hours at the most; an abort still ends it`,
    }),
});
