import { readFileSync } from 'node:fs';

type Row = readonly (number | null)[];

/** A recorded release; columns name the numbers of every row. */
export interface Recording {
  readonly id: string;
  readonly expect: 'promote' | 'abort';
  readonly deliveryDelayMinutes: number;
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
  .map((line) => JSON.parse(line) as Recording);
