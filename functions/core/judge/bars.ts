/**
 * The plan's own numbers under policy `compare`. Its pass bars (1 % errors, a 95th percentile of 300 ms) fail a bake, but
 * only beyond doubt and only over minutes in which stable keeps them; its rollback bars (2 %, 500 ms) send nothing back
 * by themselves, they hold the bake and name themselves to a person. A 95th percentile is over a bar just when more than
 * 5 % of the responses are, and those can be counted and added up.
 */
import {
  MINIMUM_SAMPLE_REQUESTS,
  PASS_ERROR_PERCENT,
  PASS_P95_MS,
  ROLLBACK_ERROR_PERCENT,
  ROLLBACK_P95_MS,
} from '../thresholds.ts';
import type { Noise } from './baseline.ts';
import { type ComparedMinute, isTooEarly } from './comparison.ts';
import { BREACH_MINUTES, BREACH_OUT_OF, GATE_DEVIATIONS, VERY_SLOW_MARGIN } from './constants.ts';
import type { Counts, LatencyCount } from './readings.ts';

/** What a plan has bars for. */
export type Bar = 'errors' | 'slow';
const BARS: readonly Bar[] = ['errors', 'slow'];

/** More than this share (0-1) of the requests counted is over the bar. */
interface Limit {
  readonly counted: 'failures' | LatencyCount;
  readonly share: number;
}

/** A 95th percentile leaves 5 % of the responses over it. */
export const OVER_P95_SHARE = 0.05;
const PASS: Readonly<Record<Bar, Limit>> = {
  errors: { counted: 'failures', share: PASS_ERROR_PERCENT / 100 },
  slow: { counted: 'overPassBar', share: OVER_P95_SHARE },
};
const ROLLBACK: Readonly<Record<Bar, Limit>> = {
  errors: { counted: 'failures', share: ROLLBACK_ERROR_PERCENT / 100 },
  slow: { counted: 'overRollbackBar', share: OVER_P95_SHARE },
};

/** Milliseconds behind the counts of responses over the plan's bars. */
export const BAR_MS = { overPassBar: PASS_P95_MS, overRollbackBar: ROLLBACK_P95_MS } as const;

/** The candidate in the minutes of a stage in which stable itself kept the pass bar. */
export interface Gate {
  readonly minutes: number;
  readonly requests: number;
  /** Failures, or responses over 300 ms. */
  readonly bad: number;
  readonly worst: number;
}

/** A stage against the plan. */
export interface BarHistory {
  readonly gates: Readonly<Record<Bar, Gate>>;
  /** The newest minutes with numbers, newest last: whether the candidate was over a rollback bar that stable kept. */
  readonly breaches: Readonly<Record<Bar, readonly boolean[]>>;
}

const OPEN: Gate = { minutes: 0, requests: 0, bad: 0, worst: 0 };
export const NEW_WATCH: BarHistory = { gates: { errors: OPEN, slow: OPEN }, breaches: { errors: [], slow: [] } };

export function addToBarHistory({ gates, breaches }: BarHistory, minute: ComparedMinute): BarHistory {
  return {
    gates: { errors: addToGate(gates.errors, 'errors', minute), slow: addToGate(gates.slow, 'slow', minute) },
    breaches: {
      errors: addToBreaches(breaches.errors, 'errors', minute),
      slow: addToBreaches(breaches.slow, 'slow', minute),
    },
  };
}

/**
 * Two builds of one version differ by some, and in the tail by more: where stable's share times that margin is over the
 * bar, it fails the bar as well, and only the comparison counts.
 */
export const keepsPassBar = (stable: Counts, bar: Bar): boolean => {
  const bad = stable[PASS[bar].counted];
  return bad !== undefined && bad * (bar === 'slow' ? VERY_SLOW_MARGIN : 1) <= stable.requests * PASS[bar].share;
};

function addToGate(gate: Gate, bar: Bar, minute: ComparedMinute): Gate {
  const { candidate, stable } = minute;
  const bad = candidate?.[PASS[bar].counted];
  if (!candidate || bad === undefined || !stable || isTooEarly(bar, minute) || !keepsPassBar(stable, bar)) return gate;
  return {
    minutes: gate.minutes + 1,
    requests: gate.requests + candidate.requests,
    bad: gate.bad + bad,
    worst: Math.max(gate.worst, bad),
  };
}

function addToBreaches(breaches: readonly boolean[], bar: Bar, minute: ComparedMinute): readonly boolean[] {
  const { candidate, stable } = minute;
  const { counted, share } = ROLLBACK[bar];
  const [mine, theirs] = [candidate?.[counted], stable?.[counted]];
  if (!candidate || !stable || mine === undefined || theirs === undefined || isTooEarly(bar, minute)) return breaches;
  const isOver = candidate.requests >= MINIMUM_SAMPLE_REQUESTS && mine > candidate.requests * share;
  return [...breaches, isOver && theirs <= stable.requests * share].slice(-BREACH_OUT_OF);
}

/**
 * The pass bar that the stage is over beyond doubt: without its worst minute, the lower 99.9 % bound of a Poisson mean
 * (Wilson and Hilferty 1931) of independent bursts is still over it.
 */
export function barFailed({ gates }: BarHistory, burst: Noise['burst']): Bar | undefined {
  return BARS.find((bar) => {
    const { minutes, requests, bad, worst } = gates[bar];
    const bursts = (bad - worst) / burst[bar];
    if (bursts <= 0) return false;
    // The worst minute takes an average minute's requests with it, not its own: otherwise one failure more could make
    // another minute the worst, and a candidate that failed more would pass.
    const others = requests * (1 - 1 / minutes);
    const root = 1 - 1 / (9 * bursts) - GATE_DEVIATIONS / (3 * Math.sqrt(bursts));
    return bursts * Math.max(0, root) ** 3 * burst[bar] > others * PASS[bar].share;
  });
}

/** The rollback bar that the candidate was over, and stable was not, in two of the newest three minutes. */
export const barBreached = ({ breaches }: BarHistory): Bar | undefined =>
  BARS.find((bar) => breaches[bar].filter(Boolean).length >= BREACH_MINUTES);
