import { expect, test } from 'vitest';
import type { RunRecord } from '../../report/record.ts';
import { reportHtml } from '../../report/report.ts';
import { inFlight } from '../cli/rehearsed.ts';

const pageOf = (record: RunRecord): string =>
  reportHtml(record)
    .replaceAll(/<(style|script|title)\b[\s\S]*?<\/\1>/g, '')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ');

test('before its first share it gets ready', async () => {
  const page = pageOf(await inFlight('never-healthy', () => true));
  expect(page).toContain('Running at 0 %: green gets ready');
});

test('a release that runs says where, and where its users are', async () => {
  const page = pageOf(await inFlight('healthy', ({ shares }) => shares.at(-1) === 25));
  expect(page).toContain('Running at 25 %: green is watched');
  expect(page).toContain('Users now 25 % green');
  expect(page).toContain('What the judge knows');
});

test('a release that waits for an operator says until when', async () => {
  const record = await inFlight('silent-metrics', ({ outcome }) => outcome === 'held');
  const page = pageOf(record);
  expect(page).toContain('Held at 25 %: an operator must decide');
  expect(page).toMatch(/Rolled back unless answered 18:46 asked at 14:46/);
});

test('a person’s hold is a hold', async () => {
  const events = [{ when: { share: 5 }, afterSeconds: 100, say: 'hold' }] as const;
  const record = await inFlight('healthy', ({ outcome }) => outcome === 'held', { events });
  expect(pageOf(record)).toContain('Held at 5 %: an operator must decide');
});

test('a release that is found bad says at once why, and then that everybody is back', async () => {
  const ordered = await inFlight('errors', ({ writes }) => writes.some(({ call }) => call === 'ledger: abort'));
  expect(pageOf(ordered)).toMatch(/Rolling back to blue: green has more errors than blue/);
  expect(pageOf(ordered)).toMatch(/Green failed \d+ of [\d,]+ requests/);
});

test('a record that is read in flight has the numbers of that moment', async () => {
  const early = await inFlight('healthy', ({ shares }) => shares.at(-1) === 25);
  const late = await inFlight('healthy', ({ shares }) => shares.at(-1) === 50);
  expect(early.seconds).toBeLessThan(late.seconds);
  expect(early.requests.candidate).toBeLessThan(late.requests.candidate);
  const seen = early.release!.minutes;
  expect(late.release!.minutes.slice(0, seen.length)).toEqual(seen);
  expect(late.release!.minutes.length).toBeGreaterThan(seen.length);
});
