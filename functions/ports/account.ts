import type { Registered } from '../core/registration.ts';
import type { Weights } from '../core/roles.ts';

/** `wrong`: not there, or not as it was made. `unread`: AWS did not answer, so nothing is known. */
export type Glance<Seen> = Seen | 'wrong' | 'unread';

/** What one reading shows of many services at once. By the service's name; whoever was asked for is in it. */
export interface Account {
  weights(of: readonly Registered[]): Promise<ReadonlyMap<string, Glance<Weights>>>;
  /** The task definition revision that each of these ECS services runs. */
  revisions(
    of: readonly { readonly service: string; readonly cluster: string; readonly name: string }[],
  ): Promise<ReadonlyMap<string, Glance<{ readonly revision?: string }>>>;
}

export interface Look {
  readonly service: string;
  readonly why: string;
}

/** Who takes a closer look: one at a time for each service, within a minute or not at all. */
export interface Looks {
  /** In this order. Asked twice within one minute, a service is looked at once. Resolves with those that were not taken. */
  ask(looks: readonly Look[], minute: number): Promise<readonly Look[]>;
}
