/** What the policy says of the candidate at this moment: its alarms first, then its minutes. */
import { Transient } from '../../core/failures.ts';
import type { VerdictWord } from '../../core/judge/decision.ts';
import { weigh } from '../../core/judge/judge.ts';
import { type LiteralEvidence, weighLiteral } from '../../core/judge/literal.ts';
import type { GroupMinute } from '../../core/judge/readings.ts';
import type { Evidence, Verdict } from '../../core/judge/verdict.ts';
import { isOurs } from '../../core/own-alarms.ts';
import type { Lock } from '../../core/protocol.ts';
import { PASS_P95_MS } from '../../core/thresholds.ts';
import type { AlarmReading, MinuteReading } from '../../ports/signals.ts';
import { foldMinutes, hasEvidenceForStage, isSilent } from './fold-minutes.ts';
import type { Ports } from './step.ts';

type SignalPorts = Pick<Ports, 'signals' | 'ledger' | 'clock'>;

export interface PolicyVerdict {
  readonly verdict: {
    readonly word: VerdictWord;
    readonly rule: string;
    readonly reason: string;
    readonly evidence?: Evidence | LiteralEvidence;
    /** No reason to go back by itself, but a person should know. */
    readonly notification?: Pick<Verdict, 'rule' | 'reason'>;
  };
  readonly silence: string | undefined;
}

/** The rule of a verdict for which numbers or alarms could not be read. */
export const UNREADABLE = 'unreadable';

/** Numbers and alarms that cannot be read are silence with a reason of its own; they neither advance nor abort. */
export async function verdictOf(ports: SignalPorts, lock: Lock, bakeDone: boolean): Promise<PolicyVerdict> {
  try {
    const alarms = await ownAlarms(ports, lock);
    const firing = firingBackstop(alarms);
    if (firing) return { verdict: firing, silence: undefined };
    return lock.hotfix || lock.plan.policy === 'literal'
      ? await literal(ports, lock, alarms, bakeDone)
      : await compare(ports, lock, bakeDone);
  } catch (error) {
    if (!(error instanceof Transient)) throw error;
    const reason = `the numbers or alarms could not be read (${error.message})`;
    return { verdict: { word: 'hold', rule: UNREADABLE, reason }, silence: reason };
  }
}

async function compare(ports: SignalPorts, lock: Lock, bakeDone: boolean): Promise<PolicyVerdict> {
  const judging = await foldMinutes(ports, lock);
  const verdict = weigh(judging.state, { bakeDone, names: lock });
  if (!hasEvidenceForStage(judging, lock) || verdict.evidence.candidate.requests === 0) {
    return {
      verdict,
      silence: `no minute with requests on ${lock.candidate} at ${lock.share} % has been delivered yet`,
    };
  }
  const silence = isSilent(judging, ports.clock.now()) ? 'no complete numbers have been delivered lately' : undefined;
  return { verdict, silence };
}

async function literal(
  ports: SignalPorts,
  lock: Lock,
  alarms: readonly AlarmReading[],
  bakeDone: boolean,
): Promise<PolicyVerdict> {
  const gridMs = [PASS_P95_MS];
  const minutes = await candidateMinutes(ports.signals, ports.clock, lock, gridMs);
  const acting = alarms.filter(({ name }) => lock.plan.policy === 'literal' || !isAnyError(name));
  const verdict = weighLiteral({ alarms: acting, minutes, gridMs, bakeDone, names: lock });
  // For the record, and for the warm time: the share of a minute is known while it lasts. An abort does not wait for it.
  if (verdict.word !== 'abort') await foldMinutes(ports, lock).catch(unlessTransient);
  return { verdict, silence: undefined };
}

export function unlessTransient(error: unknown): void {
  if (!(error instanceof Transient)) throw error;
}

/** The candidate's alarms. One that rings about an older release says nothing about this one. */
export async function ownAlarms({ signals, clock }: SignalPorts, lock: Lock): Promise<readonly AlarmReading[]> {
  return (await signals.alarms())
    .filter(({ colour }) => colour === lock.candidate)
    .map((alarm) =>
      alarm.state === 'ALARM' && !isOurs(lock, alarm, clock.now()) ? { ...alarm, state: 'INSUFFICIENT_DATA' } : alarm,
    );
}

/** The guard acts on it at once. Here it is seen when that event was lost, or rang too soon to be believed. */
export function firingBackstop(alarms: readonly AlarmReading[]): PolicyVerdict['verdict'] | undefined {
  const firing = alarms.find(({ kind, state }) => kind === 'backstop' && state === 'ALARM');
  return firing && { word: 'abort', rule: firing.name, reason: `alarm ${firing.name}: ${firing.reason}` };
}

/** What the candidate delivered of the full minutes since its present share was confirmed. */
async function candidateMinutes(
  signals: Ports['signals'],
  clock: Ports['clock'],
  lock: Lock,
  thresholdsMs: readonly number[],
): Promise<readonly GroupMinute[]> {
  const minutes = await minutesAtThisShare(signals, clock, lock, thresholdsMs);
  return minutes.map(({ colours }) => colours[lock.candidate]).filter((reading) => reading !== undefined);
}

/** The full minutes since the present share was confirmed, as far as they were delivered. */
export const minutesAtThisShare = (
  signals: Ports['signals'],
  clock: Ports['clock'],
  { stageFrom = 0 }: Lock,
  thresholdsMs: readonly number[],
): Promise<readonly MinuteReading[]> =>
  signals.minutes({ from: Math.ceil(stageFrom / 60) * 60, to: Math.floor(clock.now() / 60) * 60, thresholdsMs });

/** Beside a broken stable a hotfix is judged on the absolute bars; that some request fails is then no news. */
const isAnyError = (name: string): boolean =>
  ['literal-any-5xx', 'literal-server-errors'].some((rule) => name.endsWith(rule));
