import type { ServiceState } from '../core/protocol.ts';
import type { Registered } from '../core/registration.ts';

/** All registrations, as they were when this many changes had been made to them. */
export interface Register {
  readonly changes: number;
  readonly services: readonly Registered[];
  /** What another version of the controller wrote and this one does not understand, and why. */
  readonly unreadable: readonly { readonly service: string; readonly why: string }[];
}

/** The services of this account and Region that the controller serves. */
export interface Registrations {
  /** Of one service, with its state, in one consistent call. */
  read(service: string): Promise<{ readonly registered?: Registered; readonly state: ServiceState }>;
  /** Every one of them, consistently. */
  all(): Promise<Register>;
  /** The states of these, in any order; may be a second old. */
  states(services: readonly string[]): Promise<readonly ServiceState[]>;
  /**
   * Written only if there was no change since those `changes`; otherwise false, and nothing changes. `seen`: and only if no
   * release began since that state, nor can begin from it any more.
   */
  put(registered: Registered, changes: number, seen?: ServiceState): Promise<boolean>;
  /**
   * Gone, unless a release runs: then the state that is in the way comes back. What the ledger knows of its releases
   * stays, and whoever read the state before can open nothing with it.
   */
  remove(service: string): Promise<ServiceState | undefined>;
}
