/** Feeds the judge: every closed minute once, in order, when it can be believed. */

import { latencyColumns, learn } from '../../core/judge/baseline.ts';
import { oddsOf } from '../../core/judge/comparison.ts';
import { LATENCY_GRID_MS, SILENT_MINUTES } from '../../core/judge/constants.ts';
import { beginJudging, foldMinute, type JudgedMinute } from '../../core/judge/judge.ts';
import { countsOf, type LatencyColumns } from '../../core/judge/readings.ts';
import type { Lock } from '../../core/protocol.ts';
import { ALL, type Share } from '../../core/share.ts';
import { PASS_P95_MS, ROLLBACK_P95_MS } from '../../core/thresholds.ts';
import type { JudgeMemory, MinuteEvidence } from '../../ports/ledger.ts';
import type { MinuteReading } from '../../ports/signals.ts';
import type { Ports } from './step.ts';

const MINUTE = 60;
const BASELINE_SECONDS = 3600;
/** Numbers of a minute are still moving for about this long after its end. */
const BELIEVED_AFTER_SECONDS = 60;
/** Then a colour that is missing in it, but was heard in a later one, is a gap, and the minute is judged as it stands. */
const FINAL_AFTER_SECONDS = 120;
/** Numbers that are late for both colours are waited for so long, docs/decisions/0014. */
const LOST_AFTER_SECONDS = 360;
/** No complete minute for so long is silence: three minutes that were final and empty. */
const SILENT_AFTER_SECONDS = FINAL_AFTER_SECONDS + SILENT_MINUTES * MINUTE;

type ListenPorts = Pick<Ports, 'signals' | 'ledger' | 'clock'>;

/** The judge's memory with everything folded in that has closed by now, saved in the ledger. */
export async function foldMinutes(ports: ListenPorts, lock: Lock): Promise<JudgeMemory> {
  const { signals, ledger, clock } = ports;
  const seen = await ledger.judging(lock.releaseId);
  let judging = seen ?? { state: beginJudging(await baselineOf(ports, lock)) };
  const { baseline } = judging.state;
  const thresholdsMs = [...new Set([baseline.slowMs, baseline.verySlowMs, PASS_P95_MS, ROLLBACK_P95_MS])];
  const at = latencyColumns(baseline, thresholdsMs);

  const next = judging.folded === undefined ? firstMinute(lock) : judging.folded + MINUTE;
  const now = clock.now();
  const minutes = await signals.minutes({ from: next, to: floorMinute(now), thresholdsMs });
  const byStart = new Map(minutes.map((reading) => [reading.minute, reading]));
  const folded: MinuteEvidence[] = [];
  for (let minute = next; isReady(minute, byStart, lock, now); minute += MINUTE) {
    const judgedMinute = judged(minute, byStart.get(minute), at, lock);
    judging = { state: foldMinute(judging.state, judgedMinute), folded: minute };
    folded.push({ minute, share: shareAt(minute, lock), ...judgedMinute, ...oddsOf(judging.state.odds) });
  }
  if (seen && judging.folded === seen.folded) return seen;
  // Somebody else folded the same minutes meanwhile: theirs are the same, and they stand.
  const saved = await ledger.saveJudging(lock.releaseId, seen?.folded, judging, folded);
  return saved ? judging : ((await ledger.judging(lock.releaseId)) ?? judging);
}

async function baselineOf({ signals }: ListenPorts, lock: Lock) {
  const to = floorMinute(lock.openedAt);
  const hour = await signals.minutes({ from: to - BASELINE_SECONDS, to, thresholdsMs: LATENCY_GRID_MS });
  const baseline = learn(
    hour.map(({ zones }) => zones[lock.stable]),
    LATENCY_GRID_MS,
  );
  if (lock.plan.stages[0]?.share !== ALL) return baseline;
  // Nobody knows what is usual of a version that goes straight to 100 %: the first of a service, or one brought back from worse.
  const { usual: _, ...noise } = baseline;
  return noise;
}

function isReady(minute: number, readings: ReadonlyMap<number, MinuteReading>, lock: Lock, now: number): boolean {
  const age = now - (minute + MINUTE);
  // At 100 % nobody waits for a colour without users.
  const colours = isAlone(minute, lock) ? [lock.candidate] : [lock.candidate, lock.stable];
  const here = readings.get(minute)?.colours ?? {};
  if (age >= LOST_AFTER_SECONDS) return true;
  if (age >= FINAL_AFTER_SECONDS) return colours.every((colour) => here[colour] ?? isHeardAfter(minute, colour));
  return age >= BELIEVED_AFTER_SECONDS && colours.every((colour) => (here[colour]?.requests ?? 0) > 0);

  function isHeardAfter(earlier: number, colour: Lock['stable']): boolean {
    return [...readings.values()].some((reading) => reading.minute > earlier && reading.colours[colour]);
  }
}

/** Whether the last complete minute is so long ago that nothing is known of the present. */
export function isSilent({ state, folded = 0 }: JudgeMemory, now: number): boolean {
  const heardUntil = folded + MINUTE - (state.minute - state.heard) * MINUTE;
  return state.heard < 0 || now - heardUntil >= SILENT_AFTER_SECONDS;
}

function judged(minute: number, reading: MinuteReading | undefined, at: LatencyColumns, lock: Lock): JudgedMinute {
  const candidate = reading?.colours[lock.candidate];
  const stable = reading?.colours[lock.stable];
  const index = (minute - firstMinute(lock)) / MINUTE;
  return {
    index,
    stageAge: stageAge(minute, index, lock),
    candidate: candidate && countsOf(candidate, at),
    stable: stable && countsOf(stable, at),
    tasks: { candidate: candidate?.healthyHosts ?? 1, stable: stable?.healthyHosts ?? 1 },
    healthyCandidate: candidate?.healthyHosts,
    ...(isAlone(minute, lock) ? { alone: true as const } : {}),
  };
}

/** A minute in which the share became 100 % is one of them: what stable still had of it is little. */
const isAlone = (minute: number, lock: Lock): boolean => lock.share === ALL && isOfThisStage(minute, lock);

/** A minute that ended before the present share was confirmed belongs to the stage before. */
const isOfThisStage = (minute: number, { stageFrom = 0 }: Lock): boolean => minute + MINUTE > stageFrom;

/** Until a minute of the present share is judged, the evidence is still that of the share before. */
export const hasEvidenceForStage = ({ folded }: JudgeMemory, lock: Lock): boolean =>
  folded !== undefined && isOfThisStage(folded, lock);

/** A minute in which the share changed is the first of the new stage; one before it is some later one of an old stage. */
function stageAge(minute: number, index: number, lock: Lock): number {
  const { stageFrom = 0, firstShareAt } = lock;
  if (stageFrom === firstShareAt) return index;
  return isOfThisStage(minute, lock) ? (minute - floorMinute(stageFrom)) / MINUTE : 1;
}

function shareAt(minute: number, lock: Lock): Share {
  const { share, plan } = lock;
  if (isOfThisStage(minute, lock)) return share;
  return plan.stages[plan.stages.findIndex((stage) => stage.share === share) - 1]?.share ?? share;
}

/** The first full minute at the first share. */
const firstMinute = ({ firstShareAt = 0 }: Lock): number => Math.ceil(firstShareAt / MINUTE) * MINUTE;

const floorMinute = (instant: number): number => Math.floor(instant / MINUTE) * MINUTE;
