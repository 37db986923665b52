import { posix } from 'node:path';
import { expect, test } from 'vitest';
import { seedRowsIn } from '../scripts/proofs.ts';
import { writtenIds } from './proofs.ts';
import { isThere, textOf } from './repository-files.ts';

/** What fits on a screen beside its proof. */
const LONGEST_ROW = 12;

const page = textOf('docs/seed.md');
const rows = seedRowsIn(page);
const seed = textOf('test/golden/seed.md').replace(/\n$/, '').split('\n');
const rulings = [...page.matchAll(/^\| (R\d+) \| .+ \| .+ \|$/gm)].map(([, ruling]) => ruling!);

/** What a line says: without the strokes of the diagram, a fence, or a line of punctuation alone. */
const said = (line: string): string =>
  /[\p{L}\p{N}]/u.test(line) && !line.startsWith('```')
    ? line
        .replace(/[│┌┐└┘─┬┴┼▼]+/gu, ' ')
        .replace(/\s+/g, ' ')
        .trim()
    : '';
const saidIn = ({ from, to }: { readonly from: number; readonly to: number }): readonly string[] =>
  seed
    .slice(from - 1, to)
    .map(said)
    .filter(Boolean);

test('every line of the seed is in one row, in its order', () => {
  const gaps = rows.filter(({ from }, index) => from !== (rows[index - 1]?.to ?? 0) + 1).map(({ id }) => id);
  expect(gaps).toEqual([]);
  expect(rows.at(-1)?.to).toBe(seed.length);
});

test('a row quotes all that its lines say, and they are few', () => {
  const quoted = (row: (typeof rows)[number]) =>
    saidIn(row)
      .map((line) => `\`${line.replaceAll('|', '\\|')}\``)
      .join('<br>');
  expect(rows.filter((row) => row.quote !== quoted(row)).map(({ id }) => id)).toEqual([]);
  expect(rows.filter((row) => saidIn(row).length > LONGEST_ROW).map(({ id }) => id)).toEqual([]);
});

test('a row says in which files it lives, and they are there', () => {
  const missing = rows.flatMap(({ id, livesIn }) =>
    livesIn.filter((path) => !isThere(posix.join('docs', path))).map((path) => `${id}: ${path}`),
  );
  expect(missing).toEqual([]);
  expect(rows.filter(({ livesIn, rulings: by }) => livesIn.length === 0 && by.length === 0)).toEqual([]);
});

test('a row has a test, or the ruling that puts something else in its place', () => {
  const untested = rows.filter(({ isTested }) => !isTested);
  expect(untested.filter(({ rulings: by }) => by.length === 0).map(({ id }) => id)).toEqual([]);
  // The plan's next phase alone is not built.
  expect(untested.map(({ id }) => id)).toEqual(['S601']);
});

test('each id stands in the title of a test, no title has another one, and a ruling that a row names is on the page', () => {
  const line = (id: string) => Number(id.slice(1));
  const written = [...writtenIds().keys()].filter((id) => id.startsWith('S'));
  expect(written.toSorted((one, other) => line(one) - line(other))).toEqual(
    rows.filter(({ isTested }) => isTested).map(({ id }) => id),
  );
  expect(rows.flatMap(({ rulings: by }) => by).filter((ruling) => !rulings.includes(ruling))).toEqual([]);
});

test('the page about breaking changes has the five weeks of the plan, in its order [S561]', () => {
  const weeks = [...textOf('docs/breaking-changes.md').matchAll(/^\| (\d) \| ([^|]+) \|/gm)].map(([, week, what]) => [
    Number(week),
    what,
  ]);
  expect(weeks).toEqual([
    [1, expect.stringMatching(/new column, nullable/)],
    [2, expect.stringMatching(/code that writes both columns/)],
    [3, expect.stringMatching(/backfill/)],
    [4, expect.stringMatching(/column mandatory/)],
    [5, expect.stringMatching(/remove the old one/)],
  ]);
});

test('every ruling changes a line of the seed', () => {
  const used = new Set(rows.flatMap(({ rulings: by }) => by));
  expect(rulings.filter((ruling) => !used.has(ruling))).toEqual([]);
  expect(rulings.length).toBeGreaterThan(0);
});
