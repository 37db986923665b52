/**
 * Are the tests worth anything? Each patch in mutants/ breaks the code in one way, and names the tests that must notice:
 *
 *     # reddens: test/steps/shift.test.ts > a share that is not seen in the rule is not confirmed
 *
 * In a copy of the project the patch must apply, and of the files named exactly the named tests must go red.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const MUTANTS = join(ROOT, 'mutants');
const REPORT = 'mutant-report.json';

/** What we read of vitest's JSON report (https://vitest.dev/guide/reporters#json-reporter). */
interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[];
      readonly title: string;
      readonly status: string;
    }[];
  }[];
}

/** Tests by name, `test/file.test.ts > suite > title`, and whether each is red. */
type Results = ReadonlyMap<string, boolean>;

/** What is wrong with a mutant's run; nothing when exactly the named tests went red. */
function problemsOf(patch: string, project: string): readonly string[] {
  const text = readFileSync(join(MUTANTS, patch), 'utf8');
  const named = [...text.matchAll(/^# reddens: (.+)$/gm)].map(([, name]) => withoutIds(name!));
  if (named.length === 0) return ['names no test; write "# reddens: test/file.test.ts > title" in its first lines'];
  const applied = gitApply(patch, project);
  if (applied) return [`does not apply: ${applied}`];
  try {
    const results = runTests([...new Set(named.map((name) => name.split(' > ')[0]!))], project);
    return [
      ...named.filter((name) => !results.has(name)).map((name) => `there is no test "${name}"`),
      ...named.filter((name) => results.get(name) === false).map((name) => `did not redden "${name}"`),
      ...[...results]
        .filter(([name, isRed]) => isRed && !named.includes(name))
        .map(([name]) => `also reddened "${name}"`),
    ];
  } catch (error) {
    return [String(error)];
  } finally {
    gitApply(patch, project, '--reverse');
  }
}

function gitApply(patch: string, project: string, ...options: readonly string[]): string {
  const { status, stderr } = spawnSync('git', ['apply', ...options, join(MUTANTS, patch)], {
    cwd: project,
    encoding: 'utf8',
  });
  return status === 0 ? '' : stderr.trim();
}

function runTests(files: readonly string[], project: string): Results {
  const report = join(project, REPORT);
  rmSync(report, { force: true });
  const vitest = join(project, 'node_modules', 'vitest', 'vitest.mjs');
  const { stderr } = spawnSync(
    process.execPath,
    [vitest, 'run', '--reporter=json', `--outputFile=${report}`, ...files],
    { cwd: project, encoding: 'utf8' },
  );
  if (!existsSync(report)) throw new Error(`vitest wrote no report: ${stderr.trim()}`);
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report;
  return new Map(
    testResults.flatMap(({ name, message, assertionResults }) => {
      const file = files.find((one) => name.endsWith(one)) ?? name;
      if (assertionResults.length === 0) throw new Error(`${file} did not run: ${message}`);
      return assertionResults.map(
        ({ ancestorTitles, title, status }) =>
          [withoutIds([file, ...ancestorTitles, title].join(' > ')), status === 'failed'] as const,
      );
    }),
  );
}

/** A title without the ids of what it proves, which come and go: `[F17]`, `[S42]`. */
const withoutIds = (title: string): string => title.replace(/ ?\[[FS]\d+(?:, ?[FS]\d+)*\]/g, '');

/** The files that git knows or would know; what is installed is shared. */
function copyProject(): string {
  const project = mkdtempSync(join(tmpdir(), 'sluice-mutants-'));
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: ROOT });
  for (const file of files.toString().split('\0').filter(Boolean)) {
    if (existsSync(join(ROOT, file))) cpSync(join(ROOT, file), join(project, file));
  }
  for (const installed of ['node_modules', '.sluice'])
    if (existsSync(join(ROOT, installed))) symlinkSync(join(ROOT, installed), join(project, installed), 'dir');
  return project;
}

const asked = process.argv.slice(2);
const patches = readdirSync(MUTANTS)
  .filter((file) => file.endsWith('.patch'))
  .filter((file) => asked.length === 0 || asked.some((name) => file.startsWith(name)))
  .sort();
const project = copyProject();
let failed = 0;
try {
  for (const patch of patches) {
    const startedAt = performance.now();
    const problems = problemsOf(patch, project);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    if (problems.length > 0) failed += 1;
    console.log(`${problems.length > 0 ? 'FAILED' : 'killed'}  ${patch.replace('.patch', '')}  (${seconds} s)`);
    for (const problem of problems) console.log(`        ${problem}`);
  }
} finally {
  rmSync(project, { recursive: true, force: true });
}
console.log(`${patches.length - failed} passed, ${failed} failed`);
if (failed > 0 || patches.length === 0) process.exitCode = 1;
