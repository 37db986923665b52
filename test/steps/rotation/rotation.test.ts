import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { postgresUsers } from '../../../functions/adapters/postgres-users.ts';
import { randomPasswords } from '../../../functions/adapters/random-passwords.ts';
import { KEYS, keysByHand, LABELS, nextFields, otherUser, ownerOf } from '../../../functions/core/rotation.ts';
import type { Notice } from '../../../functions/ports/notices.ts';
import { remind } from '../../../functions/steps/rotation/remind.ts';
import { sql } from '../../migration/alembic.ts';
import { type Postgres, postgresForTests, startPostgres } from '../../postgres.ts';
import { type Redis, redisForTests, startRedis } from '../../redis.ts';
import { APP, memoryCredentials, RotationWorld, SERVICE, STEPS } from './world.ts';

const FIRST = {
  SECRET_KEY: 'signs-0',
  SECRET_KEY_NEXT: 'signs-1',
  DATABASE_USER: 'conductores_app',
  DATABASE_PASSWORD: 'first-password-0000',
  REDIS_PASSWORD: 'first-token-00000000',
  GEOTAB_PASSWORD: 'not ours to change',
};

describe('the four steps', () => {
  let it: RotationWorld;
  beforeEach(async () => {
    it = new RotationWorld(memoryCredentials());
    await it.begin(FIRST);
  });

  test('make a new version of every key that is ours, and of no other', async () => {
    await it.rotate('version-1');
    const changed = Object.entries(it.secrets.current).filter(([key, value]) => FIRST[key as 'SECRET_KEY'] !== value);
    expect(changed.map(([key]) => key).toSorted()).toEqual(
      [...Object.entries(KEYS)]
        .filter(([, { secret }]) => secret === 'app')
        .flatMap(([key, row]) => [key, ...('beside' in row ? row.beside : [])])
        .toSorted(),
    );
  });

  test('asked twice each, they do what they do once', async () => {
    await it.rotate('version-1', 2);
    expect(it.log).toEqual(['write', 'admit', 'admit', 'move']);
    expect(await it.trouble()).toEqual([]);
  });

  test('survive a death before or after any call: asked again from the start, they end well', async () => {
    const deaths = 24;
    for (let at = 1; at <= deaths; at++) {
      const world = new RotationWorld(memoryCredentials());
      await world.begin(FIRST);
      world.secrets.announce('version-1');
      let calls = 0;
      world.interfere = () => {
        if (++calls === at) throw new Error('died');
      };
      const asked = async () => {
        for (const step of STEPS) await world.ask(step, 'version-1');
      };
      await expect(asked()).rejects.toThrow('died');
      expect(await world.trouble()).toEqual([]);
      await asked();
      expect(world.secrets.current).toMatchObject({ SECRET_KEY: 'signs-1', DATABASE_USER: 'conductores_app_clone' });
      await world.refresh();
      world.replaceAll();
      expect((await world.refresh()).verdict).toBe('done');
      expect(await world.trouble()).toEqual([]);
    }
  });

  test('refuse a version that nobody announced', async () => {
    await expect(it.ask('createSecret', 'version-9')).rejects.toThrow(/is not pending/);
    expect(it.log).toEqual([]);
  });

  test('do nothing for a version that is current already', async () => {
    for (const step of STEPS) await it.ask(step, 'version-0');
    expect(it.log).toEqual([]);
  });

  test('wait for a cache that takes its time, and go on without the secret if it takes none', async () => {
    const slow = memoryCredentials();
    const world = new RotationWorld({ ...slow, cache: { ...slow.cache, admit: async () => {} } });
    await world.begin(FIRST);
    await expect(world.rotate('version-1')).rejects.toMatchObject({ name: 'Transient' });
    expect(world.slept).toBe(300);
    expect(world.secrets.current).toEqual(FIRST);
  });

  test('wait until the rotation before has reached every task', async () => {
    await it.rotate('version-1');
    await it.refresh();
    it.replaceAll();
    await it.refresh();
    await it.rotate('version-2');
    await expect(it.rotate('version-3')).rejects.toMatchObject({ name: 'Transient' });
    expect(await it.trouble()).toEqual([]);
  });
});

describe('a new version reaches the tasks', () => {
  let it: RotationWorld;
  beforeEach(async () => {
    it = new RotationWorld(memoryCredentials());
    await it.begin(FIRST, { blue: 3, green: 2 });
    await it.rotate('version-1');
  });

  test('by new tasks of both colours, and then only it is valid', async () => {
    expect((await it.refresh()).verdict).toBe('restarted');
    expect((await it.refresh()).verdict).toBe('wait');
    it.replaceAll();
    expect((await it.refresh()).verdict).toBe('done');
    expect((await it.refresh()).verdict).toBe('nothing new');
    expect([it.sides.blue.restarts, it.sides.green.restarts]).toEqual([1, 1]);
    expect((await it.secrets.labels())[LABELS.alone]).toBe('version-1');
  });

  test('but not while a release runs', async () => {
    it.release(true);
    expect(await it.refresh()).toMatchObject({ verdict: 'wait', summary: /is being released/ });
    expect(it.log).not.toContain('restart');
    it.release(false);
    expect((await it.refresh()).verdict).toBe('restarted');
  });

  test('a colour that sleeps is not woken', async () => {
    it.sides.green.tasks = [];
    await it.refresh();
    expect([it.sides.blue.restarts, it.sides.green.restarts]).toEqual([1, 0]);
  });

  test('not while another rotation is going on', async () => {
    it.secrets.announce('version-2');
    expect(await it.refresh()).toMatchObject({ verdict: 'wait', summary: 'a rotation is going on' });
  });

  test('also when a person wrote it', async () => {
    await it.refresh();
    it.replaceAll();
    await it.refresh();
    await it.secrets.put('by-hand', { ...it.secrets.current, GEOTAB_PASSWORD: 'new' });
    it.secrets.announce('by-hand');
    expect((await it.refresh()).verdict).toBe('restarted');
  });

  test('tasks that do not come up keep the old version valid, and somebody hears of it', async () => {
    await it.refresh();
    it.sides.blue.left = 0;
    it.sides.blue.rollout = 'failed';
    await expect(it.refresh()).rejects.toMatchObject({ name: 'NotReady', message: /blue did not come up/ });
    expect(it.log).not.toContain('keepOnly');
    expect(await it.trouble()).toEqual([]);
  });

  test('the old token is valid until the last service that reads it has the new one', async () => {
    const shared = new RotationWorld(memoryCredentials(), [SERVICE, 'reports']);
    await shared.begin(FIRST);
    await shared.rotate('version-1');
    await shared.refresh();
    shared.replaceAll();
    await shared.refresh();
    expect(shared.log).not.toContain('keepOnly');
    await shared.secrets.move(APP, LABELS.running('reports'), 'version-1');
    expect((await shared.refresh()).verdict).toBe('done');
    expect(shared.log).toContain('keepOnly');
  });
});

test('whatever happens between, and in whatever order, no task is ever locked out', async () => {
  const moments = ['rotate', 'refresh', 'blue', 'green', 'release', 'released', 'death'] as const;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...moments), { maxLength: 40 }), async (story) => {
      const it = new RotationWorld(memoryCredentials());
      await it.begin(FIRST, { blue: 2, green: 1 });
      let version = 0;
      for (const moment of story) {
        if (moment === 'rotate') await it.rotate(`version-${++version}`).catch(onlyTransient);
        if (moment === 'refresh') await it.refresh();
        if (moment === 'blue' || moment === 'green') it.replaceOne(moment);
        if (moment === 'release' || moment === 'released') it.release(moment === 'release');
        if (moment === 'death') {
          let calls = 0;
          it.interfere = () => {
            if (++calls === 3) throw new Error('died');
          };
          await it.refresh().catch(() => {});
          it.interfere = () => {};
        }
        expect(await it.trouble()).toEqual([]);
      }
    }),
    { numRuns: 300 },
  );
});

function onlyTransient(error: Error): void {
  if (error.name !== 'Transient') throw error;
}

test('a task accepts what the version before signed, and what the version after will sign', () => {
  const make = randomPasswords.make;
  const [a, b] = [nextFields(FIRST, make), nextFields(nextFields(FIRST, make), make)];
  expect(a['SECRET_KEY']).toBe(FIRST.SECRET_KEY_NEXT);
  expect(a['SECRET_KEY_PREVIOUS']).toBe(FIRST.SECRET_KEY);
  expect(new Set([b['SECRET_KEY'], b['SECRET_KEY_NEXT'], b['SECRET_KEY_PREVIOUS']]).size).toBe(3);
});

test('two users take turns, and act as one owner', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z]{1,20}$/), (user) => {
      expect(otherUser(otherUser(user))).toBe(user);
      expect(ownerOf(otherUser(user))).toBe(ownerOf(user));
    }),
  );
});

test('eleven keys; those that only their makers can change are told to people', async () => {
  expect(Object.keys(KEYS).length).toBe(11);
  const told: Notice[] = [];
  const notices = {
    send: async (notice: Notice) => {
      told.push(notice);
    },
  };
  await remind({ notices }, 'conductores/prod/integrations')();
  expect(told.length).toBe(1);
  expect(keysByHand.length).toBe(8);
  expect(keysByHand.filter((key) => !told[0]!.body.includes(key))).toEqual([]);
});

const postgresPrograms = postgresForTests();
const redisProgram = redisForTests();

describe.skipIf(!postgresPrograms || !redisProgram)('on a real PostgreSQL and a real Redis', () => {
  let postgres: Postgres;
  let redis: Redis;
  let it: RotationWorld;

  beforeAll(async () => {
    postgres = await startPostgres(postgresPrograms!);
    sql(postgres, 'postgres', `ALTER ROLE ${postgres.admin} PASSWORD 'admin-password'`);
    redis = await startRedis(redisProgram!, FIRST.REDIS_PASSWORD);
    const address = { host: '127.0.0.1', port: postgres.port, database: 'postgres', tls: false };
    const admin = async () => ({ user: postgres.admin, password: 'admin-password' });
    it = new RotationWorld({ database: postgresUsers(address, admin), cache: redis.tokens });
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

  test('a rotation, twice, each step asked twice: no task is locked out, open connections stay, what is old ends', async () => {
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
    const users = postgresUsers(address, async () => ({ user: postgres.admin, password: 'admin-password' }));
    const password = `it's "quoted" \\ and; DROP TABLE made_by_the_first`;
    await users.admit('quoted', password, 'quoted_owner');
    expect(await users.accepts('quoted', password)).toBe(true);
    expect(await users.accepts('quoted', 'other')).toBe(false);
  });

  test('a server that is not there is no refusal', async () => {
    const nowhere = postgresUsers({ host: '127.0.0.1', port: 1, database: 'postgres', tls: false }, async () => ({
      user: 'a',
      password: 'b',
    }));
    await expect(nowhere.accepts('a', 'b')).rejects.toMatchObject({ name: 'Transient' });
  });
});
