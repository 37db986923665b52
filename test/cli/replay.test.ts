import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { reportHtml } from '../../report/report.ts';
import { type Recording, recordings } from '../core/judge/recordings.ts';
import { rehearsedRecord } from './rehearsed.ts';
import { replayed, sluice } from './replayed.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const EXAMPLES = join(ROOT, 'examples/releases.jsonl');

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
    /^\| (?:recorded: )?([^|]+\/s(?: [^|]*)?) \|(?: (?:be promoted|be rolled back) \|)? ((?:promoted|rolled back at)[^|]*) \| (rolled back at[^|]*) \|$/gm;
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

const endIn = (cell: string): string | number => Number(/^rolled back at minute (\d+)/.exec(cell)?.[1]) || cell.trim();

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

test('a recording that ends on the way to 100 % promotes nobody, under either policy', async () => {
  const errorFree = healthy.minutes.map((minute) => ({
    ...minute,
    candidate: minute.candidate.map((value, at) => (healthy.columns[at] === 'errors5xx' ? 0 : value)),
  }));
  const until = (end: number) => ({ ...healthy, minutes: errorFree.slice(0, end) });
  for (const policy of ['compare', 'literal']) {
    const [early] = (await replayed([until(8)], '--policy', policy)).answers;
    expect(early).toMatchObject({ verdict: 'hold', minute: 7, seenAtMinute: 9 });
    expect(early.reason).toMatch(/^the recording ends at 5 %, in the middle of a bake: (candidate failed|no alarm)/);
  }
  const { status, answers } = await replayed([until(45), until(46)]);
  expect([status, answers.map(({ verdict, minute }) => [verdict, minute])]).toEqual([
    0,
    [
      ['hold', 44],
      ['promote', 44],
    ],
  ]);
  expect(answers[0].reason).toContain('ends at 50 %');
});

test('a recording that ends at 0 % says that the release was rolled back', async () => {
  const back = healthy.minutes.slice(0, 12).map((minute, at) => (at < 8 ? minute : { ...minute, share: 0 }));
  const [answer] = (await replayed([{ ...healthy, minutes: back }])).answers;
  expect(answer).toMatchObject({ verdict: 'hold', minute: 11 });
  expect(answer.reason).toMatch(/^the recording ends at 0 %, after the release was rolled back: candidate failed/);
});

test('a broken line is named with its number and what is wrong, the others are answered, and the exit code is 2', async () => {
  const { status, answers } = await replayed([
    healthy,
    'no json',
    '',
    { ...healthy, columns: ['errors5xx'] },
    { ...healthy, columns: healthy.columns.map((name) => (name === 'errors5xx' ? 'errors5XXs' : name)) },
    { ...healthy, columns: healthy.columns.map((name) => (name === 'errors5xx' ? 'faults' : name)) },
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
    [4, 'columns lack "requests": add it, a number (or null) in every row'],
    [5, 'columns lack "errors5xx": is "errors5XXs" meant for it? rename that'],
    [6, 'columns lack "errors5xx": add it, a number (or null) in every row'],
    [7, 'minutes[0].share is no whole number from 0 to 100'],
    [8, expect.stringContaining('no minute below 100 %')],
    [9, expect.stringContaining('came before it')],
    [10, expect.stringContaining('--report')],
    'abort',
  ]);
});

test('a file without a recording in it is wrong input', async () => {
  for (const nothing of ['', '\n \n\n', '\uFEFF\n']) {
    const { status, answers, told } = await replayed([nothing]);
    expect([status, told]).toEqual([2, []]);
    expect(answers).toEqual([
      { error: { message: 'Nothing was replayed', fields: [expect.objectContaining({ field: 'FILE' })] } },
    ]);
  }
});

test('a byte order mark at the start of a file is no part of its first recording', async () => {
  const { status, answers } = await replayed([`\uFEFF${JSON.stringify(healthy)}`, errors]);
  expect([status, answers.map(({ verdict }) => verdict)]).toEqual([0, ['promote', 'abort']]);
  expect((await replayed([`\uFEFF${reportHtml(await rehearsedRecord('errors'))}`])).answers).toMatchObject([
    { verdict: 'abort' },
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
