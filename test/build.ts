/**
 * Once before all tests: builds the command, which those of `test/cli` run as users do, and gives the run a folder for its
 * temporary files (the CDK's assemblies, Chromium's profiles, PostgreSQL's clusters), of which nothing is left.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Every project of the run asks for it. */
const BUILT = Symbol.for('sluice.built');

export function setup(): (() => void) | undefined {
  const run = globalThis as { [BUILT]?: boolean };
  if (run[BUILT]) return undefined;
  run[BUILT] = true;
  const folder = mkdtempSync(join(tmpdir(), 'sluice-tests-'));
  // PostgreSQL runs as a user of its own.
  chmodSync(folder, 0o755);
  process.env['TMPDIR'] = folder;
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  execFileSync(process.execPath, ['--import', 'tsx', 'scripts/build.mjs'], { cwd, stdio: 'inherit' });
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
