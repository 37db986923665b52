/**
 * What people and pushes asked for, as they asked for it: nobody is moved to an older version than that, and a rollback
 * without a name never brings a newer one. Versions are as old as their pushes.
 */
import type { LedgerWrite, Lock, ServiceState } from '../../functions/core/protocol.ts';
import type { Image } from '../../functions/ports/registry.ts';

interface Newest {
  readonly digest: string;
  /** What users had when it opened: what a rollback without a name asks for. */
  readonly before: string | undefined;
}

export class Asked {
  readonly #ages = new Map<string, number>();
  /** Executions that were asked to roll back without a name. */
  readonly #unnamed = new Set<string>();
  /** When the oldest version was pushed that anybody asked for. */
  #oldest: number;
  #newest: Newest;

  constructor(images: Iterable<Image>, { current, previous, lock }: ServiceState) {
    for (const { digest, pushedAt } of images) this.#ages.set(digest, pushedAt);
    this.#oldest = this.#age(current?.digest);
    this.#newest = lock
      ? { digest: lock.digest, before: current?.digest }
      : { digest: current?.digest ?? '', before: previous?.digest };
  }

  #age(digest: string | undefined): number {
    return this.#ages.get(digest ?? '') ?? Number.POSITIVE_INFINITY;
  }

  /** Somebody asks for a version by name, or moves users to it by hand. */
  version(digest: string | undefined): void {
    this.#oldest = Math.min(this.#oldest, this.#age(digest));
  }

  /** A person starts a rollback. */
  rollback(execution: string, to: string | undefined): void {
    if (to === undefined) this.#unnamed.add(execution);
    this.version(to ?? this.#newest.before);
  }

  /** What is wrong with users being moved to that version. */
  moved(digest: string | undefined): string | undefined {
    if (this.#age(digest) >= this.#oldest || !this.#ages.has(digest ?? '')) return undefined;
    return `users were moved to ${digest?.slice(0, 12)}, which is older than what anybody asked for`;
  }

  /** What is wrong with a write that was made. */
  written(
    { name, set }: Pick<LedgerWrite, 'name' | 'set'>,
    execution: string | undefined,
    before: ServiceState,
  ): string | undefined {
    const { current, lock: aborted } = before;
    const lock = set['lock'] as Lock | undefined;
    if (name === 'open' && lock && !lock.rollback) {
      this.#ages.set(lock.digest, lock.pushedAt);
      this.version(lock.digest);
      this.#newest = { digest: lock.digest, before: current?.digest };
    }
    if (execution === undefined || !this.#unnamed.has(execution)) return undefined;
    // A rollback that its own judge, or a failed step, puts an end to: that is the policy's word, not the person's.
    if (name === 'abort' && aborted?.owner === execution) return undefined;
    const [left, brought] =
      name === 'open' ? [current?.digest, lock?.digest] : name === 'abort' ? [aborted?.digest, current?.digest] : [];
    if (left === undefined || this.#age(brought) < this.#age(left)) return undefined;
    return `a rollback without a name takes ${left.slice(0, 12)} from users, and brings the newer ${brought?.slice(0, 12)}`;
  }
}
