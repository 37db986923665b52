/**
 * The second half of Revert and Close, as far as they are alike: wait until no earlier invocation can still be alive,
 * and begin only once for each such wait. A second try drains again (docs/architecture.md, "Drain").
 */
import { TICK_SECONDS } from '../../core/plan.ts';
import { isMine, type Lock, type Mine, SETTLE_SECONDS, writes } from '../../core/protocol.ts';
import type { Colour } from '../../core/roles.ts';
import { commit, fencedOut, hasLock, type Ports, releaseOf, type StepOutput } from './step.ts';

/**
 * So little of the drain is waited for within the invocation: the reconciler looks once a minute, and a look that comes a
 * second early would keep the lock for another minute. Seconds; an invocation lives 30 s, and begins no call after 17 s.
 */
const NEARLY_OVER_SECONDS = 5;

/** Undefined: drained, and this invocation may go on. Otherwise the answer to give. */
export async function settle(
  { ledger, clock }: Pick<Ports, 'ledger' | 'clock'>,
  me: Mine,
  lock: Lock,
): Promise<StepOutput | undefined> {
  const settleFrom = lock.settleFrom ?? clock.now();
  const left = Math.ceil(settleFrom + SETTLE_SECONDS - clock.now());
  if (left > 0 && left <= NEARLY_OVER_SECONDS) await clock.sleep(left);
  else if (left > 0) {
    await commit(ledger, me, writes.tick(me));
    return settling(lock, left);
  }
  // Refused when somebody began under this drain before: that one may still be alive.
  const begun = await ledger.write(writes.drained(me, settleFrom));
  if (begun.written) return undefined;
  if (!hasLock(begun.state) || !isMine(begun.state, me)) throw fencedOut(begun.state);
  return settleAgain({ ledger, clock }, me, begun.state.lock);
}

export async function settleAgain(
  { ledger, clock }: Pick<Ports, 'ledger' | 'clock'>,
  me: Mine,
  lock: Lock,
): Promise<StepOutput> {
  await commit(ledger, me, writes.settleAgain(me, Math.round(clock.now())));
  return settling(lock, SETTLE_SECONDS);
}

/**
 * The end of a colour without users: marked before it is scaled down, since from then on nobody may be sent there. The
 * probe must not lead to a colour that sleeps, and without it a release ends all the same.
 */
export async function scaleToZero(
  { router, fleet, ledger }: Pick<Ports, 'router' | 'fleet' | 'ledger'>,
  me: Mine,
  { idle, stays }: { readonly idle: Colour; readonly stays: Colour },
): Promise<void> {
  await commit(ledger, me, writes.retiring(me, idle));
  await router.resetProbe(stays).catch(() => undefined);
  await fleet.suspendScaling(idle, 'both');
  await fleet.resize(idle, 0);
  await fleet.resumeScaling(stays);
}

export const settling = (lock: Lock, left: number): StepOutput => ({
  summary: `${lock.phase}: nothing is scaled down for another ${left} s`,
  verdict: 'wait',
  share: lock.share,
  waitSeconds: Math.min(left, TICK_SECONDS),
  release: releaseOf(lock),
});
