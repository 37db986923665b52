import { describe, expect, test } from 'vitest';
import type { MigrationStatus } from '../../functions/ports/fleet.ts';
import { CURRENT, FENCE, fixture, lockIn, settled } from './fixture.ts';
import { expectWrites } from './order.ts';

const running = (): MigrationStatus => ({ is: 'running' });
const BY_HAND = 'by-hand-run-1';

test('a service without a migration goes on at once', async () => {
  const { plan } = lockIn('opening');
  const it = await fixture({ lock: lockIn('opening', 0, { plan: { ...plan, migrates: false } }) });
  expect(await it.ask('Migrate')).toMatchObject({ verdict: 'done', share: 5 });
  expect(it.world.writes).toEqual([]);
});

test('the phase is written before the migration runs [F53] [S538]', async () => {
  const it = await fixture({ lock: lockIn('opening'), migration: running });
  expect(await it.ask('Migrate')).toMatchObject({ verdict: 'wait', waitSeconds: 30 });
  expectWrites(it.log, ['ledger: migrating', 'ledger: waiting']);
  expect(it.world.calls.at(-1)?.call).toBe('RunTask');
});

describe('a migration', () => {
  test('that ended well is done', async () => {
    const it = await fixture({ lock: lockIn('migrating') });
    expect(await it.ask('Migrate')).toMatchObject({ verdict: 'done' });
  });

  test('waits for one that a person began before, and is counted as its own time', async () => {
    let byHand: MigrationStatus = running();
    const it = await fixture({
      lock: lockIn('opening'),
      migration: (token) => (token === BY_HAND ? byHand : { is: 'done' }),
    });
    const { fleet } = it.world.ports({ by: 'person' });
    await settled(it.clock, fleet.migrate(BY_HAND, CURRENT.digest));
    expect(await it.ask('Migrate')).toMatchObject({
      verdict: 'wait',
      summary: `0 %: the migration waits for ${BY_HAND}`,
    });
    expect(await settled(it.clock, fleet.migrationOf(lockIn('opening').releaseId))).toBeUndefined();
    byHand = { is: 'done' };
    expect(await it.ask('Migrate')).toMatchObject({ verdict: 'done' });
  });

  test('that waits for too long ends the release', async () => {
    const it = await fixture({ lock: lockIn('opening'), migration: running });
    await settled(it.clock, it.world.ports({ by: 'person' }).fleet.migrate(BY_HAND, CURRENT.digest));
    await it.ask('Migrate');
    await it.wait(1800);
    await expect(it.ask('Migrate')).rejects.toMatchObject({
      name: 'MigrationFailed',
      message: `The migration could not begin within 30 minutes: ${BY_HAND} runs`,
    });
  });

  test('that failed ends the release, and no traffic was moved [F51]', async () => {
    const it = await fixture({ lock: lockIn('migrating'), migration: () => ({ is: 'failed', reason: 'exit code 1' }) });
    await expect(it.ask('Migrate')).rejects.toMatchObject({ name: 'MigrationFailed', message: /exit code 1/ });
    expect(it.world.balancer.weights).toEqual({ blue: 100, green: 0 });
  });

  test('that hangs is stopped after its time, counted by the ledger [F52]', async () => {
    const it = await fixture({ lock: lockIn('migrating'), migration: running });
    await it.ask('Migrate');
    await it.wait(1790);
    expect(await it.ask('Migrate')).toMatchObject({ verdict: 'wait' });
    await it.wait(10);
    await expect(it.ask('Migrate', { release: { id: 'r-20260105-135500', fence: FENCE } })).rejects.toMatchObject({
      name: 'MigrationFailed',
      message: /within 30 minutes; it was stopped/,
    });
    expect(it.log.at(-1)).toBe('StopTask');
  });
});
