/** The conditions and changes of core/protocol.ts as DynamoDB expressions. Every name goes through a placeholder. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { Condition, Path, Value } from '../core/protocol.ts';

export type Attributes = Record<string, AttributeValue>;

export interface Change {
  readonly condition?: Condition | undefined;
  readonly set?: Readonly<Record<Path, unknown>> | undefined;
  readonly remove?: readonly Path[] | undefined;
  /** A counter to add one to. */
  readonly count?: Path | undefined;
}

export interface Expressions {
  readonly ConditionExpression?: string;
  readonly UpdateExpression?: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Attributes;
}

/** All expressions of one write; what is not needed is absent, because DynamoDB refuses placeholders that nobody uses. */
export function expressionsOf({ condition, set = {}, remove = [], count }: Change): Expressions {
  const names = new Map<string, string>();
  const values: Attributes = {};

  const name = (path: Path): string =>
    path
      .split('.')
      .map((part) => {
        names.set(`#${part}`, part);
        return `#${part}`;
      })
      .join('.');
  const value = (written: unknown): string => {
    const placeholder = `:v${Object.keys(values).length}`;
    values[placeholder] = attribute(written);
    return placeholder;
  };

  function rendered(one: Condition): string {
    if ('all' in one) return joined(one.all, ' AND ');
    if ('any' in one) return joined(one.any, ' OR ');
    if ('not' in one) return `(NOT ${rendered(one.not)})`;
    if ('present' in one) return `attribute_exists(${name(one.present)})`;
    if ('oneOf' in one) return `(${name(one.path)} IN (${one.oneOf.map(value).join(', ')}))`;
    if ('equals' in one) return `(${name(one.path)} = ${name(one.equals)})`;
    return compared(one.path, one.is, one.value);
  }
  const joined = (conditions: readonly Condition[], word: string): string => `(${conditions.map(rendered).join(word)})`;
  /** What is absent differs from everything; "not equal" says so without relying on how `<>` treats it. */
  const compared = (path: Path, is: string, against: Value): string =>
    is === '<>' ? `(NOT (${name(path)} = ${value(against)}))` : `(${name(path)} ${is} ${value(against)})`;

  const sets = Object.entries(set)
    .filter(([, written]) => written !== undefined)
    .map(([path, written]) => `${name(path)} = ${value(written)}`);
  if (count) sets.push(`${name(count)} = if_not_exists(${name(count)}, ${value(0)}) + ${value(1)}`);
  const removes = remove.map(name);
  const update = [
    ...(sets.length > 0 ? [`SET ${sets.join(', ')}`] : []),
    ...(removes.length > 0 ? [`REMOVE ${removes.join(', ')}`] : []),
  ].join(' ');
  const required = condition && rendered(condition);
  return {
    ...(required ? { ConditionExpression: required } : {}),
    ...(update ? { UpdateExpression: update } : {}),
    ...(names.size > 0 ? { ExpressionAttributeNames: Object.fromEntries(names) } : {}),
    ...(Object.keys(values).length > 0 ? { ExpressionAttributeValues: values } : {}),
  };
}

const OPTIONS = { removeUndefinedValues: true, allowImpreciseNumbers: true } as const;

/** Magnitudes that DynamoDB refuses; evidence can be as good as nothing, or beyond all doubt. */
const TINY = 1e-120;
const HUGE = 1e120;

/** One JSON value; what is undefined inside it is left out. */
export const attribute = (value: unknown): AttributeValue => marshall({ value: fitting(value) }, OPTIONS)['value']!;

export const attributesOf = (item: object): Attributes => marshall(fitting(item) as object, OPTIONS) as Attributes;

export const itemOf = (attributes: Attributes): Record<string, unknown> =>
  unmarshall(attributes, { wrapNumbers: Number });

function fitting(value: unknown): unknown {
  if (typeof value === 'number') return Math.abs(value) < TINY ? 0 : Math.min(HUGE, Math.max(-HUGE, value));
  if (Array.isArray(value)) return value.map(fitting);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fitting(inner)]));
}
