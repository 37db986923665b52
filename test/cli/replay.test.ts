import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { replay } from '../../cli/replay.ts';
import { reportHtml } from '../../cli/report/report.ts';
import type { Terminal } from '../../cli/verb.ts';
import { type Recording, recordings } from '../core/judge/recordings.ts';
import { flown } from './flown.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const EXAMPLES = join(ROOT, 'examples/releases.jsonl');

/** What the command prints and answers. */
async function sluice(...words: readonly string[]) {
  const printed: string[] = [];
  const told: string[] = [];
  const terminal: Pick<Terminal, 'print' | 'tell' | 'refuse'> = {
    print: (text) => printed.push(text),
    tell: (text) => told.push(text),
    refuse(what, fields) {
      printed.push(JSON.stringify({ error: { message: what, fields } }));
      return 2;
    },
  };
  const status = await replay.run(words, terminal as Terminal);
  return { status, answers: printed.map((line) => JSON.parse(line)), told };
}

const folder = mkdtempSync(join(tmpdir(), 'replay-'));

async function replayed(recordings: readonly unknown[], ...words: readonly string[]) {
  const file = join(folder, 'recordings.jsonl');
  writeFileSync(file, recordings.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join('\n'));
  return sluice(file, '--json', ...words);
}

const [healthy, errors] = recordings as readonly [Recording, Recording];

test('the examples are the golden recordings', async () => {
  expect(readFileSync(EXAMPLES)).toEqual(readFileSync(join(ROOT, 'test/golden/replay-examples.jsonl')));
});

test('the six recorded releases end under `compare` as each of them expects', async () => {
  const { status, answers, told } = await sluice(EXAMPLES, '--json');
  expect([status, told]).toEqual([0, []]);
  expect(answers.map(({ id, verdict }) => [id, verdict])).toEqual(recordings.map(({ id, expect: end }) => [id, end]));
});

test('the same six all go back under `literal`, the two good ones too', async () => {
  const { status, answers } = await sluice(EXAMPLES, '--json', '--policy', 'literal');
  expect(status).toBe(0);
  expect(answers.map(({ verdict, evidence }) => [verdict, evidence.rule])).toEqual([
    ['abort', 'literal-any-5xx'],
    ['abort', 'literal-error-rate'],
    ['abort', 'literal-any-5xx'],
    ['abort', 'literal-any-5xx'],
    ['abort', 'literal-error-rate'],
    ['abort', 'literal-any-5xx'],
  ]);
});

test.each(['README.md', 'docs/judge.md'])('the table of the six in %s says how they really end', async (document) => {
  const row =
    /^\| (?:recorded: )?([^|]+\/s(?: [^|]*)?) \|(?: (?:be promoted|go back) \|)? ((?:promoted|back at)[^|]*) \| (back at[^|]*) \|$/gm;
  const told = [...readFileSync(join(ROOT, document), 'utf8').matchAll(row)].map(([, , compare, literal]) => [
    endIn(compare!),
    endIn(literal!),
  ]);
  const ends = async (policy: string) =>
    (await sluice(EXAMPLES, '--json', '--policy', policy)).answers.map(({ verdict, seenAtMinute }) =>
      verdict === 'promote' ? 'promoted' : seenAtMinute,
    );
  const [compare, literal] = [await ends('compare'), await ends('literal')];
  expect(told).toEqual(compare.map((end, index) => [end, literal[index]]));
});

const endIn = (cell: string): string | number => Number(/^back at minute (\d+)/.exec(cell)?.[1]) || cell.trim();

test('an answer says when it was decided, when that could be seen, why, and what followed at 100 %', async () => {
  const [answer] = (await replayed([errors])).answers;
  expect(answer).toMatchObject({
    schema: 'sluice.replay/1',
    id: errors.id,
    verdict: 'abort',
    evidence: { limit: 100, parts: { errors: expect.any(Number), slow: expect.any(Number) }, proven: false },
    at100: { minutes: 15 },
  });
  expect(answer.seenAtMinute).toBe(answer.minute + 1 + errors.deliveryDelayMinutes);
  expect(answer.evidence.odds).toBeGreaterThanOrEqual(100);
  expect(10 ** answer.evidence.log10Odds / answer.evidence.odds).toBeCloseTo(1, 9);
  expect(answer.reason).toMatch(/requests .* odds .*, limit 100/);
});

test('a promoted release is told with its last minute below 100 %', async () => {
  const [answer] = (await replayed([healthy])).answers;
  expect(answer).toMatchObject({ verdict: 'promote', minute: 44, evidence: { proven: true } });
});

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

test('a candidate of which nothing was delivered is held at the end of the first bake, under either policy', async () => {
  const silent = recordings.map((recording) => ({
    ...recording,
    minutes: recording.minutes.map((minute) => ({ ...minute, candidate: null })),
  }));
  for (const policy of ['compare', 'literal']) {
    const { answers } = await replayed(silent, '--policy', policy);
    expect(answers.map(({ verdict, minute }) => [verdict, minute])).toEqual(silent.map(() => ['hold', 14]));
  }
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

test('a broken line is named with its number and what is wrong, the others are answered, and the exit code is 2', async () => {
  const { status, answers } = await replayed([
    healthy,
    'no json',
    '',
    { ...healthy, columns: ['errors5xx'] },
    { ...healthy, minutes: [{ ...healthy.minutes[0], share: 101 }] },
    { ...healthy, minutes: healthy.minutes.filter(({ share }) => share === 100) },
    { ...healthy, minutes: [...healthy.minutes].reverse() },
    { schema: 'sluice.rehearsal/1' },
    errors,
  ]);
  expect(status).toBe(2);
  expect(answers.map(({ line, error, verdict }) => verdict ?? [line, error])).toEqual([
    'promote',
    [2, expect.stringContaining('is no JSON')],
    [4, 'columns lack "requests"'],
    [5, 'minutes[0].share is no whole number from 0 to 100'],
    [6, expect.stringContaining('no minute below 100 %')],
    [7, expect.stringContaining('came before it')],
    [8, expect.stringContaining('--report')],
    'abort',
  ]);
});

test('a file that cannot be read, a missing one, two, or an unknown option is wrong input', async () => {
  expect(await sluice('no/such/file')).toMatchObject({
    status: 2,
    answers: [{ error: { fields: [{ field: 'FILE' }] } }],
  });
  expect((await sluice(join(ROOT, 'examples'))).status).toBe(2);
  expect((await sluice()).status).toBe(2);
  expect((await sluice('a', 'b', '--polcy', 'literal')).answers[0].error.fields).toHaveLength(2);
});

test('an object over several lines is one recording', async () => {
  expect((await replayed([JSON.stringify(errors, null, 2)])).answers).toMatchObject([
    { id: errors.id, verdict: 'abort' },
  ]);
});

test('a file is answered line by line, however long it is and whoever ended its lines', async () => {
  const { status, answers } = await replayed([`${JSON.stringify(errors)}\r\n`.repeat(60)]);
  expect([status, answers.length]).toEqual([0, 60]);
});

test('a flight is judged again as it was flown, from its record and from its report', async () => {
  const record = await flown('errors');
  const [again] = (await replayed([record])).answers;
  expect(record.evidence).toMatchObject({ minute: again.minute, odds: again.evidence.odds });
  expect(again).toMatchObject({ id: record.release?.id, verdict: 'abort', reason: record.reason });
  expect((await replayed([reportHtml(record)])).answers).toEqual([again]);
  expect((await replayed([record], '--policy', 'literal')).answers[0]).toMatchObject({ verdict: 'abort' });
});

test('a flight of which nothing can be judged is a broken line', async () => {
  const { release: _, ...refused } = await flown('stable-unhealthy');
  expect((await replayed([refused, await flown('first-release'), '<html></html>'])).answers).toEqual([
    { line: 1, error: 'is a flight that opened no release' },
    { line: 2, error: 'has no minute below 100 %, so there is nothing to judge' },
    { line: 3, error: 'is a page that carries no record of a flight' },
  ]);
});

test('the command reads a pipe, and ends with 2 when a line of it was broken', () => {
  const { status, stdout } = spawnSync(process.execPath, ['--import', 'tsx', 'cli/main.ts', 'replay', '-', '--json'], {
    cwd: ROOT,
    input: `${JSON.stringify(healthy)}\nbroken\n`,
    encoding: 'utf8',
  });
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toMatchObject([{ verdict: 'promote' }, { line: 2 }]);
  expect(status).toBe(2);
});
