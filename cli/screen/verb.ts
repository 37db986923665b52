import type { Options } from '../../command-line/arguments.ts';
import type { WrongField } from '../../functions/core/failures.ts';
import type { Size } from './frame.ts';
import type { Display } from './lines.ts';
import type { Environment, Paint } from './paint.ts';

/** stderr, where progress is shown. */
export interface Screen {
  write(text: string): void;
  size(): Size;
  /** Runs `restore` however the process ends; the function that is given back takes that back. */
  onExit(restore: () => void): () => void;
}

/** Where a command speaks to. Results go to stdout, progress to stderr. */
export interface Terminal {
  /** Progress may be redrawn. */
  readonly isInteractive: boolean;
  readonly screen: Screen;
  /** How stderr looks. */
  readonly display: Display;
  /** The colours of stdout. */
  readonly paint: Paint;
  readonly environment: Environment;
  print(text: string): void;
  tell(text: string): void;
  /** Tells everything that is wrong with the input; gives the exit code. */
  refuse(what: string, wrong: readonly WrongField[], json: boolean): number;
  /** What Ctrl-C does: ends what goes on, and answers with what is told of it. A second Ctrl-C does not wait. */
  onInterrupt(end: () => Promise<string>): void;
}

/** Understood by every command that shows something. */
export const displayOptions = {
  plain: { help: 'one line an event instead of a live view' },
  'no-color': { help: 'no colours; so do NO_COLOR and TERM=dumb' },
} as const;

/** One command: a line in the help, and what it does; it answers with the exit code. */
export interface Verb {
  readonly summary: string;
  readonly usage: string;
  readonly options: Options;
  run(argv: readonly string[], terminal: Terminal): Promise<number>;
}
