import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DUMP, UPLOAD } from '../../functions/core/backup.ts';
import { type Postgres, postgresForTests, startPostgres } from '../postgres.ts';
import { run, sql } from './alembic.ts';

const programs = postgresForTests();

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

  test('a dump restores into an empty database, row for row, under another user', () => {
    expect(dump('service').code).toBe(0);
    sql(postgres, 'postgres', 'CREATE ROLE somebody LOGIN SUPERUSER');
    sql(postgres, 'postgres', 'CREATE DATABASE restored OWNER somebody');
    const restore = ['pg_restore', '--exit-on-error', '--dbname=restored', `${folder}/database.dump`];
    expect(run(container, restore, { ...postgres.environment, PGUSER: 'somebody' }).code).toBe(0);
    expect(contents('restored')).toBe(contents('service'));
    expect(contents('service')).toMatch(/^1000\|/);
    expect(() => sql(postgres, 'restored', "INSERT INTO driver VALUES (1, 'twice')")).toThrow(/duplicate key/);
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
