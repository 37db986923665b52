import { describe, expect, test } from 'vitest';
import { held, type Report, seedRowsIn } from '../../scripts/proofs.ts';
import { writtenIds } from '../proofs.ts';
import { packageJson } from '../repository-files.ts';

test('npm test holds the pages against the report of its whole run', () => {
  expect(packageJson.scripts['test']).toMatch(/--outputFile\.json=(\S+) && tsx scripts\/proofs\.ts \1(?: &&|$)/);
});

test('an id is found where it is written, before anything runs', () => {
  const written = writtenIds();
  expect(written.get('F01')).toContain('test/rehearsal/pushes.test.ts');
  expect(written.has('F99')).toBe(false);
});

describe('the report of a run', () => {
  const row = { id: 'F01', isTested: true };
  const reported = (...statuses: readonly string[]): Report => ({
    testResults: [
      {
        name: '/project/test/a.test.ts',
        assertionResults: statuses.map((status) => ({ ancestorTitles: ['one [F01]'], title: 'two [S3]', status })),
      },
    ],
  });
  const TITLE = 'test/a.test.ts > one [F01] > two [S3]';

  test('is enough when every test with the id passed', () => {
    expect(held([row], reported('passed', 'passed'), '/project')).toEqual({ broken: [], notRun: [] });
  });

  test.each(['failed', 'todo'])('is not when one is %s', (status) => {
    expect(held([row], reported('passed', status), '/project').broken).toEqual([`F01: it is ${status}: ${TITLE}`]);
  });

  test.each(['skipped', 'pending'])('tells one that is %s, as for want of a program', (status) => {
    expect(held([row], reported(status), '/project')).toEqual({ broken: [], notRun: [`F01: NOT RUN: ${TITLE}`] });
  });

  test('is not when no title has the id', () => {
    const other = { id: 'F02', isTested: true };
    expect(held([other], reported('passed'), '/project').broken).toEqual([
      'F02: no test of this run has [F02] in its title',
    ]);
  });

  test('asks nothing of a row that cannot be tested', () => {
    expect(held([{ id: 'F02', isTested: false }], reported('passed'), '/project').broken).toEqual([]);
  });
});

test('a row of the seed is its lines, what they say, where it lives, and what shows or changes it', () => {
  const row = '| 3-4 | `run: \\|`<br>`ls` | [one](a.ts), [two](../b.yml#c) | `[S3]`<br>R2: later |';
  expect(seedRowsIn(`| lines | says |\n| --- | --- |\n${row}\n`)).toEqual([
    {
      id: 'S3',
      from: 3,
      to: 4,
      quote: '`run: \\|`<br>`ls`',
      livesIn: ['a.ts', '../b.yml'],
      rulings: ['R2'],
      isTested: true,
    },
  ]);
});
