/** What the log of a fixture must show: the order that the policy asks for, and no word about what is only read besides. */
import { expect } from 'vitest';

/** These happen in this order, whatever happens between them. */
export function expectInOrder(log: readonly string[], wanted: readonly string[]): void {
  let next = 0;
  for (const line of log) if (line === wanted[next]) next += 1;
  // Where one is missing, the whole log is told.
  expect(next === wanted.length ? wanted : log).toEqual(wanted);
}

const isReading = (line: string): boolean => line.startsWith('Describe');

/** These happen in this order, and nothing else is written. */
export function expectWrites(log: readonly string[], wanted: readonly string[]): void {
  expectInOrder(log, wanted);
  expect(log.filter((line) => !isReading(line))).toEqual(wanted.filter((line) => !isReading(line)));
}
