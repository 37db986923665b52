/** Epoch seconds. */
export type Instant = number;

export interface Clock {
  now(): Instant;
  /** Used only between two readings inside one step; longer waits belong to the state machine. */
  sleep(seconds: number): Promise<void>;
}
