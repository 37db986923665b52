/** A rehearsal written down: a scenario, its options, what people and the registry do meanwhile, and how it must end. */
import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import type { WrongField } from '../../functions/core/failures.ts';
import { closest, quoted } from '../../functions/core/suggest.ts';
import type { RehearsalEvent } from '../../rehearsal/events.ts';
import { type Expected, SCENARIOS, type ScenarioName } from '../../rehearsal/scenarios.ts';

export interface ScenarioFile {
  readonly about: string;
  /** The scenario that it is made of. @default healthy */
  readonly scenario: ScenarioName;
  /** Options of the command by their names; those on the command line win. */
  readonly options: Readonly<Record<string, string | number>>;
  readonly input?: unknown;
  readonly events: readonly RehearsalEvent[];
  readonly expected: Expected;
}

const seconds = z.int('is no whole number of seconds').check(z.gte(0, 'is below 0'));
const share = z.int('is no whole percentage').check(z.gte(0, 'is below 0'), z.lte(100, 'is above 100'));
const weight = z.int('is no whole number').check(z.gte(0, 'is below 0'), z.lte(999, 'is above 999'));
const moment = z.union(
  [
    z.strictObject({ second: seconds }),
    z.strictObject({ share }),
    z.strictObject({ event: z.enum(['growing', 'asked', 'warm', 'closing', 'reverting', 'promoted', 'reverted']) }),
  ],
  'is no moment: write {"second": 90}, {"share": 25} or {"event": "asked"}',
);
const common = { when: moment, afterSeconds: z.optional(seconds) };
const event = z.union(
  [
    z.strictObject({ ...common, say: z.enum(['hold', 'resume', 'advance', 'abort']) }),
    z.strictObject({ ...common, start: z.record(z.string(), z.unknown(), 'is no execution input') }),
    z.strictObject({
      ...common,
      push: z.string('is no tag'),
      eventLost: z.optional(z.boolean('is neither true nor false')),
    }),
    z.strictObject({ ...common, setShare: share }),
    z.strictObject({ ...common, setWeights: z.strictObject({ blue: weight, green: weight }, 'is no pair of weights') }),
  ],
  'is no event: write "when" and one of "say", "start", "push", "setShare", "setWeights"',
);
const file = z.strictObject(
  {
    about: z.string('is no sentence'),
    scenario: z._default(z.enum(Object.keys(SCENARIOS) as ScenarioName[]), 'healthy'),
    options: z._default(
      z.record(z.string(), z.union([z.string(), z.number()], 'is neither text nor a number'), 'is no list of options'),
      {},
    ),
    input: z.optional(z.unknown()),
    events: z._default(z.array(event, 'is no list'), []),
    expected: z.strictObject(
      {
        outcome: z.enum(['promoted', 'reverted', 'refused', 'nothing', 'stuck', 'killed']),
        share: z.optional(share),
      },
      'is no end: write {"outcome": "reverted", "share": 25}',
    ),
  },
  'is no scenario: write {"about": "...", "events": [...], "expected": {"outcome": "promoted"}}',
);

export const isScenarioFile = (word: string): boolean => word.endsWith('.json');

/** The file, or everything that is wrong with it. */
export function readScenarioFile(
  path: string,
): { readonly file: ScenarioFile } | { readonly wrong: readonly WrongField[] } {
  let written: unknown;
  try {
    written = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const why = error instanceof SyntaxError ? `is no JSON (${error.message})` : (error as Error).message;
    return { wrong: [{ field: path, message: why, fix: SEE }] };
  }
  const read = file.safeParse(written, { reportInput: true });
  if (read.success) return { file: read.data as ScenarioFile };
  return { wrong: read.error.issues.flatMap((issue) => wrongFields(path, issue)) };
}

const SEE = 'examples/scenarios/ in the repository shows how';

function wrongFields(path: string, issue: z.core.$ZodIssue): readonly WrongField[] {
  const meant = issue.code === 'invalid_union' ? meantIssue(issue) : undefined;
  if (meant) return wrongFields(path, meant);
  const at = issue.path.map(String).join('.');
  const field = at === '' ? path : `${path}: ${at}`;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const near = closest(key, Object.keys(file.shape));
      return { field: `${field}: ${key}`, message: 'is no field', fix: near ? `did you mean "${near}"?` : SEE };
    });
  }
  if (issue.input === undefined) return [{ field, message: 'is missing', fix: SEE }];
  if (issue.code === 'invalid_value') {
    const words = issue.values.map(String);
    const near = closest(String(issue.input), words);
    const fix = near ? `did you mean "${near}"?` : `write one of ${words.join(', ')}`;
    return [{ field, message: `${quoted(issue.input)} is not known`, fix }];
  }
  return [{ field, message: `${quoted(issue.input)} ${issue.message}`, fix: SEE }];
}

/** Of the forms that something may have, the one form of which only one thing is wrong is what was meant. */
function meantIssue({ path, errors }: z.core.$ZodIssueInvalidUnion): z.core.$ZodIssue | undefined {
  const [near, ...others] = errors.filter((issues) => issues.length === 1);
  const [only] = near ?? [];
  return only && others.length === 0 ? { ...only, path: [...path, ...only.path] } : undefined;
}
