/** Which test files share a process. vitest.config.ts makes its projects of it, and test/repository.test.ts holds it. */

/** Real traffic, whose times are looked at: nothing else may run beside it. */
export const LIVE = 'test/rehearsal/live/';

/** Rooms whose files run in one process, one after the other, and load every module once: they change nothing of it. */
export const TOGETHER = [
  'adapters',
  'bench',
  'conformance',
  'core',
  'infra',
  'platform',
  'rehearsal',
  'report',
  'steps',
];

/** In those rooms, but with variables of the environment of their own. */
export const APART = ['test/conformance/templates.test.ts', 'test/rehearsal/deploys.test.ts'];

/** Each file of these has a process of its own. `.` is the folder itself. */
export const ALONE = ['.', 'bin', 'ci', 'cli', 'handlers', 'lambda', 'migration', 'scripts'];
