import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { learn } from '../../functions/core/judge/baseline.ts';
import { LATENCY_GRID_MS } from '../../functions/core/judge/constants.ts';
import { beginJudging, foldMinute, weigh } from '../../functions/core/judge/judge.ts';
import { type Plan, planRelease, type Stage } from '../../functions/core/plan.ts';
import type { ImageRequest, ReleaseRequest } from '../../functions/core/release.ts';
import { type Chance, chance } from '../../rehearsal/chance.ts';
import { exposure, type Load, warnings } from '../../report/exposure.ts';

const settings = { policy: 'compare', onUnproven: 'ask', warmMinutes: 60, hasMigration: true } as const;
const compatible = { schemaCompatible: true } as const;

function planned(fields: Partial<ImageRequest> | ReleaseRequest = compatible): Plan {
  const request = { action: 'release', image: 'v1.2.3', source: 'person', ...fields } as ReleaseRequest;
  const answer = planRelease(request, settings);
  if (!answer.ok) throw new Error(JSON.stringify(answer.fields));
  return answer.plan;
}

const at = (requestsPerSecond: number): Load => ({ requestsPerSecond, stableTasks: 2, minimumTasks: 2 });

describe('what a plan can show at the traffic of the service', () => {
  test('a stage sees its share of the requests of its bake', () => {
    expect(exposure(planned(), at(1)).map(({ share, requests }) => [share, requests])).toEqual([
      [5, 45],
      [25, 225],
      [50, 450],
    ]);
  });

  test('a stage needs the tasks that its share needs', () => {
    const load = { ...at(100), stableTasks: 9 };
    expect(exposure(planned(), load).map(({ tasks }) => tasks)).toEqual([2, 3, 5]);
  });

  test('at 1 request/s the 5 % stage shows only faults of about 20 points (docs/judge.md, exposure)', () => {
    const [first] = exposure(planned(), at(1));
    expect(first!.faultPoints).toBeGreaterThan(12);
    expect(first!.faultPoints).toBeLessThan(22);
  });

  test('more traffic never shows less, and never proves fewer healthy releases', () => {
    const traffic = fc.double({ min: 0.1, max: 2000, noNaN: true });
    fc.assert(
      fc.property(traffic, fc.double({ min: 1, max: 10, noNaN: true }), (rps, times) => {
        const [less, more] = [exposure(planned(), at(rps)), exposure(planned(), at(rps * times))];
        less.forEach((stage, index) => {
          expect(more[index]!.faultPoints ?? 101).toBeLessThanOrEqual((stage.faultPoints ?? 101) + 0.02);
          expect(more[index]!.proven).toBeGreaterThanOrEqual(stage.proven);
        });
      }),
      { numRuns: 50 },
    );
  });

  test('a bake too short for its numbers to arrive shows nothing in time', () => {
    const stages: readonly Stage[] = [{ share: 50, bakeSeconds: 120, approval: false }];
    const [stage] = exposure({ ...planned(), stages }, at(100));
    expect(stage!.faultPoints).toBeUndefined();
    expect(stage!.proven).toBe(0);
  });

  test('the literal policy does not compare, so it has no such size', () => {
    expect(
      exposure(planned({ policy: 'literal' }), at(100)).every(({ faultPoints }) => faultPoints === undefined),
    ).toBe(true);
  });
});

describe('the sizes hold in simulated releases', () => {
  const MINUTES_JUDGED = 12;
  const USUAL_RATE = 0.001;
  const RELEASES = 300;

  /** Of releases with that fault, how many go back within the first bake. */
  function found(points: number, requestsPerSecond: number, dice: Chance): number {
    const state = beginJudging(learn([], LATENCY_GRID_MS));
    const counts = (requests: number, rate: number) => ({ requests, failures: dice.binomial(requests, rate) });
    const goesBack = (): boolean => {
      let judged = state;
      for (let index = 0; index < MINUTES_JUDGED; index++) {
        judged = foldMinute(judged, {
          index,
          stageAge: index,
          candidate: counts(Math.round(requestsPerSecond * 60 * 0.05), USUAL_RATE + points / 100),
          stable: counts(Math.round(requestsPerSecond * 60 * 0.95), USUAL_RATE),
          tasks: { candidate: 2, stable: 2 },
        });
      }
      return weigh(judged, { bakeDone: false, names: { candidate: 'green', stable: 'blue' } }).word === 'abort';
    };
    return Array.from({ length: RELEASES }, goesBack).filter(Boolean).length / RELEASES;
  }

  test.each([10, 100])('at %d requests/s: half of it is seldom found, twice of it nearly always', (rps) => {
    const [first] = exposure(planned(), at(rps));
    const dice = chance(7, `exposure ${rps}`);
    expect(found(first!.faultPoints! / 2, rps, dice)).toBeLessThan(0.4);
    expect(found(first!.faultPoints!, rps, dice)).toBeGreaterThan(0.35);
    expect(found(first!.faultPoints! * 2, rps, dice)).toBeGreaterThan(0.9);
  });
});

describe('warnings', () => {
  test('a stage that is blind is told, with a cure', () => {
    const [first, second, ...others] = warnings(planned(), at(1));
    expect(first!.message).toMatch(
      /^at 1 request\/s the 5 % stage sees 45 requests; only faults over about \d+ points can be seen there$/,
    );
    expect(first!.cures).toContainEqual({ stage: 0, share: 25, bakeSeconds: 900, requests: 225 });
    expect(second!.message).toContain('the 25 % stage sees 225 requests');
    expect(others).toEqual([]);
  });

  test('a longer bake cures, a wider share sees more, and both are plans that can be started', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.05, max: 6.6, noNaN: true }), (rps) => {
        const stages = planned().stages.map(({ share, bakeSeconds }) =>
          share === 100 ? { share } : { share, bake: bakeSeconds },
        );
        for (const { cures } of warnings(planned(), at(rps))) {
          for (const { stage, share, bakeSeconds, requests } of cures) {
            const cured = stages
              .map((one, index) => (index === stage ? { share, bake: bakeSeconds } : one))
              .filter((one, index) => index <= stage || one.share > share);
            const plan = planned({ ...compatible, stages: cured });
            expect(exposure(plan, at(rps))[stage]!.requests).toBe(requests);
            if (bakeSeconds > 900) expect(requests).toBeGreaterThanOrEqual(300);
            else expect(requests).toBeGreaterThan(exposure(planned(), at(rps))[stage]!.requests);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  test('a bake that would not fit into one execution is no cure', () => {
    const [first] = warnings(planned(), at(0.1));
    expect(first!.cures.map(({ share }) => share)).toEqual([25]);
  });

  test('nothing is said against a busy service, and silence is not called blind but unjudgeable', () => {
    expect(warnings(planned(), at(100))).toEqual([]);
    const silent = warnings(planned(), at(0));
    expect(silent).toHaveLength(3);
    expect(silent[0]).toEqual({ message: expect.stringContaining('cannot be judged'), cures: [] });
  });

  test('the price of the literal policy and of an incompatible migration is said beforehand [S561]', () => {
    expect(warnings(planned({ ...compatible, policy: 'literal' }), at(100))[0]!.message).toContain('44 to 100 %');
    expect(warnings(planned({}), at(100))[0]!.message).toContain('schemaCompatible');
    expect(warnings(planned({ action: 'rollback' }), at(100))).toEqual([]);
  });
});
