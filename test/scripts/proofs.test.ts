import { describe, expect, test } from 'vitest';
import { held, type Report, seedRowsIn } from '../../scripts/proofs.ts';
import { isWritten } from '../proofs.ts';
import { packageJson } from '../repository-files.ts';

test('npm test holds the pages against the report of its whole run', () => {
  expect(packageJson.scripts['test']).toMatch(/--outputFile\.json=(\S+) && tsx scripts\/proofs\.ts \1(?: &&|$)/);
});

test('a title that nobody wrote is known before anything runs', () => {
  expect(isWritten('test/scripts/proofs.test.ts > a title that nobody wrote is known before anything runs')).toBe(true);
  expect(isWritten('test/steps/close.test.ts > the second half > a test that nobody wrote')).toBe(false);
  expect(isWritten('test/no-such.test.ts > anything')).toBe(false);
});

describe('the report of a run', () => {
  const row = { id: 'F01', tests: ['test/a.test.ts > one > two'] };
  const reported = (status: string): Report => ({
    testResults: [
      { name: '/project/test/a.test.ts', assertionResults: [{ ancestorTitles: ['one'], title: 'two', status }] },
    ],
  });

  test('is enough when every named test passed', () => {
    expect(held([row], reported('passed'), '/project')).toEqual({ broken: [], notRun: [] });
  });

  test.each(['failed', 'todo'])('is not when one is %s', (status) => {
    expect(held([row], reported(status), '/project').broken).toEqual([`F01: it is ${status}: ${row.tests[0]}`]);
  });

  test.each(['skipped', 'pending'])('tells one that is %s, as for want of a program', (status) => {
    expect(held([row], reported(status), '/project')).toEqual({
      broken: [],
      notRun: [`F01: NOT RUN: ${row.tests[0]}`],
    });
  });

  test('is not when one did not run at all', () => {
    expect(held([row], { testResults: [] }, '/project').broken).toEqual([
      `F01: there is no such test in this run: ${row.tests[0]}`,
    ]);
  });
});

test('a row of the seed is its lines, what they say, where it lives, and what shows or changes it', () => {
  const row = '| 3-4 | `run: \\|`<br>`ls` | [one](a.ts), [two](../b.yml#c) | `test/a.test.ts > one`<br>R2: later |';
  expect(seedRowsIn(`| lines | says |\n| --- | --- |\n${row}\n`)).toEqual([
    {
      id: '3-4',
      from: 3,
      to: 4,
      quote: '`run: \\|`<br>`ls`',
      livesIn: ['a.ts', '../b.yml'],
      rulings: ['R2'],
      tests: ['test/a.test.ts > one'],
    },
  ]);
});
