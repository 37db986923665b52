/**
 * `sluice VERB ...`. Exit codes: 0 done, 1 reverted or otherwise than expected, 2 wrong input, 3 waits for an operator,
 * 4 unknown, 70 a bug of ours, 130 Ctrl-C.
 */

import { helpFor } from '../command-line/arguments.ts';
import { closest } from '../functions/core/suggest.ts';
import { abort } from './abort.ts';
import { onAws } from './controller/aws.ts';
import { doctor } from './doctor.ts';
import { hold } from './hold.ts';
import { plan } from './plan.ts';
import { policy } from './policy.ts';
import { promote } from './promote.ts';
import { rehearse } from './rehearse.ts';
import { replay } from './replay.ts';
import { resume } from './resume.ts';
import { insteadOf } from './retired.ts';
import { rollback } from './rollback.ts';
import { openTerminal } from './screen/terminal.ts';
import type { Verb } from './screen/verb.ts';
import { start } from './start.ts';
import { status } from './status.ts';
import { why } from './why.ts';

const VERBS: Readonly<Record<string, Verb>> = {
  rehearse,
  plan,
  policy,
  replay,
  start: start(onAws),
  status: status(onAws),
  hold: hold(onAws),
  resume: resume(onAws),
  promote: promote(onAws),
  abort: abort(onAws),
  rollback: rollback(onAws),
  why: why(onAws),
  doctor: doctor(onAws),
};

const OUR_BUG = 70;
/** What a shell says of a process that a signal ended: 128 and the signal's number. */
const ENDED_BY = { SIGHUP: 129, SIGTERM: 143 } as const;

async function main([word, ...rest]: readonly string[]): Promise<number> {
  const verb = word !== undefined && Object.hasOwn(VERBS, word) ? VERBS[word] : undefined;
  const terminal = openTerminal(verb ? `sluice ${word}` : 'sluice', rest);
  if (word === undefined || word === '--help' || word === 'help') {
    terminal.print(
      `Usage: sluice VERB [options]\n\n${Object.entries(VERBS)
        .map(([name, { summary }]) => `  ${name.padEnd(12)} ${summary}`)
        .join('\n')}\n\n${EXIT_CODES}\n\nMore: sluice VERB --help`,
    );
    return 0;
  }
  if (!verb) {
    const instead = insteadOf(word, rest);
    const near = closest(word, ['help', ...Object.keys(VERBS)]);
    const fix = instead ?? (near ? `did you mean "${near}"?` : 'see sluice --help');
    return terminal.refuse(
      'Nothing was done',
      [{ field: word, message: `is no command${instead ? ' any more' : ''}`, fix }],
      rest.includes('--json'),
    );
  }
  if (rest.includes('--help')) {
    terminal.print(`${verb.usage}\n${verb.summary}\n\n${helpFor(verb.options)}\n\n${EXIT_CODES}`);
    return 0;
  }
  return verb.run(rest, terminal);
}

const EXIT_CODES = `Exit codes: 0 what was asked happened; 1 reverted, refused by the judge, or otherwise than expected;
2 wrong input or not now, nothing was changed; 3 waits for an operator; 4 unknown, AWS did not answer;
70 a bug of ours; 130 Ctrl-C`;

function ourBug(error: unknown): void {
  const text = error instanceof Error ? error.stack : String(error);
  process.stderr.write(`This is a bug in sluice:\n${text}\n`);
  process.exit(OUR_BUG);
}

// A reader that went away (a closed pipe) is no failure of ours; how the rehearsal ended still counts.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(process.exitCode ?? 0);
  });
}
for (const signal of ['SIGHUP', 'SIGTERM'] as const) process.once(signal, () => process.exit(ENDED_BY[signal]));
process.on('uncaughtException', ourBug);

main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
}, ourBug);
