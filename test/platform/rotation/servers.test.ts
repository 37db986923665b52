import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { postgresUsers } from '../../../platform/rotation/adapters/postgres-users.ts';
import { sql } from '../../migration/alembic.ts';
import { type Postgres, postgresForTests, startPostgres } from '../../postgres.ts';
import { type Redis, redisForTests, startRedis } from '../../redis.ts';
import { FIRST, RotationWorld } from './world.ts';

const ADMIN = { user: 'rds_admin', password: 'admin-password' };
/** What a process of its own, which reads NODE_EXTRA_CA_CERTS when it starts, hears of the database over TLS. */
const asks = (port: number): string => `
import { postgresUsers } from ${JSON.stringify(new URL('../../../platform/rotation/adapters/postgres-users.ts', import.meta.url).href)};
const login = ${JSON.stringify(ADMIN)};
const at = { host: 'localhost', port: ${port}, database: 'postgres', tls: true };
const answer = await postgresUsers(at, async () => login).accepts(login.user, login.password).catch((error) => error.name + ': ' + error.message);
process.stdout.write(String(answer));
`;
const postgresPrograms = postgresForTests();
const redisProgram = redisForTests();

describe.skipIf(!postgresPrograms || !redisProgram)('on a real PostgreSQL and a real Redis', () => {
  let postgres: Postgres;
  let redis: Redis;
  let it: RotationWorld;

  beforeAll(async () => {
    postgres = await startPostgres(postgresPrograms!);
    // As RDS gives it to its first user: it may create roles, and is no superuser.
    sql(postgres, 'postgres', `CREATE ROLE ${ADMIN.user} LOGIN CREATEROLE PASSWORD '${ADMIN.password}'`);
    sql(postgres, 'postgres', `ALTER DATABASE postgres OWNER TO ${ADMIN.user}`);
    redis = await startRedis(redisProgram!, FIRST.REDIS_PASSWORD);
    const address = { host: '127.0.0.1', port: postgres.port, database: 'postgres', tls: false };
    it = new RotationWorld({ database: postgresUsers(address, async () => ADMIN), cache: redis.tokens });
    await it.begin(FIRST);
  });
  afterAll(async () => {
    await redis?.stop();
    await postgres?.stop();
  });

  const asUser = (fields: Readonly<Record<string, string>>, statement: string) => {
    const { DATABASE_USER: PGUSER, DATABASE_PASSWORD: PGPASSWORD } = fields;
    const environment = { ...postgres.environment, PGHOST: '127.0.0.1', PGUSER, PGPASSWORD };
    return sql({ ...postgres, environment }, 'postgres', statement);
  };

  test('a rotation, twice, each step asked twice: no task is locked out, open connections stay, what is old ends [S512]', async () => {
    asUser(FIRST, 'CREATE TABLE made_by_the_first (id int)');
    const early = await redis.connect(FIRST.REDIS_PASSWORD);
    for (const version of ['version-1', 'version-2']) {
      await it.rotate(version, 2);
      expect(await it.trouble()).toEqual([]);
      expect((await it.refresh()).verdict).toBe('restarted');
      for (let task = 0; task < 3; task++) {
        it.replaceOne('blue');
        expect(await it.trouble()).toEqual([]);
      }
      expect((await it.refresh()).verdict).toBe('done');
      expect(await it.trouble()).toEqual([]);
      expect(await early.ping()).toBe('PONG');
    }
    early.end();
    expect(it.secrets.current['DATABASE_USER']).toBe(FIRST.DATABASE_USER);
    expect(await redis.tokens.accepts(FIRST.REDIS_PASSWORD)).toBe(false);
    expect(await redis.tokens.accepts(it.secrets.current['REDIS_PASSWORD']!)).toBe(true);
    expect(() => asUser(FIRST, 'SELECT 1')).toThrow(/password authentication failed/);
  });

  test('ROTATE and then SET keep every connection of before; between them both tokens are taken, then only the new one [S529]', async () => {
    const { tokens } = redis;
    const before = it.secrets.current['REDIS_PASSWORD']!;
    const accepted = async () => [await tokens.accepts(before), await tokens.accepts('second-token-0000')];
    const early = await redis.connect(before);
    await tokens.admit('second-token-0000');
    expect([await early.ping(), ...(await accepted())]).toEqual(['PONG', true, true]);
    await tokens.keepOnly('second-token-0000');
    expect([await early.ping(), ...(await accepted())]).toEqual(['PONG', false, true]);
    early.end();
    await tokens.keepOnly(before);
  });

  test('what one user made, the other may change', async () => {
    await it.rotate('version-3');
    expect(it.secrets.current['DATABASE_USER']).toBe('conductores_app_clone');
    asUser(it.secrets.current, 'ALTER TABLE made_by_the_first ADD COLUMN name text');
    asUser(it.secrets.current, 'CREATE TABLE made_by_the_clone (id int)');
    expect(sql(postgres, 'postgres', "SELECT DISTINCT tableowner FROM pg_tables WHERE tablename LIKE 'made_by%'")).toBe(
      'conductores_app_owner',
    );
  });

  test('a password with quotes is a password', async () => {
    const address = { host: '127.0.0.1', port: postgres.port, database: 'postgres', tls: false };
    const users = postgresUsers(address, async () => ADMIN);
    const password = `it's "quoted" \\ and; DROP TABLE made_by_the_first`;
    await users.admit('quoted', password, 'quoted_owner');
    expect(await users.accepts('quoted', password)).toBe(true);
    expect(await users.accepts('quoted', 'other')).toBe(false);
  });

  test('a server is told a password only when somebody vouches for it', { timeout: 60_000 }, () => {
    const folder = postgres.environment['PGHOST']!;
    const certificate = `${folder}/server.crt`;
    const [subject, names] = [
      ['-subj', '/CN=localhost'],
      ['-addext', 'subjectAltName=DNS:localhost'],
    ];
    const kept = ['-keyout', `${folder}/server.key`, '-out', certificate];
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject, ...names, ...kept],
      {
        stdio: 'ignore',
      },
    );
    const { uid, gid } = statSync(folder);
    chownSync(`${folder}/server.key`, uid, gid);
    sql(postgres, 'postgres', 'ALTER SYSTEM SET ssl = on');
    sql(postgres, 'postgres', 'SELECT pg_reload_conf()');
    const asked = (environment: NodeJS.ProcessEnv) =>
      spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', asks(postgres.port)], {
        env: { ...process.env, ...environment },
        encoding: 'utf8',
      }).stdout;
    // Some lines of Node add advice to the reason.
    const nobodyVouches = /^Transient: The database at localhost: self-signed certificate(?:;|$)/;
    expect(asked({})).toMatch(nobodyVouches);
    expect(asked({ NODE_EXTRA_CA_CERTS: '/no/such/file.pem' })).toMatch(nobodyVouches);
    expect(asked({ NODE_EXTRA_CA_CERTS: certificate })).toBe('true');
  });

  test('a server that is not there is no refusal', async () => {
    const nowhere = postgresUsers({ host: '127.0.0.1', port: 1, database: 'postgres', tls: false }, async () => ({
      user: 'a',
      password: 'b',
    }));
    await expect(nowhere.accepts('a', 'b')).rejects.toMatchObject({ name: 'Transient' });
  });
});
