/** Builds the command once before all tests: those of `test/cli` run what users run. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Every project of the run asks for it. */
const BUILT = Symbol.for('sluice.built');

export function setup(): void {
  const run = globalThis as { [BUILT]?: boolean };
  if (run[BUILT]) return;
  run[BUILT] = true;
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  execFileSync(process.execPath, ['--import', 'tsx', 'scripts/build.mjs'], { cwd, stdio: 'inherit' });
}
