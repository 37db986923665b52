/**
 * Reconciler: once a minute, alone (reserved concurrency 1), it looks whether what should be true is true, and does one
 * piece of what is missing. It takes over releases whose owner is dead or wedged, repairs weights that nobody released,
 * starts pushes that wait, and tells what it cannot repair. It dies at any moment without harm: the ledger knows.
 */
import { typed } from '../../core/commands.ts';
import { Stuck } from '../../core/failures.ts';
import { type Lock, type Pending, RECONCILER, type ServiceState, writes } from '../../core/protocol.ts';
import { otherColour, rolesWhenStableIs, safeColour } from '../../core/roles.ts';
import { ALL, NONE } from '../../core/share.ts';
import type { ColourStatus } from '../../ports/fleet.ts';
import { lostPush, pendingName, startPending } from '../shared/pending.ts';
import type { ServiceSettings } from '../shared/settings.ts';
import { hasLock, type Ports, releaseOf } from '../shared/step.ts';
import { agreeingShare, commandTo, type LiveShare, NOBODY } from '../shared/traffic.ts';
import { close } from '../verbs/close.ts';
import { revert } from '../verbs/revert.ts';
import { putUsersBackBeforeTheFirstShare } from './astray.ts';
import { lookAtOwner } from './still.ts';
import { moveOffDeadColour } from './stuck.ts';

const MOST_ATTEMPTS = 3;
const TAKEN_OVER = 'taken over';
/** Our own writes are in the ledger; whose the others are, only AWS knows. */
const NOBODY_OF_OURS = 'No release did this; CloudTrail knows who did.';

type ReconcilePorts = Ports;

type ReconcileSettings = Pick<ServiceSettings, 'service' | 'traffic'>;

export interface ReconcileAnswer {
  readonly summary: string;
}

export const reconcile = (ports: ReconcilePorts, settings: ReconcileSettings) =>
  async function reconcileStep(): Promise<ReconcileAnswer> {
    const state = await ports.ledger.read();
    if (!hasLock(state)) return atRest(ports, settings, state);
    const { lock } = state;
    if (lock.phase === 'stuck') {
      await moveOffDeadColour(ports, settings, lock);
      return { summary: `${lock.releaseId} is stuck; the on-call engineer was notified` };
    }
    if (lock.owner === RECONCILER) {
      // Who took it over may have died before anybody knew of it.
      if (lock.paged !== TAKEN_OVER) {
        // For the command in the notification: what the rule does beside the forward.
        await ports.router.current().catch(() => undefined);
        await tellTakenOver(ports, settings, lock, lock.reason ?? lock.phase);
      }
      return carryOn(ports, settings, lock);
    }
    if (await hasEnded(ports, lock)) return takeOver(ports, settings, lock, 'its execution has ended');
    const looked = await lookAtOwner(ports, settings, state);
    if ('takeOver' in looked) return takeOver(ports, settings, lock, looked.takeOver);
    const aborted = await putUsersBackBeforeTheFirstShare(ports, lock);
    return { summary: aborted ?? looked.summary };
  };

/** Two readings that say so, a second apart. */
async function hasEnded({ executions, clock }: ReconcilePorts, { owner }: Lock): Promise<boolean> {
  if ((await executions.status(owner)) === 'RUNNING') return false;
  await clock.sleep(1);
  return (await executions.status(owner)) !== 'RUNNING';
}

async function takeOver(
  ports: ReconcilePorts,
  settings: ReconcileSettings,
  lock: Lock,
  why: string,
): Promise<ReconcileAnswer> {
  const taken = await ports.ledger.write(writes.takeOver(lock, Math.round(ports.clock.now())));
  if (!taken.written) return { summary: `${lock.releaseId} moved on by itself` };
  const done = await carryOn(ports, settings, taken.state.lock!);
  await tellTakenOver(ports, settings, taken.state.lock!, `${why}. ${done.summary}`);
  return { summary: `took over ${lock.releaseId} because ${why}; ${done.summary}` };
}

/** The ledger says that people know only once they were told: twice is better than never. */
async function tellTakenOver(
  ports: ReconcilePorts,
  { service, traffic }: ReconcileSettings,
  lock: Lock,
  body: string,
): Promise<void> {
  const { fleet, ledger, notifications } = ports;
  const { releaseId, share, reason, stable, candidate, drift } = lock;
  // Past the point of no return stable is being put to sleep: users belong on the candidate, as long as it lives.
  const safe = safeColour(await fleet.health(), lock.phase === 'closing' ? candidate : stable);
  await notifications.send({
    kind: 'trouble',
    releaseId,
    title: drift
      ? `${reason}; all users are moved back to ${stable}`
      : `the controller of ${releaseId} stopped at ${share} %, it was taken over`,
    body: drift ? `${NOBODY_OF_OURS} ${body}` : body,
    next: [
      typed('status', service),
      commandTo(ports, traffic, safe),
      ...(drift ? [whoCalled(traffic.region, 'ModifyRule')] : []),
    ],
  });
  await ledger.write(writes.paged({ owner: RECONCILER, fence: lock.fence }, TAKEN_OVER));
}

/** As the owner would, with the same steps: users first, then the drain, then the rest. */
async function carryOn(ports: ReconcilePorts, settings: ReconcileSettings, lock: Lock): Promise<ReconcileAnswer> {
  const input = { execution: RECONCILER, state: { release: releaseOf(lock) } };
  const step = lock.phase === 'closing' ? close : revert;
  const { summary, verdict } = await step(ports, settings)(input);
  if (verdict === 'reverted' || verdict === 'closed') {
    await ports.notifications.send({
      kind: 'trouble',
      releaseId: lock.releaseId,
      title: `${lock.releaseId} was finished by the reconciler, without its controller`,
      body: summary,
      next: [typed('status', settings.service)],
    });
  }
  return { summary };
}

/** No release runs: the rule, the scaling, the waiting push and the images are as they should be, or are made so. */
async function atRest(
  ports: ReconcilePorts,
  settings: ReconcileSettings,
  state: ServiceState,
): Promise<ReconcileAnswer> {
  const roles = rolesWhenStableIs(state.stable);
  const share = await agreeingShare(ports, roles).catch(async (error: unknown) => {
    // Not ours to put right, and not to be hidden: a third group in the rule, a rule that is gone, a missing right.
    if (error instanceof Stuck) await tellOnce(ports, state, [atTheRule(settings, error)]);
    throw error;
  });
  if (share === undefined) return { summary: 'somebody is changing the rule; the next look will decide' };
  if (share !== NONE) return share === ALL ? adopt(ports, settings, state) : repair(ports, settings, state, share);
  const seen = await ports.fleet.observe(state.stable);
  const scaling = await resumeScaling(ports, state, seen);
  if (scaling) return scaling;
  if (state.pending) return startAgain(ports, settings, state.pending);
  return tellWhatIsOdd(ports, settings, state, seen);
}

async function adopt(
  ports: ReconcilePorts,
  settings: ReconcileSettings,
  state: ServiceState,
): Promise<ReconcileAnswer> {
  const other = otherColour(state.stable);
  const health = await ports.fleet.health();
  if (health[other] === 0) return repair(ports, settings, state, ALL);
  const { digest = 'unknown' } = await ports.fleet.observe(other);
  const record = await ports.ledger.record(digest);
  const { releaseId, image, pushedAt } = record ?? {
    releaseId: 'by hand',
    image: digest,
    pushedAt: state.current?.pushedAt ?? 0,
  };
  const summary = `somebody moved all users to ${other} by hand; it is healthy, so ${other} is stable now`;
  // Told first, here and below: once the ledger says so nothing is odd any more, and twice is better than never.
  await ports.notifications.send({
    kind: 'trouble',
    title: summary,
    body: NOBODY_OF_OURS,
    next: [typed('status', settings.service), whoCalled(settings.traffic.region, 'ModifyRule')],
  });
  await ports.router.resetProbe(other).catch(() => undefined);
  const { written } = await ports.ledger.write(writes.adopt(state, other, { releaseId, digest, image, pushedAt }));
  return { summary: written ? summary : 'a release began meanwhile' };
}

/** Weights that nobody released are put back under a lock of our own, with everything that a revert does. */
async function repair(
  ports: ReconcilePorts,
  settings: ReconcileSettings,
  state: ServiceState,
  share: LiveShare,
): Promise<ReconcileAnswer> {
  const { ledger, clock } = ports;
  const at = Math.round(clock.now());
  const roles = rolesWhenStableIs(state.stable);
  const is = share === NOBODY ? 'both weights of the rule are 0' : `the rule sends ${share} % to ${roles.candidate}`;
  const reason = `${is} and no release runs`;
  const lock: Lock = {
    owner: RECONCILER,
    releaseId: `drift-${at}`,
    digest: 'none',
    image: 'none',
    pushedAt: 0,
    fence: state.fence + 1,
    ...roles,
    plan: NO_PLAN,
    phase: 'reverting',
    share: share === NOBODY ? NONE : share,
    openedAt: at,
    drift: true,
    settleFrom: at,
    reason,
    ticks: 0,
  };
  const taken = await ledger.write(writes.driftLock(state, lock));
  if (!taken.written) return { summary: 'a release began meanwhile' };
  const done = await carryOn(ports, settings, lock);
  await tellTakenOver(ports, settings, lock, done.summary);
  return { summary: `${reason}; ${done.summary}` };
}

const NO_PLAN = {
  strategy: 'custom',
  stages: [{ share: ALL, bakeSeconds: 0, approval: false }],
  warmSeconds: 0,
  policy: 'compare',
  onUnproven: 'abort',
  migrates: false,
  schemaCompatible: true,
} as const;

/** A death between two calls may have left stable's scale-in suspended. */
async function resumeScaling(
  { fleet, ledger }: ReconcilePorts,
  { stable }: ServiceState,
  { scalingSuspended }: ColourStatus,
): Promise<ReconcileAnswer | undefined> {
  if (!scalingSuspended) return undefined;
  if ((await ledger.read()).lock) return { summary: 'a release began meanwhile' };
  await fleet.resumeScaling(stable);
  return { summary: `scaling of ${stable} was suspended although no release runs; it is resumed` };
}

/** Started exactly once: under one name while that execution lives, under the next when it ended without taking it. */
async function startAgain(
  ports: ReconcilePorts,
  { service }: ReconcileSettings,
  pending: Pending,
): Promise<ReconcileAnswer> {
  const { executions, ledger, notifications } = ports;
  const status = await executions.status(pendingName(pending));
  if (status === 'RUNNING') return { summary: `${pending.image} is being started` };
  if (status === 'ended' && pending.attempt >= MOST_ATTEMPTS) {
    const title = `${pending.image} waited, was started ${pending.attempt} times and refused each time`;
    await notifications.send({ kind: 'trouble', title, body: 'It waits no longer.', next: [typed('status', service)] });
    await ledger.write(writes.giveUpPending(pending));
    return { summary: `gave up starting ${pending.image}` };
  }
  if (status === 'ended') await ledger.write(writes.nextAttempt(pending));
  await startPending(ports);
  return { summary: `started ${pending.image}, which waited` };
}

/** What is told once, and changed by nobody of ours. */
interface Odd {
  readonly title: string;
  readonly body: string;
  readonly next: readonly string[];
}

/** Told once each: an image on the live colour that no release put there, and a pushed release tag that never started. */
async function tellWhatIsOdd(
  ports: ReconcilePorts,
  { service, traffic }: ReconcileSettings,
  state: ServiceState,
  { digest }: ColourStatus,
): Promise<ReconcileAnswer> {
  const { current, stable } = state;
  const odd: Odd[] = [];
  if (current && digest && digest !== current.digest)
    odd.push({
      title: `${stable} runs ${digest}, but ${current.image} was released there`,
      body: `${NOBODY_OF_OURS} Nothing was changed.`,
      next: [typed('status', service), whoCalled(traffic.region, 'UpdateService')],
    });
  const lost = await lostPush(ports, state, [digest]);
  if (lost)
    odd.push({
      title: `${lost.tag} was pushed and never started`,
      body: 'Its event was lost on the way. Nothing was changed.',
      next: [typed('status', service), typed(`start ${lost.tag}`, service)],
    });
  await tellOnce(ports, state, odd);
  return { summary: odd.length > 0 ? odd.map(({ title }) => title).join('; ') : 'all is as it should be' };
}

async function tellOnce(
  { ledger, notifications }: ReconcilePorts,
  { fence, watch }: ServiceState,
  odd: readonly Odd[],
): Promise<void> {
  const news = odd.filter(({ title }) => !watch?.told.includes(title));
  if (news.length === 0) return;
  for (const one of news) await notifications.send({ kind: 'trouble', ...one });
  await ledger.write(writes.look(fence, { fence, ticks: 0, still: 0, told: odd.map(({ title }) => title) }));
}

const atTheRule = ({ service, traffic }: ReconcileSettings, { message }: Stuck): Odd => ({
  title: message,
  body: `${NOBODY_OF_OURS} Nothing was changed, and no release can move users until it is put right.`,
  next: [typed('doctor', service), whoCalled(traffic.region, 'ModifyRule')],
});

/** CloudTrail keeps who called what for 90 days in every account, without a trail of one's own. */
const whoCalled = (region: string, call: 'ModifyRule' | 'UpdateService'): string =>
  `aws cloudtrail lookup-events --region ${region} --lookup-attributes AttributeKey=EventName,AttributeValue=${call} --max-results 20`;
