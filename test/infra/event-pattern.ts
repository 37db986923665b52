/**
 * The part of EventBridge's pattern language that our rules use, strict: an operator that it does not know is an error,
 * not a match (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html).
 */

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
type Pattern = { readonly [key: string]: Pattern | readonly Json[] };

/** Every field of the pattern must be in the event, with one of the values that the pattern lists for it. */
export function matches(pattern: Pattern, event: unknown): boolean {
  return Object.entries(pattern).every(([field, wanted]) => {
    const found = isObject(event) ? event[field] : undefined;
    if (!isList(wanted)) return matches(wanted, found);
    return wanted.some((one) => (isList(found) ? found : [found]).some((value) => matchesValue(one, value)));
  });
}

function matchesValue(wanted: Json, found: unknown): boolean {
  if (!isObject(wanted)) return found === wanted;
  const [[operator, operand] = []] = Object.entries(wanted);
  if (operator !== 'prefix' || typeof operand !== 'string' || Object.keys(wanted).length !== 1)
    throw new Error(`This matcher does not know ${JSON.stringify(wanted)}`);
  return typeof found === 'string' && found.startsWith(operand);
}

const isList = (value: unknown): value is readonly Json[] => Array.isArray(value);

const isObject = (value: unknown): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export interface Transformer {
  readonly InputPathsMap: Readonly<Record<string, string>>;
  readonly InputTemplate: string;
}

/** What the target is given: each `<name>` of the template is the JSON at its path, and nothing where there is none. */
export function transformed({ InputPathsMap, InputTemplate }: Transformer, event: unknown): unknown {
  const text = InputTemplate.replace(/<([\w-]+)>/g, (_, name: string) => {
    const path = InputPathsMap[name]?.replace(/^\$\./, '').split('.') ?? [];
    const found = path.reduce<unknown>((at, step) => (isObject(at) ? at[step] : undefined), event);
    return found === undefined ? '""' : JSON.stringify(found);
  });
  return JSON.parse(text);
}
