/**
 * Prepare: the candidate is up, healthy, probed, and there is enough of it for the next share. A new revision only at a
 * verified share of 0; while users are on the candidate it may only grow.
 */
import { NotReady } from '../core/failures.ts';
import { TICK_SECONDS } from '../core/plan.ts';
import { type Lock, type Mine, writes } from '../core/protocol.ts';
import { tasksNeeded } from '../core/readiness.ts';
import { shareOf } from '../core/roles.ts';
import { NONE } from '../core/share.ts';
import type { ColourStatus } from '../ports/fleet.ts';
import { commit, ownedForward, type Ports, releaseOf, type StepInput, type StepOutput } from './step.ts';

type PreparePorts = Pick<Ports, 'router' | 'fleet' | 'ledger' | 'clock'>;

export interface PrepareSettings {
  readonly minimumTasks: number;
  /** How long the candidate may take to become healthy, or to grow. */
  readonly readyWithinSeconds: number;
}

export const prepare = (ports: PreparePorts, settings: PrepareSettings) =>
  async function prepareStep(input: StepInput): Promise<StepOutput> {
    const { router, fleet, ledger, clock } = ports;
    const { me, lock } = await ownedForward(ledger, input);
    const share = input.state.share ?? lock.plan.stages[0]!.share;
    const since = await waitingSince(ports, me, lock, `ready for ${share} %`);

    const stable = await fleet.observe(lock.stable);
    const needed = tasksNeeded(stable.running, share, settings.minimumTasks);
    const before = await fleet.observe(lock.candidate);
    if (lock.share === NONE) {
      if (shareOf(lock, await router.current()) !== NONE) {
        throw new NotReady(`${lock.candidate} has traffic before its first share; somebody changed the rule`);
      }
      await fleet.suspendScaling(lock.stable, 'in');
      // A colour that slept may have an old revision of the same image: the template can have changed since.
      if (before.digest !== lock.digest || before.desired === 0)
        await fleet.deploy(lock.candidate, lock.digest, needed);
      else if (before.desired < needed) await fleet.resize(lock.candidate, needed);
      // Not before: to resume brings the number of tasks to its minimum at once, of whatever the colour ran last.
      await fleet.resumeScaling(lock.candidate);
    } else if (before.desired < needed) {
      await fleet.resize(lock.candidate, needed);
    }

    const now = await fleet.observe(lock.candidate);
    if (now.revision !== undefined && now.digest === lock.digest && now.revision !== lock.revision) {
      await commit(ledger, me, writes.revision(me, now.revision));
    }
    const trouble = troubleWith(now, needed, clock.now() - since, settings.readyWithinSeconds);
    if (trouble) throw new NotReady(`${lock.candidate} ${trouble}`);
    const progress = `${lock.candidate} ${now.healthy} of ${needed} healthy`;
    if (now.digest !== lock.digest || now.healthy < needed) return answer(lock, 'wait', share, progress);

    const probe = await router.probe(lock.candidate);
    const probed = `${progress}, ${probe.passed} of ${probe.tried} probes passed`;
    return answer(lock, probe.passed === probe.tried ? 'ready' : 'wait', share, probed);
  };

/** The deadline counts from the first time that we waited for this, by the ledger. */
async function waitingSince({ ledger, clock }: PreparePorts, me: Mine, lock: Lock, what: string): Promise<number> {
  if (lock.phase === 'opening' || lock.phase === 'migrating') {
    await commit(ledger, me, writes.phase(me, lock.phase, 'deploying'));
  }
  if (lock.waitingFor?.what === what) {
    await commit(ledger, me, writes.tick(me));
    return lock.waitingFor.from;
  }
  const now = Math.round(clock.now());
  await commit(ledger, me, writes.waiting(me, what, now));
  return now;
}

function troubleWith(candidate: ColourStatus, needed: number, waited: number, limit: number): string | undefined {
  const because = candidate.lastStopped ? `: ${candidate.lastStopped}` : '';
  if (candidate.crashes > 0) return `crashed${because}`;
  if (candidate.rollout === 'failed') return `could not be rolled out${because}`;
  if (waited >= limit && candidate.healthy < needed) {
    return `had ${candidate.healthy} of ${needed} healthy tasks after ${Math.round(waited / 60)} minutes${because}`;
  }
  return undefined;
}

const answer = (lock: Lock, verdict: 'ready' | 'wait', share: number, what: string): StepOutput => ({
  summary: `${lock.share} %: ${what}`,
  verdict,
  share,
  waitSeconds: TICK_SECONDS,
  release: releaseOf(lock),
});
