/** What a stream can show, decided once: colour, and signs beyond ASCII. */
import { styleText } from 'node:util';
import type { Sign } from '../../report/record.ts';

export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'greenBright' | 'blueBright';
export type Paint = (style: Style, text: string) => string;
export type Environment = Readonly<Record<string, string | undefined>>;

export const unpainted: Paint = (_, text) => text;

/**
 * No colour with NO_COLOR (https://no-color.org: not empty), `--no-color`, TERM=dumb or without a terminal.
 * Node's own check is not asked: it looks at another stream, and obeys FORCE_COLOR before NO_COLOR with a warning.
 */
export function paint(stream: { readonly isTTY?: boolean }, environment: Environment, noColour: boolean): Paint {
  const { NO_COLOR, TERM } = environment;
  if (stream.isTTY !== true || noColour || NO_COLOR || TERM === 'dumb') return unpainted;
  return (style, text) => styleText(style, text, { validateStream: false });
}

export interface Glyphs {
  readonly signs: Readonly<Record<Sign, string>>;
  readonly done: string;
  readonly toDo: string;
  readonly full: string;
  readonly empty: string;
  /** From low to high. */
  readonly heights: readonly string[];
}

export const UNICODE: Glyphs = {
  signs: { '▲': '▲', '◆': '◆', '▼': '▼', '■': '■', '‖': '‖', ' ': ' ' },
  done: '●',
  toDo: '○',
  full: '█',
  empty: '░',
  heights: [...'▁▂▃▄▅▆▇█'],
};

export const ASCII: Glyphs = {
  signs: { '▲': '^', '◆': '!', '▼': 'v', '■': '#', '‖': '=', ' ': ' ' },
  done: '*',
  toDo: 'o',
  full: '#',
  empty: '.',
  heights: [...'_.-=+*%#'],
};

/** The first of these that is set says which letters the terminal has (POSIX, environment variables, 8.2). */
export function glyphsFor({ LC_ALL, LC_CTYPE, LANG }: Environment): Glyphs {
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '') ? UNICODE : ASCII;
}
