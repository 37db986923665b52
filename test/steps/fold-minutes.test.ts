import { describe, expect, test } from 'vitest';
import { fixture, lockIn, NOW, type SceneOptions } from './fixture.ts';

/** At 50 % from this moment on, after an hour of stable alone. */
const baking: SceneOptions = { lock: lockIn('baking', 50, { stageFrom: NOW, firstShareAt: NOW }), minutes: 60 };

async function listening(delivery: SceneOptions['delivery']) {
  const it = await fixture({ ...baking, ...(delivery ? { delivery } : {}) });
  const { releaseId } = it.world.ledger.state.lock!;
  return {
    wait: it.wait,
    ask: () => it.ask('Judge'),
    /** Which minutes were judged, and whether both colours were in them. */
    async judged() {
      await it.ask('Judge');
      return it.world.ledger
        .evidence(releaseId)
        .map(({ index, candidate, stable }) => [index, candidate !== undefined && stable !== undefined]);
    },
  };
}

describe('numbers', () => {
  test('that come in time are judged a minute after theirs has ended', async () => {
    const it = await listening({ latestSeconds: 50 });
    await it.wait(115);
    expect(await it.judged()).toEqual([]);
    await it.wait(10);
    expect(await it.judged()).toEqual([[0, true]]);
  });

  test('of one colour that has reported a later minute are waited for until two minutes have passed', async () => {
    let isLost = true;
    const it = await listening({ latestSeconds: 30, isLost: (colour) => isLost && colour === 'green' });
    await it.wait(90);
    isLost = false;
    await it.wait(85);
    expect(await it.judged()).toEqual([]);
    await it.wait(10);
    expect(await it.judged()).toContainEqual([0, false]);
  });

  test('of a colour without users are not waited for: at 100 % the candidate’s suffice', async () => {
    const lock = lockIn('warm', 100, { stageFrom: NOW, firstShareAt: NOW });
    const it = await fixture({
      lock,
      minutes: 60,
      delivery: { latestSeconds: 40, isLost: (colour) => colour === 'blue' },
    });
    await it.wait(125);
    await it.ask('Judge');
    const evidence = it.world.ledger.evidence(lock.releaseId);
    expect(evidence.map(({ index, alone, candidate }) => [index, alone, candidate !== undefined])).toEqual([
      [0, true, true],
    ]);
  });

  test('that are late for both colours are waited for, and judged when they come', async () => {
    const it = await listening({ latestSeconds: 300 });
    await it.wait(320);
    expect(await it.judged()).toEqual([]);
    await it.wait(45);
    expect(await it.judged()).toEqual([[0, true]]);
  });

  test('that never come are not waited for once the colour is heard again', async () => {
    let isLost = false;
    const it = await listening({ latestSeconds: 60, isLost: (colour) => isLost && colour === 'green' });
    await it.wait(90);
    isLost = true;
    await it.wait(60);
    isLost = false;
    await it.wait(100);
    expect(await it.judged()).toEqual([
      [0, true],
      [1, false],
      [2, true],
    ]);
  });

  test('that never come for both colours are given up after six minutes', async () => {
    const it = await listening({ isLost: () => true });
    await it.wait(415);
    expect(await it.judged()).toEqual([]);
    await it.wait(10);
    expect(await it.judged()).toEqual([[0, false]]);
  });
});

describe('silence', () => {
  test('of five minutes at the end of a bake holds a candidate that was proven safe', async () => {
    let isSilent = false;
    const it = await listening({ isLost: () => isSilent });
    await it.wait(590);
    isSilent = true;
    await it.wait(315);
    expect(await it.ask()).toMatchObject({
      verdict: 'hold',
      summary: /no complete numbers have been delivered lately/,
    });
  });
});
