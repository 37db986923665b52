export interface Executions {
  /** Starts a release. The same name again, while it runs, is the same execution. */
  start(name: string, input: Readonly<Record<string, unknown>>): Promise<void>;
  /** By the execution's ARN, or by the name that it was started with. */
  status(execution: string): Promise<'RUNNING' | 'ended' | 'unknown'>;
}
