/** Reads what somebody else wrote, value by value: each is what it must be, or is named with what is wrong with it. */

/** What is wrong with a recording, in words for whoever wrote it. */
export class BrokenRecording extends Error {
  override readonly name = 'BrokenRecording';
}

export type Fields = Readonly<Record<string, unknown>>;

export function objectFrom(value: unknown, where: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new BrokenRecording(`${where} is no object`);
}

export function listFrom(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new BrokenRecording(`${where} is no list`);
}

export function textFrom(value: unknown, where: string): string {
  if (typeof value === 'string') return value;
  throw new BrokenRecording(`${where} is no text`);
}

export function wholeFrom(value: unknown, where: string, most: number): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most) return value as number;
  throw new BrokenRecording(`${where} is no whole number from 0 to ${most}`);
}

/** A number from 0 to `most`. */
export function numberFrom(value: unknown, where: string, most: number = Number.MAX_SAFE_INTEGER): number {
  if (typeof value === 'number' && value >= 0 && value <= most) return value;
  throw new BrokenRecording(`${where} is no number from 0 to ${most}`);
}

/** Many writers of JSON say null where there is nothing. */
export const isAbsent = (value: unknown): value is null | undefined => value === null || value === undefined;

/** A number that may not have been delivered: null is undefined, everything else goes to `read`. */
export function ifDelivered(
  value: unknown,
  where: string,
  most: number,
  read: (value: unknown, where: string, most: number) => number,
): number | undefined {
  return isAbsent(value) ? undefined : read(value, where, most);
}

/** Leaves out what was not delivered. */
export const present = <T extends object>(reading: { readonly [K in keyof T]: T[K] | undefined }): T =>
  Object.fromEntries(Object.entries(reading).filter(([, value]) => value !== undefined)) as T;
