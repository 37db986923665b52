import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DUMP, UPLOAD } from '../../../platform/infra/backup.ts';
import { postgresUsers } from '../../../platform/rotation/adapters/postgres-users.ts';
import { run, sql } from '../../migration/alembic.ts';
import { type Postgres, postgresForTests, startPostgres } from '../../postgres.ts';
import { textOf } from '../../repository-files.ts';

const programs = postgresForTests();

/** What the runbook tells a person to type there, block by block. */
const commandsUnder = (heading: string): readonly string[] =>
  textOf('docs/runbook.md')
    .split(`\n## ${heading}\n`)[1]!
    .split('\n## ')[0]!
    .split('```bash\n')
    .slice(1)
    .map((block) => block.split('```')[0]!);

describe.skipIf(!programs)('the nightly backup, on a real PostgreSQL', () => {
  let postgres: Postgres;
  const folder = mkdtempSync(join(tmpdir(), 'backup-'));
  const container = { folder, remove: () => {} };

  beforeAll(async () => {
    postgres = await startPostgres(programs!);
    sql(postgres, 'postgres', 'CREATE DATABASE service');
    sql(
      postgres,
      'service',
      "CREATE TABLE driver (id int PRIMARY KEY, name text NOT NULL); INSERT INTO driver SELECT n, 'Zoë ' || n FROM generate_series(1, 1000) n",
    );
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await postgres?.stop();
  });

  const dump = (database: string) =>
    run(container, DUMP, { ...postgres.environment, PGDATABASE: database, BACKUP_FOLDER: folder });
  const contents = (database: string) =>
    sql(postgres, database, "SELECT count(*), md5(string_agg(name, ',' ORDER BY id)) FROM driver");

  test('a dump restores into an empty database, row for row, under another user [S52]', () => {
    expect(dump('service').code).toBe(0);
    sql(postgres, 'postgres', 'CREATE ROLE somebody LOGIN SUPERUSER');
    sql(postgres, 'postgres', 'CREATE DATABASE restored OWNER somebody');
    const restore = ['pg_restore', '--exit-on-error', '--dbname=restored', `${folder}/database.dump`];
    expect(run(container, restore, { ...postgres.environment, PGUSER: 'somebody' }).code).toBe(0);
    expect(contents('restored')).toBe(contents('service'));
    expect(contents('service')).toMatch(/^1000\|/);
    expect(() => sql(postgres, 'restored', "INSERT INTO driver VALUES (1, 'twice')")).toThrow(/duplicate key/);
  });

  test('the runbook’s own commands restore it beside the live one, and the service owns it', async () => {
    expect(dump('service').code).toBe(0);
    writeFileSync(`${folder}/aws`, '#!/bin/sh\n[ "$3" = s3://backups/night.dump ] && cp database.dump "$4"\n');
    chmodSync(`${folder}/aws`, 0o755);
    sql(postgres, 'postgres', `CREATE ROLE first_user LOGIN CREATEROLE CREATEDB PASSWORD 'first'`);
    const at = { host: '127.0.0.1', port: postgres.port, database: 'postgres', tls: false };
    sql(postgres, 'postgres', 'ALTER DATABASE postgres OWNER TO first_user');
    await postgresUsers(at, async () => ({ user: 'first_user', password: 'first' })).admit(
      'conductores_app',
      'of-the-service',
      'conductores_app_owner',
    );
    const [asFirst, asService] = commandsUnder('Backups');
    const as = (PGUSER: string, PGPASSWORD: string) => ({
      ...postgres.environment,
      ...{ PATH: `${folder}:${postgres.environment['PATH']}`, PGHOST: '127.0.0.1', PGUSER, PGPASSWORD },
      ...{ BACKUP_BUCKET: 'backups', NIGHT: 'night' },
    });
    const typed = (text: string, environment: NodeJS.ProcessEnv) =>
      run(container, ['bash', '-euc', text.replaceAll('restored', 'beside')], environment);
    expect(typed(asFirst!, as('first_user', 'first'))).toMatchObject({ code: 0 });
    expect(typed(asService!, as('conductores_app', 'of-the-service'))).toMatchObject({ code: 0 });
    expect(contents('beside')).toBe(contents('service'));
    expect(sql(postgres, 'beside', "SELECT tableowner FROM pg_tables WHERE tablename = 'driver'")).toBe(
      'conductores_app_owner',
    );
  });

  test('a database without a single table is no backup: it was read in the wrong place, or everything is gone', () => {
    sql(postgres, 'postgres', 'CREATE DATABASE bare TEMPLATE template0');
    const { code, output } = dump('bare');
    expect(code).toBe(1);
    expect(output).toMatch(/no table with data in the dump of bare/);
  });

  test('a database that cannot be read is no backup, and the task fails', () => {
    expect(dump('nowhere').code).not.toBe(0);
  });
});

test('what was dumped goes to the bucket, under the time of that night', () => {
  const folder = mkdtempSync(join(tmpdir(), 'upload-'));
  writeFileSync(`${folder}/aws`, '#!/bin/sh\necho "$@" > "$BACKUP_FOLDER/calls"\n');
  chmodSync(`${folder}/aws`, 0o755);
  const environment = { PATH: `${folder}:${process.env['PATH']}`, BACKUP_FOLDER: folder, BACKUP_BUCKET: 'backups' };
  expect(run({ folder, remove: () => {} }, UPLOAD, environment).code).toBe(0);
  expect(readFileSync(`${folder}/calls`, 'utf8')).toMatch(
    /^s3 cp --no-progress \S+\/database\.dump s3:\/\/backups\/\d{4}\/\d\d\/\d{4}-\d\d-\d\dT\d{6}Z\.dump\n$/,
  );
  rmSync(folder, { recursive: true, force: true });
});
