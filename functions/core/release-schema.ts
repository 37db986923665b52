/** The shape of each field of an input, and what is said when it has another one. */
import * as z from 'zod/mini';
import { IMAGE_FORMS, isImage, isReleaseId, type Repository, readImage } from './image.ts';
import { ALL, isShare } from './share.ts';

/** A bake under a minute would end before one minute of numbers has closed. */
export const SHORTEST_BAKE_SECONDS = 60;
/** The history budget (plan.ts) allows less; this keeps the arithmetic of waits within sane numbers. */
export const LONGEST_BAKE_SECONDS = 18 * 3600;
export const LONGEST_WARM_MINUTES = 720;
export const MOST_STAGES = 20;
const LONGEST_TEXT = 200;
const YEAR_2000 = 946_684_800;
const YEAR_2100 = 4_102_444_800;

export const ACTIONS = ['release', 'rollback'] as const;
export const EXAMPLES = [
  '{"image":"v1.2.3"}',
  '{"image":"v1.2.3","strategy":"blue-green"}',
  '{"action":"rollback"}',
  '{"action":"rollback","to":"v1.2.2"}',
].join(' or ');
const YES_OR_NO = 'write true or false';
const A_SENTENCE = `write 1 to ${LONGEST_TEXT} letters, digits, spaces and .,:;'()/#+-_=!?% on one line`;

/** What to write instead, by field; stages without their position. */
export const FIXES: Readonly<Record<string, string>> = {
  input: `write ${EXAMPLES}`,
  image: `write ${IMAGE_FORMS}`,
  strategy: 'leave strategy out when you give stages, or the stages when you name a strategy',
  stages: `write rising shares that end with 100, at most ${MOST_STAGES}: [10, 50, 100]`,
  'stages[]': 'write a share (10) or a stage ({"share": 10, "bake": "15m", "approval": true})',
  'stages[].share': 'write an integer from 1 to 100, above the one before',
  'stages[].bake': `write seconds (900) or a time ("15m"), from ${SHORTEST_BAKE_SECONDS} s to ${LONGEST_BAKE_SECONDS} s; 100 has none, its watch is warmMinutes`,
  'stages[].approval': `${YES_OR_NO}, below 100 only`,
  warmMinutes: `write an integer from 0 to ${LONGEST_WARM_MINUTES}`,
  schemaCompatible: YES_OR_NO,
  downgradeSafe: YES_OR_NO,
  acceptSchema: YES_OR_NO,
  force: YES_OR_NO,
  hotfix: `say why: ${A_SENTENCE}`,
  note: A_SENTENCE,
  reason: A_SENTENCE,
  onPending: 'leave it out, or write "queue-latest": the newest push waits and then starts by itself',
  pushedAt: 'write a time with its zone ("2026-11-24T10:00:00Z") or epoch seconds',
  to: `write ${IMAGE_FORMS}, or a release id ("r-20261124-100000")`,
};

const text = z.string('is not text');
const sentence = text.check(
  z.refine((words) => words.length <= LONGEST_TEXT, {
    error: `is longer than ${LONGEST_TEXT} characters`,
    abort: true,
  }),
  z.refine((words) => /[\p{L}\p{N}]/u.test(words), { error: 'says nothing', abort: true }),
  // An allow-list: no line end, no quotes, nothing that Slack, HTML, a shell or the state machine would read as its own.
  z.refine((words) => /^[\p{L}\p{M}\p{N} .,:;'()/#+\-_=!?%]+$/u.test(words), 'has characters that are not allowed'),
);
const yesOrNo = z.boolean('is neither true nor false');
// Adding 0 turns -0, which JSON can say, into 0.
const whole = z.int('is not a whole number').check(z.overwrite((number) => number + 0));

const SECONDS_IN = { s: 1, m: 60, h: 3600 } as const;
const bake = z.pipe(
  z.transform((value: unknown) => {
    const [, count, unit] = (typeof value === 'string' && /^(\d{1,5})([smh])$/.exec(value)) || [];
    return unit === undefined ? value : Number(count) * SECONDS_IN[unit as keyof typeof SECONDS_IN];
  }),
  z.int('is neither whole seconds nor a time with a unit').check(
    z.overwrite((seconds) => seconds + 0),
    z.refine((seconds) => seconds === 0 || seconds >= SHORTEST_BAKE_SECONDS, 'is too short to judge one minute'),
    z.refine((seconds) => seconds <= LONGEST_BAKE_SECONDS, 'is longer than an execution can watch'),
  ),
);

const stage = z.pipe(
  z.transform((value: unknown) => (typeof value === 'number' ? { share: value } : value)),
  z.strictObject(
    {
      share: z.int('is not a whole percentage').check(z.gte(1, 'is below 1'), z.lte(ALL, 'is above 100')),
      bake: z.optional(bake),
      approval: z.optional(yesOrNo),
    },
    { error: ({ code }) => (code === 'invalid_type' ? 'is no stage' : undefined) },
  ),
);

/** A stage of which nothing is known yet: each field may be anything. */
interface WrittenStage {
  readonly share?: unknown;
  readonly bake?: unknown;
  readonly approval?: unknown;
}

const stages = z.array(stage, 'is not a list of stages').check(
  z.check<readonly (WrittenStage | null | undefined)[]>(
    ({ value, issues }) => {
      const wrong = (path: PropertyKey[], message: string): void => {
        issues.push({ code: 'custom', path, message, input: value });
      };
      if (value.length > MOST_STAGES) wrong([], `has ${value.length} stages`);
      if (value.at(-1)?.share !== ALL) wrong([], 'does not end with 100');
      value.forEach((one, index) => {
        const before = value[index - 1]?.share;
        const share = one?.share;
        // Only shares can be compared: anything else is wrong in itself, and JSON can spell an object without a value.
        if (!isShare(share)) return;
        if (isShare(before) && share <= before) wrong([index, 'share'], `${share} comes after ${before}`);
        if (share === ALL && one?.bake) wrong([index, 'bake'], '100 % has no bake');
        if (share === ALL && one?.approval) wrong([index, 'approval'], 'nothing comes after 100 %');
        if (share < ALL && one?.bake === 0) wrong([index, 'bake'], 'a share below 100 must be watched');
      });
    },
    // Also when a stage is wrong in itself: all that is wrong is told at once.
    { when: ({ value }) => Array.isArray(value) },
  ),
);

const pushedAt = z.pipe(
  z.transform((value: unknown) =>
    z.safeParse(z.iso.datetime({ offset: true }), value).success ? Date.parse(value as string) / 1000 : value,
  ),
  z
    .number('is no time')
    .check(z.refine((seconds) => seconds >= YEAR_2000 && seconds <= YEAR_2100, 'is no time of ours')),
);

export type Shapes = ReturnType<typeof shapes>;

/** The fields of the two requests. Only fields are checked here; what two fields may not say together is in release.ts. */
export const shapes = (repository: Repository) => ({
  release: {
    // The enum names both words when neither was written; the literal makes the two requests tell themselves apart.
    action: z._default(z.pipe(z.enum(ACTIONS), z.literal('release')), 'release'),
    image: z.pipe(
      text,
      z.transform((written, { issues }) => {
        const read = readImage(written, repository);
        if ('image' in read) return read.image;
        issues.push({ code: 'custom', message: read.wrong, input: written });
        return z.NEVER;
      }),
    ),
    strategy: z.optional(z.enum(['canary', 'blue-green'])),
    stages: z.optional(stages),
    policy: z.optional(z.enum(['compare', 'literal'])),
    onUnproven: z.optional(z.enum(['ask', 'proceed', 'abort'])),
    warmMinutes: z.optional(whole.check(z.gte(0, 'is below 0'), z.lte(LONGEST_WARM_MINUTES, 'is too long'))),
    schemaCompatible: z.optional(yesOrNo),
    downgradeSafe: z.optional(yesOrNo),
    force: z.optional(yesOrNo),
    hotfix: z.optional(sentence),
    onPending: z.optional(
      z
        .enum(['queue-latest', 'supersede', 'reject'])
        .check(z.refine((word) => word === 'queue-latest', 'is not built yet')),
    ),
    pushedAt: z.optional(pushedAt),
    source: z._default(z.enum(['push', 'person']), 'person'),
    note: z.optional(sentence),
  },
  rollback: {
    action: z.pipe(z.enum(ACTIONS), z.literal('rollback')),
    to: z.optional(
      text.check(
        z.refine((id) => isImage(id) || isReleaseId(id), 'names no release tag, commit sha, digest or release'),
      ),
    ),
    acceptSchema: z.optional(yesOrNo),
    reason: z.optional(sentence),
  },
});
