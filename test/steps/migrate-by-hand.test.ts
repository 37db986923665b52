import { describe, expect, test } from 'vitest';
import { downgradeTo, UPGRADE } from '../../functions/core/migration.ts';
import type { ReleaseRecord } from '../../functions/core/protocol.ts';
import { type MigrationRequest, migrateByHand } from '../../functions/steps/migrate-by-hand.ts';
import { CURRENT, IMAGES, lockIn, type SceneOptions, scene } from './scene.ts';

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
  const { world, clock } = await scene(options);
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

test('what was begun is told to its end, also when a release begins meanwhile', async () => {
  const { world, clock } = await scene();
  const { ledger, registry, fleet } = world.ports({ by: 'person' });
  const answers: unknown[] = [];
  const askOnce = async () => {
    const count = answers.length;
    migrateByHand({ ledger, registry, running: () => fleet })(UP).then(
      (status) => answers.push(status),
      (error: Error) => answers.push(error.message),
    );
    await clock.run(() => answers.length > count);
  };
  await askOnce();
  world.ledger.write({ name: 'a release', condition: { all: [] }, set: { lock: lockIn('opening') } });
  await askOnce();
  expect(answers).toEqual([{ is: 'done' }, { is: 'done' }]);
  expect(world.calls.filter(({ call }) => call === 'RunTask').length).toBe(1);
});

describe('a downgrade', () => {
  test('runs from the newer image, once users are back on the older', async () => {
    expect(await ask(DOWN, { records: [NEWER] })).toEqual({
      answer: { is: 'done' },
      commands: [downgradeTo('-1')],
      ran: true,
    });
  });

  test.each<readonly [string, RegExp, SceneOptions]>([
    ['an image that users are on', UNDER_USERS, { ...withRecord({}), service: { current: NEWER } }],
    ['an image that users are beyond', UNDER_USERS, { ...withRecord({}), service: { current: BEYOND } }],
    ['a release that did not say so', /not released with "downgradeSafe"/, withRecord({ downgradeSafe: false })],
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

test('a rollback past a migration does not try to take it back', async () => {
  const it = await scene({ records: [{ ...NEWER, ...CURRENT, status: 'promoted' }] });
  const { release } = await it.open({ action: 'rollback', to: 'v1.4.1', acceptSchema: true });
  expect(await it.ask('Migrate', { release: release! })).toMatchObject({ summary: '0 %: nothing to migrate' });
  expect(it.world.calls.some(({ call }) => call === 'RunTask')).toBe(false);
});

function withRecord(changes: Partial<ReleaseRecord>): SceneOptions {
  return { records: [{ ...NEWER, ...changes }] };
}
