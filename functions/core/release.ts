/** What may be asked of a service, and the door through which every request comes: nothing changes before it. */
import * as z from 'zod/mini';
import type { WrongField } from './failures.ts';
import type { Repository } from './image.ts';
import { ACTIONS, EXAMPLES, FIXES, type Shapes, shapes } from './release-schema.ts';
import type { Share } from './share.ts';
import { closest, plain, quoted } from './suggest.ts';

export interface InputSettings {
  readonly repository: Repository;
}

export type ReleaseRequest = ImageRequest | RollbackRequest;

/** Bring an image to all users. */
export interface ImageRequest {
  readonly action: 'release';
  /** A release tag (`v...`), a 40-hex commit sha or a digest (`sha256:...`) in the service's own repository. */
  readonly image: string;
  /** @default - canary; absent when `stages` are given, which are a strategy of their own. */
  readonly strategy?: 'canary' | 'blue-green' | undefined;
  /** 1 to 20 stages of one's own: shares rise and end with 100. */
  readonly stages?: readonly RequestedStage[] | undefined;
  /** @default - the settings' */
  readonly policy?: 'compare' | 'literal' | undefined;
  /** What ends a stage that had too few requests to judge. @default - the settings' */
  readonly onUnproven?: 'ask' | 'proceed' | 'abort' | undefined;
  /** Minutes for which the old colour stays warm, 0 to 720. @default - the settings' */
  readonly warmMinutes?: number | undefined;
  /** The previous code runs on this release's database. */
  readonly schemaCompatible?: boolean | undefined;
  /** This release's migration may be downgraded, if a person asks for it. */
  readonly downgradeSafe?: boolean | undefined;
  /** Release it although it is live, or was released before. */
  readonly force?: boolean | undefined;
  /** Why it must go out although stable itself is broken; the candidate is then judged alone. */
  readonly hotfix?: string | undefined;
  /** When the image was pushed, epoch seconds; a push that is older than what is live is stale. */
  readonly pushedAt?: number | undefined;
  /** Who asks. @default - person */
  readonly source: 'push' | 'person';
  readonly note?: string | undefined;
}

export interface RequestedStage {
  readonly share: Share;
  /** Seconds, 60 to 64,800; an input may also say "15m". 100 % has none. @default - 900 */
  readonly bake?: number | undefined;
  /** A person must say `advance` before the next share. @default - false */
  readonly approval?: boolean | undefined;
}

/** Bring users back to an earlier image. */
export interface RollbackRequest {
  readonly action: 'rollback';
  /** A release tag, commit sha, digest or release id (`r-YYYYMMDD-HHMMSS`). @default - the one before the newest release, once */
  readonly to?: string | undefined;
  /** The person knows that the code goes back past a migration that it may not understand. */
  readonly acceptSchema?: boolean | undefined;
  readonly reason?: string | undefined;
}

export type ParsedRequest =
  | { readonly ok: true; readonly request: ReleaseRequest }
  | { readonly ok: false; readonly fields: readonly WrongField[] };

const LARGEST_BYTES = 32 * 1024;
const DEEPEST = 8;
/** Step Functions' payload holds 256 KiB: a thousand sentences about a thousand unknown fields must not break it. */
const MOST_WRONG_FIELDS = 20;

/**
 * The request in `raw`, a decoded JSON value, or everything that is wrong with it: one message for every wrong field,
 * twenty at most. An accepted request, written as JSON, is accepted again and means the same.
 */
export function parseReleaseInput(raw: unknown, settings: InputSettings): ParsedRequest {
  if (!isObject(raw))
    return refused([{ field: 'input', message: `${quoted(raw)} is no request`, fix: FIXES['input']! }]);
  const size = unreadable(raw);
  if (size !== undefined) return refused([size]);
  const { release, rollback } = shapes(settings.repository);
  // An action that is nearly "rollback" is judged as one, so that its other fields are not called wrong as well.
  const { action } = raw;
  const asked = typeof action === 'string' ? closest(action, ACTIONS) : undefined;
  const parsed =
    asked === 'rollback'
      ? z.safeParse(z.strictObject(rollback), raw, { reportInput: true })
      : z.safeParse(z.strictObject(release), raw, { reportInput: true });
  const fieldsOf = { release: Object.keys(release), rollback: Object.keys(rollback) };
  const wrong = (parsed.error?.issues ?? []).flatMap((issue) => wrongFields(issue, asked ?? 'release', fieldsOf));
  if (raw['strategy'] !== undefined && raw['stages'] !== undefined)
    wrong.push({ field: 'strategy', message: 'stages are a strategy of their own', fix: FIXES['strategy']! });
  if (wrong.length > 0 || !parsed.success) return refused(wrong);
  return { ok: true, request: requestIn(parsed.data) };
}

type ParsedFields = z.infer<z.ZodMiniObject<Shapes['release']>> | z.infer<z.ZodMiniObject<Shapes['rollback']>>;
type Action = (typeof ACTIONS)[number];
type Fields = Readonly<Record<Action, readonly string[]>>;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** All fields at once, but the first message of each, and no more than an answer can carry. */
function refused(all: readonly WrongField[]): ParsedRequest {
  const fields = all.filter(({ field }, index) => all.findIndex((other) => other.field === field) === index);
  const rest = fields.length - MOST_WRONG_FIELDS;
  if (rest <= 0) return { ok: false, fields };
  const more = { field: 'input', message: `${rest + 1} more fields are wrong`, fix: FIXES['input']! };
  return { ok: false, fields: [...fields.slice(0, MOST_WRONG_FIELDS - 1), more] };
}

/** Depth first: what is too deep cannot be measured. */
function unreadable(raw: unknown): WrongField | undefined {
  if (isDeeperThan(DEEPEST, raw))
    return { field: 'input', message: `is nested deeper than ${DEEPEST} levels`, fix: FIXES['input']! };
  const bytes = new TextEncoder().encode(JSON.stringify(raw)).length;
  if (bytes <= LARGEST_BYTES) return undefined;
  return { field: 'input', message: `has ${bytes} bytes`, fix: `write at most ${LARGEST_BYTES} bytes: ${EXAMPLES}` };
}

const isDeeperThan = (levels: number, value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((inner) => isDeeperThan(levels - 1, inner)));

function requestIn(data: ParsedFields): ReleaseRequest {
  if (data.action === 'rollback') return data;
  // There is one way to wait so far, so a request need not say it.
  const { onPending: _, ...request } = data;
  return request.stages ? request : { ...request, strategy: request.strategy ?? 'canary' };
}

/** Zod's finding in our words; unknown fields are found together, and told one by one. */
function wrongFields(issue: z.core.$ZodIssue, action: Action, fieldsOf: Fields): readonly WrongField[] {
  const field = issue.path.reduce<string>(
    (path, step) => (typeof step === 'number' ? `${path}[${step}]` : path ? `${path}.${String(step)}` : String(step)),
    '',
  );
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => (field ? unknownStageField(field, key) : unknownField(key, action, fieldsOf)));
  if (issue.code === 'invalid_value') return [{ field, ...notOneOf(issue.values.map(String), issue.input) }];
  const fix = FIXES[field.replace(/\d+/, '')]!;
  if (issue.input === undefined)
    return [{ field, message: 'is missing', fix: field === 'image' ? FIXES['input']! : fix }];
  const written = typeof issue.input === 'object' ? '' : `${quoted(issue.input)} `;
  return [{ field, message: `${written}${issue.message}`, fix }];
}

function unknownField(key: string, action: Action, fieldsOf: Fields): WrongField {
  const field = plain(key);
  if (action === 'release' && fieldsOf.rollback.includes(key))
    return { field, message: 'belongs to a rollback', fix: 'leave it out, or write "action": "rollback"' };
  if (action === 'rollback' && fieldsOf.release.includes(key))
    return { field, message: 'belongs to a release', fix: ROLLBACK_INSTEAD[key] ?? 'leave it out, or the action' };
  return { field, message: 'is no field of a request', fix: didYouMean(key, fieldsOf[action], 'fields') };
}

const ROLLBACK_INSTEAD: Readonly<Record<string, string>> = {
  image: 'write "to": "v1.2.2" for the version to roll back to',
  note: 'write "reason"',
  hotfix: 'write "reason"',
};

const unknownStageField = (field: string, key: string): WrongField => ({
  field: `${field}.${plain(key)}`,
  message: 'is no field of a stage',
  fix: didYouMean(key, ['share', 'bake', 'approval'], 'fields'),
});

const notOneOf = (words: readonly string[], written: unknown): Pick<WrongField, 'message' | 'fix'> => ({
  message: `${quoted(written)} is not known`,
  fix: didYouMean(typeof written === 'string' ? written : '', words, 'words'),
});

function didYouMean(word: string, words: readonly string[], what: string): string {
  const meant = closest(word, words);
  return `${meant ? `did you mean "${meant}"? ` : ''}the ${what} are ${words.join(', ')}`;
}
