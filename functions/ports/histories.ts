import type { Instant } from './clock.ts';

/** An event of an execution, by the names of Step Functions (https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html). */
export interface HistoryEvent {
  /** 1, 2, 3, ... */
  readonly id: number;
  readonly timestamp: Instant;
  readonly type: string;
  readonly details: {
    /** Of the state that was entered or left. */
    readonly name?: string;
    /** Decoded. */
    readonly input?: unknown;
    readonly output?: unknown;
    readonly error?: string;
    readonly cause?: string;
  };
}

export interface Histories {
  /** What happened in an execution after the event with that id, oldest first; nothing when it is known no more. */
  after(execution: string, id: number): Promise<readonly HistoryEvent[]>;
}
