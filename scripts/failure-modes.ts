/**
 * docs/failure-modes.md names a test for each of sixty faults. `tsx scripts/failure-modes.ts REPORT` reads vitest's JSON
 * report of a whole run (https://vitest.dev/guide/reporters#json-reporter) and fails unless each of them ran and passed in it.
 */
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

export interface FailureMode {
  /** `F01` to `F60`. */
  readonly id: string;
  readonly fault: string;
  readonly expected: string;
  readonly happens: string;
  /** `test/file.test.ts > suite > title` */
  readonly tests: readonly string[];
  /** Why there is no test of it here; absent where there is one. */
  readonly untested?: string;
}

const ROW = /^\| (F\d\d) \| (.+) \|$/gm;
const CANNOT = 'cannot be tested here: ';

/** The rows of the page, in its order. */
export function failureModesIn(page: string): readonly FailureMode[] {
  return [...page.matchAll(ROW)].map(([, id, cells]) => {
    const [fault = '', expected = '', happens = '', shown = ''] = cells!.split(' | ');
    const tests = [...shown.matchAll(/`(test\/[^`]+)`/g)].map(([, test]) => test!);
    const untested = shown.startsWith(CANNOT) ? { untested: shown.slice(CANNOT.length) } : {};
    return { id: id!, fault, expected, happens, tests, ...untested };
  });
}

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

/** One sentence for every named test that did not run, or did not pass. Paths of the report begin with `root`. */
export function missingIn(modes: readonly FailureMode[], { testResults }: Report, root: string): readonly string[] {
  const statuses = new Map<string, string>();
  for (const { name, assertionResults } of testResults) {
    for (const { ancestorTitles, title, status } of assertionResults)
      statuses.set([relative(root, name), ...ancestorTitles, title].join(' > '), status);
  }
  return modes.flatMap(({ id, tests }) =>
    tests.flatMap((test) => {
      const status = statuses.get(test);
      if (status === 'passed') return [];
      return [`${id}: ${status === undefined ? 'there is no such test in this run' : `it is ${status}`}: ${test}`];
    }),
  );
}

function main(reportPath: string): void {
  const modes = failureModesIn(readFileSync(join(ROOT, 'docs/failure-modes.md'), 'utf8'));
  const report = JSON.parse(readFileSync(reportPath, 'utf8')) as Report;
  const missing = missingIn(modes, report, ROOT);
  const named = new Set(modes.flatMap(({ tests }) => tests)).size;
  process.stdout.write(
    missing.length > 0
      ? `${missing.join('\n')}\n`
      : `docs/failure-modes.md: ${modes.length} faults, ${named} tests, each ran and passed\n`,
  );
  process.exitCode = missing.length > 0 ? 1 : 0;
}

const [, script, reportPath] = process.argv;
if (script && reportPath && import.meta.url === pathToFileURL(script).href) main(reportPath);
