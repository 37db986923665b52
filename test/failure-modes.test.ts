import { describe, expect, test } from 'vitest';
import { failureModesIn, missingIn, type Report } from '../scripts/failure-modes.ts';
import { isThere, packageJson, textOf } from './repository-files.ts';

const MOST_UNTESTED = 8;

const modes = failureModesIn(textOf('docs/failure-modes.md'));

describe('docs/failure-modes.md', () => {
  test('has sixty faults in order, each with what a user expects and what happens', () => {
    expect(modes.map(({ id }) => id)).toEqual(
      Array.from({ length: 60 }, (_, index) => `F${String(index + 1).padStart(2, '0')}`),
    );
    for (const mode of modes)
      expect([mode.fault, mode.expected, mode.happens].filter((words) => words.length < 3)).toEqual([]);
  });

  test('names a test for each, or the reason why it cannot be tested here', () => {
    expect(modes.filter(({ tests, untested }) => tests.length === 0 && !untested)).toEqual([]);
    expect(modes.filter(({ untested }) => untested !== undefined).length).toBeLessThanOrEqual(MOST_UNTESTED);
  });

  test('names no test that does not exist: its file is there, and each part of its title is written in it', () => {
    const strangers = modes.flatMap(({ id, tests }) =>
      tests.filter((name) => !isWritten(name)).map((name) => `${id}: ${name}`),
    );
    expect(strangers).toEqual([]);
    expect(isWritten('test/steps/close.test.ts > the second half > a test that nobody wrote')).toBe(false);
    expect(isWritten('test/no-such.test.ts > anything')).toBe(false);
  });

  test('is held against the report of the whole run by npm test', () => {
    expect(packageJson.scripts['test']).toMatch(/--outputFile\.json=(\S+) && tsx scripts\/failure-modes\.ts \1$/);
  });
});

/** Whether a title, or one that is made of a table of cases, stands in the test's file. */
function isWritten(name: string): boolean {
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

describe('the report of a run', () => {
  const mode = { id: 'F01', fault: 'a', expected: 'b', happens: 'c', tests: ['test/a.test.ts > one > two'] };
  const reported = (status: string): Report => ({
    testResults: [
      { name: '/project/test/a.test.ts', assertionResults: [{ ancestorTitles: ['one'], title: 'two', status }] },
    ],
  });

  test('is enough when every named test passed', () => {
    expect(missingIn([mode], reported('passed'), '/project')).toEqual([]);
  });

  test.each(['failed', 'skipped', 'pending', 'todo'])('is not when one is %s', (status) => {
    expect(missingIn([mode], reported(status), '/project')).toEqual([
      `F01: it is ${status}: test/a.test.ts > one > two`,
    ]);
  });

  test('is not when one did not run at all', () => {
    expect(missingIn([mode], { testResults: [] }, '/project')).toEqual([
      'F01: there is no such test in this run: test/a.test.ts > one > two',
    ]);
  });
});
