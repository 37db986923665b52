/** `sluice resume`: ends a hold. */
import { readArguments } from '../command-line/arguments.ts';
import type { Reach } from './controller/controller.ts';
import { operate, operatorOptions } from './controller/operator-command.ts';
import type { Verb } from './screen/verb.ts';

export const resume = (reach: Reach): Verb => ({
  summary: 'end a hold: the release that runs goes on by its plan',
  usage: 'sluice resume --service NAME [options]',
  options: operatorOptions,
  run: (argv, terminal) =>
    operate(reach, terminal, readArguments(argv, operatorOptions), {
      word: 'resume',
      means: () => 'it goes on by its plan',
    }),
});
