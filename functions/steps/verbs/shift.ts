/**
 * Shift: moves traffic to the next share. The order is the point: say it in the ledger, write the rule, read it back,
 * confirm. Whoever dies in between leaves behind what is needed to repair it.
 */

import { isAdvanceAsked } from '../../core/bake.ts';
import { Aborted, Transient } from '../../core/failures.ts';
import { TICK_SECONDS } from '../../core/plan.ts';
import { isMine, type Lock, type Mine, type ServiceState, writes } from '../../core/protocol.ts';
import { tasksNeeded } from '../../core/readiness.ts';
import { type Colour, weightsFor } from '../../core/roles.ts';
import { ALL, NONE, type Share } from '../../core/share.ts';
import { shareReached } from '../shared/notifications.ts';
import type { ServiceSettings } from '../shared/settings.ts';
import {
  commit,
  fencedOut,
  hasLock,
  ownedForward,
  type Ports,
  releaseOf,
  type StepInput,
  type StepOutput,
} from '../shared/step.ts';
import { routeAndReadBack } from '../shared/traffic.ts';

type ShiftPorts = Pick<Ports, 'router' | 'fleet' | 'signals' | 'ledger' | 'notifications' | 'clock'>;

export const shift = (ports: ShiftPorts, settings: Pick<ServiceSettings, 'service' | 'minimumTasks' | 'traffic'>) =>
  async function shiftStep(input: StepInput): Promise<StepOutput> {
    const { fleet, signals, ledger, notifications, clock } = ports;
    const { me, lock } = await ownedForward(ledger, input);
    const share = input.state.share ?? lock.share;
    if (lock.phase === 'warm') return arrived(lock, share);
    if (lock.share === ALL) {
      await commit(ledger, me, writes.warm(me));
      return arrived(lock, ALL);
    }

    const stable = await fleet.observe(lock.stable);
    const health = await fleet.health();
    const needed = tasksNeeded(stable.running, share, settings.minimumTasks);
    if (health[lock.candidate] < needed) {
      await stayWhereItIs(ports, lock, health);
      return answer(
        lock,
        lock.share === NONE ? 'wait' : 'not ready',
        share,
        `${lock.share} %: ${lock.candidate} has ${health[lock.candidate]} of ${needed} healthy tasks for ${share} %`,
      );
    }

    if (lock.share !== share) {
      // An alarm that changes after the first share is this release's.
      const first = lock.firstShareAt === undefined ? await alarmTimes(signals) : undefined;
      const command = isAdvanceAsked(lock) ? lock.command : undefined;
      const intent = await ledger.write(writes.intent(me, share, command));
      if (!intent.written) {
        const { hold, abort } = intent.state.lock ?? {};
        if (!hold || abort || !isMine(intent.state, me)) throw whyRefused(lock, intent.state);
        await stayWhereItIs(ports, lock, health);
        return answer(lock, 'held', lock.share, `${lock.share} %: held by ${hold.by}`);
      }

      if (!(await routeAndReadBack(ports, weightsFor(lock, share)))) {
        throw new Transient(`The rule does not show ${share} % on ${lock.candidate} yet`);
      }

      const confirmed = await ledger.write(writes.share(me, share, Math.round(clock.now()), first));
      if (!confirmed.written) {
        // A stable that is dead gets nobody; Revert, which comes next, has the rules for that.
        if (isMine(confirmed.state, me) && health[lock.stable] > 0)
          await routeAndReadBack(ports, weightsFor(lock, NONE));
        throw whyRefused(lock, confirmed.state);
      }
      await notifications.send(shareReached(ports, settings, lock, share, health));
    }
    if (share === ALL) await commit(ledger, me, writes.warm(me));
    return arrived(lock, share);
  };

/**
 * Whoever died between the rule and its confirmation may have moved users already. A release that is not about to go on
 * stands where the ledger has it; the judge would take the difference for a change by hand.
 */
async function stayWhereItIs(ports: ShiftPorts, lock: Lock, health: Readonly<Record<Colour, number>>): Promise<void> {
  if (lock.intent === undefined || lock.intent === lock.share || health[lock.stable] === 0) return;
  if (!(await routeAndReadBack(ports, weightsFor(lock, lock.share)))) {
    throw new Transient(`The rule does not show ${lock.share} % on ${lock.candidate} yet`);
  }
}

function whyRefused(me: Mine, state: ServiceState): Error {
  if (!hasLock(state) || !isMine(state, me)) return fencedOut(state);
  if (state.lock.abort) return new Aborted(state.lock.abort.reason);
  return new Transient(`The ledger refused the share in phase ${state.lock.phase}`);
}

const alarmTimes = async (signals: Ports['signals']): Promise<Record<string, number>> =>
  Object.fromEntries((await signals.alarms()).map(({ name, since }) => [name, since]));

const arrived = (lock: Lock, share: Share): StepOutput =>
  answer(lock, 'shifted', share, `${share} % on ${lock.candidate}, read back`);

const answer = (lock: Lock, verdict: string, share: Share, what: string): StepOutput => ({
  summary: what,
  verdict,
  share,
  waitSeconds: TICK_SECONDS,
  release: releaseOf(lock),
});
