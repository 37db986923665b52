/**
 * Registrar: takes a service in, changes what is known of it, and lets it go. What is wrong is refused with a sentence for
 * each field, and then nothing was written.
 */
import { typed } from '../../core/commands.ts';
import { ReleaseRefused, Stuck, Transient, type WrongField } from '../../core/failures.ts';
import type { Lock } from '../../core/protocol.ts';
import { parseRegistration, type Registered, type Registration, takenFrom } from '../../core/registration.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Registrations } from '../../ports/registrations.ts';
import type { TrafficRouter } from '../../ports/traffic-router.ts';

/** IAM and a new role: usable after some seconds, and within a minute. */
const TRIES = 12;
const SECONDS_BETWEEN_TRIES = 5;
/** Somebody else registered between the look and the write. */
const MOST_CONFLICTS = 5;

export interface RegistrarPorts {
  readonly registrations: Registrations;
  /** Of that service, with its own role. */
  readonly routerOf: (registration: Registration) => Pick<TrafficRouter, 'current'>;
  readonly clock: Clock;
}

/**
 * Returns the registration as it stands now; the same again writes nothing.
 * @throws ReleaseRefused with what is wrong
 */
export const register = (ports: RegistrarPorts) =>
  async function registerStep(raw: unknown, stack: string): Promise<Registered> {
    const parsed = parseRegistration(raw);
    if (!parsed.ok) throw refused(parsed.fields);
    const { registration } = parsed;
    const { service } = registration;
    for (let conflicts = 0; conflicts < MOST_CONFLICTS; conflicts++) {
      const { changes, services } = await ports.registrations.all();
      const taken = takenFrom(services, registration, stack);
      if (taken.length > 0) throw refused(taken);
      const { registered: before, state } = await ports.registrations.read(service);
      if (before && isSame(before, registration)) return before;
      const moved = before ? movedIn(before, registration) : [];
      if (state.lock && moved.length > 0)
        throw refused(moved.map((field) => whileReleased(field, service, state.lock!)));
      await prove(ports, registration);
      const next: Registered = {
        ...registration,
        stack,
        version: (before?.version ?? 0) + 1,
        registeredAt: Math.round(ports.clock.now()),
      };
      if (await ports.registrations.put(next, changes, moved.length > 0 ? state : undefined)) return next;
    }
    throw new Transient(`Others registered at the same time as ${service}, ${MOST_CONFLICTS} times`);
  };

/**
 * Lets the service go; one that is not there, or is another stack's by now, is left as it is.
 * @throws ReleaseRefused while it is released
 */
export const unregister = ({ registrations }: Pick<RegistrarPorts, 'registrations'>) =>
  async function unregisterStep(service: string, stack: string): Promise<void> {
    const { registered } = await registrations.read(service);
    if (!registered || registered.stack !== stack) return;
    const inTheWay = await registrations.remove(service);
    if (inTheWay?.lock) throw refused([whileReleased('service', service, inTheWay.lock)]);
  };

/** Both are as the schema writes them, so that equal ones are equal texts. */
function isSame({ stack: _, version: __, registeredAt: ___, ...before }: Registered, now: Registration): boolean {
  return JSON.stringify(before) === JSON.stringify(now);
}

/** Rules, role and limits may change while a release runs: every step reads them anew. What its users stand on may not. */
const movedIn = (before: Registered, now: Registration) =>
  (['targetGroups', 'cluster', 'services', 'families', 'container'] as const).filter(
    (field) => JSON.stringify(before[field]) !== JSON.stringify(now[field]),
  );

const whileReleased = (field: string, service: string, { releaseId, phase, share }: Lock): WrongField => ({
  field,
  message: `${releaseId} of ${service} is under way (${phase}, ${share} %)`,
  fix:
    phase === 'stuck'
      ? `free it first: ${typed('status', service)} says how`
      : `wait until it has ended, or end it: ${typed('status', service)}`,
});

/** The role can be assumed, and with it the rule is seen to forward to these two groups and to nobody else. */
async function prove({ routerOf, clock }: RegistrarPorts, registration: Registration): Promise<void> {
  for (let tried = 1; ; tried++) {
    try {
      await routerOf(registration).current();
      return;
    } catch (error) {
      if (error instanceof Stuck)
        throw refused([
          {
            field: 'ruleArn',
            message: error.message,
            fix: 'name a rule that forwards to both target groups, and to no other',
          },
        ]);
      if (!(error instanceof Transient) || tried === TRIES) throw error;
      await clock.sleep(SECONDS_BETWEEN_TRIES);
    }
  }
}

const refused = (fields: readonly WrongField[]): ReleaseRefused =>
  new ReleaseRefused('The service was not registered; nothing was changed.', fields);
