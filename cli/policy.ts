/** `sluice policy`: the release policy as the JSON that the Step Functions console takes. */

import { readArguments } from '../command-line/arguments.ts';
import { policy as machine } from '../state-machines/policy.ts';
import type { Verb } from './screen/verb.ts';

export const policy: Verb = {
  summary: 'prints the release policy as JSON, for the Step Functions console',
  usage: 'sluice policy > release.asl.json',
  options: {},
  async run(argv, terminal) {
    const { words, wrong } = readArguments(argv, {});
    const unknown = words.map((field) => ({ field, message: 'is not understood', fix: 'the command takes nothing' }));
    if (wrong.length + words.length > 0) return terminal.refuse('Nothing was printed', [...wrong, ...unknown], false);
    terminal.print(JSON.stringify(machine, null, 2));
    return 0;
  },
};
