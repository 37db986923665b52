/** Migrations as tasks of their own, by token: the same token again is the same run, and no two run at once. */
import type { MigrationQueue, MigrationStatus } from '../functions/ports/fleet.ts';

export class Migrations {
  readonly #runs = new Map<string, 'begun' | 'stopped'>();
  readonly #statusOf: (token: string) => MigrationStatus;

  constructor(statusOf: (token: string) => MigrationStatus) {
    this.#statusOf = statusOf;
  }

  of(token: string): MigrationStatus | undefined {
    const run = this.#runs.get(token);
    if (run === 'stopped') return { is: 'failed', reason: 'it was stopped' };
    return run && this.#statusOf(token);
  }

  begin(token: string): MigrationStatus | MigrationQueue {
    const behind = [...this.#runs.keys()].find((one) => this.of(one)?.is === 'running');
    if (behind !== undefined && behind !== token) return { is: 'waits', behind };
    if (!this.#runs.has(token)) this.#runs.set(token, 'begun');
    return this.of(token)!;
  }

  stop(token: string): void {
    if (this.#runs.has(token)) this.#runs.set(token, 'stopped');
  }
}
