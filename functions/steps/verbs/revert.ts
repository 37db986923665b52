/**
 * Revert: all requests on stable first, read back, then everything else. It may be asked as often as one likes; what
 * was done already is seen in the ledger, and what is not ours is left alone.
 */
import { typed } from '../../core/commands.ts';
import { Stuck, Transient } from '../../core/failures.ts';
import { TICK_SECONDS } from '../../core/plan.ts';
import { isMine, type Lock, type Mine, SETTLE_SECONDS, writes } from '../../core/protocol.ts';
import { type Colour, safeColour, shareOf, weightsFor } from '../../core/roles.ts';
import { ALL, NONE } from '../../core/share.ts';
import { markStuck, moveOffDeadColour } from '../safety/stuck.ts';
import { startPending } from '../shared/pending.ts';
import type { ServiceSettings } from '../shared/settings.ts';
import { scaleToZero, settle, settling } from '../shared/settle.ts';
import {
  commit,
  failureIn,
  fencedOut,
  type Ports,
  releaseOf,
  type StepInput,
  type StepOutput,
} from '../shared/step.ts';
import { agreeingShare, commandTo, routeToSafety } from '../shared/traffic.ts';

type RevertPorts = Pick<Ports, 'router' | 'fleet' | 'ledger' | 'executions' | 'notifications' | 'clock'>;

type RevertSettings = Pick<ServiceSettings, 'service' | 'traffic'>;

export const revert = (ports: RevertPorts, settings: RevertSettings) =>
  async function revertStep(input: StepInput): Promise<StepOutput> {
    const { execution, state } = input;
    const seen = await ports.ledger.read();
    const { lock } = seen;
    const fence = state.release?.fence ?? lock?.fence;
    if (lock?.owner !== execution || lock.fence !== fence) return notMine(ports, input, seen);
    const me = { owner: execution, fence: lock.fence };

    return revertMine(ports, settings, me, lock, input).catch(async (error: unknown) => {
      if (error instanceof Stuck) await tellBlocked(ports, settings, me, lock, error.message);
      throw error;
    });
  };

async function revertMine(
  ports: RevertPorts,
  settings: RevertSettings,
  me: Mine,
  lock: Lock,
  { state }: StepInput,
): Promise<StepOutput> {
  if (lock.phase === 'closing') return answer(lock, 'close', 'past the point of no return, it rolls forward');
  if (lock.phase === 'stuck') {
    await moveOffDeadColour(ports, settings, lock);
    return answer(lock, 'stuck', lock.reason ?? 'an operator must decide');
  }
  if (lock.phase === 'reverting')
    return (await putBackAgain(ports, settings, me, lock)) ?? putAway(ports, settings, me, lock);
  const reason = lock.abort?.reason ?? sentenceOf(state.error);
  return putUsersBack(ports, settings, me, lock, await ports.fleet.health(), reason);
}

/** A third group in the rule, a rule that is gone, a missing right: told once, and tried on until a person put it right. */
async function tellBlocked(
  ports: RevertPorts,
  { service, traffic }: RevertSettings,
  me: Mine,
  lock: Lock,
  why: string,
): Promise<void> {
  if (lock.blocked === why) return;
  const { fleet, ledger, notifications } = ports;
  const safe = safeColour(await fleet.health(), lock.stable);
  await notifications.send({
    kind: 'stuck',
    releaseId: lock.releaseId,
    title: `the rollback is blocked: ${why}`,
    body: `${lock.abort?.reason ?? lock.reason ?? 'it rolls back'}. It is tried again until this is put right.`,
    next: [typed('doctor', service), commandTo(ports, traffic, safe)],
  });
  await ledger.write(writes.blocked(me, why));
}

/** The first half. One health reading, one ModifyRule, read back; only then the ledger is told. */
async function putUsersBack(
  ports: RevertPorts,
  settings: RevertSettings,
  me: Mine,
  lock: Lock,
  health: Readonly<Record<Colour, number>>,
  reason: string,
): Promise<StepOutput> {
  const { ledger, notifications, clock } = ports;
  // From the order; without one (a step failed, an owner died) from when it began to go back.
  const from = lock.abort?.at ?? lock.settleFrom ?? clock.now();
  const safe = safeColour(health, lock.stable);
  const onStable = safe === lock.stable;
  if (!onStable) await commit(ledger, me, writes.target(me));
  if (!(await routeToSafety(ports, weightsFor(lock, onStable ? NONE : ALL)))) {
    throw new Transient(`The rule does not show all requests on ${safe} yet`);
  }
  const now = Math.round(clock.now());
  const wasAtStake = lock.abort !== undefined || lock.intent !== undefined;
  const seconds = onStable && wasAtStake ? { secondsFromVerdictToStable: Math.ceil(clock.now() - from) } : {};
  const comesBack = onStable && lock.target !== undefined;
  const returns = comesBack ? { returns: returnsOf(lock) + 1 } : {};
  const reverting = await commit(ledger, me, writes.reverting(me, now, { onStable, reason, ...seconds, ...returns }));
  await notifications.send({
    kind: 'reverted',
    releaseId: lock.releaseId,
    title: whereTo(lock, onStable),
    body: reason,
    next: [
      typed(lock.drift ? 'status' : `why ${lock.releaseId}`, settings.service),
      commandTo(ports, settings.traffic, safe),
    ],
  });
  return settling(reverting, SETTLE_SECONDS);
}

function whereTo(lock: Lock, onStable: boolean): string {
  const { stable, candidate, target } = lock;
  if (!onStable) return `${stable} has no healthy target, all users are on ${candidate}`;
  return target
    ? `${stable} is healthy again, all users are on it`
    : `REVERTED ${whenReverted(lock)}, all users on ${stable}`;
}

/** The highest share that it had: whoever died between the rule and its confirmation had told the ledger before. */
function whenReverted({ share, intent = NONE }: Lock): string {
  const highest = Math.max(share, intent);
  return highest === NONE ? 'before any user met it' : `at ${highest} %`;
}

/**
 * At every tick until the drain ends: users are where they belong, or are put there without waiting for that end. A dead
 * owner's Lambda may have moved them, or died before it could; stable may have died, or live again.
 */
async function putBackAgain(
  ports: RevertPorts,
  settings: RevertSettings,
  me: Mine,
  lock: Lock,
): Promise<StepOutput | undefined> {
  const there = lock.target === 'candidate' ? ALL : NONE;
  const isThere = shareOf(lock, await ports.router.current()) === there;
  const health = await ports.fleet.health();
  if (isThere && !isBetterElsewhere(lock, health)) return undefined;
  // The candidate may be on its way out: only after the drain is it known whether anything is left of it.
  if (health[lock.stable] === 0 && lock.retiring) return undefined;
  // Whoever dies on the way leaves a drain that is used up: for users who move now it begins anew.
  const { state } = await ports.ledger.write(writes.drained(me, lock.settleFrom ?? 0));
  if (!isMine(state, me)) throw fencedOut(state);
  const reason = lock.abort?.reason ?? lock.reason ?? 'the rule changed while it was reverted';
  return putUsersBack(ports, settings, me, lock, health, reason);
}

/**
 * A stable that lives and dies by turns must not move users at every tick, and the rollback must end: users come back at
 * once for the first time only, then at the end of a drain (120 s), and after the third return a person decides.
 */
const RETURNS_AT_ONCE = 1;
const MOST_RETURNS = 3;

const returnsOf = ({ returns = 0 }: Lock): number => returns;

/** Whether users stand on the wrong colour, by one reading of both. */
function isBetterElsewhere(lock: Lock, health: Readonly<Record<Colour, number>>): boolean {
  if (lock.target !== 'candidate') return safeColour(health, lock.stable) === lock.candidate;
  return health[lock.stable] > 0 && (returnsOf(lock) < RETURNS_AT_ONCE || health[lock.candidate] === 0);
}

/** The second half: verified again after the drain, marked, scaled down, and only then freed. */
async function putAway(ports: RevertPorts, settings: RevertSettings, me: Mine, lock: Lock): Promise<StepOutput> {
  const { fleet, ledger, notifications, clock } = ports;
  const waiting = await settle(ports, me, lock);
  if (waiting) return waiting;

  const share = await agreeingShare(ports, lock);
  const health = await fleet.health();
  const stuck = async (safe: Colour, reason: string): Promise<StepOutput> => {
    await markStuck(ports, settings, me, lock, { reason, share, safe });
    return answer(lock, 'stuck', reason);
  };
  if (health[lock.stable] === 0) {
    if (health[lock.candidate] === 0) return stuck(lock.stable, 'neither colour has a healthy target');
    if (lock.target === 'candidate' && share === ALL)
      return stuck(lock.candidate, `${lock.stable} has no healthy target; users are on ${lock.candidate}`);
    // Its end may be under way: from here on only a colour that nobody can put away any more may be given users.
    if (lock.retiring)
      return stuck(
        lock.candidate,
        `${lock.stable} has no healthy target, and ${lock.candidate} was being scaled to zero`,
      );
  }
  if (lock.target === 'candidate' && share === ALL && returnsOf(lock) >= MOST_RETURNS)
    return stuck(
      safeColour(health, lock.candidate),
      `${lock.stable} failed again after each of ${returnsOf(lock)} returns to it`,
    );
  if (share !== NONE || health[lock.stable] === 0 || lock.target)
    return putUsersBack(ports, settings, me, lock, health, lock.reason ?? 'the rule changed while it was reverted');

  await scaleToZero(ports, me, { idle: lock.candidate, stays: lock.stable });
  const freed = await ledger.write(writes.freeAfterRevert(me, lock, Math.round(clock.now())));
  if (!freed.written) throw fencedOut(freed.state);
  await startPending({ ledger, executions: ports.executions, notifications });
  return answer(lock, 'reverted', lock.reason ?? 'reverted');
}

/** Not ours (any more): done already, never begun, or somebody else's. Nothing is written. */
async function notMine(
  { ledger }: RevertPorts,
  { state }: StepInput,
  seen: Parameters<typeof fencedOut>[0],
): Promise<StepOutput> {
  const record = state.release ? await ledger.record(state.release.id) : undefined;
  if (record?.status === 'reverted' && record.fence === state.release?.fence) {
    return {
      summary: record.reason ?? 'reverted',
      verdict: 'reverted',
      share: NONE,
      waitSeconds: 0,
      release: state.release,
    };
  }
  if (state.release) throw fencedOut(seen);
  return { summary: sentenceOf(state.error), verdict: 'nothing', share: NONE, waitSeconds: 0 };
}

const answer = (lock: Lock, verdict: string, what: string): StepOutput => ({
  summary: what,
  verdict,
  share: lock.share,
  waitSeconds: TICK_SECONDS,
  release: releaseOf(lock),
});

const sentenceOf = (error: StepInput['state']['error']): string =>
  error ? failureIn(error) : 'a rollback was asked for';
