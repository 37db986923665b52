/** What happens to the tests that need Python's programs where no index of packages can be reached. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from './postgres.ts';
import { pythonForTests } from './python.ts';
import { repositoryFiles, textOf } from './repository-files.ts';

const LIST = 'test/conformance/requirements.txt';
const ROOT = new URL('..', import.meta.url);

// A virtual environment is made first, which takes long on a machine that does other things too.
describe.skipIf(!pythonForTests())('where the index of packages cannot be reached', { timeout: 240_000 }, () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'python-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Another process that must install the list, from a port at which nobody listens. */
  async function asking(CI: string) {
    const ask = `import { pythonWith } from './test/python.ts'; console.log('found', pythonWith('none', '${LIST}', '${folder}/'));`;
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', ask],
      {
        cwd: ROOT,
        encoding: 'utf8',
        env: {
          ...process.env,
          CI,
          PIP_CONFIG_FILE: '/dev/null',
          PIP_FIND_LINKS: '',
          PIP_INDEX_URL: `http://127.0.0.1:${await freePort()}/`,
          PIP_NO_CACHE_DIR: '1',
          PIP_RETRIES: '0',
        },
      },
    );
    return { status, stdout, stderr };
  }
  const WHY =
    /NOT RUN: test\/conformance\/requirements\.txt cannot be installed: [\s\S]*No matching distribution found/;

  test('a test says NOT RUN and why, and nothing is found', async () => {
    const { status, stdout, stderr } = await asking('');
    expect(stderr).toMatch(WHY);
    expect([status, stdout]).toEqual([0, 'found undefined\n']);
  });

  test('with CI set that fails, and says the same', async () => {
    const { status, stdout, stderr } = await asking('1');
    expect(stderr).toMatch(WHY);
    expect([status, stdout]).toEqual([1, '']);
  });

  test('another file of the same run says the same, and tries nothing anew', async () => {
    await asking('');
    const made = readdirSync(folder).find((name) => /^none-[0-9a-f]+$/.test(name))!;
    const mark = join(folder, made, 'mark');
    writeFileSync(mark, '');
    expect((await asking('')).stderr).toMatch(WHY);
    expect(existsSync(mark)).toBe(true);
  });
});

// That it is complete too is seen whenever it is installed: without dependencies, and `pip check` after it.
test('every list of Python packages is exact: no new release of anything can turn a test red', () => {
  const lists = repositoryFiles().filter((path) => path.endsWith('requirements.txt'));
  expect(lists).toContain(LIST);
  const lines = lists.flatMap((path) => textOf(path).trim().split('\n'));
  expect(lines.filter((line) => !/^(?:#.*|[\w.-]+==\d+(?:\.\w+)*)$/.test(line))).toEqual([]);
});
