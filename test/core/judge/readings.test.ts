import { describe, expect, test } from 'vitest';
import { countsOf, countsOfZones, failuresOf, type GroupMinute } from '../../../functions/core/judge/readings.ts';

const at = { slow: 0, verySlow: 1, overPassBar: 2, overRollbackBar: -1 };
const group = (reading: Partial<GroupMinute>): GroupMinute => ({ withinPercent: [90, 99, 96], ...reading });

describe('failures', () => {
  test('a count that was not reported beside requests is zero', () => {
    expect(countsOf(group({ requests: 200 }), at)).toEqual({
      requests: 200,
      failures: 0,
      slow: 20,
      verySlow: 2,
      overPassBar: 8,
    });
  });

  test('refused connections fail, although the target reported no 5xx', () => {
    expect(failuresOf(group({ requests: 200, errors5xx: 3, connectionErrors: 10 }))).toBe(13);
  });

  test('requests that nobody answered are lost, beyond those in flight at the edge of the minute', () => {
    expect(failuresOf(group({ requests: 200, answered: 196 }))).toBe(0);
    expect(failuresOf(group({ requests: 200, answered: 100 }))).toBe(96);
  });

  test('a lost request that is known as a refused connection counts once', () => {
    expect(failuresOf(group({ requests: 200, answered: 100, connectionErrors: 98 }))).toBe(98);
  });

  test('nothing is lost where the answers were not asked for', () => {
    expect(failuresOf(group({ requests: 200 }))).toBe(0);
  });
});

describe('a minute', () => {
  test('without requests there is nothing to judge', () => {
    expect(countsOf(group({ errors5xx: 3 }), at)).toBeUndefined();
    expect(countsOf(group({ requests: 0 }), at)).toBeUndefined();
  });

  test('a share of fast responses that was not delivered is not zero slow ones', () => {
    const counts = countsOf(group({ requests: 200, withinPercent: [undefined, 99] }), at);
    expect([counts?.slow, counts?.verySlow]).toEqual([undefined, 2]);
  });
});

describe('zones', () => {
  test('zones add up to their colour', () => {
    const zones = [group({ requests: 100, errors5xx: 1 }), group({ requests: 300, withinPercent: [80, 98, 90] })];
    expect(countsOfZones(zones, at)).toEqual({
      requests: 400,
      failures: 1,
      slow: 70,
      verySlow: 7,
      overPassBar: 34,
    });
  });

  test('a zone without requests adds nothing, and a colour of such zones has no data', () => {
    expect(countsOfZones([group({ requests: 100 }), group({})], at)?.requests).toBe(100);
    expect(countsOfZones([group({}), group({})], at)).toBeUndefined();
  });
});
