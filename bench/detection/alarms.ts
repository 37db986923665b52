/** Detectors that look at the candidate alone: the plan's thresholds as alarms, and failure counting. */

import { LATENCY_GRID_MS } from '../../functions/core/judge/constants.ts';
import { weighLiteral } from '../../functions/core/judge/literal.ts';
import { failuresOf, type GroupMinute } from '../../functions/core/judge/readings.ts';
import {
  ALARMS,
  type AlarmRule,
  alarmState,
  PASS_ERROR_PERCENT,
  PASS_P95_MS,
  ROLLBACK_P95_MS,
} from '../../functions/core/thresholds.ts';
import { abortOn, type Detect } from './judges.ts';
import type { SimulatedRelease } from './world.ts';

const PLAN: readonly AlarmRule[] = ALARMS.filter(({ kind }) => kind === 'literal');
const names = { candidate: 'candidate' };

/** Policy `literal` below 100 %, through the product's own alarms. At 100 % both policies have the same few limits. */
export const literal: Detect = ({ minutes }) => {
  const seen: GroupMinute[] = [];
  for (const { candidate, index, share } of minutes) {
    if (share === 100) break;
    seen.push(candidate);
    const alarms = PLAN.map((alarm) => ({ name: alarm.name, kind: alarm.kind, ...alarmState(alarm, seen, []) }));
    const { word } = weighLiteral({ alarms, minutes: [], gridMs: LATENCY_GRID_MS, bakeDone: false, names });
    if (word === 'abort') return abortOn(index);
  }
  return {};
};

const AT_100 = PLAN.filter(({ name }) => ['literal-global-error-rate', 'literal-server-errors'].includes(name));

/** Policy `literal` at 100 % alone, as if every release came there: over 5 % errors, or ten server errors in a minute. */
export const literalAt100: Detect = ({ minutes }) => {
  const over = minutes.find(
    ({ share, candidate }) =>
      share === 100 && AT_100.some((alarm) => alarmState(alarm, [candidate], []).state === 'ALARM'),
  );
  return over ? abortOn(over.index) : {};
};

const WITHOUT_ANY_5XX: readonly AlarmRule[] = PLAN.filter(({ name }) => name !== 'literal-any-5xx').map((alarm) => ({
  ...alarm,
  minimumRequests: 0,
  breaching: 3,
  outOf: 5,
}));

/** The plan's alarms in 3 of 5 minutes instead of one, without "any 5xx", and its pass bars at the end of each bake. */
export const alarm3of5: Detect = ({ minutes }) => {
  const seen: GroupMinute[] = [];
  for (const minute of minutes) {
    seen.push(minute.candidate);
    const rings = WITHOUT_ANY_5XX.some((alarm) => alarmState(alarm, seen, []).state === 'ALARM');
    if (rings || (minute.bakeDone && !passes(seen.slice(-(minute.stageAge + 1))))) {
      return abortOn(minute.index);
    }
  }
  return {};
};

function passes(bake: readonly GroupMinute[]): boolean {
  const bar = (LATENCY_GRID_MS as readonly number[]).indexOf(PASS_P95_MS);
  let [requests, failures, within] = [0, 0, 0];
  for (const minute of bake) {
    requests += minute.requests ?? 0;
    failures += failuresOf(minute);
    within += (minute.requests ?? 0) * ((minute.withinPercent[bar] ?? 100) / 100);
  }
  return requests === 0 || (failures < (requests * PASS_ERROR_PERCENT) / 100 && within >= 0.95 * requests);
}

/** More failed measurements than this in one stage abort. */
const FAILURE_LIMIT = 3;

/**
 * Argo Rollouts (`failureLimit: 3`) and Flagger (`threshold`) style, as their documentation shows them: each minute is
 * a measurement, and it fails under 99 % of success or over 500 ms in the 95th percentile; counted anew each stage.
 */
export const failureCount: Detect = ({ minutes }: SimulatedRelease) => {
  let failed = 0;
  for (const { candidate, stageAge, index } of minutes) {
    if (stageAge === 0) failed = 0;
    const { requests = 0, p95Ms = 0 } = candidate;
    if (requests > 0 && (failuresOf(candidate) > 0.01 * requests || p95Ms > ROLLBACK_P95_MS)) failed++;
    if (failed > FAILURE_LIMIT) return abortOn(index);
  }
  return {};
};
