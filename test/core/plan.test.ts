import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HISTORY_BUDGET, historyEvents, longestSeconds, type Plan, planRelease } from '../../functions/core/plan.ts';
import type { ImageRequest, ReleaseRequest } from '../../functions/core/release.ts';

const settings = { policy: 'compare', onUnproven: 'ask', warmMinutes: 60, hasMigration: true } as const;

const release = (fields: Partial<ImageRequest> = {}): ImageRequest => ({
  action: 'release',
  image: 'v1.2.3',
  source: 'person',
  ...fields,
});

function planned(request: ReleaseRequest, firstRelease = false): Plan {
  const answer = planRelease(request, settings, firstRelease);
  if (!answer.ok) throw new Error(JSON.stringify(answer.fields));
  return answer.plan;
}

const refusedFields = (request: ReleaseRequest) => {
  const answer = planRelease(request, settings);
  return answer.ok ? [] : answer.fields;
};

const journey = ({ stages }: Plan) => stages.map(({ share, bakeSeconds }) => [share, bakeSeconds]);

const canary = [
  [5, 900],
  [25, 900],
  [50, 900],
  [100, 0],
];

describe('the stages of a release', () => {
  test('a canary goes through 5, 25 and 50 % with 15 minutes each [S480]', () => {
    expect(journey(planned(release()))).toEqual(canary);
    expect(journey(planned(release({ strategy: 'canary' })))).toEqual(canary);
  });

  test('a blue-green release goes through 10 and 50 % with 5 minutes each [S468]', () => {
    expect(journey(planned(release({ strategy: 'blue-green' })))).toEqual([
      [10, 300],
      [50, 300],
      [100, 0],
    ]);
  });

  test("the request's own stages are a strategy of their own; a bake that is not said is 15 minutes", () => {
    const plan = planned(
      release({ stages: [{ share: 20, bake: 120, approval: true }, { share: 60 }, { share: 100 }] }),
    );
    expect(plan.strategy).toBe('custom');
    expect(plan.stages).toEqual([
      { share: 20, bakeSeconds: 120, approval: true },
      { share: 60, bakeSeconds: 900, approval: false },
      { share: 100, bakeSeconds: 0, approval: false },
    ]);
  });

  test('the first release of a service goes straight to everybody: there is nothing to compare it with', () => {
    const plan = planned(release(), true);
    expect(journey(plan)).toEqual([[100, 0]]);
    expect(plan.migrates).toBe(true);
  });

  test('a rollback goes straight to everybody and never migrates', () => {
    const plan = planned({ action: 'rollback', to: 'v1.2.2' });
    expect(journey(plan)).toEqual([[100, 0]]);
    expect(plan.migrates).toBe(false);
  });

  test('the request wins over the settings, and the settings speak where it is silent', () => {
    expect(planned(release())).toMatchObject({ policy: 'compare', onUnproven: 'ask', warmSeconds: 3600 });
    expect(planned(release({ policy: 'literal', onUnproven: 'abort', warmMinutes: 0 }))).toMatchObject({
      policy: 'literal',
      onUnproven: 'abort',
      warmSeconds: 0,
    });
  });
});

describe('the waits of a release fit into the history of one execution', () => {
  test('both strategies fit by default, with every hold and every question', () => {
    for (const strategy of ['canary', 'blue-green'] as const) {
      const plan = planned(release({ strategy }));
      expect(historyEvents(plan)).toBeLessThan(HISTORY_BUDGET);
    }
    // 30 min migration, 4 x 15 min prepare, 90 min of bakes held, 3 x 4 h questions, 60 min warm, 10 min drains.
    expect(longestSeconds(planned(release()))).toBe((30 + 60 + 90 + 720 + 60 + 10) * 60);
    expect(historyEvents(planned(release()))).toBe(500 + 4 * 14 + ((30 + 60 + 90 + 720 + 60 + 10) * 60 * 9) / 30);
  });

  test('an approval is the same question as an unproven bake, and is waited for once', () => {
    const asks = planned(release({ stages: [{ share: 10 }, { share: 100 }] }));
    const approves = planned(release({ stages: [{ share: 10, approval: true }, { share: 100 }] }));
    const neither = planned(release({ stages: [{ share: 10 }, { share: 100 }], onUnproven: 'abort' }));
    expect(longestSeconds(approves)).toBe(longestSeconds(asks));
    expect(longestSeconds(asks) - longestSeconds(neither)).toBe(4 * 3600);
  });

  const longestIn = (fix: string | undefined): number => Number(/at most (\d+)/.exec(fix ?? '')?.[1]);

  test('bakes that are too long are refused with the longest that fits, to the second [F12]', () => {
    const stagesOf = (bake: number) => [{ share: 10, bake }, { share: 50, bake }, { share: 100 }];
    const [wrong, ...others] = refusedFields(release({ stages: stagesOf(40_000) }));
    expect([wrong?.field, others]).toEqual(['stages', []]);
    const longest = longestIn(wrong?.fix);
    expect(refusedFields(release({ stages: stagesOf(longest) }))).toEqual([]);
    expect(refusedFields(release({ stages: stagesOf(longest + 1) }))).toHaveLength(1);
  });

  test('a warm time that is too long is refused with the longest that fits, to the minute [F12]', () => {
    const [wrong, ...others] = refusedFields(release({ warmMinutes: 720 }));
    expect([wrong?.field, others]).toEqual(['warmMinutes', []]);
    const warmMinutes = longestIn(wrong?.fix);
    expect(refusedFields(release({ warmMinutes }))).toEqual([]);
    expect(refusedFields(release({ warmMinutes: warmMinutes + 1 }))).toHaveLength(1);
  });

  test('too many stages that may ask a person are told how many may', () => {
    const stages = [1, 2, 5, 10, 25, 50, 75, 100].map((share) => (share < 100 ? { share, bake: 60 } : { share }));
    const [wrong] = refusedFields(release({ stages }));
    expect(wrong?.field).toBe('stages');
    const most = longestIn(wrong?.fix);
    const asking = (count: number) =>
      release({
        onUnproven: 'abort',
        stages: stages.map((stage, index) => ({ ...stage, approval: index < count })),
      });
    expect(refusedFields(asking(most))).toEqual([]);
    expect(refusedFields(asking(most + 1))).toHaveLength(1);
  });

  const requests = fc
    .record({
      bakes: fc.array(fc.tuple(fc.integer({ min: 60, max: 64_800 }), fc.boolean()), { maxLength: 19 }),
      onUnproven: fc.constantFrom('ask', 'proceed', 'abort'),
      warmMinutes: fc.option(fc.integer({ min: 0, max: 720 }), { nil: undefined }),
    })
    .map(({ bakes, onUnproven, warmMinutes }) =>
      release({
        onUnproven,
        warmMinutes,
        stages: [...bakes.map(([bake, approval], index) => ({ share: index + 1, bake, approval })), { share: 100 }],
      }),
    );

  test('a plan stays under the budget, or it is refused with a fix that fits', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const answer = planRelease(request, settings);
        if (answer.ok) {
          expect(historyEvents(answer.plan)).toBeLessThan(HISTORY_BUDGET);
          return;
        }
        expect(answer.fields.length).toBeGreaterThan(0);
        for (const { field, fix } of answer.fields) {
          if (!/^write (bakes of )?at most/.test(fix)) continue;
          const longest = longestIn(fix);
          const mended =
            field === 'warmMinutes'
              ? { ...request, warmMinutes: longest }
              : {
                  ...request,
                  stages: request.stages?.map((stage) => (stage.bake ? { ...stage, bake: longest } : stage)),
                };
          expect(refusedFields(mended)).toEqual([]);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('a longer wait never has fewer events', () => {
    fc.assert(
      fc.property(fc.integer({ min: 60, max: 5000 }), fc.integer({ min: 0, max: 5000 }), (bake, longer) => {
        const events = (seconds: number) =>
          historyEvents(planned(release({ stages: [{ share: 10, bake: seconds }, { share: 100 }] })));
        expect(events(bake + longer)).toBeGreaterThanOrEqual(events(bake));
      }),
    );
  });
});
