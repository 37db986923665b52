import { describe, expect, test } from 'vitest';
import { downgradeTo, UPGRADE } from '../../functions/core/migration.ts';
import type { ReleaseRecord } from '../../functions/core/protocol.ts';
import type { MigrationStatus } from '../../functions/ports/fleet.ts';
import { type MigrationRequest, migrateByHand } from '../../functions/steps/shared/migrate-by-hand.ts';
import { CURRENT, type Fixture, fixture, IMAGES, lockIn, type SceneOptions, settled } from './fixture.ts';

const NEWER: ReleaseRecord = {
  releaseId: 'r-20260105-135500',
  image: 'v1.5.0',
  ...IMAGES['v1.5.0'],
  status: 'reverted',
  fence: 8,
  openedAt: 0,
  migrated: true,
  downgradeSafe: true,
};
const UP: MigrationRequest = { id: 'run-1', action: 'upgrade', image: 'v1.5.0' };
const DOWN: MigrationRequest = { ...UP, action: 'downgrade', to: '-1' };

const BEYOND = { ...NEWER, image: 'v1.5.1', ...IMAGES['v1.5.1'] };
const UNDER_USERS = /users are on v1\.5\.\d, which is not older than v1\.5\.0; put them on an older version first/;

async function ask(request: MigrationRequest, options: SceneOptions = {}) {
  const { world, clock } = await fixture(options);
  const { ledger, registry, fleet } = world.ports({ by: 'person' });
  const commands: (readonly string[])[] = [];
  const running = (command: readonly string[]) => {
    commands.push(command);
    return fleet;
  };
  let answer: unknown;
  const ended = migrateByHand({ ledger, registry, running })(request).then(
    (status) => {
      answer = status;
    },
    (error: Error) => {
      answer = error.message;
    },
  );
  await clock.run(() => answer !== undefined);
  await ended;
  return { answer, commands, ran: world.calls.some(({ call }) => call === 'RunTask') };
}

test('a person may migrate without a release', async () => {
  expect(await ask(UP)).toEqual({ answer: { is: 'done' }, commands: [UPGRADE], ran: true });
});

test('not while a release runs', async () => {
  const { answer, ran } = await ask(UP, { lock: lockIn('baking', 5) });
  expect(answer).toMatch(/is being released; ask again when it has ended/);
  expect(ran).toBe(false);
});

describe('a release that opens meanwhile', () => {
  const RUNNING = { is: 'running' } as const;
  const opened = { name: 'a release', condition: { all: [] }, set: { lock: lockIn('opening') } };
  const asking = ({ world, clock }: Fixture) => {
    const { ledger, registry, fleet } = world.ports({ by: 'person' });
    return () => settled(clock, migrateByHand({ ledger, registry, running: () => fleet })(UP));
  };
  const writes = ({ world }: Fixture) => world.writes.map(({ call }) => call);

  test('between the look at the lock and the start ends the run before it has done anything', async () => {
    const it: Fixture = await fixture({
      migration: () => RUNNING,
      before: (_, name) => {
        if (name === 'RunTask') it.write(opened);
      },
    });
    await expect(asking(it)()).rejects.toMatchObject({
      name: 'ReleaseRefused',
      message: /is being released; ask again when it has ended/,
    });
    expect(writes(it)).toEqual(['StopTask']);
  });

  test('after the start waits for it: what was begun is told to its end', async () => {
    let status: MigrationStatus = RUNNING;
    const it = await fixture({ migration: () => status });
    const ask = asking(it);
    expect(await ask()).toEqual(RUNNING);
    it.write(opened);
    expect(await ask()).toEqual(RUNNING);
    status = { is: 'done' };
    expect(await ask()).toEqual({ is: 'done' });
    expect(writes(it)).toEqual([]);
  });

  test('and has migrated already ends the run, also when whoever began it died before a second look', async () => {
    const it = await fixture({ migration: (token) => (token === 'by-hand-run-1' ? RUNNING : { is: 'done' }) });
    const { fleet } = it.world.ports({ by: 'owner' });
    await settled(it.clock, fleet.migrate(lockIn('opening').releaseId, NEWER.digest));
    await settled(it.clock, fleet.migrate('by-hand-run-1', NEWER.digest));
    it.write(opened);
    expect(await asking(it)()).toMatchObject({ is: 'failed', reason: /was released meanwhile; it was stopped/ });
    expect(writes(it)).toEqual(['StopTask']);
  });

  test('a second run by hand waits for the first', async () => {
    const it = await fixture({ migration: () => RUNNING });
    await settled(it.clock, it.world.ports({ by: 'person' }).fleet.migrate('by-hand-run-0', NEWER.digest));
    expect(await asking(it)()).toEqual({ is: 'waits', behind: 'by-hand-run-0' });
  });
});

describe('a downgrade', () => {
  test('runs from the newer image, once users are back on the older [S591]', async () => {
    expect(await ask(DOWN, { records: [NEWER] })).toEqual({
      answer: { is: 'done' },
      commands: [downgradeTo('-1')],
      ran: true,
    });
  });

  test.each<readonly [string, RegExp, SceneOptions]>([
    ['an image that users are on', UNDER_USERS, { ...withRecord({}), service: { current: NEWER } }],
    ['an image that users are beyond', UNDER_USERS, { ...withRecord({}), service: { current: BEYOND } }],
    ['a release that did not say so [S595]', /not released with "downgradeSafe"/, withRecord({ downgradeSafe: false })],
    ['a release that never migrated', /never released with a migration/, withRecord({ migrated: false })],
    ['an image that was never released', /never released/, {}],
  ])('is refused for %s', async (_, sentence, options) => {
    const { answer, ran } = await ask(DOWN, options);
    expect(answer).toMatch(sentence);
    expect(ran).toBe(false);
  });
});

test.each<readonly [string, Partial<MigrationRequest>]>([
  ['a revision that a shell would read', { to: '$(id)' }],
  ['no revision', { to: '' }],
  ['an id that is no name', { id: 'a b' }],
  ['a tag that moves', { image: 'latest' }],
  ['another verb', { action: 'stamp' as 'downgrade' }],
  ['an image that is not there', { image: 'v9.9.9' }],
])('%s is refused before anything runs', async (_, wrong) => {
  const { answer, ran } = await ask({ ...DOWN, ...wrong }, { records: [NEWER] });
  expect(answer).toMatch(/^No migration was started/);
  expect(ran).toBe(false);
});

test('a rollback past a migration does not try to take it back [S595]', async () => {
  const it = await fixture({ records: [{ ...NEWER, ...CURRENT, status: 'promoted' }] });
  const { release } = await it.open({ action: 'rollback', to: 'v1.4.1', acceptSchema: true });
  expect(await it.ask('Migrate', { release: release! })).toMatchObject({ summary: '0 %: nothing to migrate' });
  expect(it.world.calls.some(({ call }) => call === 'RunTask')).toBe(false);
});

function withRecord(changes: Partial<ReleaseRecord>): SceneOptions {
  return { records: [{ ...NEWER, ...changes }] };
}
