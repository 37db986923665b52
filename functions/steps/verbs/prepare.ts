/**
 * Prepare: the candidate is up, healthy, probed, and there is enough of it for the next share. A new revision only at a
 * verified share of 0; while users are on the candidate it may only grow. It answers `wait` before the first share and
 * `not ready` above 0 %, so that whoever waits while users are on the candidate is judged at every tick.
 */
import { NotReady } from '../../core/failures.ts';
import { TICK_SECONDS } from '../../core/plan.ts';
import { type Lock, type Mine, writes } from '../../core/protocol.ts';
import { tasksNeeded } from '../../core/readiness.ts';
import { shareOf } from '../../core/roles.ts';
import { ALL, NONE } from '../../core/share.ts';
import type { ColourStatus } from '../../ports/fleet.ts';
import { commit, ownedForward, type Ports, releaseOf, type StepInput, type StepOutput } from '../shared/step.ts';

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
    if (lock.share === ALL) return answer(lock, 'ready', share, `all users are on ${lock.candidate}`);
    const since = await waitingSince(ports, me, lock, `ready for ${share} %`);

    const stable = await fleet.observe(lock.stable);
    const needed = tasksNeeded(stable.running, share, settings.minimumTasks);
    const before = await fleet.observe(lock.candidate);
    if (lock.share === NONE) {
      const live = shareOf(lock, await router.current());
      // A Shift died between the rule and its confirmation: the next one finishes it, or puts the rule back.
      if (live !== undefined && live !== NONE && live === lock.intent)
        return answer(lock, 'ready', live, `the rule shows ${live} % already, which is not confirmed yet`);
      if (live !== NONE) {
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
    const broken = whatIsBroken(now);
    if (broken) throw new NotReady(`${lock.candidate} ${broken}`);
    const missing = whatIsMissing(now, needed, lock.digest) ?? (await whatTheProbeMisses(ports, lock));
    const progress = `${lock.candidate} ${now.healthy} of ${needed} healthy`;
    if (!missing) return answer(lock, 'ready', share, `${progress}, all probes passed`);

    const waited = clock.now() - since;
    // All holds together have a deadline of their own, four hours.
    if (waited >= settings.readyWithinSeconds && !lock.hold) {
      throw new NotReady(`${lock.candidate} ${missing.is} after ${Math.round(waited / 60)} minutes${missing.because}`);
    }
    // Nobody else would say so at 0 %, where Prepare is asked again by itself.
    if (lock.outage && lock.share === NONE)
      await commit(ledger, me, writes.outageOver(me, lock, Math.round(clock.now())));
    return answer(lock, lock.share === NONE ? 'wait' : 'not ready', share, `${progress}: it ${missing.is}`);
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

/** What no wait mends. */
function whatIsBroken({ crashes, rollout, lastStopped }: ColourStatus): string | undefined {
  const because = lastStopped ? `: ${lastStopped}` : '';
  if (crashes > 0) return `crashed${because}`;
  return rollout === 'failed' ? `could not be rolled out${because}` : undefined;
}

/** What is not there yet; `because` is what people are told once the deadline is over. */
interface Missing {
  readonly is: string;
  readonly because: string;
}

function whatIsMissing({ healthy, digest, lastStopped }: ColourStatus, needed: number, wanted: string) {
  if (healthy < needed) {
    return { is: `had ${healthy} of ${needed} healthy tasks`, because: lastStopped ? `: ${lastStopped}` : '' };
  }
  if (digest === wanted) return undefined;
  const because = `: this release is ${wanted}; did somebody deploy to it meanwhile?`;
  return { is: `ran ${digest ?? 'no image'}, which is another image`, because };
}

async function whatTheProbeMisses({ router }: PreparePorts, { candidate }: Lock): Promise<Missing | undefined> {
  const { passed, tried } = await router.probe(candidate);
  if (passed === tried) return undefined;
  const because =
    ', although its targets are healthy: is the Lambda shut out by a security group or WAF, is the load balancer internal, or does a host check answer other than 2xx?';
  return { is: `failed ${tried - passed} of ${tried} probes`, because };
}

const answer = (lock: Lock, verdict: 'ready' | 'wait' | 'not ready', share: number, what: string): StepOutput => ({
  summary: `${lock.share} %: ${what}`,
  verdict,
  share,
  waitSeconds: TICK_SECONDS,
  release: releaseOf(lock),
});
