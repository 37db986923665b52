import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { ALONE, APART, LIVE, TOGETHER } from './test/rooms.ts';

const filesIn = (room: string): string => (room === '.' ? 'test/*.test.ts' : `test/${room}/**/*.test.ts`);
const live = `${LIVE}**/*.test.ts`;

/** One more than there are cores: some files mostly wait, for a pause between two tries or for a program. */
const maxWorkers = availableParallelism() + 1;

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
        test: { name: 'live', include: [live], maxWorkers: 1, sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        test: {
          name: 'together',
          include: TOGETHER.map(filesIn),
          exclude: [...APART, live],
          isolate: false,
          maxWorkers,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'apart',
          include: [...ALONE.map(filesIn), ...APART],
          maxWorkers,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
