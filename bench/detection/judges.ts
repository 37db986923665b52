/** Our judge, and a simple one of the same kind beside it. */
import { latencyColumns } from '../../functions/core/judge/baseline.ts';
import { LATENCY_BLIND_MINUTES, LATENCY_GRID_MS } from '../../functions/core/judge/constants.ts';
import { beginJudging, foldMinute, weigh } from '../../functions/core/judge/judge.ts';
import { countsOf } from '../../functions/core/judge/readings.ts';
import { ALARMS, type AlarmRule, alarmState } from '../../functions/core/thresholds.ts';
import type { SimulatedMinute, SimulatedRelease } from './world.ts';

/** What a detector makes of a release. Minutes are since the first share. */
export interface Found {
  /** The minute whose numbers made it abort, and when they were there; absent when it never did. */
  readonly abort?: { readonly minute: number; readonly seenAt: number };
  /** For each bake that came to its end: shown to be safe. */
  readonly proven?: readonly boolean[];
}

export type Detect = (release: SimulatedRelease) => Found;

/** Numbers of a minute come one minute after its end. */
export const abortOn = (minute: number): Found => ({ abort: { minute, seenAt: minute + 2 } });

/** Response times right after a start or a shift are start-up; whoever judges them here leaves those minutes out. */
export const isStartUp = ({ index, stageAge }: Pick<SimulatedMinute, 'index' | 'stageAge'>): boolean =>
  index < LATENCY_BLIND_MINUTES || stageAge === 0;

const names = { candidate: 'candidate', stable: 'stable' };

const BACKSTOP: AlarmRule = ALARMS.find(({ name }) => name === 'backstop-error-rate')!;

/**
 * The product's judge. `hardRules`: with the abort on a crashed task, which needs no numbers. `at100`: through the warm time
 * too, with the backstop's alarm, which no other colour can silence there.
 */
export const compare =
  ({ hardRules, at100 = false }: { readonly hardRules: boolean; readonly at100?: boolean }): Detect =>
  ({ baseline, minutes }) => {
    const at = latencyColumns(baseline, LATENCY_GRID_MS);
    const proven: boolean[] = [];
    let state = beginJudging(baseline);
    for (const minute of minutes) {
      const alone = minute.share === 100;
      if (alone && !at100) break;
      const seen = minutes.slice(Math.max(0, minute.index - BACKSTOP.outOf + 1), minute.index + 1);
      const backstop =
        alone &&
        alarmState(
          BACKSTOP,
          seen.map(({ candidate }) => candidate),
          [],
        ).state === 'ALARM';
      if (hardRules && backstop) return { ...abortOn(minute.index), proven };
      // The stopped task is reported within seconds; the end of its minute is late for that.
      if (hardRules && minute.crashed) return { abort: { minute: minute.index, seenAt: minute.index + 1 }, proven };
      state = foldMinute(state, {
        index: minute.index,
        stageAge: minute.stageAge,
        candidate: countsOf(minute.candidate, at),
        stable: countsOf(minute.stable, at),
        tasks: minute.tasks,
        healthyCandidate: minute.candidate.healthyHosts,
        ...(alone ? { alone } : {}),
      });
      const { word, evidence } = weigh(state, { bakeDone: minute.bakeDone, names });
      if (word === 'abort') return { ...abortOn(minute.index), proven };
      if (minute.bakeDone) proven.push(evidence.proven);
    }
    return { proven };
  };

/** Constants of the control judge: guessed once, learned from nothing. */
const CONTROL = { margin: 1.5, ratio: 4, burst: 2, capNats: 5, limit: 100 } as const;

/**
 * The control: a sequential likelihood ratio on errors and one on responses over 300 ms, half of the odds each. No
 * learned noise, no onset, no warm-up, no tail, no dead candidate. What our judge does better, its terms have earned.
 */
export const control: Detect = ({ baseline, minutes }) => {
  const at = latencyColumns(baseline, LATENCY_GRID_MS);
  const nats = { errors: 0, slow: 0 };
  for (const minute of minutes) {
    if (minute.share === 100) break;
    const mine = countsOf(minute.candidate, at);
    const theirs = countsOf(minute.stable, at);
    if (!mine || !theirs) continue;
    nats.errors += controlNats(mine.failures, theirs.failures, mine.requests, theirs.requests);
    if (!isStartUp(minute)) {
      nats.slow += controlNats(mine.overPassBar ?? 0, theirs.overPassBar ?? 0, mine.requests, theirs.requests);
    }
    if ((Math.exp(nats.errors) + Math.exp(nats.slow)) / 2 >= CONTROL.limit) {
      return abortOn(minute.index);
    }
  }
  return {};
};

function controlNats(mine: number, theirs: number, requests: number, others: number): number {
  const allowed = CONTROL.margin * requests;
  const rest = Math.log((allowed + others) / (allowed * CONTROL.ratio + others));
  return Math.min(CONTROL.capNats, (mine * Math.log(CONTROL.ratio) + (mine + theirs) * rest) / CONTROL.burst);
}
