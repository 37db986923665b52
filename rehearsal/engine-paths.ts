/**
 * The data of an execution: JSON, the part of JSONPath that the release policy uses, payload templates and ResultPath.
 * Rules: https://states-language.net/spec.html (Paths, Reference Paths, Payload Template).
 */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = { readonly [name: string]: Json };

/** Ends the execution whatever the state catches: States.Runtime, States.DataLimitExceeded, or an error nobody caught. */
export class ExecutionFailure extends Error {
  readonly error: string;
  constructor(error: string, cause: string) {
    super(cause);
    this.error = error;
  }
}

export const runtimeFailure = (cause: string): ExecutionFailure => new ExecutionFailure('States.Runtime', cause);

/** Step Functions' quota for the input, the result and the output of a state, bytes of UTF-8. */
export const PAYLOAD_LIMIT_BYTES = 262_144;

/**
 * What arrives on the other side of a Lambda call: the same value as JSON, sharing no memory. Nothing arrives as null.
 * @throws ExecutionFailure States.DataLimitExceeded over 262,144 bytes; TypeError for what JSON cannot hold
 */
export function overTheWire(value: unknown): Json {
  const text = JSON.stringify(value) ?? 'null';
  const bytes = Buffer.byteLength(text);
  if (bytes > PAYLOAD_LIMIT_BYTES)
    throw new ExecutionFailure('States.DataLimitExceeded', `${bytes} bytes; a state may hold ${PAYLOAD_LIMIT_BYTES}`);
  return JSON.parse(text) as Json;
}

const PATH = /^\$\$?(\.[A-Za-z_]\w*)*$/;
const REFERENCE_PATH = /^\$(\.[A-Za-z_]\w*)*$/;

/** `$`, `$.a.b` (the state's input), `$$`, `$$.a.b` (the context). */
export const isPath = (text: string): boolean => PATH.test(text);

/** `$`, `$.a.b`: where a result can be put. */
export const isReferencePath = (text: string): boolean => REFERENCE_PATH.test(text);

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What paths are read from: `$` and `$$`. */
export interface Scope {
  readonly input: Json;
  readonly context: JsonObject;
}

/** The value at a path, or undefined where the path leads nowhere. */
export function find(path: string, { input, context }: Scope): Json | undefined {
  const [root, ...names] = path.split('.');
  let value: Json | undefined = root === '$$' ? context : input;
  for (const name of names) value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  return value;
}

/** @throws ExecutionFailure States.Runtime where the path leads nowhere */
export function read(path: string, scope: Scope): Json {
  const value = find(path, scope);
  if (value === undefined) throw runtimeFailure(`The path '${path}' is not in the state's data`);
  return value;
}

/** @throws ExecutionFailure States.Runtime where there is no whole number of seconds */
export function readSeconds(path: string, scope: Scope): number {
  const seconds = read(path, scope);
  if (typeof seconds === 'number' && Number.isInteger(seconds) && seconds >= 0) return seconds;
  throw runtimeFailure(`'${path}' is ${JSON.stringify(seconds)}, not a whole number of seconds`);
}

/** @throws ExecutionFailure States.Runtime where there is no string */
export function readString(path: string, scope: Scope): string {
  const text = read(path, scope);
  if (typeof text === 'string') return text;
  throw runtimeFailure(`'${path}' is ${JSON.stringify(text)}, not a string`);
}

/** A template with its values: `"name.$": path` becomes `"name": value`, at any depth of objects. */
export function fill(template: Json, scope: Scope): Json {
  if (!isObject(template)) return template;
  return Object.fromEntries(
    Object.entries(template).map(([name, value]) =>
      name.endsWith('.$') ? [name.slice(0, -2), read(value as string, scope)] : [name, fill(value, scope)],
    ),
  );
}

/** What is wrong with a template, one sentence each. */
export function templateProblems(template: Json): readonly string[] {
  if (Array.isArray(template))
    return JSON.stringify(template).includes('.$":') ? ['a path inside an array is not supported'] : [];
  if (!isObject(template)) return [];
  return Object.entries(template).flatMap(([name, value]) => {
    if (!name.endsWith('.$')) return templateProblems(value);
    const problems: string[] = [];
    if (typeof value !== 'string' || !isPath(value)) problems.push(`${name} is not a supported path: ${value}`);
    if (Object.hasOwn(template, name.slice(0, -2))) problems.push(`${name.slice(0, -2)} is a duplicate of ${name}`);
    return problems;
  });
}

/** The input with the result at `resultPath`; objects on the way are made, null keeps the input as it is. */
export function place(resultPath: string | null, input: Json, result: Json): Json {
  if (resultPath === null) return input;
  const put = (names: readonly string[], into: Json): Json => {
    const [name, ...rest] = names;
    if (name === undefined) return result;
    if (!isObject(into))
      throw new ExecutionFailure('States.ResultPathMatchFailure', `No room for ${resultPath}: not an object`);
    return { ...into, [name]: put(rest, Object.hasOwn(into, name) ? into[name]! : {}) };
  };
  return put(resultPath.split('.').slice(1), input);
}
