/** Real programs for tests: the one that is there; in CI it is installed; without it the tests say that they did not run. */
import { execFileSync } from 'node:child_process';

/**
 * What `find` found; undefined after telling how to get it. With CI set that is an error instead, and as root it is
 * installed first.
 */
export function toolForTests<Found>(
  what: string,
  packages: readonly string[],
  find: () => Found | undefined,
): Found | undefined {
  const install = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  const isCi = Boolean(process.env['CI']);
  const found = find() ?? (isCi && process.getuid?.() === 0 ? installed(install, find) : undefined);
  if (found !== undefined) return found;
  const told = `NOT RUN: there is no ${what} here. ${install}`;
  if (isCi) throw new Error(told);
  console.warn(told);
  return undefined;
}

function installed<Found>(install: string, find: () => Found | undefined): Found | undefined {
  execFileSync('sh', ['-c', `(${install}) >/dev/null`], {
    stdio: 'inherit',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return find();
}
