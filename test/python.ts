/** Programs from PyPI for tests, in a virtual environment that is made once for each list of exact versions. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
    if (!existsSync(done)) {
      rmSync(folder, { recursive: true, force: true });
      const pip = [`${folder}/bin/pip`, 'install', '--quiet', '--disable-pip-version-check', '--only-binary', ':all:'];
      const isMade =
        runs(['python3', '-m', 'venv', folder]) && runs([...pip, '--requirement', `${ROOT}${requirements}`]);
      if (!isMade) return undefined;
      writeFileSync(done, '');
    }
    return `${folder}/bin`;
  });
}

const runs = ([command, ...args]: readonly string[]): boolean =>
  spawnSync(command!, args, { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
