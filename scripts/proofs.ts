/**
 * Two pages make promises, and each row has an id that stands in the titles of the tests that show it:
 * docs/failure-modes.md for every fault (`[F17]`), docs/seed.md for every line of the plan (`[S159]`).
 * `tsx scripts/proofs.ts REPORT` reads vitest's JSON report of a whole run (https://vitest.dev/guide/reporters#json-reporter)
 * and fails unless each row has a test there, and all of them passed. One that was skipped, as for want of a PostgreSQL, is
 * told; with CI set it is a failure too.
 */
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** A row of a page. */
export interface Promised {
  /** `F17`, or `S159` for the row that begins with line 159. */
  readonly id: string;
  /** Tests show it: the row says its own id where others say why there is none. */
  readonly isTested: boolean;
}

/** The ids in a title or a cell: `[F17]`. */
export const idsIn = (text: string): readonly string[] => [...text.matchAll(/\[([FS]\d+)\]/g)].map(([, id]) => id!);

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

/** The rows of docs/failure-modes.md, `F01` and on, in its order. */
export function failureModesIn(page: string): readonly FailureMode[] {
  return rowsIn(page, /^F\d\d$/).map(([id = '', fault = '', expected = '', happens = '', shown = '']) => {
    const untested = shown.startsWith(CANNOT) ? { untested: shown.slice(CANNOT.length) } : {};
    return { id, fault, expected, happens, isTested: idsIn(shown).includes(id), ...untested };
  });
}

/** The rows of docs/seed.md, named by their lines, in its order. */
export function seedRowsIn(page: string): readonly SeedRow[] {
  return rowsIn(page, /^\d+(?:-\d+)?$/).map(([lines = '', quote = '', lives = '', shown = '']) => {
    const [from, to = from] = lines.split('-').map(Number);
    const livesIn = [...lives.matchAll(/\]\(([^)#]+)/g)].map(([, path]) => path!);
    const rulings = [...shown.matchAll(/\bR\d+\b/g)].map(([ruling]) => ruling);
    const id = `S${from}`;
    return { id, from: from!, to: to!, quote, livesIn, rulings, isTested: idsIn(shown).includes(id) };
  });
}

/** The cells of each row of a table whose first cell is such a name. A pipe within a cell is written `\|`. */
const rowsIn = (page: string, name: RegExp): readonly (readonly string[])[] =>
  [...page.matchAll(/^\| (.+) \|$/gm)].map(([, cells]) => cells!.split(' | ')).filter(([first]) => name.test(first!));

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
  /** One sentence for each row without a test in the run, and for each of its tests that did not pass. */
  readonly broken: readonly string[];
  /** One for each that was skipped. */
  readonly notRun: readonly string[];
}

/** Paths of the report begin with `root`. */
export function held(rows: readonly Promised[], { testResults }: Report, root: string): Verdict {
  const ran = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ ancestorTitles, title, status }) => {
      const test = [relative(root, name), ...ancestorTitles, title].join(' > ');
      return { test, status, ids: idsIn(test) };
    }),
  );
  const broken: string[] = [];
  const notRun: string[] = [];
  for (const { id } of rows.filter(({ isTested }) => isTested)) {
    const tests = ran.filter(({ ids }) => ids.includes(id));
    if (tests.length === 0) broken.push(`${id}: no test of this run has [${id}] in its title`);
    for (const { test, status } of tests) {
      if (status === 'skipped' || status === 'pending') notRun.push(`${id}: NOT RUN: ${test}`);
      else if (status !== 'passed') broken.push(`${id}: it is ${status}: ${test}`);
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
    for (const sentence of [...broken, ...notRun]) process.stdout.write(`${page}: ${sentence}\n`);
    const shown = rows.filter(({ isTested }) => isTested).length;
    process.stdout.write(`${page}: ${shown} of ${rows.length} rows are shown by tests, ${broken.length} broken
`);
    if (broken.length > 0 || (notRun.length > 0 && process.env['CI'])) process.exitCode = 1;
  }
}

const [, script, reportPath] = process.argv;
if (script && reportPath && import.meta.url === pathToFileURL(script).href) main(reportPath);
