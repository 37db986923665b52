/** Reads a command line by a table of options: everything that is wrong is told at once, each with its cure. */
import { parseArgs } from 'node:util';
import type { WrongField } from '../functions/core/failures.ts';
import { closest } from '../functions/core/suggest.ts';

export interface Option<T> {
  /** What stands for the value in the help; absent for a switch. */
  readonly value?: string;
  readonly help: string;
  /** The value, or what is wrong with it. */
  readonly read?: (text: string) => T | Wrong;
}

export interface Wrong {
  readonly wrong: string;
  readonly fix: string;
}

export type Options = Readonly<Record<string, Option<unknown>>>;

type ValueOf<O> = O extends { readonly read: (text: string) => infer R }
  ? Exclude<R, Wrong>
  : O extends { readonly value: string }
    ? string
    : true;
export type Values<T extends Options> = { readonly [K in keyof T]?: ValueOf<T[K]> };

export interface Arguments<T extends Options> {
  readonly values: Values<T>;
  readonly words: readonly string[];
  readonly wrong: readonly WrongField[];
}

export function readArguments<T extends Options>(argv: readonly string[], table: T): Arguments<T> {
  const known = Object.keys(table);
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    tokens: true,
    allowPositionals: true,
    options: Object.fromEntries(known.map((name) => [name, { type: table[name]!.value ? 'string' : 'boolean' }])),
  });
  const values: Record<string, unknown> = {};
  const words: string[] = [];
  const wrong: WrongField[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const field = token.rawName;
    const option = Object.hasOwn(table, token.name) ? table[token.name] : undefined;
    if (!option) {
      const near = closest(token.name, known);
      wrong.push({ field, message: 'is no option', fix: near ? `did you mean --${near}?` : 'see --help' });
    } else if (!option.value) {
      if (token.value === undefined) values[token.name] = true;
      else wrong.push({ field, message: 'takes no value', fix: `write ${field} alone` });
    } else if (
      token.value === undefined ||
      token.value === '' ||
      (!token.inlineValue && token.value.startsWith('--'))
    ) {
      wrong.push({ field, message: 'has no value', fix: `write ${field} ${option.value}` });
    } else {
      const read = option.read ? option.read(token.value) : token.value;
      if (isWrong(read)) wrong.push({ field, message: read.wrong, fix: read.fix });
      else values[token.name] = read;
    }
  }
  return { values: values as Values<T>, words, wrong };
}

const isWrong = (read: unknown): read is Wrong => typeof read === 'object' && read !== null && 'wrong' in read;

export const oneOf =
  <const W extends string>(...words: readonly W[]) =>
  (text: string): W | Wrong => {
    const found = words.find((word) => word === text);
    if (found) return found;
    const near = closest(text, words);
    return {
      wrong: `"${text}" is none of ${words.join(', ')}`,
      fix: near ? `did you mean "${near}"?` : `write one of ${words.join(', ')}`,
    };
  };

export const numberFrom =
  (least: number, most: number, whole = true) =>
  (text: string): number | Wrong => {
    const number = Number(text);
    const isNumber = /^-?\d+(\.\d+)?$/.test(text) && (!whole || Number.isInteger(number));
    if (isNumber && number >= least && number <= most) return number;
    return {
      wrong: `"${text}" is no ${whole ? 'whole ' : ''}number from ${least} to ${most}`,
      fix: `write a ${whole ? 'whole ' : ''}number from ${least} to ${most}`,
    };
  };

/** Wrapped, because `null` and `false` are JSON too. */
export function json(text: string): { readonly value: unknown } | Wrong {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    return { wrong: `is no JSON (${(error as Error).message})`, fix: `write it as in '{"image":"v1.5.0"}'` };
  }
}

export function helpFor(options: Options): string {
  const rows = Object.entries(options).map(([name, { value, help }]) => [`--${name}${value ? ` ${value}` : ''}`, help]);
  const width = Math.max(...rows.map(([flag]) => flag!.length));
  return rows.map(([flag, help]) => `  ${flag!.padEnd(width)}  ${help}`).join('\n');
}
