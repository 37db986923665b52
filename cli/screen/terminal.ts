/** The process as a terminal: what each stream can show is decided once, here. */
import type { WrongField } from '../../functions/core/failures.ts';
import { type Environment, glyphsFor, paint } from './paint.ts';
import type { Screen, Terminal } from './verb.ts';

const WRONG_INPUT = 2;
const INTERRUPTED = 130;

type Stream = Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'rows' | 'columns'>;

export interface Streams {
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly env: Environment;
}

/** `command` is what a refusal sends its reader to for help. */
export function openTerminal(
  command: string,
  argv: readonly string[],
  { stdout, stderr, env }: Streams = process,
): Terminal {
  const noColour = argv.includes('--no-color');
  const canRedraw = stderr.isTTY === true && !env['CI'] && env['TERM'] !== 'dumb';
  return {
    isInteractive: canRedraw && !argv.includes('--plain'),
    screen: screenOf(stderr),
    display: { paint: paint(stderr, env, noColour), glyphs: glyphsFor(env) },
    paint: paint(stdout, env, noColour),
    environment: env,
    print: (text) => {
      stdout.write(`${text}\n`);
    },
    tell: (text) => {
      stderr.write(`${text}\n`);
    },
    refuse(what, wrong, json) {
      if (json) stdout.write(`${JSON.stringify({ error: { code: 'wrong-input', message: what, fields: wrong } })}\n`);
      else
        stderr.write(
          `${what}: ${many(wrong.length)} wrong.\n${wrong.map(sentence).join('\n')}\nHelp: ${command} --help\n`,
        );
      return WRONG_INPUT;
    },
    onInterrupt(end) {
      process.once('SIGINT', () => {
        process.once('SIGINT', () => process.exit(INTERRUPTED));
        void end().then((told) => {
          if (told) stderr.write(`${told}\n`);
          process.exit(INTERRUPTED);
        });
      });
    },
  };
}

function screenOf(stream: Stream): Screen {
  return {
    write: (text) => {
      stream.write(text);
    },
    size: () => ({ rows: stream.rows || 24, columns: stream.columns || 80 }),
    onExit(restore) {
      process.once('exit', restore);
      return () => process.off('exit', restore);
    },
  };
}

const many = (count: number): string => (count === 1 ? '1 field is' : `${count} fields are`);
const sentence = ({ field, message, fix }: WrongField): string => `  ${field.padEnd(14)} ${message}; ${fix}`;
