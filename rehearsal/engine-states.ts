/**
 * The shapes of the states that the engine plays, field by field. Strict: whatever is not named here is a problem.
 * Defaults are the service's: IntervalSeconds 1, MaxAttempts 3, BackoffRate 2, ResultPath $.
 */
import { z } from 'zod';
import { OPERAND_TYPES, type Test } from './engine-choice.ts';
import { isObject, isPath, isReferencePath, type Json, templateProblems } from './engine-paths.ts';

const path = z.string().refine(isPath, 'not a supported path ($, $.a.b, $$.a.b)');
const referencePath = z.string().refine(isReferencePath, 'not a supported reference path ($, $.a.b)');
const resultPath = referencePath.nullable().default('$');
const stateName = z.string().min(1);

/** States.Runtime and States.DataLimitExceeded are left out: nobody can catch them. */
const RESERVED_ERRORS = ['ALL', 'TaskFailed', 'Timeout', 'HeartbeatTimeout', 'Permissions'];
const errorName = z
  .string()
  .refine(
    (name) => !name.startsWith('States.') || RESERVED_ERRORS.includes(name.slice('States.'.length)),
    'not an error of the service that can be caught',
  );
const errorNames = z.array(errorName).min(1);

const template = z
  .json()
  .transform((value) => value as Json)
  .superRefine((value, found) => {
    for (const message of templateProblems(value)) found.addIssue(message);
  });

const retrier = z.strictObject({
  ErrorEquals: errorNames,
  IntervalSeconds: z.int().positive().default(1),
  BackoffRate: z.number().min(1).default(2),
  MaxAttempts: z.int().nonnegative().default(3),
  MaxDelaySeconds: z.int().positive().optional(),
  JitterStrategy: z.enum(['FULL', 'NONE']).default('NONE'),
});
export type Retrier = Readonly<z.infer<typeof retrier>>;

const catcher = z.strictObject({ ErrorEquals: errorNames, ResultPath: resultPath, Next: stateName });

/** In a list of retriers or catchers the first match acts, so a name that comes again is one that never acts. */
const eachNameOnce = (
  rules: readonly { readonly ErrorEquals: readonly string[] }[],
  found: { addIssue: (message: string) => void },
): void => {
  const names = rules.flatMap((rule) => rule.ErrorEquals);
  for (const [place, name] of names.entries())
    if (names.indexOf(name) < place) found.addIssue(`${name} is a duplicate: the first one acts`);
};

const OPERAND_SCHEMAS = { string: z.string(), number: z.number(), boolean: z.boolean() } as const;
const comparisons = Object.fromEntries(
  Object.entries(OPERAND_TYPES).map(([operator, type]) => [operator, OPERAND_SCHEMAS[type].optional()]),
);

const test: z.ZodType<Test> = z.lazy(() =>
  z
    .strictObject({
      Variable: path.optional(),
      ...comparisons,
      And: z.array(test).min(1).optional(),
      Or: z.array(test).min(1).optional(),
      Not: test.optional(),
    })
    .transform(({ Variable, ...fields }: Readonly<Record<string, unknown>>, found): Test => {
      const [kind, ...others] = Object.keys(fields).filter((name) => fields[name] !== undefined);
      if (kind === undefined || others.length > 0) {
        found.addIssue('a test is exactly one of And, Or, Not or a comparison');
        return z.NEVER;
      }
      const compares = Object.hasOwn(OPERAND_TYPES, kind);
      if (compares !== (Variable !== undefined)) {
        found.addIssue(compares ? `${kind} needs a Variable` : `${kind} takes no Variable`);
        return z.NEVER;
      }
      if (compares) return { Variable: Variable as string, operator: kind, operand: fields[kind] as Json };
      return { [kind]: fields[kind] } as Test;
    }),
);

/** In the file a rule is a test with a Next beside its fields; here the two stand apart. */
const rule = z.preprocess(
  (raw) => {
    if (!isObject(raw)) return raw;
    const { Next, Comment, ...test } = raw;
    return { Next, Comment, test };
  },
  z.strictObject({ Next: stateName, Comment: z.string().optional(), test }),
);

const comment = { Comment: z.string().optional() };
const onward = { Next: stateName.optional(), End: z.literal(true).optional() };
const oneWayOn = [
  (state: { Next?: unknown; End?: unknown }) => (state.Next === undefined) !== (state.End === undefined),
  'needs either Next or End',
] as const;

const task = z
  .strictObject({
    Type: z.literal('Task'),
    ...comment,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder is CloudFormation's, not ours.
    Resource: z.string().regex(/^\$\{\w+\}$/, 'not a placeholder such as ${Open}'),
    Parameters: template.optional(),
    ResultPath: resultPath,
    TimeoutSeconds: z.int().positive().optional(),
    Retry: z.array(retrier).superRefine(eachNameOnce).default([]),
    Catch: z.array(catcher).superRefine(eachNameOnce).default([]),
    ...onward,
  })
  .refine(...oneWayOn);
export type TaskState = Readonly<z.infer<typeof task>>;

const pass = z
  .strictObject({
    Type: z.literal('Pass'),
    ...comment,
    Parameters: template.optional(),
    Result: z.json().optional(),
    ResultPath: resultPath,
    ...onward,
  })
  .refine(...oneWayOn)
  .refine((state) => state.Parameters === undefined || state.Result === undefined, 'takes Parameters or Result');

const wait = z
  .strictObject({
    Type: z.literal('Wait'),
    ...comment,
    Seconds: z.int().nonnegative().optional(),
    SecondsPath: path.optional(),
    ...onward,
  })
  .refine(...oneWayOn)
  .refine(
    (state) => (state.Seconds === undefined) !== (state.SecondsPath === undefined),
    'needs Seconds or SecondsPath',
  );

const choice = z.strictObject({
  Type: z.literal('Choice'),
  ...comment,
  Choices: z.array(rule).min(1),
  Default: stateName.optional(),
});

const succeed = z.strictObject({ Type: z.literal('Succeed'), ...comment });

const fail = z
  .strictObject({
    Type: z.literal('Fail'),
    ...comment,
    Error: z.string().optional(),
    Cause: z.string().optional(),
    CausePath: path.optional(),
  })
  .refine((state) => state.Cause === undefined || state.CausePath === undefined, 'takes Cause or CausePath, not both');

export const stateSchema = z.discriminatedUnion('Type', [task, choice, wait, pass, succeed, fail], {
  error: ({ input }) => `unknown state type ${JSON.stringify((input as { Type?: unknown } | null)?.Type)}`,
});
export type State = Readonly<z.infer<typeof stateSchema>>;

export const machineSchema = z.strictObject({
  ...comment,
  StartAt: stateName,
  States: z.record(z.string(), z.unknown()),
});
