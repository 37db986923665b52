/** `sluice abort`: the release that runs is rolled back, with all its users at once. */
import { readArguments } from '../command-line/arguments.ts';
import type { Reach } from './controller/controller.ts';
import { operate, operatorOptions } from './controller/operator-command.ts';
import type { Verb } from './screen/verb.ts';

const options = {
  ...operatorOptions,
  reason: { value: 'TEXT', help: 'the reason; it is written into the record and the notification' },
} as const;

export const abort = (reach: Reach): Verb => ({
  summary: 'roll back the release that runs: all requests go to the old version',
  usage: 'sluice abort --service NAME [options]',
  options,
  run(argv, terminal) {
    const read = readArguments(argv, options);
    const means = ({ stable }: { readonly stable: string }) => `all requests go to ${stable}`;
    return operate(reach, terminal, read, { word: 'abort', reason: read.values.reason, means });
  },
});
