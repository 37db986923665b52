import type { WrongField } from '../functions/core/failures.ts';
import type { Options } from './arguments.ts';

/** Where a command speaks to. Results go to stdout, progress to stderr. */
export interface Terminal {
  readonly isInteractive: boolean;
  print(text: string): void;
  tell(text: string): void;
  /** Tells everything that is wrong with the input; gives the exit code. */
  refuse(what: string, wrong: readonly WrongField[], json: boolean): number;
}

/** One command: a line in the help, and what it does; it answers with the exit code. */
export interface Verb {
  readonly summary: string;
  readonly usage: string;
  readonly options: Options;
  run(argv: readonly string[], terminal: Terminal): Promise<number>;
}
