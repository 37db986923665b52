/** The tests of a Choice state, as in https://states-language.net/spec.html (Choice State). */
import { find, type Json, runtimeFailure, type Scope } from './engine-paths.ts';

const ORDER = {
  Equals: (left, right) => left === right,
  LessThan: (left, right) => left < right,
  GreaterThan: (left, right) => left > right,
  LessThanEquals: (left, right) => left <= right,
  GreaterThanEquals: (left, right) => left >= right,
} as const satisfies Readonly<Record<string, <T extends string | number>(left: T, right: T) => boolean>>;
type Order = keyof typeof ORDER;

/** A value of the wrong type does not match; it is no error. */
type Comparison = (value: Json, operand: Json) => boolean;

const stringBy =
  (order: Order): Comparison =>
  (value, operand) =>
    typeof value === 'string' && typeof operand === 'string' && ORDER[order](value, operand);

const numberBy =
  (order: Order): Comparison =>
  (value, operand) =>
    typeof value === 'number' && typeof operand === 'number' && ORDER[order](value, operand);

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  ...Object.fromEntries((Object.keys(ORDER) as Order[]).map((order) => [`String${order}`, stringBy(order)])),
  ...Object.fromEntries((Object.keys(ORDER) as Order[]).map((order) => [`Numeric${order}`, numberBy(order)])),
  BooleanEquals: (value, operand) => typeof value === 'boolean' && value === operand,
};

/** Comparison operator -> the type of its operand. */
export const OPERAND_TYPES: Readonly<Record<string, 'string' | 'number' | 'boolean'>> = {
  ...Object.fromEntries(Object.keys(ORDER).map((order) => [`String${order}`, 'string' as const])),
  ...Object.fromEntries(Object.keys(ORDER).map((order) => [`Numeric${order}`, 'number' as const])),
  BooleanEquals: 'boolean',
  IsPresent: 'boolean',
};

export type Test =
  | { readonly And: readonly Test[] }
  | { readonly Or: readonly Test[] }
  | { readonly Not: Test }
  | { readonly Variable: string; readonly operator: string; readonly operand: Json };

/** @throws ExecutionFailure States.Runtime when a Variable is missing and the test is not IsPresent */
export function holds(test: Test, scope: Scope): boolean {
  if ('And' in test) return test.And.every((part) => holds(part, scope));
  if ('Or' in test) return test.Or.some((part) => holds(part, scope));
  if ('Not' in test) return !holds(test.Not, scope);
  const value = find(test.Variable, scope);
  if (test.operator === 'IsPresent') return (value !== undefined) === test.operand;
  if (value === undefined) throw runtimeFailure(`The Choice's variable '${test.Variable}' is not in the state's data`);
  return COMPARISONS[test.operator]!(value, test.operand);
}
