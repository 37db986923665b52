/** `sluice promote`: ends the bake that runs now, as if its time were over and its numbers good. */
import { readArguments } from '../command-line/arguments.ts';
import type { Reach } from './controller/controller.ts';
import { operate, operatorOptions } from './controller/operator-command.ts';
import type { Verb } from './screen/verb.ts';

export const promote = (reach: Reach): Verb => ({
  summary: 'end the bake of the release that runs now: the next share is next',
  usage: 'sluice promote --service NAME [options]',
  options: operatorOptions,
  run: (argv, terminal) =>
    operate(reach, terminal, readArguments(argv, operatorOptions), {
      word: 'advance',
      means: ({ share }) => `its bake at ${share} % ends now; the next share is next`,
    }),
});
