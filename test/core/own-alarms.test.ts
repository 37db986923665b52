/** An older release's numbers do not ring for the next one, and what rings for a release is not missed. */
import { expect, test } from 'vitest';
import { isOurs, whyNotOurs } from '../../functions/core/own-alarms.ts';
import { lockIn, NOW } from '../steps/fixture.ts';

const FIRST = NOW - 3600;
const seen = { 'green-backstop': FIRST - 300, 'green-literal-p95': FIRST + 5 };
const lock = lockIn('baking', 25, { firstShareAt: FIRST, alarmsSeen: seen });
const backstop = (since: number) => ({ name: 'green-backstop', kind: 'backstop', since }) as const;
const literal = (since: number) => ({ name: 'green-literal-p95', kind: 'literal', since }) as const;

test.each([
  ['as it was seen at the first share', backstop(FIRST - 300), 'fired before its first share'],
  ['within three minutes of it, when its numbers may be older', backstop(FIRST + 180), 'fired too soon'],
  ['when it was already seen firing', literal(FIRST + 5), 'fired before its first share'],
  ['before it, never seen', { ...literal(FIRST), name: 'new' }, 'fired before its first share'],
])('a ring is not about the release %s', (_, alarm, why) => expect(whyNotOurs(lock, alarm)).toContain(why));

test.each([
  ['a backstop', backstop(FIRST + 181)],
  ['an alarm of the plan', literal(FIRST + 6)],
])('%s that rings later is', (_, alarm) => expect(whyNotOurs(lock, alarm)).toBeUndefined());

test('nothing rings for a release that no user has met', () => {
  const before = lockIn('deploying');
  expect(whyNotOurs(before, backstop(NOW))).toBe('no user has met it yet');
  expect(isOurs(before, backstop(NOW), NOW + 3600)).toBe(false);
});

test('what still rings ten minutes after the first share is about it, whenever it began', () => {
  expect(isOurs(lock, backstop(FIRST - 9000), FIRST + 599)).toBe(false);
  expect(isOurs(lock, backstop(FIRST - 9000), FIRST + 600)).toBe(true);
});
