/** `sluice VERB ...`. Exit codes: 0 done, 1 reverted or otherwise than expected, 2 wrong input, 70 a bug of ours, 130 Ctrl-C. */
import type { WrongField } from '../functions/core/failures.ts';
import { closest } from '../functions/core/suggest.ts';
import { helpFor } from './arguments.ts';
import { rehearse } from './rehearse.ts';
import type { Terminal, Verb } from './verb.ts';

const VERBS: Readonly<Record<string, Verb>> = { rehearse };

const WRONG_INPUT = 2;
const OUR_BUG = 70;
const INTERRUPTED = 130;

const terminal: Terminal = {
  isInteractive: process.stderr.isTTY === true && !process.env['CI'],
  print: (text) => {
    process.stdout.write(`${text}\n`);
  },
  tell: (text) => {
    process.stderr.write(`${text}\n`);
  },
  refuse: (what, wrong, json) => {
    if (json)
      process.stdout.write(`${JSON.stringify({ error: { code: 'wrong-input', message: what, fields: wrong } })}\n`);
    else
      process.stderr.write(
        `${what}: ${many(wrong.length)} wrong.\n${wrong.map(sentence).join('\n')}\nHelp: sluice rehearse --help\n`,
      );
    return WRONG_INPUT;
  },
};

const many = (count: number): string => (count === 1 ? '1 field is' : `${count} fields are`);
const sentence = ({ field, message, fix }: WrongField): string => `  ${field.padEnd(14)} ${message}; ${fix}`;

async function main([word, ...rest]: readonly string[]): Promise<number> {
  if (word === undefined || word === '--help' || word === 'help') {
    terminal.print(
      `Usage: sluice VERB [options]\n\n${Object.entries(VERBS)
        .map(([name, { summary }]) => `  ${name.padEnd(12)} ${summary}`)
        .join('\n')}\n\nMore: sluice VERB --help`,
    );
    return 0;
  }
  const verb = Object.hasOwn(VERBS, word) ? VERBS[word] : undefined;
  if (!verb) {
    const near = closest(word, Object.keys(VERBS));
    return terminal.refuse(
      'Nothing was done',
      [{ field: word, message: 'is no command', fix: near ? `did you mean "${near}"?` : 'see sluice --help' }],
      rest.includes('--json'),
    );
  }
  if (rest.includes('--help')) {
    terminal.print(`${verb.usage}\n${verb.summary}\n\n${helpFor(verb.options)}`);
    return 0;
  }
  return verb.run(rest, terminal);
}

// A reader that went away (a closed pipe) is no failure of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
}
process.once('SIGINT', () => process.exit(INTERRUPTED));

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const text = error instanceof Error ? error.stack : String(error);
    process.stderr.write(`This is a bug of sluice, and it is ours to mend:\n${text}\n`);
    process.exitCode = OUR_BUG;
  },
);
