/** Programs from PyPI for tests, in a virtual environment that is made once for each list of exact versions. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { notRun, toolForTests } from './tool.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

export const pythonForTests = (): string | undefined =>
  toolForTests('python3 with venv', ['python3', 'python3-venv'], () =>
    saidBy('python3', '-c', 'import ensurepip, venv') === undefined ? 'python3' : undefined,
  );

/**
 * The `bin` folder; undefined after telling why not (with CI set that is an error). `requirements`: from the root, complete:
 * what is not in it is not installed, so that a new version of anything changes nothing here. `keptIn`: ends with a slash.
 */
export function pythonWith(name: string, requirements: string, keptIn = `${ROOT}.sluice/`): string | undefined {
  const list = `${ROOT}${requirements}`;
  const digest = createHash('sha256').update(readFileSync(list)).digest('hex').slice(0, 12);
  const folder = `${keptIn}${name}-${digest}`;
  const done = `${folder}/.complete`;
  const failed = `${folder}.failed`;
  const python = pythonForTests();
  if (python === undefined) return undefined;
  const failure = alone(`${folder}.maker`, () => {
    if (existsSync(done)) return undefined;
    const before = failureOfThisRun(failed);
    if (before !== undefined) return before;
    rmSync(folder, { recursive: true, force: true });
    const pip = `${folder}/bin/pip`;
    const only = ['--only-binary', ':all:', '--no-deps', '--requirement', list];
    const said =
      saidBy(python, '-m', 'venv', folder) ??
      saidBy(pip, 'install', '--quiet', '--disable-pip-version-check', ...only) ??
      saidBy(pip, 'check');
    if (said === undefined) writeFileSync(done, '');
    else writeFileSync(failed, `${RUN}\n${said}`);
    return said;
  });
  return failure === undefined ? `${folder}/bin` : notRun(`${requirements} cannot be installed: ${failure}`);
}

/** Every test file of a run is a child of the one process; a later run asks PyPI again. */
const RUN = String(process.ppid);

/** What was said when another file of this run tried in vain. */
function failureOfThisRun(failed: string): string | undefined {
  if (!existsSync(failed)) return undefined;
  const [run, ...said] = readFileSync(failed, 'utf8').split('\n');
  return run === RUN ? said.join('\n') : undefined;
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

/** pip says last that there is no such version, and before that, of its last try, why it could ask nobody. */
const LAST_LINES = 3;

/** What a program that failed said last; undefined where it did what it was asked. */
function saidBy(command: string, ...args: readonly string[]): string | undefined {
  const env = { PIP_TIMEOUT: '10', PIP_RETRIES: '2', ...process.env };
  const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', env });
  if (status === 0) return undefined;
  return error?.message ?? (stderr || stdout).trim().split('\n').slice(-LAST_LINES).join('\n');
}
