/** A real browser for tests: the one that is there; in CI one is installed; without one the tests say that they did not run. */
import { execFileSync } from 'node:child_process';
import { chromiumPath } from '../scripts/chromium.ts';

const INSTALL = 'apt-get update && apt-get install -y chromium';

/** The path of a Chromium; undefined after telling how to get one. With CI set that is an error instead. */
export function chromiumForTests(): string | undefined {
  const isCi = Boolean(process.env['CI']);
  const found = chromiumPath(process.env) ?? (isCi && process.getuid?.() === 0 ? installed() : undefined);
  if (found) return found;
  const told = `NOT RUN: there is no Chromium here. ${INSTALL}, or set CHROMIUM_PATH`;
  if (isCi) throw new Error(told);
  console.warn(told);
  return undefined;
}

function installed(): string | undefined {
  execFileSync('sh', ['-c', `(${INSTALL}) >/dev/null`], { stdio: 'inherit' });
  return chromiumPath(process.env);
}
