import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Recording, recordings } from '../../core/judge/recordings.ts';
import { replayed } from '../replayed.ts';

const [healthy] = recordings as readonly [Recording];

test('columns may come in any order, and the grid of response times may have any size', async () => {
  const order = [...healthy.columns.keys()].reverse().filter((column) => healthy.columns[column] !== 'PR(:0.5)');
  const sorted = (row: readonly (number | null)[]) => order.map((column) => row[column] ?? null);
  const other = {
    ...healthy,
    columns: order.map((column) => healthy.columns[column]),
    baseline: healthy.baseline.map(({ stableZones }) => ({ stableZones: stableZones.map(sorted) })),
    minutes: healthy.minutes.map((minute) => ({
      ...minute,
      candidate: sorted(minute.candidate),
      stableZones: minute.stableZones.map(sorted),
    })),
  };
  const [was, is] = (await replayed([healthy, other])).answers;
  // T99 was 0.5 s and is now the next point of the grid; everything else is the same.
  expect([is.verdict, is.minute, is.evidence.parts.errors]).toEqual([
    was.verdict,
    was.minute,
    was.evidence.parts.errors,
  ]);
  expect(is.evidence.parts.slow).toBe(was.evidence.parts.slow);
});

test('a minute that was not written down is a minute without numbers', async () => {
  const nulls = healthy.minutes.map((minute) =>
    minute.minute === 20
      ? { ...minute, candidate: null, stableZones: minute.stableZones.map((row) => row.map(() => null)) }
      : minute,
  );
  const gap = healthy.minutes.filter(({ minute }) => minute !== 20);
  const { answers } = await replayed([
    { ...healthy, minutes: nulls },
    { ...healthy, minutes: gap },
  ]);
  const [told, untold] = answers;
  expect(untold).toEqual(told);
});

describe('null is "not delivered", wherever numbers stand', () => {
  /** Minute 20 as it is written, and what a minute without any of those numbers is. */
  const with20 = (change: object) => ({
    ...healthy,
    minutes: healthy.minutes.map((minute) => (minute.minute === 20 ? { ...minute, ...change } : minute)),
  });
  const baseline = (change: (minute: (typeof healthy.baseline)[number]) => unknown) => ({
    ...healthy,
    baseline: healthy.baseline.map((minute, index) => (index === 7 ? change(minute) : minute)),
  });

  test.each([
    ['all zones of stable', with20({ stableZones: null }), with20({ stableZones: [] })],
    ['one zone of stable', with20({ stableZones: [null] }), with20({ stableZones: [] })],
    ['both colours', with20({ candidate: null, stableZones: null }), with20({ candidate: null, stableZones: [] })],
    ['all zones of a baseline minute', baseline(() => ({ stableZones: null })), baseline(() => ({ stableZones: [] }))],
    ['a whole baseline minute', baseline(() => null), baseline(() => ({ stableZones: [] }))],
    ['the whole baseline', { ...healthy, baseline: null }, { ...healthy, baseline: [] }],
  ])('%s', async (_, told, same) => {
    const { status, answers } = await replayed([told, same]);
    expect(answers[0]).toEqual(answers[1]);
    expect([status, answers[0].verdict]).toEqual([0, expect.stringMatching(/^(promote|hold)$/)]);
  });

  test('but what is missing is a mistake: a misspelt name would be silence', async () => {
    const { stableZones: zones, ...minute } = healthy.minutes[20]!;
    const misspelt = { ...healthy, minutes: healthy.minutes.with(20, { ...minute, stablezones: zones } as never) };
    expect((await replayed([misspelt])).answers[0]).toMatchObject({ error: 'minutes[20].stableZones is no list' });
  });
});

test('requests that no response code tells of are lost, and count as failures', async () => {
  const withCodes = {
    ...healthy,
    columns: [...healthy.columns, 'responses2XX'],
    baseline: healthy.baseline.map(({ stableZones }) => ({
      stableZones: stableZones.map((row) => [...row, row[0]! - row[1]!]),
    })),
    minutes: healthy.minutes.map((minute) => ({
      ...minute,
      candidate: [...minute.candidate, Math.round(minute.candidate[0]! * 0.9)],
      stableZones: minute.stableZones.map((row) => [...row, row[0]! - row[1]!]),
    })),
  };
  expect((await replayed([withCodes])).answers[0]).toMatchObject({ verdict: 'abort' });
});

test('with fewer than ten baseline minutes the reason says that usual noise was assumed', async () => {
  const { answers } = await replayed([{ ...healthy, baseline: healthy.baseline.slice(0, 9) }]);
  expect(answers[0].reason).toContain('9 baseline minutes, so usual noise is assumed');
});

/** The healthy recording with one number of its tenth minute written over. */
const written = (column: string, value: number | null, minutes = healthy.minutes) => ({
  ...healthy,
  minutes: minutes.map((minute) =>
    minute.minute === 10
      ? { ...minute, candidate: minute.candidate.map((was, at) => (healthy.columns[at] === column ? value : was)) }
      : minute,
  ),
});

test('a number that no load balancer can report is refused, with its place and what it may be', async () => {
  const { status, answers } = await replayed([
    written('PR(:0.1)', 150),
    written('PR(:0.1)', -1),
    written('requests', 10.5),
    written('requests', 1e308),
    written('requests', 1_000_000_001),
    written('errors5xx', 0.5),
    written('p95', 1e308),
    written('errors5xx', 600),
    { ...healthy, baseline: [{ stableZones: [healthy.baseline[0]!.stableZones[0]!.map(() => 101)] }] },
  ]);
  expect(status).toBe(2);
  const { candidate } = healthy.minutes.find(({ minute }) => minute === 10)!;
  expect(answers.map(({ error }) => error)).toEqual([
    'minutes[10].candidate[5], PR(:0.1), is no number from 0 to 100',
    'minutes[10].candidate[5], PR(:0.1), is no number from 0 to 100',
    'minutes[10].candidate[0], requests, is no whole number from 0 to 1000000000',
    'minutes[10].candidate[0], requests, is no whole number from 0 to 1000000000',
    'minutes[10].candidate[0], requests, is no whole number from 0 to 1000000000',
    'minutes[10].candidate[1], errors5xx, is no whole number from 0 to 1000000000',
    expect.stringContaining('minutes[10].candidate[3], p95, is no number from 0 to'),
    expect.stringContaining(`minutes[10].candidate has 600 errors5xx of ${candidate[0]} requests`),
    expect.stringContaining('baseline[0].stableZones[0][5], PR(:0.1),'),
  ]);
});

test('an answer to a request of the minute before is no mistake, and a number that was not delivered neither', async () => {
  const { candidate } = healthy.minutes.find(({ minute }) => minute === 10)!;
  const { status, answers } = await replayed([
    written('errors5xx', candidate[0]! + 2),
    written('errors5xx', null),
    written('requests', null),
  ]);
  expect([status, answers.map(({ verdict }) => verdict)]).toEqual([0, ['abort', 'promote', 'promote']]);
});

test('whatever numbers are accepted, the odds of the answer are a number', async () => {
  const count = fc.integer({ min: 0, max: 1e9 });
  const row = fc
    .record({
      requests: count,
      bad: fc.double({ min: 0, max: 1, noNaN: true }),
      within: fc.double({ min: 0, max: 100, noNaN: true }),
    })
    .map(({ requests, bad, within }) => [requests, Math.floor(requests * bad), within, within]);
  const rows = fc.record({ candidate: row, stableZones: fc.array(row, { maxLength: 3 }) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(rows, { maxLength: 12 }),
      fc.array(rows, { minLength: 1, maxLength: 12 }),
      async (baseline, minutes) => {
        const recording = {
          id: 'any',
          columns: ['requests', 'errors5xx', 'PR(:0.3)', 'PR(:0.5)'],
          baseline,
          minutes: minutes.map((numbers, minute) => ({ minute, share: 5, ...numbers })),
        };
        const { answers } = await replayed([recording]);
        expect(answers[0].evidence.odds).toBeGreaterThanOrEqual(0);
        expect(answers[0].evidence.log10Odds).toEqual(expect.any(Number));
        expect(answers[0].reason).not.toMatch(/NaN|Infinity|-\d/);
      },
    ),
    { numRuns: 100 },
  );
});
