import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Notification } from '../../../functions/ports/notifications.ts';
import { randomPasswords } from '../../../platform/rotation/adapters/random-passwords.ts';
import { KEYS, keysByHand, LABELS, nextFields, otherUser, ownerOf } from '../../../platform/rotation/core/rotation.ts';
import { remind } from '../../../platform/rotation/steps/remind.ts';
import { APP, FIRST, memoryCredentials, RotationWorld, SERVICE, STEPS } from './world.ts';

describe('the four steps', () => {
  let it: RotationWorld;
  beforeEach(async () => {
    it = new RotationWorld(memoryCredentials());
    await it.begin(FIRST);
  });

  test('make a new version of every key that is ours, and of no other [S512]', async () => {
    await it.rotate('version-1');
    const changed = Object.entries(it.secrets.current).filter(([key, value]) => FIRST[key as 'SECRET_KEY'] !== value);
    expect(changed.map(([key]) => key).toSorted()).toEqual(
      [...Object.entries(KEYS)]
        .filter(([, { secret }]) => secret === 'app')
        .flatMap(([key, row]) => [key, ...('beside' in row ? row.beside : [])])
        .toSorted(),
    );
  });

  test('asked twice each, they do what they do once [S525]', async () => {
    await it.rotate('version-1', 2);
    expect(it.log).toEqual(['write', 'admit', 'admit', 'move', 'drop']);
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

  test('by new tasks of both colours, and then only it is valid [S528]', async () => {
    expect((await it.refresh()).verdict).toBe('restarted');
    expect((await it.refresh()).verdict).toBe('wait');
    it.replaceAll();
    expect((await it.refresh()).verdict).toBe('done');
    expect((await it.refresh()).verdict).toBe('nothing new');
    expect([it.sides.blue.restarts, it.sides.green.restarts]).toEqual([1, 1]);
    expect((await it.secrets.labels())[LABELS.alone]).toBe('version-1');
  });

  test('but not while a release runs [F58] [S528]', async () => {
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

  test('whose next rotation waits for it, and does not hold it up', async () => {
    await expect(it.rotate('version-2')).rejects.toMatchObject({ name: 'Transient' });
    await it.settle();
    await it.rotate('version-2');
    await it.settle();
    expect(await it.secrets.labels()).toMatchObject({ [LABELS.current]: 'version-2', [LABELS.alone]: 'version-2' });
  });

  test('and ends nothing that a rotation has just made valid', async () => {
    await it.settle();
    for (const step of ['createSecret', 'setSecret'] as const) await it.ask(step, it.secrets.announce('version-2'));
    await it.secrets.put('by-hand', { ...it.secrets.current, GEOTAB_PASSWORD: 'new' });
    await it.settle();
    expect((await it.secrets.labels())[LABELS.alone]).toBe('version-1');
    expect((await it.secrets.labels())[LABELS.running(SERVICE)]).toBe('by-hand');
    await it.rotate('version-3');
    expect(await it.trouble()).toEqual([]);
    await it.settle();
    expect((await it.secrets.labels())[LABELS.alone]).toBe('version-2');
  });

  test('also when a person wrote it', async () => {
    await it.settle();
    await it.secrets.put('by-hand', { ...it.secrets.current, GEOTAB_PASSWORD: 'new' });
    expect((await it.refresh()).verdict).toBe('restarted');
    await it.settle();
    await it.rotate('version-2');
    expect(it.secrets.current).toMatchObject({ GEOTAB_PASSWORD: 'new' });
  });

  test('also of a secret that people write, without anybody reading what is in it', async () => {
    const keys = new RotationWorld(memoryCredentials());
    await keys.begin(FIRST);
    keys.secrets.read = () => Promise.reject(new Error('AccessDeniedException'));
    await keys.secrets.put('by-hand', { GEOTAB_PASSWORD: 'new' });
    await keys.settle({ isRotated: false });
    expect((await keys.refresh({ isRotated: false })).verdict).toBe('nothing new');
    expect(keys.sides.blue.restarts).toBe(1);
    expect(keys.log).not.toContain('keepOnly');
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

test('whatever happens between, and in whatever order, no task is ever locked out, and it comes to rest [S529]', async () => {
  const moments = ['rotate', 'refresh', 'blue', 'green', 'release', 'released', 'by hand', 'death'] as const;
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
        if (moment === 'by hand') await it.secrets.put(`by-hand-${++version}`, { ...it.secrets.current, ODOO: 'new' });
        if (moment === 'death') {
          await it.dyingAt(3, () => it.refresh());
          await it.dyingAt(5, () => it.rotate(`version-${++version}`));
        }
        expect(await it.trouble()).toEqual([]);
      }
      it.release(false);
      await it.settle();
      await it.rotate(`version-${++version}`);
      await it.settle();
      expect(await it.trouble()).toEqual([]);
      const labels = await it.secrets.labels();
      expect(labels).not.toHaveProperty(LABELS.pending);
      expect(labels[LABELS.alone]).toBe(labels[LABELS.current]);
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

test('the first rotation gives a container every field that it will ever read', () => {
  const first = nextFields({ DATABASE_USER: 'conductores_app', REDIS_PASSWORD: 'first' }, randomPasswords.make);
  const fields = Object.entries(KEYS).flatMap(([key, row]) =>
    row.secret === 'app' ? [key, ...('beside' in row ? row.beside : [])] : [],
  );
  expect(fields.filter((field) => !first[field])).toEqual([]);
});

test('two users take turns, and act as one owner', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z]{1,20}$/), (user) => {
      expect(otherUser(otherUser(user))).toBe(user);
      expect(ownerOf(otherUser(user))).toBe(ownerOf(user));
    }),
  );
});

test('eleven keys; those that only their makers can change are told to people [S506] [S515]', async () => {
  expect(Object.keys(KEYS).length).toBe(11);
  const told: Notification[] = [];
  const notifications = {
    send: async (notification: Notification) => {
      told.push(notification);
    },
  };
  await remind({ notifications }, 'conductores/prod/integrations')();
  expect(told.length).toBe(1);
  expect(keysByHand.length).toBe(8);
  expect(keysByHand.filter((key) => !told[0]!.body.includes(key))).toEqual([]);
});
