import type { Instant } from '../functions/ports/clock.ts';
import type { Json } from './engine-paths.ts';
import type { State } from './engine-states.ts';

/** The events that Step Functions' GetExecutionHistory names for the states that the engine plays. */
export type HistoryEventType =
  | `Execution${'Started' | 'Succeeded' | 'Failed' | 'Aborted' | 'TimedOut'}`
  | `${State['Type']}State${'Entered' | 'Exited'}`
  | `LambdaFunction${'Scheduled' | 'Started' | 'Succeeded' | 'Failed' | 'TimedOut'}`;

export interface HistoryDetails {
  /** Of the state, for Entered and Exited. */
  readonly name?: string;
  /** Of the Lambda, as in the file: `${Judge}`. */
  readonly resource?: string;
  readonly input?: Json;
  readonly output?: Json;
  readonly error?: string;
  readonly cause?: string;
}

export interface HistoryEvent {
  /** 1, 2, 3, ... */
  readonly id: number;
  /** The event before; 0 for the first. */
  readonly previousEventId: number;
  /** Epoch seconds. */
  readonly timestamp: Instant;
  readonly type: HistoryEventType;
  readonly details: HistoryDetails;
}

/** The quota of a Standard execution; its last place belongs to the event that ends it. */
export const HISTORY_LIMIT_EVENTS = 25_000;
