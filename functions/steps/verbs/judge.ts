/**
 * Judge: one look at the candidate. Hard rules first, then the policy's verdict on the minutes that have closed, then
 * what follows from it at this moment of the bake. Silence never advances; trouble in reading is silence.
 */

import { decide, isAdvanceAsked, isBakeOver } from '../../core/bake.ts';
import { typed } from '../../core/commands.ts';
import type { VerdictWord } from '../../core/judge/decision.ts';
import type { LiteralEvidence } from '../../core/judge/literal.ts';
import type { Evidence } from '../../core/judge/verdict.ts';
import { type Stage, TICK_SECONDS } from '../../core/plan.ts';
import { type Lock, type Mine, writes } from '../../core/protocol.ts';
import { safeColour } from '../../core/roles.ts';
import { ALL, NONE, type Share } from '../../core/share.ts';
import { hardRules, type Standing } from '../shared/hard-rules.ts';
import { waitOut } from '../shared/outage.ts';
import type { ServiceSettings } from '../shared/settings.ts';
import { commit, owned, type Ports, releaseOf, type StepInput, type StepOutput } from '../shared/step.ts';
import { commandTo } from '../shared/traffic.ts';
import { type PolicyVerdict, UNREADABLE, unlessTransient, verdictOf } from '../shared/verdict.ts';
import { warmVerdict } from '../shared/warm-verdict.ts';

type JudgePorts = Pick<Ports, 'router' | 'fleet' | 'signals' | 'ledger' | 'notifications' | 'clock'>;

/** Shift is asked again for a share that the rule shows and nobody confirmed. */
interface Finish {
  readonly word: 'finish';
  readonly share: Share;
  readonly reason: string;
}

interface Finding {
  readonly word: VerdictWord;
  readonly reason: string;
  readonly evidence?: Evidence | LiteralEvidence;
  readonly ask?: true;
}

type JudgeSettings = Pick<ServiceSettings, 'service' | 'profile' | 'traffic'>;

export const judge = (ports: JudgePorts, settings: JudgeSettings) =>
  async function judgeStep(input: StepInput): Promise<StepOutput> {
    const { ledger } = ports;
    const { me, lock } = await owned(ledger, input);
    if (lock.abort) return answer(lock, 'abort', lock.share, lock.abort.reason, 0);
    const { error } = input.state;
    if (error && lock.phase === 'warm') await tellTrouble(ports, lock, error);
    const finding = await findingOf(ports, settings, me, lock, error);
    // Last, so that a judge that dies on the way is seen to stand still. Nothing is expected of the candidate while a
    // person holds it: its wait begins anew, also when the hold is removed by hand.
    if (finding.word !== 'abort')
      await commit(ledger, me, lock.hold && lock.waitingFor ? writes.waitsAnew(me) : writes.tick(me));
    switch (finding.word) {
      case 'abort':
        return abort(ports, me, lock, finding);
      case 'finish':
        return answer(lock, 'finish', finding.share, finding.reason, 0);
      case 'advance':
        return answer(lock, 'advance', lock.share === ALL ? ALL : stagesOf(lock).next.share, finding.reason, 0);
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

async function findingOf(
  ports: JudgePorts,
  settings: JudgeSettings,
  me: Mine,
  lock: Lock,
  error: StepInput['state']['error'],
): Promise<Finding | Finish> {
  const standing = await hardRules(ports, lock);
  if (standing.against) return standing.against;
  if (lock.phase === 'warm') {
    const watched = await watchWarm(ports, settings.service, me, lock);
    const { unread } = standing;
    return unread && watched.word === 'advance' ? { word: 'hold', reason: unread } : watched;
  }
  // Shift died before it could call the old colour warm.
  if (lock.share === ALL) return { word: 'advance', reason: `all users are on ${lock.candidate}` };
  return judgeBake(ports, settings, me, lock, standing, error);
}

async function judgeBake(
  ports: JudgePorts,
  settings: JudgeSettings,
  me: Mine,
  lock: Lock,
  standing: Standing,
  error: StepInput['state']['error'],
): Promise<Finding | Finish> {
  const { stage, next } = stagesOf(lock);
  const now = ports.clock.now();
  const bakeDone = isBakeOver({ now, lock, stage });
  const { verdict, silence } = lock.share === NONE ? NO_USERS_YET : await verdictOf(ports, lock, bakeDone);
  if (verdict.notification) await page(ports, settings.service, me, lock, verdict.notification);
  const evidence = verdict.evidence ? { evidence: verdict.evidence } : {};
  if (verdict.word === 'abort') return { ...verdict, ...evidence };
  // A person may end a bake without numbers, but not without ECS and the rule: nothing could move then.
  const isDeaf = verdict.rule === UNREADABLE && !isAdvanceAsked(lock);
  const unread = standing.unread ?? (isDeaf ? verdict.reason : undefined);
  const tell = (reason: string) => tellAsked(ports, settings, lock, reason);
  const outage = await waitOut(ports, me, lock, { unread, error }, tell);
  if (outage?.word === 'hold' && !bakeDone && !lock.hold) return { ...outage, word: 'continue', ...evidence };
  if (outage) return { ...outage, ...evidence };
  const { unfinished } = standing;
  if (unfinished !== undefined)
    return { word: 'finish', share: unfinished, reason: `the rule shows ${unfinished} %, which is not confirmed yet` };
  const { onUnproven } = lock.plan;
  const mayPromoteUnproven = settings.profile === 'trial';
  const end = decide({ now, lock, stage, next, onUnproven, mayPromoteUnproven, verdict, silence });
  return { ...end, ...evidence };
}

/** Only a person's hold or an outage brings a release here before its first share. */
const BEFORE_FIRST_SHARE: Stage = { share: NONE, bakeSeconds: 0, approval: false };
const NO_USERS_YET: PolicyVerdict = {
  verdict: { word: 'advance', rule: 'no users yet', reason: 'nobody is on the candidate yet' },
  silence: undefined,
};

async function watchWarm(ports: JudgePorts, service: string, me: Mine, lock: Lock): Promise<Finding> {
  const { ledger, clock } = ports;
  const now = clock.now();
  const watched = await warmVerdict(ports, lock);
  if (watched.word === 'abort') return watched;
  if (watched.page) await page(ports, service, me, lock, watched);
  if ((await ledger.read()).pending) return { word: 'advance', reason: 'a push waits, so the warm time ends' };
  const left = (lock.stageFrom ?? now) + lock.plan.warmSeconds - now;
  return left <= 0
    ? { word: 'advance', reason: 'the warm time is over' }
    : { word: 'continue', reason: watched.reason, ...(watched.evidence ? { evidence: watched.evidence } : {}) };
}

/** Tells a person of what is no reason to go back by itself; once, not every tick. */
async function page(
  { ledger, notifications }: JudgePorts,
  service: string,
  me: Mine,
  lock: Lock,
  { rule, reason }: { readonly rule: string; readonly reason: string },
): Promise<void> {
  if (lock.paged === rule) return;
  // Told first: twice is better than never.
  await notifications.send({
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

async function ask(ports: JudgePorts, settings: JudgeSettings, me: Mine, lock: Lock, reason: string): Promise<void> {
  // The question first: asked twice is better than never.
  await tellAsked(ports, settings, lock, reason);
  await commit(ports.ledger, me, writes.ask(me, Math.round(ports.clock.now())));
}

async function tellAsked(
  ports: JudgePorts,
  { service, traffic }: JudgeSettings,
  lock: Lock,
  reason: string,
): Promise<void> {
  const { fleet, notifications } = ports;
  // What cannot be read at this moment does not keep a person from being asked.
  const health = await fleet.health().catch(unlessTransient);
  const safe = health ? safeColour(health, lock.stable) : lock.stable;
  await notifications.send({
    kind: 'held',
    releaseId: lock.releaseId,
    title: `held at ${lock.share} %, an operator must decide`,
    body: reason,
    next: [typed('promote', service), typed('abort', service), commandTo(ports, traffic, safe)],
  });
}

async function tellTrouble(
  { notifications }: JudgePorts,
  { releaseId }: Lock,
  { Error: name, Cause: cause = '' }: NonNullable<StepInput['state']['error']>,
): Promise<void> {
  await notifications.send({
    kind: 'trouble',
    releaseId,
    title: 'A check in the warm time failed',
    body: `${name} ${cause}`,
    next: [],
  });
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
  verdict: VerdictWord | Finish['word'],
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
