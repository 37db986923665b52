/** Builds the command once before all tests: those of `test/cli` run what users run. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export function setup(): void {
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  execFileSync(process.execPath, ['--import', 'tsx', 'scripts/build.mjs'], { cwd, stdio: 'inherit' });
}
