/** The files of this repository as the next commit would hold them, and how they are read. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const ROOT = new URL('../', import.meta.url);

/** Paths from the root, with `/`: what git tracks, and what is new and not ignored. */
export const repositoryFiles = (): readonly string[] =>
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: ROOT, encoding: 'utf8' })
    .split('\n')
    .filter((path) => path !== '' && isThere(path));

export const isThere = (path: string): boolean => existsSync(new URL(path, ROOT));

export const textOf = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

export const isSource = (path: string): boolean => /\.(ts|mjs)$/.test(path) && !path.endsWith('.d.ts');

export const packageJson = JSON.parse(textOf('package.json')) as {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};

export const dependencies: Readonly<Record<string, string>> = {
  ...packageJson.dependencies,
  ...packageJson.devDependencies,
};
