import { describe, expect, test } from 'vitest';
import { type StandingAlarm, weighLiteral } from '../../../functions/core/judge/literal.ts';
import type { GroupMinute } from '../../../functions/core/judge/readings.ts';
import { ALARMS, alarmState } from '../../../functions/core/thresholds.ts';

const names = { candidate: 'green' };
const gridMs = [100, 300, 500];
const fine: GroupMinute = {
  requests: 100,
  withinPercent: [50, 97, 100],
  p95Ms: 250,
  healthyHosts: 2,
  unhealthyHosts: 0,
};

const minutes = (count: number, changes: Partial<GroupMinute> = {}): readonly GroupMinute[] =>
  Array.from({ length: count }, () => ({ ...fine, ...changes }));

const standing = (of: readonly GroupMinute[]): readonly StandingAlarm[] =>
  ALARMS.map((alarm) => ({
    name: `orders-green-${alarm.name}`,
    kind: alarm.kind,
    ...alarmState(alarm, of, minutes(15)),
  }));

const afterBake = (of: readonly GroupMinute[], alarms = standing(of)) =>
  weighLiteral({ alarms, minutes: of, gridMs, bakeDone: true, names });

describe('policy literal', () => {
  test('a bake without an alarm, with data, the sample and both pass bars advances', () => {
    expect(afterBake(minutes(15)).word).toBe('advance');
  });

  test('any alarm of the plan aborts at once, with its value, threshold and unit [S498]', () => {
    const failing = [...minutes(3), { ...fine, requests: 1_000, errors5xx: 21 }];
    const alarms = standing(failing).filter(({ name }) => name.endsWith('literal-error-rate'));
    const verdict = weighLiteral({ alarms, minutes: failing, gridMs, bakeDone: false, names });
    expect(verdict).toMatchObject({
      word: 'abort',
      evidence: { rule: 'literal-error-rate', value: 2.1, threshold: 2, unit: '%' },
    });
    expect(verdict.reason).toBe('green: error rate 2.1 % (limit: over 2 %)');
  });

  test('one 5xx in a quiet minute aborts [S501]', () => {
    const verdict = afterBake([...minutes(14), { ...fine, requests: 3, errors5xx: 1 }]);
    expect(verdict).toMatchObject({ word: 'abort', evidence: { rule: 'literal-any-5xx', value: 1, threshold: 0 } });
  });

  test('an alarm whose minutes have not come yet, or that nobody knows, aborts all the same', () => {
    const firing = (name: string): StandingAlarm => ({ name, kind: 'literal', state: 'ALARM', reason: 'as seen' });
    const word = (name: string) =>
      weighLiteral({ alarms: [firing(name)], minutes: [], gridMs, bakeDone: false, names });
    expect(word('green-literal-p95')).toMatchObject({ word: 'abort', evidence: { threshold: 500, unit: 'ms' } });
    expect(word('green-mine')).toMatchObject({ word: 'abort', reason: 'alarm green-mine of green: as seen' });
  });

  test('the backstop is not an alarm of the plan', () => {
    const backstop = standing(minutes(15)).map((alarm) =>
      alarm.kind === 'backstop' ? { ...alarm, state: 'ALARM' as const } : alarm,
    );
    expect(afterBake(minutes(15), backstop).word).toBe('advance');
  });

  test('without an alarm a bake goes on to its end', () => {
    const of = minutes(3);
    expect(weighLiteral({ alarms: standing(of), minutes: of, gridMs, bakeDone: false, names }).word).toBe('continue');
  });

  test('199 requests hold, 200 pass', () => {
    const of = (requests: number) => [{ ...fine, requests }];
    expect(afterBake(of(199))).toMatchObject({ word: 'hold', rule: 'minimum sample' });
    expect(afterBake(of(200)).word).toBe('advance');
  });

  test('an alarm without data, or no alarm at all, holds [F37]', () => {
    expect(afterBake(minutes(15, { p95Ms: undefined }))).toMatchObject({ word: 'hold' });
    expect(afterBake(minutes(15), []).word).toBe('hold');
  });

  test('1 % of errors over the bake holds, less passes [S488]', () => {
    const quiet = standing(minutes(15));
    const with15 = [...minutes(14), { ...fine, errors5xx: 15 }];
    expect(afterBake(with15, quiet)).toMatchObject({ word: 'hold', evidence: { value: 1, threshold: 1, unit: '%' } });
    expect(afterBake([...minutes(14), { ...fine, errors5xx: 14 }], quiet).word).toBe('advance');
  });

  test('a 95th percentile over 300 ms for the bake as a whole holds [S488]', () => {
    const slow = (percent: number) => minutes(15, { withinPercent: [50, percent, 100] });
    expect(afterBake(slow(94.9))).toMatchObject({ word: 'hold', rule: 'response time pass bar' });
    expect(afterBake(slow(95)).word).toBe('advance');
    const oneSlowMinute = [...slow(96).slice(1), { ...fine, withinPercent: [0, 90, 100] }];
    expect(afterBake(oneSlowMinute).word).toBe('advance');
  });

  test('response times that were not delivered hold', () => {
    expect(afterBake(minutes(15, { withinPercent: [] })).word).toBe('hold');
  });
});
