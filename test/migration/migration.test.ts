import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { downgradeTo, isDowngradeTarget, UPGRADE } from '../../functions/core/migration.ts';
import type { MigrationStatus } from '../../functions/ports/fleet.ts';
import { SCENARIOS, type Scenario } from '../../rehearsal/scenarios.ts';
import { type Postgres, postgresForTests, startPostgres } from '../postgres.ts';
import { pythonWith } from '../python.ts';
import { SHORT, shortRehearsal } from '../rehearsal/rehearsals.ts';
import { environmentFor, type Image, image, type Ran, run, sql } from './alembic.ts';

const BREAKS_HALFWAY = `
from alembic import op
revision = "0003_broken"
down_revision = "0002_phone"
def upgrade():
    op.execute("CREATE TABLE half (id int)")
    op.execute("UPDATE driver SET nothing = 1")
def downgrade():
    pass
`;
const SECOND_HEAD = `
revision = "0002_other"
down_revision = "0001_drivers"
def upgrade():
    pass
def downgrade():
    pass
`;

const THIRD = `
from alembic import op
revision = "0003_email"
down_revision = "0002_phone"
def upgrade():
    op.execute("ALTER TABLE driver ADD COLUMN email text")
def downgrade():
    op.execute("ALTER TABLE driver DROP COLUMN email")
`;

const programs = postgresForTests();
const bin = programs && pythonWith('alembic', 'examples/migrations/requirements.txt');

/** Alembic needs seconds to start on a busy machine, and starts several times a test. */
const PATIENCE = { timeout: 180_000 };

describe.skipIf(!programs || !bin)('on a real PostgreSQL, with a real Alembic', PATIENCE, () => {
  let postgres: Postgres;
  let database: string;
  let count = 0;
  const older = image(['0002_phone']);
  const newer = image();
  const broken = image([], { '0003_broken': BREAKS_HALFWAY });
  const third = image([], { '0003_email': THIRD });
  const bare = image(['0001_drivers', '0002_phone']);
  const forked = image([], { '0002_other': SECOND_HEAD });

  beforeAll(async () => {
    postgres = await startPostgres(programs!);
    for (const [name, one] of [
      ['at_older', older],
      ['at_newer', newer],
    ] as const) {
      sql(postgres, 'postgres', `CREATE DATABASE ${name}`);
      const { code, output } = run(one, UPGRADE, environmentFor(bin!, postgres, name));
      if (code !== 0) throw new Error(output);
    }
  });
  afterAll(async () => {
    for (const one of [older, newer, broken, third, bare, forked]) one.remove();
    await postgres?.stop();
  });

  /** A database as an earlier migration left it; `template0` is empty. */
  const begin = (as: 'template0' | 'at_older' | 'at_newer'): void => {
    count += 1;
    database = `service_${count}`;
    sql(postgres, 'postgres', `CREATE DATABASE ${database} TEMPLATE ${as}`);
  };
  const from = (one: Image, command: readonly string[]): Ran =>
    run(one, command, environmentFor(bin!, postgres, database));
  const revision = () => sql(postgres, database, 'SELECT version_num FROM alembic_version');
  const columns = () =>
    sql(
      postgres,
      database,
      "SELECT string_agg(column_name, ' ' ORDER BY column_name) FROM information_schema.columns WHERE table_name = 'driver'",
    );

  test('the migration of an image brings the database to where the image is [S534] [S548]', () => {
    begin('at_older');
    const { code, output } = from(newer, UPGRADE);
    expect([code, revision(), columns()]).toEqual([0, '0002_phone', 'id name phone']);
    expect(output).toMatch(/at '0002_phone \(head\)', as the image/);
  });

  test('a revision that fails ends it, undoes all that it did, and keeps the ones before [S548]', () => {
    begin('at_older');
    const { code, output } = from(broken, UPGRADE);
    expect(code).not.toBe(0);
    expect(output).toMatch(/column "nothing" .* does not exist/);
    expect(revision()).toBe('0002_phone');
    expect(sql(postgres, database, "SELECT to_regclass('half') IS NULL")).toBe('t');
  });

  test('an image without a single revision does not pass for one whose database is where it is', () => {
    begin('template0');
    const { code, output } = from(bare, UPGRADE);
    expect(code).toBe(1);
    expect(output).toMatch(/no revision at all: is the folder of migrations in it/);
  });

  test('an image with two heads does not migrate', () => {
    begin('at_older');
    const { code, output } = from(forked, UPGRADE);
    expect(code).not.toBe(0);
    expect(output).toMatch(/Multiple head revisions/);
  });

  test('a database that did not get where the image is fails, whatever Alembic ended with [S555]', () => {
    begin('at_older');
    const [program, flag, text] = UPGRADE;
    const { code, output } = from(newer, [program!, flag!, text!.replace('upgrade head', 'upgrade 0001_drivers')]);
    expect(code).toBe(1);
    expect(output).toMatch(/The database is at '0001_drivers', the image at '0002_phone \(head\)'/);
  });

  test.each([
    ['migrate', UPGRADE],
    ['go back [S591]', downgradeTo('0001_drivers')],
  ])('an older image cannot %s: it does not know the revision', (_, command) => {
    begin('at_newer');
    const { code, output } = from(older, command);
    expect(code).not.toBe(0);
    expect(output).toMatch(/Can't locate revision/);
    expect(revision()).toBe('0002_phone');
  });

  test('the newer image goes back by a step, and then the older one has nothing to migrate [S591]', () => {
    begin('at_newer');
    const { code, output } = from(newer, downgradeTo('-1'));
    expect([code, revision(), columns()]).toEqual([0, '0001_drivers', 'id name']);
    expect(output).toMatch(/from '0002_phone \(head\)' back to '0001_drivers'/);
    expect([from(older, UPGRADE).code, revision()]).toEqual([0, '0001_drivers']);
  });

  test('the newer image goes back to a revision by its name', () => {
    begin('at_newer');
    expect([from(newer, downgradeTo('0001_drivers')).code, revision()]).toEqual([0, '0001_drivers']);
  });

  test('asked for by name again, it has nothing left to do', () => {
    begin('at_older');
    expect([from(newer, downgradeTo('0001_drivers')).code, revision()]).toEqual([0, '0001_drivers']);
  });

  test('a name takes one revision back: one that leads past others says which, and changes nothing [S591]', () => {
    begin('at_newer');
    expect(from(third, UPGRADE).code).toBe(0);
    const { code, output } = from(third, downgradeTo('0001_drivers'));
    expect([code, revision()]).toEqual([1, '0003_email']);
    expect(output).toMatch(/takes back 2 revisions, and 1 was asked for.*write 0001_drivers:2/);
    expect(output).toMatch(/-> 0003_email.*\n.*-> 0002_phone/);
  });

  test('and goes past as many as the person counted', () => {
    begin('at_newer');
    expect(from(third, UPGRADE).code).toBe(0);
    const { code, output } = from(third, downgradeTo('0001_drivers:2'));
    expect([code, revision(), columns()]).toEqual([0, '0001_drivers', 'id name']);
    expect(output).toMatch(/-> 0003_email.*\n.*-> 0002_phone/);
  });

  test('also the first revision of all is told before it is taken back', () => {
    begin('at_older');
    const { code, output } = from(older, downgradeTo('-1'));
    expect([code, revision(), columns()]).toEqual([0, '', '']);
    expect(output).toMatch(/taken back: 1\n.*-> 0001_drivers/);
  });

  test('more steps than there are revisions change nothing', () => {
    begin('at_newer');
    expect(from(newer, downgradeTo('-3')).code).not.toBe(0);
    expect(revision()).toBe('0002_phone');
  });

  test('a downgrade to a revision that nobody knows fails and changes nothing', () => {
    begin('at_newer');
    expect(from(newer, downgradeTo('beefbeef')).code).not.toBe(0);
    expect(revision()).toBe('0002_phone');
  });

  describe('in a release', () => {
    /** A whole release whose migration is that image's. */
    const released = async (one: Image, input: unknown) => {
      let runs = 0;
      const migration = (): MigrationStatus => {
        runs += 1;
        const { code, output } = from(one, UPGRADE);
        return code === 0 ? { is: 'done' } : { is: 'failed', reason: output.trim().split('\n').at(-1)! };
      };
      const scenario: Scenario = { ...SCENARIOS.healthy, migration };
      const { outcome, shares, reason, world } = await shortRehearsal({ scenario, input });
      return { outcome, shares, reason, usersOn: world.stable, revision: revision(), runs };
    };

    test('its image’s revisions are applied before its first share', async () => {
      begin('at_older');
      expect(await released(newer, { image: 'v1.5.0', ...SHORT })).toMatchObject({
        outcome: 'promoted',
        shares: [25, 50, 100],
        revision: '0002_phone',
        runs: 1,
      });
    });

    test('a revision that fails stops it at 0 %, and users stay where they were', async () => {
      begin('at_newer');
      expect(await released(broken, { image: 'v1.5.0', ...SHORT })).toMatchObject({
        outcome: 'reverted',
        shares: [],
        reason: expect.stringMatching(/^The migration failed: /),
        usersOn: 'blue',
        revision: '0002_phone',
      });
    });

    test('an older image stops at 0 % too, and a rollback to it does not try', async () => {
      begin('at_newer');
      expect(await released(older, { image: 'v1.5.0', ...SHORT })).toMatchObject({ outcome: 'reverted', shares: [] });
      expect(await released(older, { action: 'rollback', acceptSchema: true })).toMatchObject({
        outcome: 'promoted',
        shares: [100],
        revision: '0002_phone',
        runs: 0,
      });
    });
  });

  test('two migrations of one database wait for each other', () => {
    begin('template0');
    const [program, flag, text] = UPGRADE;
    const twice = `(${text}) & first=$!; (${text}); second=$?; wait "$first" && exit "$second"`;
    expect(from(newer, [program!, flag!, twice]).code).toBe(0);
    expect([revision(), columns()]).toEqual(['0002_phone', 'id name phone']);
  });
});

test('what a downgrade may go to is a revision or a number of steps, and nothing that a shell would read', () => {
  expect(['-1', '-12', '0001_drivers', 'ae1027a6acf', '0001_drivers:2', 'base_data'].every(isDowngradeTarget)).toBe(
    true,
  );
  expect(['', '-0', '1', 'heads@', '--sql', '$(id)', "a'b c", '-1; id', '-1:2'].filter(isDowngradeTarget)).toEqual([]);
  fc.assert(fc.property(fc.string(), (text) => !isDowngradeTarget(text) || /^[-:\w]+$/.test(text)));
});

test('it is not the beginning of all, for which Alembic has a word, nor another of its words', () => {
  expect(['base', 'base:9', 'head', 'heads', 'current'].filter(isDowngradeTarget)).toEqual([]);
});
