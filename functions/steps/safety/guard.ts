/**
 * Guard: aborts on an alarm or a crash at once, without waiting for the machine. Its events come late, twice, and for
 * releases that are long over; it never touches a release that is not the event's.
 */
import { whyNotOurs } from '../../core/own-alarms.ts';
import type { Lock } from '../../core/protocol.ts';
import type { Colour } from '../../core/roles.ts';
import type { Ports } from '../shared/step.ts';
import { abortRelease } from './abort.ts';

export type GuardEvent =
  | {
      readonly kind: 'alarm';
      readonly name: string;
      readonly colour: Colour;
      readonly acts: 'backstop' | 'literal';
      readonly state: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
      /** When it entered that state, epoch seconds. */
      readonly since: number;
      readonly reason: string;
    }
  | {
      readonly kind: 'task stopped';
      readonly colour: Colour;
      readonly revision: string;
      readonly stopCode: string;
      /** Of the released container; absent when it never started. */
      readonly exitCode?: number;
      readonly reason: string;
    };

export interface GuardAnswer {
  readonly aborted: boolean;
  readonly summary: string;
}

export const guard = (ports: Pick<Ports, 'router' | 'fleet' | 'ledger' | 'clock'>) =>
  async function guardStep(event: GuardEvent): Promise<GuardAnswer> {
    const { lock } = await ports.ledger.read();
    if (!lock) return { aborted: false, summary: 'nothing is being released' };
    const meant = event.kind === 'alarm' ? meantByAlarm(event, lock) : meantByCrash(event, lock);
    if (meant !== 'yes') return { aborted: false, summary: `${lock.releaseId} goes on: ${meant}` };
    const reason =
      event.kind === 'alarm'
        ? `alarm ${event.name}: ${event.reason}`
        : `a task of ${event.colour} crashed: ${event.reason}`;
    // In the warm time nobody is rolled back to a colour that cannot serve; the owner tells a person.
    const health = event.kind === 'alarm' && lock.phase === 'warm' ? await ports.fleet.health() : undefined;
    if (health?.[lock.stable] === 0)
      return { aborted: false, summary: `${lock.releaseId} goes on: ${lock.stable} has no healthy target` };
    const aborted = await abortRelease(ports, lock, { by: 'guard', reason }, health);
    return {
      aborted,
      summary: aborted ? `${lock.releaseId} is rolled back: ${reason}` : `${lock.releaseId} is past aborting`,
    };
  };

/** `yes`, or why this release is not the one that the event is about. */
function meantByAlarm(event: Extract<GuardEvent, { kind: 'alarm' }>, lock: Lock): string {
  if (event.state !== 'ALARM') return `${event.name} is ${event.state}`;
  if (event.colour !== lock.candidate) return `${event.colour} is stable`;
  if (event.acts === 'literal' && lock.plan.policy !== 'literal')
    return `${event.name} acts under the literal policy only`;
  if (lock.rollback && lock.phase === 'warm') return 'a person brought this version back';
  if (event.acts === 'literal' && lock.phase === 'warm') return `${event.name} does not act in the warm time`;
  return whyNotOurs(lock, { ...event, kind: event.acts }) ?? 'yes';
}

function meantByCrash(event: Extract<GuardEvent, { kind: 'task stopped' }>, lock: Lock): string {
  if (event.colour !== lock.candidate || event.revision !== lock.revision)
    return `${event.revision} is not its revision`;
  if (event.stopCode !== 'EssentialContainerExited') return `the task was stopped (${event.stopCode})`;
  if (event.exitCode === undefined || event.exitCode === 0) return 'the released container ended without an error';
  return 'yes';
}
