/** A rehearsal written down: a scenario, its options, what people and the registry do meanwhile, and how it must end. */
import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import type { WrongField } from '../functions/core/failures.ts';
import type { FlightEvent } from '../rehearsal/options.ts';
import { type Expected, SCENARIOS, type ScenarioName } from '../rehearsal/scenarios.ts';

export interface ScenarioFile {
  readonly about: string;
  /** The scenario that it is made of. @default healthy */
  readonly scenario: ScenarioName;
  /** Options of the command by their names; those on the command line win. */
  readonly options: Readonly<Record<string, string | number>>;
  readonly input?: unknown;
  readonly events: readonly FlightEvent[];
  readonly expected: Expected;
}

const seconds = z.int('is no whole number of seconds').check(z.gte(0, 'is below 0'));
const share = z.int('is no whole percentage').check(z.gte(0, 'is below 0'), z.lte(100, 'is above 100'));
const moment = z.union(
  [
    z.strictObject({ second: seconds }),
    z.strictObject({ share }),
    z.strictObject({ event: z.enum(['asked', 'warm', 'closing', 'reverting', 'promoted', 'reverted']) }),
  ],
  'is no moment: write {"second": 90}, {"share": 25} or {"event": "asked"}',
);
const common = { when: moment, afterSeconds: z.optional(seconds) };
const event = z.union(
  [
    z.strictObject({ ...common, say: z.enum(['hold', 'resume', 'advance', 'abort']) }),
    z.strictObject({ ...common, start: z.record(z.string(), z.unknown()) }),
    z.strictObject({ ...common, push: z.string(), eventLost: z.optional(z.boolean()) }),
    z.strictObject({ ...common, setShare: share }),
  ],
  'is no event: write "when" and one of "say", "start", "push", "setShare"',
);
const file = z.strictObject({
  about: z.string('says not what it is about'),
  scenario: z._default(z.enum(Object.keys(SCENARIOS) as ScenarioName[]), 'healthy'),
  options: z._default(z.record(z.string(), z.union([z.string(), z.number()])), {}),
  input: z.optional(z.unknown()),
  events: z._default(z.array(event), []),
  expected: z.strictObject({
    outcome: z.enum(['promoted', 'reverted', 'refused', 'nothing', 'stuck', 'killed']),
    share: z.optional(share),
  }),
});

export const isScenarioFile = (word: string): boolean => word.endsWith('.json');

/** The file, or everything that is wrong with it. */
export function readScenarioFile(path: string): ScenarioFile | readonly WrongField[] {
  let raw: unknown;
  try {
    raw = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    return [{ field: path, message: (error as Error).message, fix: 'see examples/scenarios/' }];
  }
  const read = z.safeParse(file, raw);
  if (read.success) return read.data as ScenarioFile;
  return read.error.issues.map(({ path: at, message }) => ({
    field: `${path}: ${at.map(String).join('.') || 'the file'}`,
    message,
    fix: 'see examples/scenarios/',
  }));
}
