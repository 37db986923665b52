import { expect, test } from 'vitest';
import { MigrationFailed, Transient } from '../../functions/core/failures.ts';
import { digestOf, fixture, imageOf } from './fleet.ts';

test('a migration runs once, from the new image, in a family of its own [F53]', async () => {
  const { cluster, fleet, calls } = fixture();
  expect(await fleet.migrate('r-1', digestOf('5'))).toEqual({ is: 'running' });
  expect(await fleet.migrate('r-1', digestOf('5'))).toEqual({ is: 'running' });
  expect(cluster.tasks).toHaveLength(1);
  expect(cluster.newest('app-template-migration')?.definition.containerDefinitions?.[0]?.image).toBe(
    imageOf(digestOf('5')),
  );
  expect(cluster.revisions('app-green')).toBe(1);
  const [asked] = calls.filter(({ command }) => command === 'RunTask').map(({ input }) => input);
  expect(asked.clientToken.length).toBeLessThanOrEqual(64);
  expect(asked.overrides.containerOverrides).toEqual([{ name: 'backend', command: ['alembic', 'upgrade', 'head'] }]);
});

/** Exit code of the migration's container (absent: it never started), and what that means. */
const ENDS: readonly (readonly [exitCode: number | undefined, is: object])[] = [
  [0, { is: 'done' }],
  [1, { is: 'failed', reason: 'it ended (backend: exit code 1)' }],
  [undefined, { is: 'failed', reason: 'it ended' }],
];

test.each(ENDS)(
  'a migration that ends with %s is told so, also by an invocation that did not start it',
  async (exitCode, is) => {
    const { cluster, fleet } = fixture();
    await fleet.migrate('r-1', digestOf('5'));
    const containers = [{ name: 'backend', ...(exitCode === undefined ? {} : { exitCode }) }];
    Object.assign(cluster.tasks[0]!, {
      desiredStatus: 'STOPPED',
      lastStatus: 'STOPPED',
      stoppedReason: 'it ended',
      containers,
    });
    expect(await fleet.migrate('r-1', digestOf('5'))).toEqual(is);
  },
);

test('a migration that finds no capacity tries again later; one that cannot start at all has failed [F49]', async () => {
  const { cluster, fleet } = fixture();
  cluster.runFailure = { reason: 'RESOURCE:FARGATE' };
  await expect(fleet.migrate('r-1', digestOf('5'))).rejects.toThrow(Transient);
  cluster.runFailure = { reason: 'MISSING', detail: 'the cluster' };
  await expect(fleet.migrate('r-1', digestOf('5'))).rejects.toThrow(MigrationFailed);
});

test('migrations do not overlap: one waits until another has stopped, also one that was told to', async () => {
  const { cluster, fleet, calls } = fixture();
  await fleet.migrate('by-hand-1', digestOf('4'));
  expect(await fleet.migrate('r-1', digestOf('5'))).toEqual({ is: 'waits', behind: 'by-hand-1' });
  cluster.stopsAfterLooks = 1000;
  Object.assign(cluster.tasks[0]!, { desiredStatus: 'STOPPED', lastStatus: 'DEACTIVATING' });
  expect(await fleet.migrate('r-1', digestOf('5'))).toEqual({ is: 'waits', behind: 'by-hand-1' });
  Object.assign(cluster.tasks[0]!, { lastStatus: 'STOPPED' });
  expect(await fleet.migrate('r-1', digestOf('5'))).toEqual({ is: 'running' });
  expect(calls.filter(({ command }) => command === 'RunTask')).toHaveLength(2);
});

test('a migration beside which another runs has failed: whatever it verified may not be so any more', async () => {
  const { cluster, fleet } = fixture();
  await fleet.migrate('r-1', digestOf('5'));
  const [own] = cluster.tasks;
  // ECS shows a task late at times: both looked, and neither saw the other.
  cluster.tasks.push({ ...structuredClone(own!), taskArn: `${own!.taskArn}-2`, startedBy: 'by-hand-1' });
  Object.assign(own!, { lastStatus: 'STOPPED', desiredStatus: 'STOPPED' });
  expect(await fleet.migrate('r-1', digestOf('5'))).toEqual({
    is: 'failed',
    reason: 'by-hand-1 runs at the same time',
  });
});

test('a migration that is stopped has stopped, or the caller hears that it has not yet [F52]', async () => {
  const { cluster, fleet, slept } = fixture();
  await fleet.migrate('r-1', digestOf('5'));
  cluster.stopsAfterLooks = 3;
  await fleet.stopMigration('r-1');
  expect(cluster.tasks[0]?.lastStatus).toBe('STOPPED');
  expect(slept.length).toBeGreaterThan(0);

  await fleet.migrate('r-2', digestOf('5'));
  cluster.stopsAfterLooks = 1000;
  await expect(fleet.stopMigration('r-2')).rejects.toThrow(Transient);
  await expect(fleet.stopMigration('r-3')).resolves.toBeUndefined();
});
