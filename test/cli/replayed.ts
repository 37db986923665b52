/** `sluice replay`, as a person types it. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { replay } from '../../cli/replay.ts';
import type { Terminal } from '../../cli/screen/verb.ts';

/** What the command prints and answers. */
export async function sluice(...words: readonly string[]) {
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

/** The same on a file of these recordings. */
export async function replayed(recordings: readonly unknown[], ...words: readonly string[]) {
  const file = join(folder, 'recordings.jsonl');
  writeFileSync(file, recordings.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join('\n'));
  return sluice(file, '--json', ...words);
}
