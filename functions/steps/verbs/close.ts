/**
 * Close: the point of no return. The roles swap, the old colour sleeps, the lock is freed, a waiting push starts. After
 * its first write nothing leads back; an error is answered by closing again.
 */
import { typed } from '../../core/commands.ts';
import { TICK_SECONDS } from '../../core/plan.ts';
import { isMine, type Lock, type Mine, SETTLE_SECONDS, type ServiceState, writes } from '../../core/protocol.ts';
import { type Colour, safeColour, shareOf, weightsFor } from '../../core/roles.ts';
import { ALL, NONE } from '../../core/share.ts';
import { markStuck, moveOffDeadColour } from '../safety/stuck.ts';
import { startPending } from '../shared/pending.ts';
import type { ServiceSettings } from '../shared/settings.ts';
import { scaleToZero, settle, settleAgain, settling } from '../shared/settle.ts';
import { fencedOut, hasLock, type Ports, releaseOf, type StepInput, type StepOutput } from '../shared/step.ts';
import { agreeingShare, type LiveShare, routeToSafety } from '../shared/traffic.ts';

type ClosePorts = Pick<Ports, 'router' | 'fleet' | 'ledger' | 'executions' | 'notifications' | 'clock'>;

type CloseSettings = Pick<ServiceSettings, 'service' | 'traffic'>;

export const close = (ports: ClosePorts, settings: CloseSettings) =>
  async function closeStep(input: StepInput): Promise<StepOutput> {
    const { ledger, clock } = ports;
    const seen = await ledger.read();
    const me = { owner: input.execution, fence: input.state.release?.fence ?? seen.lock?.fence ?? 0 };
    if (!hasLock(seen) || !isMine(seen, me)) return closedAlready(ports, input, seen);
    const { lock } = seen;
    if (lock.phase === 'stuck') {
      await moveOffDeadColour(ports, settings, lock);
      return answer(lock, 'stuck', lock.reason ?? 'an operator must decide');
    }
    if (lock.phase === 'closing') return swapRoles(ports, settings, me, seen);

    const closing = await ledger.write(writes.closing(me, Math.round(clock.now())));
    if (closing.written) return settling(closing.state.lock!, SETTLE_SECONDS);
    if (!hasLock(closing.state) || !isMine(closing.state, me)) throw fencedOut(closing.state);
    return answer(lock, 'revert', closing.state.lock.abort?.reason ?? `cannot close in phase ${lock.phase}`);
  };

async function swapRoles(
  ports: ClosePorts,
  settings: CloseSettings,
  me: Mine,
  state: ServiceState & { readonly lock: Lock },
): Promise<StepOutput> {
  const { fleet, ledger, notifications, clock } = ports;
  const { lock } = state;
  const { stable, candidate } = lock;
  const stuck = async (share: LiveShare | undefined, safe: Colour, reason: string): Promise<StepOutput> => {
    await markStuck(ports, settings, me, lock, { reason, share, safe });
    return answer(lock, 'stuck', reason);
  };
  const candidateIsDead = `${candidate} has no healthy target left`;
  // Both weights are 0: nobody is served, and that does not wait for the end of the drain, which begins anew.
  if (shareOf(lock, await ports.router.current()) === undefined) {
    const used = await ledger.write(writes.drained(me, lock.settleFrom ?? 0));
    if (!isMine(used.state, me)) throw fencedOut(used.state);
    const health = await fleet.health();
    if (health[candidate] === 0) return stuck(undefined, safeColour(health, candidate), candidateIsDead);
    await routeToSafety(ports, weightsFor(lock, ALL));
    return settleAgain(ports, me, lock);
  }
  const waiting = await settle(ports, me, lock);
  if (waiting) return waiting;

  const share = await agreeingShare(ports, lock);
  const health = await fleet.health();
  if (health[candidate] === 0) return stuck(share, safeColour(health, candidate), candidateIsDead);
  // A person who sent users to the old colour is right while it lives; it may have been put to sleep already.
  if (share === NONE && health[stable] > 0)
    return stuck(share, stable, `somebody put all requests back on ${stable} while it was closing`);
  if (share !== ALL) {
    await routeToSafety(ports, weightsFor(lock, ALL));
    return settleAgain(ports, me, lock);
  }

  await scaleToZero(ports, me, { idle: lock.stable, stays: lock.candidate });
  const freed = await ledger.write(writes.freeAfterClose(me, state, Math.round(clock.now())));
  if (!freed.written) throw fencedOut(freed.state);
  await notifications.send({
    kind: 'promoted',
    releaseId: lock.releaseId,
    title: `${lock.candidate} is live (100 %)`,
    body: `${lock.image} is what users get now; ${lock.stable} is scaled to zero.`,
    next: [typed(lock.rollback ? 'status' : 'rollback', settings.service)],
  });
  await startPending({ ledger, executions: ports.executions, notifications });
  return answer(lock, 'closed', `${lock.image} is live on ${lock.candidate}`);
}

async function closedAlready({ ledger }: ClosePorts, { state }: StepInput, seen: ServiceState): Promise<StepOutput> {
  const record = state.release ? await ledger.record(state.release.id) : undefined;
  if (record?.status !== 'promoted' || record.fence !== state.release?.fence) throw fencedOut(seen);
  return { summary: `${record.image} is live`, verdict: 'closed', share: ALL, waitSeconds: 0, release: state.release };
}

const answer = (lock: Lock, verdict: string, what: string): StepOutput => ({
  summary: what,
  verdict,
  share: lock.share,
  waitSeconds: TICK_SECONDS,
  release: releaseOf(lock),
});
