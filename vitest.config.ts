import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    maxWorkers: '100%',
    testTimeout: 30_000,
    // A server that a test starts for itself, on a machine that does other things too.
    hookTimeout: 60_000,
    globalSetup: 'test/build.ts',
    env: { CDK_VALIDATION: 'false' },
  },
});
