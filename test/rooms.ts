/** Which test files share a process. vitest.config.ts makes its projects of it, and test/repository.test.ts holds it. */
import { readdirSync } from 'node:fs';

/** Real traffic, whose times are looked at: nothing else may run beside it. */
export const LIVE = 'test/rehearsal/live/';

/** Rooms whose files run in one process, one after the other, and load every module once: they change nothing of it. */
export const TOGETHER = [
  'adapters',
  'bench',
  'conformance',
  'core',
  'iam',
  'infra',
  'platform',
  'rehearsal',
  'report',
  'steps',
];

/** In those rooms, but with an environment or a clock of their own. */
export const APART = [
  'test/adapters/service-credentials.test.ts',
  'test/conformance/templates.test.ts',
  'test/rehearsal/deploys.test.ts',
];

/** Every other room: each file has a process of its own. `.` is the folder itself. */
export const ALONE = ['.', ...roomsIn(new URL('.', import.meta.url)).filter((room) => !TOGETHER.includes(room))];

function roomsIn(folder: URL): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}
