import { describe, expect, test } from 'vitest';
import type { GroupMinute } from '../../../functions/core/judge/readings.ts';
import { ABSOLUTE_BAR, judgeWarm, PLAN_RULES, type WarmMinute } from '../../../functions/core/judge/warm.ts';

const names = { candidate: 'green' };
const says = (word: 'abort' | 'continue') =>
  ({
    by: 'judge',
    verdict: { word, rule: 'said so', reason: 'it was said so', evidence: { rule: 'said so' } },
  }) as never;
/** Under `compare`, with a judge that has nothing to say. */
const watch = { oldColourFine: true, errors: says('continue'), names };
/** Under `literal`. */
const plan = { oldColourFine: true, errors: { by: 'plan', rules: PLAN_RULES }, names } as const;
const fine: GroupMinute = { requests: 1_000, withinPercent: [], p95Ms: 215, healthyHosts: 20, unhealthyHosts: 0 };
const old: GroupMinute = { withinPercent: [], healthyHosts: 20, unhealthyHosts: 0 };

const minutes = (count: number, mine: Partial<GroupMinute> = {}, theirs: Partial<GroupMinute> = {}): WarmMinute[] =>
  Array.from({ length: count }, () => ({ candidate: { ...fine, ...mine }, stable: { ...old, ...theirs } }));
const unhealthy = (count: number) => ({ healthyHosts: 20 - count, unhealthyHosts: count });

test('a healthy minute continues, and nobody is paged', () => {
  expect(judgeWarm(minutes(3), watch)).toMatchObject({ word: 'continue', page: false });
});

test('a minute without numbers aborts nothing', () => {
  expect(judgeWarm([{ candidate: { withinPercent: [] } }], watch)).toMatchObject({ word: 'continue', page: false });
  expect(judgeWarm([{}, {}], watch)).toMatchObject({ word: 'continue', page: false });
});

describe('targets', () => {
  const none = { healthyHosts: 0, unhealthyHosts: 20 };

  test('none of them healthy for two minutes aborts, one minute does not', () => {
    expect(judgeWarm([...minutes(2), ...minutes(1, none)], watch).word).toBe('continue');
    expect(judgeWarm(minutes(2, none), watch).word).toBe('abort');
    expect(judgeWarm(minutes(2, { healthyHosts: 0, unhealthyHosts: 0 }), watch).rule).toBe(
      'backstop-no-healthy-target',
    );
  });

  test('one of 20 unhealthy for two minutes pages a person and takes the version off nobody', () => {
    expect(judgeWarm(minutes(2, unhealthy(1)), watch)).toMatchObject({ word: 'continue', page: true });
    expect(judgeWarm(minutes(2, unhealthy(6)), watch)).toMatchObject({ word: 'continue', page: true });
  });

  test('more than 30 % of them unhealthy for two minutes abort, one minute does not [S569]', () => {
    expect(judgeWarm(minutes(2, unhealthy(7)), watch)).toMatchObject({ word: 'abort', rule: 'unhealthy targets' });
    expect(judgeWarm([...minutes(1), ...minutes(1, unhealthy(7))], watch).word).toBe('continue');
  });

  test.each([
    ['too many of them unhealthy', unhealthy(7)],
    ['none of them healthy', none],
  ])('%s abort nothing when the old colour is not fine: the on-call engineer is notified', (_, hosts) => {
    expect(judgeWarm(minutes(2, hosts), { ...watch, oldColourFine: false })).toMatchObject({
      word: 'continue',
      page: true,
    });
  });

  test.each([
    ['too many of them unhealthy', unhealthy(7), unhealthy(7)],
    ['none of them healthy', none, none],
  ])('%s abort nothing while the old colour is likewise', (_, mine, theirs) => {
    expect(judgeWarm(minutes(2, mine, theirs), watch).word).toBe('continue');
    expect(judgeWarm([...minutes(1, mine), ...minutes(1, mine, theirs)], watch).word).toBe('continue');
  });
});

describe('errors under compare', () => {
  const failing = minutes(3, { requests: 6_000, errors5xx: 900 });

  test('are the judge’s matter: what it finds rolls back while the old colour is fine, otherwise the on-call engineer is notified', () => {
    const found = { ...watch, errors: says('abort') };
    expect(judgeWarm(minutes(3), found)).toMatchObject({ word: 'abort', rule: 'said so' });
    expect(judgeWarm(minutes(3), { ...found, oldColourFine: false })).toMatchObject({ word: 'continue', page: true });
  });

  test('over the plan page a person, and roll nobody back before the judge says so', () => {
    expect(judgeWarm(failing, watch)).toMatchObject({
      word: 'continue',
      page: true,
      rule: 'literal-global-error-rate',
    });
    expect(judgeWarm(minutes(3, { requests: 200, errors5xx: 5 }), watch)).toMatchObject({
      word: 'continue',
      page: true,
    });
    const slow = minutes(3, { requests: 200, p95Ms: 501 });
    expect(judgeWarm(slow, watch)).toMatchObject({ word: 'continue', page: true, rule: 'literal-p95' });
  });

  test('ten in one minute of a busy service are nothing', () => {
    expect(judgeWarm(minutes(3, { requests: 60_000, errors5xx: 60 }), watch)).toMatchObject({
      word: 'continue',
      page: false,
    });
  });
});

describe('errors under literal', () => {
  test('over 5 % abort while the old colour is fine, otherwise the on-call engineer is notified [S576]', () => {
    const failing = minutes(3, { requests: 200, errors5xx: 11 });
    const five = { ...plan, errors: { by: 'plan', rules: ABSOLUTE_BAR } } as const;
    expect(judgeWarm(failing, plan).word).toBe('abort');
    expect(judgeWarm(failing, five)).toMatchObject({ word: 'abort', rule: 'literal-global-error-rate' });
    expect(judgeWarm(failing, { ...plan, oldColourFine: false })).toMatchObject({ word: 'continue', page: true });
  });

  test('ten in a minute abort, word for word, however busy the service is [S576]', () => {
    expect(judgeWarm(minutes(3, { errors5xx: 10 }), plan).rule).toBe('literal-server-errors');
    expect(judgeWarm(minutes(3, { requests: 60_000, errors5xx: 10 }), plan).word).toBe('abort');
    expect(judgeWarm(minutes(3, { errors5xx: 9 }), plan).word).toBe('continue');
  });

  test('ten in a minute are no news of a hotfix, beside a broken old version', () => {
    const hotfix = { ...plan, errors: { by: 'plan', rules: ABSOLUTE_BAR } } as const;
    expect(judgeWarm(minutes(3, { errors5xx: 10 }), hotfix).word).toBe('continue');
  });
});
