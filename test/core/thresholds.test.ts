import { describe, expect, test } from 'vitest';
import type { GroupMinute } from '../../functions/core/judge/readings.ts';
import { ALARMS, type AlarmName, alarmNamed, alarmState } from '../../functions/core/thresholds.ts';

const minute = (reading: Partial<GroupMinute>): GroupMinute => ({ withinPercent: [], ...reading });
const silent = minute({});

const alarm = (wanted: AlarmName) => ALARMS.find(({ name }) => name === wanted)!;

const stateOf = (wanted: AlarmName, minutes: readonly GroupMinute[], otherColour: readonly GroupMinute[] = []) =>
  alarmState(alarm(wanted), minutes, otherColour).state;
/** Both of the other colour's targets are healthy. */
const well = [1, 2, 3].map(() => minute({ healthyHosts: 2 }));

/** One row for each alarm: at the threshold, just on its wrong side, and what the sentence must name. */
const TABLE: readonly {
  readonly alarm: AlarmName;
  readonly fine: readonly GroupMinute[];
  readonly wrong: readonly GroupMinute[];
  readonly says: string;
}[] = [
  {
    alarm: 'literal-error-rate',
    fine: [minute({ requests: 1000, errors5xx: 20 })],
    wrong: [minute({ requests: 1000, errors5xx: 21 })],
    says: 'error rate 2.1 % (limit: over 2 %)',
  },
  {
    alarm: 'literal-p95',
    fine: [minute({ requests: 200, p95Ms: 500 })],
    wrong: [minute({ requests: 200, p95Ms: 501 })],
    says: 'response time 501 ms (limit: over 500 ms)',
  },
  {
    alarm: 'literal-any-5xx',
    fine: [minute({ requests: 1 })],
    wrong: [minute({ requests: 1, errors5xx: 1 })],
    says: 'server errors 1 a minute (limit: over 0',
  },
  {
    alarm: 'literal-global-error-rate',
    fine: [minute({ requests: 1000, errors5xx: 50 })],
    wrong: [minute({ requests: 1000, errors5xx: 51 })],
    says: 'error rate 5.1 % (limit: over 5 %)',
  },
  {
    alarm: 'literal-server-errors',
    fine: [minute({ requests: 10_000, errors5xx: 9 })],
    wrong: [minute({ requests: 10_000, errors5xx: 10 })],
    says: 'server errors 10 a minute (limit: at least 10',
  },
  {
    alarm: 'literal-unhealthy',
    fine: [minute({ unhealthyHosts: 0 }), minute({ unhealthyHosts: 1 })],
    wrong: [minute({ unhealthyHosts: 1 }), minute({ unhealthyHosts: 1 })],
    says: 'unhealthy targets 1 (limit: over 0',
  },
  {
    alarm: 'backstop-error-rate',
    fine: [minute({ requests: 50, errors5xx: 10 }), minute({ requests: 50 }), minute({ requests: 50, errors5xx: 11 })],
    wrong: [minute({ requests: 50, errors5xx: 11 }), minute({ requests: 50 }), minute({ requests: 50, errors5xx: 11 })],
    says: 'error rate 22 % (limit: over 20 %), in 2 of 3 min',
  },
  {
    alarm: 'backstop-no-healthy-target',
    fine: [minute({ healthyHosts: 1 }), minute({ healthyHosts: 0 })],
    wrong: [minute({ healthyHosts: 0 }), minute({ healthyHosts: 0 })],
    says: 'healthy targets 0 (limit: under 1',
  },
];

test('the table has a row for every alarm', () => {
  expect(TABLE.map((row) => row.alarm)).toEqual(ALARMS.map(({ name }) => name));
});

describe.each(TABLE)('$alarm', ({ alarm: name, fine, wrong, says }) => {
  test('is OK at its threshold', () => {
    expect(stateOf(name, fine, well)).toBe('OK');
  });

  test('is in ALARM just over it, and says what crossed what', () => {
    const { state, reason } = alarmState(alarm(name), wrong, well);
    expect(state).toBe('ALARM');
    expect(reason).toContain(says);
  });

  test('has insufficient data when nothing was delivered', () => {
    expect(stateOf(name, [])).toBe('INSUFFICIENT_DATA');
    expect(stateOf(name, [silent, silent, silent])).toBe('INSUFFICIENT_DATA');
  });
});

describe('samples', () => {
  test.each(['literal-error-rate', 'literal-global-error-rate'] as const)('%s needs 200 requests', (name) => {
    expect(stateOf(name, [minute({ requests: 199, errors5xx: 199 })])).toBe('OK');
    expect(stateOf(name, [minute({ requests: 200, errors5xx: 199 })])).toBe('ALARM');
  });

  test('a 95th percentile needs 200 requests', () => {
    expect(stateOf('literal-p95', [minute({ requests: 199, p95Ms: 9_000 })])).toBe('OK');
  });

  test('the backstop needs 50 requests in each of its minutes', () => {
    const of = (requests: number) => [1, 2, 3].map(() => minute({ requests, errors5xx: requests }));
    expect(stateOf('backstop-error-rate', of(49))).toBe('OK');
    expect(stateOf('backstop-error-rate', of(50))).toBe('ALARM');
  });
});

describe('the other colour', () => {
  const broken = [1, 2, 3].map(() => minute({ requests: 100, errors5xx: 50 }));
  const fine = [1, 2, 3].map(() => minute({ requests: 100, errors5xx: 20 }));

  test('an outage of both colours silences the backstop of either', () => {
    expect(stateOf('backstop-error-rate', broken, broken)).toBe('OK');
    expect(stateOf('backstop-error-rate', broken, fine)).toBe('ALARM');
    expect(stateOf('backstop-error-rate', broken, [])).toBe('ALARM');
  });

  const [none, some] = [minute({ healthyHosts: 0 }), minute({ healthyHosts: 1 })];

  test('a minute in which neither colour has a healthy target says nothing of either', () => {
    const name = 'backstop-no-healthy-target';
    expect(stateOf(name, [none, none], [some, some])).toBe('ALARM');
    expect(stateOf(name, [none, none], [none, none])).toBe('OK');
    // The two fall out and come back up to a minute apart.
    expect(stateOf(name, [none, none], [some, none])).toBe('OK');
    expect(stateOf(name, [none, none], [none, some])).toBe('OK');
  });

  test('a colour whose targets are not delivered excuses and accuses nobody', () => {
    expect(stateOf('backstop-no-healthy-target', [none, none], [silent, silent])).toBe('INSUFFICIENT_DATA');
    expect(stateOf('backstop-no-healthy-target', [none, none])).toBe('INSUFFICIENT_DATA');
  });

  test('the words of the plan do not excuse an outage of both', () => {
    expect(stateOf('literal-error-rate', [minute({ requests: 200, errors5xx: 50 })], broken)).toBe('ALARM');
  });
});

test('refused connections are server errors, although the target has no 5xx of its own [F40]', () => {
  expect(stateOf('literal-any-5xx', [minute({ requests: 100, connectionErrors: 1 })])).toBe('ALARM');
});

test('an alarm is known by the end of its full name', () => {
  expect(alarmNamed('sluice-orders-green-literal-p95')?.name).toBe('literal-p95');
  expect(alarmNamed('sluice-orders-green-literal-global-error-rate')?.name).toBe('literal-global-error-rate');
  expect(alarmNamed('somebody-elses')).toBeUndefined();
});
