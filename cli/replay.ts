/** `sluice replay`: recorded releases judged again, one answer a line. Nothing but the file is read. */
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { oneOf, readArguments } from '../command-line/arguments.ts';
import { BrokenRecording } from './recording/fields.ts';
import { isHtml, readRecording } from './recording/read.ts';
import { rejudge } from './recording/rejudge.ts';
import type { Verb } from './screen/verb.ts';

const options = {
  policy: {
    value: 'compare|literal',
    help: 'how they are judged (compare); literal can only hold a rehearsal or abort it for errors: alarms are not in its record',
    read: oneOf('compare', 'literal'),
  },
  json: { help: 'nothing on stderr; stdout is JSON lines in any case' },
} as const;

const WRONG_INPUT = 2;

export const replay: Verb = {
  summary: 'judge recorded releases again: JSON lines, or the report of a rehearsal',
  usage: 'sluice replay FILE|- [options]',
  options,
  async run(argv, terminal) {
    const { values, words, wrong } = readArguments(argv, options);
    const [file, ...more] = words;
    const problems = [...wrong];
    if (file === undefined) problems.push({ field: 'FILE', message: 'is missing', fix: 'name one, or write -' });
    if (more.length > 0) problems.push({ field: 'FILE', message: `${words.length} were given`, fix: 'give one' });
    if (file === undefined || problems.length > 0) {
      return terminal.refuse('Nothing was replayed', problems, values.json === true);
    }

    const count = { promote: 0, abort: 0, hold: 0, broken: 0 };
    try {
      for await (const { line, text } of documentsIn(file === '-' ? process.stdin : createReadStream(file))) {
        try {
          const recording = readRecording(text);
          const answer = rejudge(recording, values.policy ?? 'compare');
          count[answer.verdict]++;
          terminal.print(JSON.stringify({ schema: 'sluice.replay/1', id: recording.id, ...answer }));
        } catch (error) {
          if (!(error instanceof BrokenRecording)) throw error;
          count.broken++;
          terminal.print(JSON.stringify({ line, error: error.message }));
        }
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
      const unreadable = { field: 'FILE', message: (error as Error).message, fix: 'name a file that can be read' };
      return terminal.refuse('Nothing more was replayed', [unreadable], values.json === true);
    }
    if (Object.values(count).every((times) => times === 0)) {
      const empty = {
        field: 'FILE',
        message: 'is empty: there is no recording in it',
        fix: 'write one JSON object a line, as in examples/releases.jsonl, or name the report of a rehearsal',
      };
      return terminal.refuse('Nothing was replayed', [empty], values.json === true);
    }
    if (!values.json) {
      const told = Object.entries(count).map(([word, times]) => `${times} ${word}`);
      terminal.tell(`${values.policy ?? 'compare'}: ${told.join(', ')}`);
    }
    return count.broken > 0 ? WRONG_INPUT : 0;
  },
};

interface Document {
  /** Where it begins, from 1. */
  readonly line: number;
  readonly text: string;
}

/** One document a line, read as they come; a page, or an object written over several lines, is one as a whole. */
async function* documentsIn(source: Readable): AsyncGenerator<Document> {
  let line = 0;
  let whole: { readonly line: number; readonly texts: string[] } | undefined;
  for await (const written of linesOf(source)) {
    // Some editors begin a file with a byte order mark, which JSON does not know.
    const text = line === 0 ? written.replace(/^\uFEFF/, '') : written;
    line++;
    if (whole) whole.texts.push(text);
    else if (isHtml(text) || text.trim() === '{') whole = { line, texts: [text] };
    else if (text.trim() !== '') yield { line, text };
  }
  if (whole) yield { line: whole.line, text: whole.texts.join('\n') };
}

async function* linesOf(source: Readable): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of source.setEncoding('utf8')) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  yield rest;
}
