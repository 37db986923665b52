/**
 * Two pages make promises and name the test of each: docs/failure-modes.md for sixty faults, docs/seed.md for every line of
 * the plan. `tsx scripts/proofs.ts REPORT` reads vitest's JSON report of a whole run
 * (https://vitest.dev/guide/reporters#json-reporter) and fails unless each of those tests ran and passed in it. One that was
 * skipped, as for want of a PostgreSQL, is told; with CI set it is a failure too.
 */
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** A row of a page, and the tests that show it: `test/file.test.ts > suite > title`. */
export interface Promised {
  readonly id: string;
  readonly tests: readonly string[];
}

export interface FailureMode extends Promised {
  readonly fault: string;
  readonly expected: string;
  readonly happens: string;
  /** Why there is no test of it here; absent where there is one. */
  readonly untested?: string;
}

export interface SeedRow extends Promised {
  /** Lines of the seed, from 1, both included. */
  readonly from: number;
  readonly to: number;
  readonly quote: string;
  /** Paths from docs/, as the links have them. */
  readonly livesIn: readonly string[];
  /** The rulings that change it, as `R3`. */
  readonly rulings: readonly string[];
}

const CANNOT = 'cannot be tested here: ';

/** The rows of docs/failure-modes.md, `F01` to `F60`, in its order. */
export function failureModesIn(page: string): readonly FailureMode[] {
  return rowsIn(page, /^F\d\d$/).map(([id = '', fault = '', expected = '', happens = '', shown = '']) => {
    const untested = shown.startsWith(CANNOT) ? { untested: shown.slice(CANNOT.length) } : {};
    return { id, fault, expected, happens, tests: testsIn(shown), ...untested };
  });
}

/** The rows of docs/seed.md, named by their lines, in its order. */
export function seedRowsIn(page: string): readonly SeedRow[] {
  return rowsIn(page, /^\d+(?:-\d+)?$/).map(([id = '', quote = '', lives = '', shown = '']) => {
    const [from, to = from] = id.split('-').map(Number);
    const livesIn = [...lives.matchAll(/\]\(([^)#]+)/g)].map(([, path]) => path!);
    const rulings = [...shown.matchAll(/\bR\d+\b/g)].map(([ruling]) => ruling);
    return { id, from: from!, to: to!, quote, livesIn, rulings, tests: testsIn(shown) };
  });
}

/** The cells of each row of a table whose first cell is such a name. A pipe within a cell is written `\|`. */
const rowsIn = (page: string, name: RegExp): readonly (readonly string[])[] =>
  [...page.matchAll(/^\| (.+) \|$/gm)].map(([, cells]) => cells!.split(' | ')).filter(([first]) => name.test(first!));

const testsIn = (cell: string): readonly string[] => [...cell.matchAll(/`(test\/[^`]+)`/g)].map(([, test]) => test!);

/** What we read of the report. */
export interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[];
      readonly title: string;
      readonly status: string;
    }[];
  }[];
}

export interface Verdict {
  /** One sentence for each named test that is not in the run, or did not pass. */
  readonly broken: readonly string[];
  /** One for each that was skipped. */
  readonly notRun: readonly string[];
}

/** Paths of the report begin with `root`. */
export function held(rows: readonly Promised[], { testResults }: Report, root: string): Verdict {
  const statuses = new Map<string, string>();
  for (const { name, assertionResults } of testResults) {
    for (const { ancestorTitles, title, status } of assertionResults)
      statuses.set([relative(root, name), ...ancestorTitles, title].join(' > '), status);
  }
  const broken: string[] = [];
  const notRun: string[] = [];
  for (const { id, tests } of rows) {
    for (const test of tests) {
      const status = statuses.get(test);
      if (status === 'passed') continue;
      if (status === 'skipped' || status === 'pending') notRun.push(`${id}: NOT RUN: ${test}`);
      else
        broken.push(
          `${id}: ${status === undefined ? 'there is no such test in this run' : `it is ${status}`}: ${test}`,
        );
    }
  }
  return { broken, notRun };
}

function main(reportPath: string): void {
  const report = JSON.parse(readFileSync(reportPath, 'utf8')) as Report;
  const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
  const pages: Readonly<Record<string, readonly Promised[]>> = {
    'docs/failure-modes.md': failureModesIn(read('docs/failure-modes.md')),
    'docs/seed.md': seedRowsIn(read('docs/seed.md')),
  };
  for (const [page, rows] of Object.entries(pages)) {
    const { broken, notRun } = held(rows, report, ROOT);
    const named = new Set(rows.flatMap(({ tests }) => tests)).size;
    const passed = named - broken.length - notRun.length;
    for (const sentence of [...broken, ...notRun]) process.stdout.write(`${page}: ${sentence}\n`);
    process.stdout.write(`${page}: ${rows.length} rows, ${named} tests, of which ${passed} ran and passed\n`);
    if (broken.length > 0 || (notRun.length > 0 && process.env['CI'])) process.exitCode = 1;
  }
}

const [, script, reportPath] = process.argv;
if (script && reportPath && import.meta.url === pathToFileURL(script).href) main(reportPath);
