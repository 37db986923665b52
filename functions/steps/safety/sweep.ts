/**
 * Sweep: once a minute, over all services. It reads much in few calls and changes nothing: whatever is not at rest, or not
 * as it should be, is asked to be looked at (functions/steps/safety/reconcile.ts), service by service. A reading that fails hides
 * no release: of those the ledger tells.
 */
import type { ServiceState } from '../../core/protocol.ts';
import type { Registered } from '../../core/registration.ts';
import { rolesWhenStableIs, shareOf, type Weights } from '../../core/roles.ts';
import { NONE } from '../../core/share.ts';
import type { Account, Glance, Look, Looks } from '../../ports/account.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Registrations } from '../../ports/registrations.ts';

const MINUTE = 60;
/**
 * Everything is looked at once an hour, for what a reading of many does not show: scaling that rests, a push that got
 * lost, an image that nobody released. Each in its own minute, so that a thousand services are 17 looks a minute.
 */
const MINUTES_BETWEEN_LOOKS = 60;

export interface SweepPorts {
  readonly registrations: Pick<Registrations, 'all' | 'states'>;
  readonly account: Account;
  readonly looks: Looks;
  readonly clock: Pick<Clock, 'now'>;
}

export interface SweepAnswer {
  readonly summary: string;
  readonly services: number;
  readonly asked: readonly Look[];
  /** Of these nothing is known this minute. */
  readonly unread: readonly string[];
  /** These were not taken; the next sweep asks again. */
  readonly refused: readonly string[];
}

export const sweep = ({ registrations, account, looks, clock }: SweepPorts) =>
  async function sweepStep(): Promise<SweepAnswer> {
    const minute = Math.floor(clock.now() / MINUTE);
    const { services, unreadable } = await registrations.all();
    const states = new Map(
      (await registrations.states(services.map(({ service }) => service))).map((state) => [state.service, state]),
    );
    const known = services.map((registered) => ({ registered, state: states.get(registered.service)! }));
    const busy = known.flatMap(({ state }) => lookFor(state.service, underWay(state)));
    const atRest = known.filter(({ state }) => underWay(state) === undefined);
    const glance = await glanceAt(account, atRest);
    const odd = atRest.flatMap(({ state }) =>
      lookFor(state.service, whatIsOdd(state, glance) ?? dueIn(minute, state.service)),
    );
    const broken = unreadable.flatMap(({ service }) => lookFor(service, 'its registration cannot be read'));
    // A release comes first; the others in an order that changes, so that nobody is last every minute.
    const asked = [...inTurn(busy, minute), ...inTurn([...odd, ...broken], minute)];
    const refused = asked.length > 0 ? await looks.ask(asked, minute) : [];
    const unread = atRest
      .map(({ state }) => state.service)
      .filter((service) => glance.weights.get(service) === 'unread' || glance.revisions.get(service) === 'unread');
    return {
      summary: summaryOf(services.length + unreadable.length, asked, unread, refused),
      services: services.length + unreadable.length,
      asked,
      unread,
      refused: refused.map(({ service }) => service),
    };
  };

interface GlanceAtAll {
  readonly weights: ReadonlyMap<string, Glance<Weights>>;
  readonly revisions: ReadonlyMap<string, Glance<{ readonly revision?: string }>>;
}

async function glanceAt(
  account: Account,
  atRest: readonly { readonly registered: Registered; readonly state: ServiceState }[],
): Promise<GlanceAtAll> {
  const [weights, revisions] = await Promise.all([
    account.weights(atRest.map(({ registered }) => registered)),
    account.revisions(
      atRest.map(({ registered: { service, cluster, services }, state: { stable } }) => ({
        service,
        cluster,
        name: services[stable],
      })),
    ),
  ]);
  return { weights, revisions };
}

const lookFor = (service: string, why: string | undefined): readonly Look[] =>
  why === undefined ? [] : [{ service, why }];

function underWay({ lock, pending }: ServiceState): string | undefined {
  if (lock) return `${lock.releaseId} is under way`;
  return pending ? `${pending.image} waits` : undefined;
}

/** What is unread is no reason: a look reads more, and AWS answers too little already. */
function whatIsOdd(
  { service, stable, current }: ServiceState,
  { weights, revisions }: GlanceAtAll,
): string | undefined {
  const split = weights.get(service);
  if (split === 'wrong') return 'its rule is not as it was made';
  if (split !== undefined && split !== 'unread' && shareOf(rolesWhenStableIs(stable), split) !== NONE)
    return `its rule does not send everybody to ${stable}`;
  const runs = revisions.get(service);
  if (runs === 'wrong') return `its ECS service ${stable} is not there`;
  const revision = runs === 'unread' ? undefined : runs?.revision;
  if (current?.revision !== undefined && revision !== undefined && revision !== current.revision)
    return `${stable} runs ${revision}, which was not released`;
  return undefined;
}

const dueIn = (minute: number, service: string): string | undefined =>
  (minute - numberOf(service)) % MINUTES_BETWEEN_LOOKS === 0 ? 'its look of the hour' : undefined;

/** Spread evenly, and always the same for a name (FNV-1a, 32 bits). */
export function numberOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const letter of name) hash = Math.imul(hash ^ letter.codePointAt(0)!, 0x01000193) >>> 0;
  return hash;
}

const inTurn = (looks: readonly Look[], minute: number): readonly Look[] =>
  looks.toSorted((one, other) => numberOf(`${minute} ${one.service}`) - numberOf(`${minute} ${other.service}`));

function summaryOf(
  services: number,
  asked: readonly Look[],
  unread: readonly string[],
  refused: readonly Look[],
): string {
  const parts = [
    `${services} services: ${asked.length === 0 ? 'all are as they should be' : `${asked.length} are looked at`}`,
    ...(unread.length > 0 ? [`${unread.length} could not be read`] : []),
    ...(refused.length > 0 ? [`${refused.length} looks were not taken`] : []),
  ];
  return parts.join('; ');
}
