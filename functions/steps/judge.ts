/**
 * Judge: one look at the candidate. Hard rules first, then the policy's verdict on the minutes that have closed, then
 * what follows from it at this moment of the bake. Silence never advances; trouble in reading is silence.
 */

import { decide, isBakeOver } from '../core/bake.ts';
import { typed } from '../core/commands.ts';
import type { VerdictWord } from '../core/judge/decision.ts';
import { type JudgeState, weigh } from '../core/judge/judge.ts';
import type { LiteralEvidence } from '../core/judge/literal.ts';
import type { Evidence, Verdict } from '../core/judge/verdict.ts';
import { ABSOLUTE_BAR, judgeWarm, PLAN_RULES, type WarmWatch } from '../core/judge/warm.ts';
import { type Stage, TICK_SECONDS } from '../core/plan.ts';
import { type Lock, type Mine, writes } from '../core/protocol.ts';
import { safeColour, shareOf } from '../core/roles.ts';
import { ALL, NONE, type Share } from '../core/share.ts';
import { listen } from './listen.ts';
import type { ServiceSettings } from './settings.ts';
import { commit, owned, type Ports, releaseOf, type StepInput, type StepOutput } from './step.ts';
import { agreeingShare, changedByHand, commandTo } from './traffic.ts';
import { minutesAtThisShare, ownAlarms, type PolicyVerdict, ringingBackstop, verdictOf } from './verdict.ts';

type JudgePorts = Pick<Ports, 'router' | 'fleet' | 'signals' | 'ledger' | 'notices' | 'clock'>;

interface Finding {
  readonly word: VerdictWord;
  readonly reason: string;
  readonly evidence?: Evidence | LiteralEvidence;
  readonly ask?: true;
}

type JudgeSettings = Pick<ServiceSettings, 'service' | 'profile' | 'traffic'>;

export const judge = (ports: JudgePorts, settings: JudgeSettings) =>
  async function judgeStep(input: StepInput): Promise<StepOutput> {
    const { ledger, notices } = ports;
    const { me, lock } = await owned(ledger, input);
    if (lock.abort) return answer(lock, 'abort', lock.share, lock.abort.reason, 0);
    // Nothing is expected of the candidate while a person holds it: its wait begins anew, also when the hold is removed by hand.
    await commit(ledger, me, lock.hold && lock.waitingFor ? writes.waitsAnew(me) : writes.tick(me));
    if (input.state.error) {
      const { Error: name, Cause: cause = '' } = input.state.error;
      await notices.send({
        kind: 'trouble',
        releaseId: lock.releaseId,
        title: 'The watch had trouble',
        body: `${name} ${cause}`,
        next: [],
      });
    }

    const finding =
      (await hardRules(ports, lock)) ??
      (await (lock.phase === 'warm'
        ? watchWarm(ports, settings.service, me, lock)
        : judgeBake(ports, settings, me, lock)));
    switch (finding.word) {
      case 'abort':
        return abort(ports, me, lock, finding);
      case 'advance':
        return answer(
          lock,
          'advance',
          lock.phase === 'warm' ? lock.share : stagesOf(lock).next.share,
          finding.reason,
          0,
        );
      default:
        if (finding.ask) await ask(ports, settings, me, lock, finding.reason);
        return answer(
          lock,
          finding.word,
          lock.share,
          finding.reason,
          secondsToWait(lock, ports.clock.now()),
          finding.evidence,
        );
    }
  };

/** What needs no statistics: a crash of this release's tasks, and weights that are not ours. */
async function hardRules(ports: JudgePorts, lock: Lock): Promise<Finding | undefined> {
  const candidate = await ports.fleet.observe(lock.candidate);
  if (candidate.crashes > 0) {
    return {
      word: 'abort',
      reason: `a task of ${lock.candidate} crashed: ${candidate.lastStopped ?? 'no reason was given'}`,
    };
  }
  if (shareOf(lock, await ports.router.current()) === lock.share) return undefined;
  const live = await agreeingShare(ports, lock);
  if (live !== undefined && live !== lock.share) {
    return { word: 'abort', reason: changedByHand(live, lock) };
  }
  return undefined;
}

async function judgeBake(
  ports: JudgePorts,
  { service, profile }: JudgeSettings,
  me: Mine,
  lock: Lock,
): Promise<Finding> {
  const { stage, next } = stagesOf(lock);
  const now = ports.clock.now();
  const bakeDone = isBakeOver({ now, lock, stage });
  const { verdict, silence } = lock.share === NONE ? NO_USERS_YET : await verdictOf(ports, lock, bakeDone);
  if (verdict.notice) await page(ports, service, me, lock, verdict.notice);
  const end = decide({
    now,
    lock,
    stage,
    next,
    onUnproven: lock.plan.onUnproven,
    mayPromoteUnproven: profile === 'trial',
    verdict,
    silence,
  });
  return { ...end, ...(verdict.evidence ? { evidence: verdict.evidence } : {}) };
}

/** Only a person's hold brings a release here before its first share. */
const BEFORE_FIRST_SHARE: Stage = { share: NONE, bakeSeconds: 0, approval: false };
const NO_USERS_YET: PolicyVerdict = {
  verdict: { word: 'advance', rule: 'no users yet', reason: 'nobody is on the candidate yet' },
  silence: undefined,
};

async function watchWarm(ports: JudgePorts, service: string, me: Mine, lock: Lock): Promise<Finding> {
  const { signals, fleet, ledger, clock } = ports;
  const now = clock.now();
  const ringing = ringingBackstop(await ownAlarms(ports, lock));
  if (ringing) return ringing;
  const readings = await minutesAtThisShare(signals, clock, lock, []);
  const { state } = await listen(ports, lock);
  const judged = weigh(state, { bakeDone: false, names: lock });
  const minutes = readings.map(({ colours }) => ({ candidate: colours[lock.candidate], stable: colours[lock.stable] }));
  const watched = judgeWarm(minutes, {
    oldColourFine: (await fleet.health())[lock.stable] > 0,
    errors: errorRules(lock, state, judged),
    names: lock,
  });
  if (watched.word === 'abort') return watched;
  if (watched.page) await page(ports, service, me, lock, watched);
  if ((await ledger.read()).pending) return { word: 'advance', reason: 'a push waits, so the warm time ends' };
  const left = (lock.stageFrom ?? now) + lock.plan.warmSeconds - now;
  return left <= 0
    ? { word: 'advance', reason: 'the warm time is over' }
    : { word: 'continue', reason: watched.reason, evidence: watched.evidence };
}

/** Who says how many errors are too many at 100 %. What goes straight there is the first of a service, or brought back. */
function errorRules({ plan, hotfix }: Lock, { past }: JudgeState, verdict: Verdict): WarmWatch['errors'] {
  const isBaked = plan.stages[0]?.share !== ALL;
  if (plan.policy === 'literal' && !hotfix && isBaked) return { by: 'plan', rules: PLAN_RULES };
  if (plan.policy === 'compare' && !hotfix && past) return { by: 'judge', verdict };
  return { by: 'plan', rules: ABSOLUTE_BAR };
}

/** Tells a person of what is no reason to go back by itself; once, not every tick. */
async function page(
  { ledger, notices }: JudgePorts,
  service: string,
  me: Mine,
  lock: Lock,
  { rule, reason }: { readonly rule: string; readonly reason: string },
): Promise<void> {
  if (lock.paged === rule) return;
  // Told first: twice is better than never.
  await notices.send({
    kind: 'trouble',
    releaseId: lock.releaseId,
    title: rule,
    body: reason,
    next: [typed(lock.phase === 'warm' && !lock.rollback ? 'rollback' : 'abort', service)],
  });
  await commit(ledger, me, writes.paged(me, rule));
}

/** The order is written once; whoever wrote it first, it is carried out. */
async function abort(
  { ledger, clock }: JudgePorts,
  me: Mine,
  lock: Lock,
  { reason, evidence }: Finding,
): Promise<StepOutput> {
  await ledger.write(
    writes.abort(me.fence, { by: 'owner', reason, at: clock.now(), ...(evidence ? { evidence } : {}) }),
  );
  return answer(lock, 'abort', lock.share, reason, 0);
}

async function ask(
  ports: JudgePorts,
  { service, traffic }: JudgeSettings,
  me: Mine,
  lock: Lock,
  reason: string,
): Promise<void> {
  const { ledger, fleet, notices, clock } = ports;
  const safe = safeColour(await fleet.health(), lock.stable);
  // The question first: asked twice is better than never.
  await notices.send({
    kind: 'held',
    releaseId: lock.releaseId,
    title: `held at ${lock.share} %, a person must decide`,
    body: reason,
    next: [typed('promote', service), typed('abort', service), commandTo(ports, traffic, safe)],
  });
  await commit(ledger, me, writes.ask(me, Math.round(clock.now())));
}

/** The stage that is being watched, and the one after it. */
function stagesOf({ plan, share }: Lock) {
  const index = plan.stages.findIndex((stage) => stage.share === share);
  return { stage: plan.stages[index] ?? BEFORE_FIRST_SHARE, next: plan.stages[index + 1]! };
}

/** A tick, or less when the bake or the warm time ends before. */
function secondsToWait(lock: Lock, now: number): number {
  const length = lock.phase === 'warm' ? lock.plan.warmSeconds : stagesOf(lock).stage.bakeSeconds;
  const left = Math.ceil((lock.stageFrom ?? now) + length - now);
  return left > 0 ? Math.min(TICK_SECONDS, left) : TICK_SECONDS;
}

const answer = (
  lock: Lock,
  verdict: VerdictWord,
  share: Share,
  reason: string,
  waitSeconds: number,
  evidence?: Finding['evidence'],
): StepOutput => ({
  summary: `${lock.share} %: ${verdict}, ${reason}`,
  verdict,
  share,
  waitSeconds,
  ...(evidence && 'odds' in evidence ? { odds: evidence.odds } : {}),
  release: releaseOf(lock),
});
