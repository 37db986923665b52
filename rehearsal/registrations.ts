/** Registrations in memory, beside the ledgers of the services. */
import { type ServiceState, writes } from '../functions/core/protocol.ts';
import type { Registered } from '../functions/core/registration.ts';
import type { Registrations } from '../functions/ports/registrations.ts';
import { MemoryLedger } from './ledger.ts';

export class MemoryRegistrations implements Registrations {
  readonly #services = new Map<string, Registered>();
  readonly #ledgers: Map<string, MemoryLedger>;
  #changes = 0;

  constructor(ledgers: Map<string, MemoryLedger> = new Map()) {
    this.#ledgers = ledgers;
  }

  /** A service that was never released has a ledger from the first look on. */
  ledgerOf(service: string): MemoryLedger {
    const ledger = this.#ledgers.get(service) ?? new MemoryLedger({ service, stable: 'blue', fence: 0 });
    this.#ledgers.set(service, ledger);
    return ledger;
  }

  async read(service: string): ReturnType<Registrations['read']> {
    const registered = this.#services.get(service);
    return { ...(registered ? { registered } : {}), state: this.ledgerOf(service).state };
  }

  async all() {
    const services = [...this.#services.values()].toSorted((one, other) => (one.service < other.service ? -1 : 1));
    return { changes: this.#changes, services, unreadable: [] };
  }

  async states(services: readonly string[]) {
    return services.map((service) => this.ledgerOf(service).state);
  }

  async put(registered: Registered, changes: number, seen?: ServiceState): Promise<boolean> {
    if (changes !== this.#changes) return false;
    if (seen && !this.ledgerOf(seen.service).write(writes.moved(seen)).written) return false;
    this.#changes++;
    this.#services.set(registered.service, structuredClone(registered));
    return true;
  }

  async remove(service: string) {
    const ledger = this.ledgerOf(service);
    const { written, state } = ledger.write(writes.unregister(ledger.state));
    if (!written) return state;
    this.#services.delete(service);
    this.#changes++;
    return undefined;
  }
}
