import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide, type Moment } from '../../functions/core/bake.ts';
import { RULES } from '../../functions/core/judge/decision.ts';
import { ANSWER_WITHIN_SECONDS } from '../../functions/core/plan.ts';

const BAKE = 900;
const NOW = 1_767_621_600;
const command = { id: 'c-1', verb: 'advance', share: 25, fence: 8 } as const;

const proven = { word: 'advance', rule: RULES.proven, reason: 'green is proven safe' } as const;
const unproven = { word: 'hold', rule: RULES.unproven, reason: 'too few requests' } as const;
const suspected = { word: 'hold', rule: RULES.suspicion, reason: 'odds 7' } as const;
const overThePlan = { word: 'hold', rule: RULES.rollbackBarErrors, reason: 'over the 2 % of the plan' } as const;
const worse = { word: 'abort', rule: RULES.moreErrors, reason: 'green has more errors' } as const;
const baking = { word: 'continue', rule: RULES.baking, reason: 'still baking' } as const;

/** So many seconds into the 15 minutes at 25 %, before 50 %. */
function moment(seconds: number, facts: Partial<Moment> = {}, lock: Partial<Moment['lock']> = {}): Moment {
  return {
    now: NOW + seconds,
    lock: { share: 25, stageFrom: NOW, fence: 8, ...lock },
    stage: { share: 25, bakeSeconds: BAKE, approval: false },
    next: { share: 50, bakeSeconds: BAKE, approval: false },
    onUnproven: 'ask',
    mayPromoteUnproven: false,
    verdict: seconds < BAKE ? baking : unproven,
    silence: undefined,
    ...facts,
  };
}

const last = { next: { share: 100, bakeSeconds: 0, approval: false } } as const;
const approval = { stage: { share: 25, bakeSeconds: BAKE, approval: true } } as const;
const silent = { silence: 'no minute of green has been delivered' } as const;

describe('a bake that goes as it should', () => {
  test.each<[string, Moment, string]>([
    ['goes on until its time is over', moment(899, { verdict: proven }), 'continue'],
    ['ends when its time is over and the candidate is proven', moment(900, { verdict: proven }), 'advance'],
    ['ends at once when the candidate is worse', moment(60, { verdict: worse }), 'abort'],
  ])('%s', (_, at, word) => {
    expect(decide(at).word).toBe(word);
  });
});

describe('too few requests at the end of a bake', () => {
  test.each<[string, Moment, string]>([
    ['hold', moment(900), 'hold'],
    ['hold up to twice the bake', moment(1799), 'hold'],
    ['then, with "proceed", go on', moment(1800, { onUnproven: 'proceed' }), 'advance'],
    ['never with "proceed" to 100 %', moment(1800, { onUnproven: 'proceed', ...last }), 'hold'],
    [
      'unless the profile is trial',
      moment(1800, { onUnproven: 'proceed', ...last, mayPromoteUnproven: true }),
      'advance',
    ],
    ['and never on silence', moment(1800, { onUnproven: 'proceed', mayPromoteUnproven: true, ...silent }), 'hold'],
    ['then, with "abort", go back', moment(1800, { onUnproven: 'abort' }), 'abort'],
    ['but not before', moment(1799, { onUnproven: 'abort' }), 'hold'],
    ['nor over a bar of the plan', moment(1800, { verdict: overThePlan, onUnproven: 'proceed' }), 'hold'],
    ['what is under suspicion goes back', moment(1800, { verdict: suspected, onUnproven: 'proceed' }), 'abort'],
  ])('%s', (_, at, word) => {
    expect(decide(at).word).toBe(word);
  });

  test('then, with "ask", an operator is asked, once', () => {
    expect(decide(moment(1799)).ask).toBeUndefined();
    expect(decide(moment(1800))).toMatchObject({ word: 'hold', ask: true });
    expect(decide(moment(1830, {}, { askedAt: NOW + 1800 })).ask).toBeUndefined();
  });

  test('the person has four hours', () => {
    const asked = { askedAt: NOW + 1800 };
    expect(decide(moment(1800 + ANSWER_WITHIN_SECONDS - 1, {}, asked)).word).toBe('hold');
    expect(decide(moment(1800 + ANSWER_WITHIN_SECONDS, {}, asked))).toMatchObject({
      word: 'abort',
      reason: 'nobody gave an answer within 4 hours: too few requests',
    });
  });
});

describe('silence', () => {
  test('holds although the verdict on what was heard before is good', () => {
    expect(decide(moment(900, { verdict: proven, ...silent }))).toMatchObject({ word: 'hold', reason: silent.silence });
  });

  test('never advances by itself, whatever else is true [F35]', () => {
    const anything = fc.record({
      seconds: fc.nat({ max: 40_000 }),
      verdict: fc.constantFrom(proven, unproven, suspected, worse, baking),
      onUnproven: fc.constantFrom('ask' as const, 'proceed' as const, 'abort' as const),
      mayPromoteUnproven: fc.boolean(),
      stage: fc.record({ share: fc.constant(25), bakeSeconds: fc.constant(BAKE), approval: fc.boolean() }),
      askedAt: fc.option(fc.nat({ max: 40_000 }), { nil: undefined }),
      held: fc.boolean(),
    });
    fc.assert(
      fc.property(anything, ({ seconds, askedAt, held, ...facts }) => {
        const lock = {
          ...(askedAt === undefined ? {} : { askedAt: NOW + askedAt }),
          ...(held ? { hold: { by: 'maria', at: NOW } } : {}),
        };
        expect(decide(moment(seconds, { ...facts, ...silent }, lock)).word).not.toBe('advance');
      }),
    );
  });
});

describe('a stage that asks for approval', () => {
  test('asks at the end of its bake, however good the numbers are', () => {
    expect(decide(moment(899, { ...approval, verdict: proven })).ask).toBeUndefined();
    expect(decide(moment(900, { ...approval, verdict: proven }))).toMatchObject({ word: 'hold', ask: true });
  });

  test('goes on when a person says so, and goes back when nobody does', () => {
    const asked = { askedAt: NOW + 900 };
    const at = (seconds: number, lock: Partial<Moment['lock']>) =>
      decide(moment(seconds, { ...approval, verdict: proven }, lock));
    expect(at(950, asked).word).toBe('hold');
    expect(at(950, { ...asked, command }).word).toBe('advance');
    expect(at(900 + ANSWER_WITHIN_SECONDS, asked)).toMatchObject({ word: 'abort', reason: /nobody gave approval/ });
  });
});

describe('a person', () => {
  test('ends a bake before its time', () => {
    expect(decide(moment(60, {}, { command })).word).toBe('advance');
  });

  test.each([
    ['at another share', { ...command, share: 5 }],
    ['for another release', { ...command, fence: 7 }],
  ])('is not heard %s', (_, other) => {
    expect(decide(moment(60, {}, { command: other })).word).toBe('continue');
  });

  test('holds against a verdict to advance, for four hours, but not against an abort', () => {
    const hold = { by: 'maria', at: NOW + 900 };
    const held = (seconds: number, facts: Partial<Moment>) => decide(moment(seconds, facts, { hold, command }));
    expect(held(950, { verdict: proven })).toEqual({ word: 'hold', reason: 'held by maria' });
    expect(held(900 + ANSWER_WITHIN_SECONDS, { verdict: proven }).word).toBe('abort');
    expect(held(950, { verdict: worse }).word).toBe('abort');
  });
});
