import { appendFileSync, chmodSync, cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pythonWith } from '../python.ts';
import { runScript } from './commands.ts';
import { runJob } from './job.ts';
import { workflow } from './workflow.ts';

/** A backend and a frontend as small as can be. */
const SAMPLE = 'test/ci/sample';

const UNTESTED = `def refund(cents: int) -> int:
    """Half of it."""
    if cents < 0:
        return 0
    half = cents // 2
    return half
`;

const deploy = workflow('deploy');
const steps = (job: string): readonly string[] => deploy.jobs[job]!.steps.flatMap(({ run }) => run ?? []);
const uploads = (job: string): string =>
  String(deploy.jobs[job]!.steps.find(({ uses }) => uses?.startsWith('actions/upload-artifact@'))?.with?.['path']);

const bin = pythonWith('backend', `${SAMPLE}/requirements.txt`);
const folder = mkdtempSync(join(tmpdir(), 'checkout-'));
const checkOut = () =>
  cpSync(fileURLToPath(new URL(`../../${SAMPLE}`, import.meta.url)), folder, { recursive: true, force: true });
const runner = { ...process.env, RELEASE_TAG: 'v1.5.0' };

beforeAll(checkOut);
afterAll(() => rmSync(folder, { recursive: true }));

/** Four programs of Python, which take their time on a busy machine. */
describe.skipIf(!bin)('the tests of a push', { timeout: 120_000 }, () => {
  const tested = () => runJob(deploy, 'test', folder, { ...runner, PATH: `${bin}:${process.env['PATH']}` });

  test('pass for a backend that is in order, step by step [S313]', () => {
    const { passed, failed, output } = tested();
    expect(failed, output).toBeUndefined();
    expect(passed).toEqual(steps('test'));
    expect(output).toMatch(/Total coverage: 100/);
  });

  test.each([
    ['a function that nobody tests [S316]', /^pytest/, /Required test coverage of 80% not reached/, UNTESTED],
    ['a line that is not formatted [S322]', /^black/, /would reformat .*fares\.py/, 'NAME  =  "fares"\n'],
    ['a value of another type [S322]', /^mypy/, /Incompatible types in assignment/, 'LIMIT: int = "many"\n'],
    ['a finding of the linter [S322]', /^pylint/, /unused-import/, 'import os\n'],
  ])('end at %s', (_, step, says, added) => {
    appendFileSync(`${folder}/src/fares.py`, `\n\n${added}`);
    const { passed, failed, output } = tested();
    checkOut();
    expect(failed, output).toMatch(step);
    expect(passed).toEqual(steps('test').slice(0, steps('test').indexOf(failed!)));
    expect(output).toMatch(says);
  });

  test('end at a test that fails, whatever it covers [S316]', () => {
    writeFileSync(`${folder}/tests/test_red.py`, 'def test_red():\n    assert False\n');
    const { failed, output } = tested();
    rmSync(`${folder}/tests/test_red.py`);
    expect(failed, output).toMatch(/^pytest/);
    expect(output).toMatch(/1 failed, 2 passed/);
  });
});

describe('the frontend', () => {
  test('is built where the workflow takes it from, and comes to users page last [S415]', async () => {
    const { passed, failed, output } = runJob(deploy, 'build-frontend', folder, runner);
    expect(failed, output).toBeUndefined();
    expect(passed).toEqual(steps('build-frontend'));
    const { calls } = await runScript('frontend', [join(folder, uploads('build-frontend'))], [], {
      BUCKET: 'frontend',
      DISTRIBUTION: 'E123',
    });
    const asked = ['aws s3 sync .* immutable .*main\\.[0-9a-f]{16}\\.js$', 'aws s3 cp index.html', 'aws cloudfront'];
    expect(calls).toEqual(asked.map((pattern) => expect.stringMatching(new RegExp(`^${pattern}`))));
  });

  test('that cannot be installed is not built', () => {
    rmSync(`${folder}/frontend/package-lock.json`);
    const { passed, failed } = runJob(deploy, 'build-frontend', folder, runner);
    checkOut();
    expect({ passed, failed }).toEqual({ passed: [], failed: steps('build-frontend')[0] });
  });
});

describe('the image', () => {
  /** A docker that saves what it built. */
  const built = (docker: string) => {
    const commands = mkdtempSync(join(tmpdir(), 'docker-'));
    writeFileSync(`${commands}/docker`, `#!/bin/sh\n${docker}\n`);
    chmodSync(`${commands}/docker`, 0o755);
    const ran = runJob(deploy, 'build', folder, { ...runner, PATH: `${commands}:${process.env['PATH']}` });
    rmSync(commands, { recursive: true });
    return ran;
  };

  test('waits for the approval in the file that the workflow keeps', () => {
    const { failed, output } = built('echo "$@"');
    expect(failed, output).toBeUndefined();
    expect(existsSync(join(folder, uploads('build')))).toBe(true);
  });

  test('that could not be saved does not: half a file would be pushed [S348]', () => {
    expect(built('[ "$1" != save ]').failed).toMatch(/^docker save/);
  });
});
