export interface Executions {
  /**
   * Starts a release. The same name with the same input again is the same execution, also when it has ended.
   * @throws Stuck when that name was started with another input
   */
  start(name: string, input: Readonly<Record<string, unknown>>): Promise<void>;
  /** By the execution's ARN, or by the name that it was started with. */
  status(execution: string): Promise<'RUNNING' | 'ended' | 'unknown'>;
}
