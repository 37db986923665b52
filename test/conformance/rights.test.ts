/** Whole releases with exactly the rights that a service's role and each verb's session give them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Asked, askingIam } from '../iam/asked-of-iam.ts';
import { A_MINUTE, type Moto, motoForTests, startMoto } from './moto.ts';
import { rehearseOverTheWire } from './rehearsal.ts';

const programs = motoForTests();
const FIVE_MINUTES = 300_000;
const input = { stages: [{ share: 25, bake: 180 }, { share: 100 }], warmMinutes: 1 };

describe.skipIf(!programs)('a release with the role of its service alone', () => {
  const asked: Asked[] = [];
  let moto: Moto;
  beforeAll(async () => {
    moto = await startMoto(programs!);
  }, A_MINUTE);
  afterAll(() => moto?.stop());

  test.each([
    ['good', undefined, 'SUCCEEDED'],
    ['worse', { share: 25, points: 30 }, 'FAILED'],
  ] as const)(
    'of a %s version is refused nothing that it does',
    async (_, faultFrom, status) => {
      const { end } = await rehearseOverTheWire(moto, {
        input,
        ...(faultFrom ? { faultFrom } : {}),
        onCall: askingIam(asked),
      });
      expect(asked.filter(({ allowed }) => !allowed)).toEqual([]);
      expect(end.status).toBe(status);
    },
    FIVE_MINUTES,
  );

  test('and all seven verbs were asked', () => {
    const actors = new Set(asked.map(({ actor }) => actor));
    expect([...actors].toSorted()).toEqual(['close', 'judge', 'migrate', 'open', 'prepare', 'revert', 'shift']);
  });
});
