/** Programs from PyPI for tests, in a virtual environment that is made once for each list of exact versions. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toolForTests } from './tool.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The `bin` folder; undefined after telling why not (with CI set that is an error). `requirements`: from the root. */
export function pythonWith(name: string, requirements: string): string | undefined {
  const digest = createHash('sha256')
    .update(readFileSync(`${ROOT}${requirements}`))
    .digest('hex')
    .slice(0, 12);
  const folder = `${ROOT}.sluice/${name}-${digest}`;
  return toolForTests(`python3 that can install ${requirements}`, ['python3', 'python3-venv'], () => {
    const done = `${folder}/.complete`;
    return alone(`${folder}.maker`, () => {
      if (existsSync(done)) return `${folder}/bin`;
      rmSync(folder, { recursive: true, force: true });
      const pip = [`${folder}/bin/pip`, 'install', '--quiet', '--disable-pip-version-check', '--only-binary', ':all:'];
      const isMade =
        runs(['python3', '-m', 'venv', folder]) && runs([...pip, '--requirement', `${ROOT}${requirements}`]);
      if (!isMade) return undefined;
      writeFileSync(done, '');
      return `${folder}/bin`;
    });
  });
}

const LOOK_EVERY_MS = 200;

/** Test files run side by side: one of them makes it, and the others wait, unless the one is dead. `lock` names its process. */
function alone<Made>(lock: string, make: () => Made): Made {
  mkdirSync(dirname(lock), { recursive: true });
  while (!takes(lock)) {
    if (isDead(lock)) rmSync(lock, { force: true });
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_EVERY_MS);
  }
  try {
    return make();
  } finally {
    rmSync(lock, { force: true });
  }
}

function takes(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === 'EEXIST') return false;
    throw error;
  }
}

function isDead(lock: string): boolean {
  try {
    const maker = Number(readFileSync(lock, 'utf8'));
    if (maker > 0) process.kill(maker, 0);
    return false;
  } catch (error) {
    return (error as { code?: string }).code === 'ESRCH';
  }
}

const runs = ([command, ...args]: readonly string[]): boolean =>
  spawnSync(command!, args, { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
