/** Percent of requests on the candidate: an integer from 0 to 100, always absolute. Stable is the rest. */
export type Share = number;

export const ALL: Share = 100;
export const NONE: Share = 0;

export const isShare = (value: unknown): value is Share =>
  Number.isInteger(value) && (value as number) >= NONE && (value as number) <= ALL;
