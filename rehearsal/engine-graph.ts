/** Where the states of an ASL definition lead. Takes the raw JSON, also a broken one, so that a lint can ask as well. */
import { isObject } from './engine-paths.ts';

export const listOf = (value: unknown): readonly Readonly<Record<string, unknown>>[] =>
  Array.isArray(value) ? value.filter(isObject) : [];

/** The names after Next and Default: the state's own, its choices' and its catchers', in this order, duplicates kept. */
export function targetsOf(state: unknown): readonly string[] {
  if (!isObject(state)) return [];
  const rules = [...listOf(state['Choices']), ...listOf(state['Catch'])];
  return [state['Next'], ...rules.map((rule) => rule['Next']), state['Default']].filter(
    (name): name is string => typeof name === 'string',
  );
}

/** Every state that `start` leads to, itself included; a state in `closed` is reached but not left. */
export function reachableFrom(
  start: string,
  states: Readonly<Record<string, unknown>>,
  closed: readonly string[] = [],
): ReadonlySet<string> {
  const reached = new Set<string>();
  const open = [start];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (reached.has(name) || !Object.hasOwn(states, name)) continue;
    reached.add(name);
    if (!closed.includes(name)) open.push(...targetsOf(states[name]));
  }
  return reached;
}
