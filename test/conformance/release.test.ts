/** Whole releases over the wire, to both of their ends. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { A_MINUTE, type Moto, motoForTests, sharedMoto } from './moto.ts';
import { rehearseOverTheWire } from './rehearsal.ts';

const programs = motoForTests();
const FIVE_MINUTES = 300_000;
const STAGES = [{ share: 5, bake: 240 }, { share: 25, bake: 180 }, { share: 50, bake: 180 }, { share: 100 }];
const input = { stages: STAGES, warmMinutes: 2 };

describe.skipIf(!programs)('a release over the wire', () => {
  let moto: Moto;
  beforeAll(async () => {
    moto = await sharedMoto(programs!);
  }, A_MINUTE);
  afterAll(() => moto?.stop());

  test(
    'of a good version ends with all users on it, share by share',
    async () => {
      const { end, states, greenWeights, left, digest, told, troubles } = await rehearseOverTheWire(moto, { input });
      expect([end.status, states.at(-1)]).toEqual(['SUCCEEDED', 'Promoted']);
      expect(greenWeights).toEqual([5, 25, 50, 100]);
      expect(left.weights).toEqual({ blue: 0, green: 100 });
      expect(left.desired.blue).toBe(0);
      expect(left.desired.green).toBeGreaterThanOrEqual(2);
      expect([left.state.stable, left.state.lock, left.state.current?.digest]).toEqual(['green', undefined, digest]);
      expect(left.record?.status).toBe('promoted');
      expect(told).toEqual(['started', 'advanced', 'advanced', 'advanced', 'promoted']);
      expect(troubles).toEqual([]);
    },
    FIVE_MINUTES,
  );

  test(
    'of a worse version ends with all users back on stable',
    async () => {
      const faultFrom = { share: 25, points: 20 };
      const { end, states, greenWeights, left, told, troubles } = await rehearseOverTheWire(moto, { input, faultFrom });
      // The whole end, so that whoever sees another one sees why.
      expect({ ...end, state: states.at(-1) }).toMatchObject({ state: 'Reverted', error: 'ReleaseReverted' });
      expect(end.cause).toContain('green has more errors than blue');
      // It weighed with the noise of blue's own zones, which it read in the minutes before.
      expect(end.cause).not.toContain('baseline minutes');
      expect(greenWeights).toEqual([5, 25, 0]);
      expect(left.weights).toEqual({ blue: 100, green: 0 });
      expect(left.desired.green).toBe(0);
      expect([left.state.stable, left.state.lock]).toEqual(['blue', undefined]);
      expect(left.record?.status).toBe('reverted');
      // Somebody is told of the plan's bar that is crossed; then of the end, in the release's thread and beside it.
      expect(told).toEqual(['started', 'advanced', 'trouble', 'reverted', 'reverted']);
      expect(troubles).toEqual([]);
    },
    FIVE_MINUTES,
  );

  test(
    'by the plan word for word passes while its alarms are well, and ends when one of them rings',
    async () => {
      const { end, states, greenWeights, left } = await rehearseOverTheWire(moto, {
        input: { ...input, policy: 'literal' },
        faultFrom: { share: 25, points: 10 },
        errorRate: 0,
      });
      expect({ ...end, state: states.at(-1) }).toMatchObject({ state: 'Reverted', error: 'ReleaseReverted' });
      expect(end.cause).toMatch(/^green: (alarm literal-error-rate$|error rate [\d.]+ % \(limit: over 2 %\))/);
      expect(greenWeights).toEqual([5, 25, 0]);
      expect(left.weights).toEqual({ blue: 100, green: 0 });
    },
    FIVE_MINUTES,
  );
});
