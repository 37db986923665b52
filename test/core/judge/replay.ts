import { readFileSync } from 'node:fs';
import { latencyColumns, learn } from '../../../functions/core/judge/baseline.ts';
import { beginJudging, foldMinute, weigh } from '../../../functions/core/judge/judge.ts';
import { countsOf, countsOfZones, type GroupMinute } from '../../../functions/core/judge/readings.ts';
import type { Verdict } from '../../../functions/core/judge/verdict.ts';

type Row = readonly (number | null)[];

export interface Recording {
  readonly id: string;
  readonly expect: 'promote' | 'abort';
  readonly columns: readonly string[];
  readonly baseline: readonly { readonly stableZones: readonly Row[] }[];
  readonly minutes: readonly {
    readonly minute: number;
    readonly share: number;
    readonly candidate: Row;
    readonly stableZones: readonly Row[];
  }[];
}

export const recordings: readonly Recording[] = readFileSync(
  new URL('../../golden/replay-examples.jsonl', import.meta.url),
  'utf8',
)
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));

/** A recorded release, judged as its shares were recorded: a bake ends where the share rises, the first abort wins. */
export function replay({ columns, baseline, minutes }: Recording): {
  word: 'promote' | 'abort' | 'hold';
  last: Verdict;
} {
  const gridMs = columns.filter(isRank).map((column) => Math.round(Number(column.slice(4, -1)) * 1000));
  const read = readerOf(columns);
  const learned = learn(
    baseline.map(({ stableZones }) => stableZones.map(read)),
    gridMs,
  );
  const at = latencyColumns(learned, gridMs);

  let state = beginJudging(learned);
  let stageStart = 0;
  let held: Verdict | undefined;
  let last = weigh(state, { bakeDone: false, names });
  for (const [index, { minute, share, candidate, stableZones }] of minutes.entries()) {
    if (share === 100) break;
    if (share !== minutes[index - 1]?.share) stageStart = minute;
    const [mine, zones] = [read(candidate), stableZones.map(read)];
    state = foldMinute(state, {
      index: minute,
      stageAge: minute - stageStart,
      candidate: countsOf(mine, at),
      stable: countsOfZones(zones, at),
      tasks: {
        candidate: mine.healthyHosts ?? 0,
        stable: zones.reduce((sum, { healthyHosts = 0 }) => sum + healthyHosts, 0),
      },
      healthyCandidate: mine.healthyHosts,
    });
    last = weigh(state, { bakeDone: (minutes[index + 1]?.share ?? share) > share, names });
    if (last.word === 'abort') return { word: 'abort', last };
    if (last.word === 'hold') held ??= last;
  }
  return held ? { word: 'hold', last: held } : { word: 'promote', last };
}

const names = { candidate: 'green', stable: 'blue' };

const isRank = (column: string): boolean => column.startsWith('PR(:');

const readerOf =
  (columns: readonly string[]) =>
  (row: Row): GroupMinute => {
    const delivered = (name: 'requests' | 'errors5xx' | 'healthyHosts') => {
      const value = row[columns.indexOf(name)] ?? undefined;
      return value === undefined ? {} : { [name]: value };
    };
    return {
      ...delivered('requests'),
      ...delivered('errors5xx'),
      ...delivered('healthyHosts'),
      withinPercent: columns.flatMap((column, index) => (isRank(column) ? [row[index] ?? undefined] : [])),
    };
  };
