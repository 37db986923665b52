/** Recorded releases as `sluice replay` reads them: rows of a load balancer's numbers, or the record of a rehearsal. */
import { BrokenRecording, objectFrom } from './fields.ts';
import type { Recording } from './recording.ts';
import { fromRows } from './rows.ts';
import { fromRehearsal } from './run-record.ts';

/** `text`: one JSON object, or an HTML report that carries its record. Throws BrokenRecording. */
export function readRecording(text: string): Recording {
  const recorded = objectFrom(parsed(isHtml(text) ? recordIn(text) : text), 'it');
  switch (recorded['schema']) {
    case undefined:
      return fromRows(recorded);
    case 'sluice.flight/1':
      return fromRehearsal(recorded);
    case 'sluice.rehearsal/1':
      throw new BrokenRecording('is the summary of a rehearsal, without its minutes; replay the file of its --report');
    default:
      throw new BrokenRecording(`schema ${JSON.stringify(recorded['schema'])} is none that can be replayed`);
  }
}

export const isHtml = (text: string): boolean => text.startsWith('<');

const RECORD_IN_REPORT = /<script\b[^>]*\btype="application\/json"[^>]*>([\s\S]*?)<\/script>/;

function recordIn(html: string): string {
  const [, record] = RECORD_IN_REPORT.exec(html) ?? [];
  if (record === undefined) throw new BrokenRecording('is a page that carries no record of a rehearsal');
  return record;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BrokenRecording(`is no JSON: ${(error as Error).message}`);
  }
}
