/** What the seven verbs share: what they are given, what they answer, and how they prove that they may act. */
import { Aborted, FencedOut } from '../../core/failures.ts';
import { isMine, type LedgerWrite, type Lock, type Mine, type ServiceState } from '../../core/protocol.ts';
import { NONE, type Share } from '../../core/share.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Executions } from '../../ports/executions.ts';
import type { Fleet } from '../../ports/fleet.ts';
import type { Ledger } from '../../ports/ledger.ts';
import type { Notifications } from '../../ports/notifications.ts';
import type { Registry } from '../../ports/registry.ts';
import type { Signals } from '../../ports/signals.ts';
import type { TrafficRouter } from '../../ports/traffic-router.ts';

export interface Ports {
  readonly router: TrafficRouter;
  readonly fleet: Fleet;
  readonly signals: Signals;
  readonly ledger: Ledger;
  readonly registry: Registry;
  readonly executions: Executions;
  readonly notifications: Notifications;
  readonly clock: Clock;
}

/** What passes from state to state: small, and readable in the console from its first field. */
export interface StepOutput {
  readonly summary: string;
  readonly verdict: string;
  /** The share that the next step is about. */
  readonly share: Share;
  /** For the Wait that may follow; never above 30, so that every wait listens. */
  readonly waitSeconds: number;
  /** The judge's odds, where it compared; for people who read along. */
  readonly odds?: number;
  readonly release?: { readonly id: string; readonly fence: number };
  /** Who brings users back, when a rollback only gave the order: an execution's ARN, or the reconciler. */
  readonly owner?: string;
}

export interface StepInput {
  /** The execution's ARN: the owner of the lock. */
  readonly execution: string;
  readonly state: Partial<StepOutput> & { readonly error?: { readonly Error: string; readonly Cause?: string } };
}

export interface Owned {
  readonly me: Mine;
  readonly lock: Lock;
}

/** Reads the ledger and proves that this execution still owns the release. */
export async function owned(ledger: Ledger, { execution, state: { release } }: StepInput): Promise<Owned> {
  const state = await ledger.read();
  const me = { owner: execution, fence: release?.fence ?? state.lock?.fence ?? 0 };
  if (!hasLock(state) || !isMine(state, me)) throw fencedOut(state);
  return { me, lock: state.lock };
}

/** As `owned`, for the steps that move forward: an abort ends them. */
export async function ownedForward(ledger: Ledger, input: StepInput): Promise<Owned> {
  const it = await owned(ledger, input);
  if (it.lock.abort) throw new Aborted(it.lock.abort.reason);
  return it;
}

/** Carries out a write of the owner's. Where its condition does not hold, what stands in the ledger says why. */
export async function commit(ledger: Ledger, me: Mine, write: LedgerWrite): Promise<Lock> {
  const { written, state } = await ledger.write(write);
  if (!hasLock(state) || !isMine(state, me)) throw fencedOut(state);
  if (written) return state.lock;
  if (state.lock.abort) throw new Aborted(state.lock.abort.reason);
  throw new Error(`The ledger refused "${write.name}" in phase ${state.lock.phase}`);
}

export const hasLock = (state: ServiceState): state is ServiceState & { readonly lock: Lock } =>
  state.lock !== undefined;

/** Ends the execution with nothing changed. `why` comes first in the summary, for programs that read it. */
export const nothing = (
  why: 'queued' | 'duplicate' | 'already live' | 'done already' | 'on its way' | 'stale',
  what: string,
): StepOutput => ({ summary: `${why}: ${what}`, verdict: 'nothing', share: NONE, waitSeconds: 0 });

/** Lambda puts a failure's own sentence inside JSON; anything else is told as it is. */
export function failureIn({ Error: name, Cause = '' }: NonNullable<StepInput['state']['error']>): string {
  try {
    const { errorMessage } = JSON.parse(Cause) as { errorMessage?: unknown };
    if (typeof errorMessage === 'string' && errorMessage) return errorMessage;
  } catch {}
  return Cause ? `${name}: ${Cause}` : name;
}

export const releaseOf = ({ releaseId, fence }: Lock) => ({ id: releaseId, fence });

export function fencedOut({ lock, service }: ServiceState): FencedOut {
  const holder = lock ? `${lock.owner} holds it (${lock.releaseId}, ${lock.phase})` : 'nobody holds it';
  return new FencedOut(`This execution does not own ${service}; ${holder}. Nothing was changed.`);
}
