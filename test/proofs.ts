/** Whether a test that a page names is written, before anything has run. */
import { isThere, textOf } from './repository-files.ts';

/** Whether a title, or one that is made of a table of cases, stands in the test's file. */
export function isWritten(name: string): boolean {
  const [file, ...titles] = name.split(' > ');
  if (!isThere(file!)) return false;
  const written = literalsIn(textOf(file!));
  return titles.every((title) => written.some((one) => one.test(title)));
}

/** The texts of a file; what a case fills in (`%s`, `$name`, `${...}`) may be anything, but not everything. */
const literalsIn = (code: string): readonly RegExp[] =>
  [...code.matchAll(/'((?:\\.|[^'\\\n])+)'|"((?:\\.|[^"\\\n])+)"|`((?:\\.|[^`\\])+)`/g)].map(
    ([, single, double, template]) =>
      new RegExp(`^${asPattern((single ?? double ?? template)!.replace(/\\(.)/g, '$1'))}$`, 'su'),
  );

const asPattern = (text: string): string =>
  text
    .split(/%[sdifjo]|\$\{[^}]*\}|\$\w+(?:\.\w+)*/)
    .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    .join('.+');
