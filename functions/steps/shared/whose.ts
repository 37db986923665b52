/** Whose turn it is: from what a Lambda is called with to the one service that it is about. */
import { ReleaseRefused } from '../../core/failures.ts';
import type { ServiceState } from '../../core/protocol.ts';
import type { Registered } from '../../core/registration.ts';
import { closest, quoted } from '../../core/suggest.ts';
import type { Registrations } from '../../ports/registrations.ts';

export interface Whose {
  readonly registered: Registered;
  readonly state: ServiceState;
}

const FIX = 'write {"service":"NAME", ...}';

/**
 * The service by its name, or, where none is given, the only one that there is.
 * @throws ReleaseRefused with the names that there are
 */
export async function whoseIs(registrations: Registrations, named: unknown): Promise<Whose> {
  const service = named ?? (await theOnlyOne(registrations));
  if (typeof service !== 'string' || service === '')
    throw refusal('service', `${quoted(service)} is no name of a service`, FIX);
  const { registered, state } = await registrations.read(service);
  if (registered) return { registered, state };
  const names = await namesIn(registrations);
  const near = closest(service, names);
  throw refusal('service', `${quoted(service)} is not registered here`, near ? `did you mean ${near}?` : listOf(names));
}

async function theOnlyOne(registrations: Registrations): Promise<string> {
  const names = await namesIn(registrations);
  const [only] = names;
  if (names.length === 1) return only!;
  throw refusal(
    'service',
    names.length === 0 ? 'no service is registered here' : 'is missing, and there are several',
    listOf(names),
  );
}

/** Also one that cannot be read is there: a release must not go to another one because of that. */
async function namesIn(registrations: Registrations): Promise<readonly string[]> {
  const { services, unreadable } = await registrations.all();
  return [...services, ...unreadable].map(({ service }) => service).toSorted();
}

/** So many names stand in one sentence. */
const MOST_NAMES = 20;

function listOf(names: readonly string[]): string {
  if (names.length === 0) return 'deploy a stack with a service first';
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '';
  return `${FIX} with one of ${names.slice(0, MOST_NAMES).join(', ')}${more}`;
}

const refusal = (field: string, message: string, fix: string): ReleaseRefused =>
  new ReleaseRefused('Nothing was started; nothing was changed.', [{ field, message, fix }]);

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});

/** The name in a payload: of the state that goes from step to step, of the input of a release, or of a call by hand. */
export function serviceIn(payload: unknown): unknown {
  const { state, input, service } = fieldsOf(payload);
  return fieldsOf(state)['service'] ?? fieldsOf(input)['service'] ?? service;
}
