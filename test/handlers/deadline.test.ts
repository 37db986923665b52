import { afterEach, expect, test } from 'vitest';
import { CALLS_BEGIN_WITHIN_MS, LONGEST_CALL_MS } from '../../functions/adapters/client.ts';
import { Transient } from '../../functions/core/failures.ts';
import { beginInvocation, clock, deadline, notificationDeadline } from '../../functions/handlers/deadline.ts';
import { TIMEOUT_SECONDS } from '../../infra/constructs/bundled-function.ts';

afterEach(() => {
  deadline.lastCallAt = Number.POSITIVE_INFINITY;
});

test('the last call of an invocation, and a notification after it, end before Lambda ends them', () => {
  const noticeMs = 3000;
  expect(CALLS_BEGIN_WITHIN_MS + LONGEST_CALL_MS + noticeMs).toBeLessThan(TIMEOUT_SECONDS * 1000);
  beginInvocation();
  expect(notificationDeadline.lastCallAt - deadline.lastCallAt).toBe(LONGEST_CALL_MS);
});

test('each invocation has its own time', () => {
  beginInvocation(0);
  const before = deadline.lastCallAt;
  beginInvocation();
  expect(deadline.lastCallAt).toBeGreaterThan(before + CALLS_BEGIN_WITHIN_MS / 2);
});

test('a sleep after which nothing could be done is not slept', async () => {
  beginInvocation();
  await clock.sleep(0.01);
  await expect(clock.sleep(60)).rejects.toThrow(Transient);
});
