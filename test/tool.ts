/** Real programs for tests: the one that is there; in CI it is installed; without it the tests say that they did not run. */
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';

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
  return found ?? notRun(`there is no ${what} here. ${install}`);
}

/** Says why tests do not run; with CI set that is an error. */
export function notRun(why: string): undefined {
  const told = `NOT RUN: ${why}`;
  if (process.env['CI']) throw new Error(told);
  console.warn(told);
}

/** One at a time: test files run side by side, and apt-get refuses to. */
function installed<Found>(install: string, find: () => Found | undefined): Found | undefined {
  spawnSync('flock', [`${tmpdir()}/apt-get.lock`, 'sh', '-c', `(${install}) >/dev/null`], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return find();
}
