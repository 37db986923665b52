/** Whole releases over the wire, to both of their ends. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { flyOverTheWire } from './flight.ts';
import { A_MINUTE, type Moto, motoForTests, startMoto } from './moto.ts';

const programs = motoForTests();
const FIVE_MINUTES = 300_000;
const STAGES = [{ share: 5, bake: 240 }, { share: 25, bake: 180 }, { share: 50, bake: 180 }, { share: 100 }];
const input = { stages: STAGES, warmMinutes: 2 };

describe.skipIf(!programs)('a release over the wire', () => {
  let moto: Moto;
  beforeAll(async () => {
    moto = await startMoto(programs!);
  }, A_MINUTE);
  afterAll(() => moto?.stop());

  test(
    'of a good version ends with all users on it, share by share',
    async () => {
      const { end, states, greenWeights, left, digest } = await flyOverTheWire(moto, { input });
      expect([end.status, states.at(-1)]).toEqual(['SUCCEEDED', 'Promoted']);
      expect(greenWeights).toEqual([5, 25, 50, 100]);
      expect(left.weights).toEqual({ blue: 0, green: 100 });
      expect(left.desired.blue).toBe(0);
      expect(left.desired.green).toBeGreaterThanOrEqual(2);
      expect([left.state.stable, left.state.lock, left.state.current?.digest]).toEqual(['green', undefined, digest]);
      expect(left.record?.status).toBe('promoted');
    },
    FIVE_MINUTES,
  );

  test(
    'of a worse version ends with all users back on stable',
    async () => {
      const spoiltFrom = { share: 25, points: 20 };
      const { end, states, greenWeights, left } = await flyOverTheWire(moto, { input, spoiltFrom });
      // The whole end, so that whoever sees another one sees why.
      expect({ ...end, state: states.at(-1) }).toMatchObject({ state: 'Reverted', error: 'ReleaseReverted' });
      expect(greenWeights).toEqual([5, 25, 0]);
      expect(left.weights).toEqual({ blue: 100, green: 0 });
      expect(left.desired.green).toBe(0);
      expect([left.state.stable, left.state.lock]).toEqual(['blue', undefined]);
      expect(left.record?.status).toBe('reverted');
    },
    FIVE_MINUTES,
  );
});
