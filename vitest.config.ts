import { defineConfig } from 'vitest/config';

/** Real traffic, whose times are looked at: nothing else may run beside it. */
const LIVE = 'test/rehearsal/live/**/*.test.ts';

export default defineConfig({
  test: {
    testTimeout: 30_000,
    // A server that a test starts for itself, on a machine that does other things too.
    hookTimeout: 60_000,
    globalSetup: 'test/build.ts',
    env: { CDK_VALIDATION: 'false' },
    projects: [
      {
        extends: true,
        test: { name: 'live', include: [LIVE], maxWorkers: 1, sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        test: {
          name: 'all others',
          include: ['test/**/*.test.ts'],
          exclude: [LIVE],
          maxWorkers: '100%',
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
