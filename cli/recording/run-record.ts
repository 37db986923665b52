/** The record of a rehearsal: of a rehearsal (its report carries it), or of a release that ran (`sluice why --json`). */
import type { Baseline } from '../../functions/core/judge/baseline.ts';
import type { Metric } from '../../functions/core/judge/constants.ts';
import { type Counts, eachLatencyCount, type GroupMinute } from '../../functions/core/judge/readings.ts';
import { ALL, isShare, type Share } from '../../functions/core/share.ts';
import type { RunRecord } from '../../report/record.ts';
import {
  BrokenRecording,
  type Fields,
  ifDelivered,
  isAbsent,
  listFrom,
  numberFrom,
  objectFrom,
  present,
  textFrom,
  wholeFrom,
} from './fields.ts';
import {
  ASSUMED_DELAY_MINUTES,
  MOST_REQUESTS,
  type RecordedMinute,
  type Recording,
  type RecordingEnd,
} from './recording.ts';

/**
 * A rehearsal keeps its minutes as the judge counted them, so they are judged again as they are. Its alarms' numbers are
 * not all in there: without the 95th percentile the policy `literal` can abort on errors, and otherwise holds.
 */
export function fromRehearsal(recorded: Fields): Recording {
  if (isAbsent(recorded['release'])) throw new BrokenRecording('is a rehearsal that opened no release');
  const release = objectFrom(recorded['release'], 'release');
  if (isAbsent(release['baseline'])) throw new BrokenRecording('is a rehearsal of which no minute was judged');
  const minutes = listFrom(release['minutes'], 'release.minutes').map((minute, position) =>
    rehearsedMinute(objectFrom(minute, `release.minutes[${position}]`), `release.minutes[${position}]`),
  );
  return {
    id: textFrom(release['id'], 'release.id'),
    deliveryDelayMinutes: ASSUMED_DELAY_MINUTES,
    names: {
      candidate: textFrom(release['candidate'], 'release.candidate'),
      stable: textFrom(release['stable'], 'release.stable'),
    },
    baseline: baselineFrom(objectFrom(release['baseline'], 'release.baseline')),
    minutes,
    gridMs: [],
    end: endFrom(recorded, release, minutes),
  };
}

function endFrom(recorded: Fields, release: Fields, minutes: readonly RecordedMinute[]): RecordingEnd {
  const abort = isAbsent(recorded['abort']) ? undefined : objectFrom(recorded['abort'], 'abort');
  const shifts = listFrom(recorded['shifts'], 'shifts').map((shift, position) =>
    shiftFrom(objectFrom(shift, `shifts[${position}]`), `shifts[${position}]`),
  );
  const steps = shifts.filter(({ isStep }) => isStep);
  return {
    bakeDone: isLastBakeDone(shifts, minutes.at(-1)?.share, release, endedAt(recorded, abort)),
    reached100: [...steps, ...minutes].some(({ share }) => share === ALL),
    fate: fateFrom(recorded, abort),
  };
}

interface Shift {
  readonly second: number;
  readonly share: Share;
  /** Somebody else may write the rule too, but only a step of the release reads back what it wrote. */
  readonly isStep: boolean;
}

function shiftFrom(shift: Fields, where: string): Shift {
  const share = shareFrom(shift['share'], `${where}.share`);
  return { second: numberFrom(shift['second'], `${where}.second`), share, isStep: shift['readBack'] === share };
}

/** When nothing was judged any more: the order to go back, or the end of the rehearsal. */
const endedAt = (recorded: Fields, abort: Fields | undefined): number =>
  abort ? numberFrom(abort['second'], 'abort.second') : numberFrom(recorded['seconds'], 'seconds');

/** Records of long ago know their shares to the minute. */
const SHIFTED_WITHIN_SECONDS = 60;

function isLastBakeDone(
  shifts: readonly Shift[],
  share: Share | undefined,
  release: Fields,
  endedAtSecond: number,
): boolean {
  const position = shifts.findLastIndex((shift) => shift.share === share);
  const [from, next] = position < 0 ? [] : shifts.slice(position);
  if (!from) return false;
  if (next?.isStep && next.share > from.share) return true;
  const bake = bakeSecondsOf(release, share);
  const baked = Math.min(endedAtSecond, next?.second ?? endedAtSecond) - from.second;
  return bake !== undefined && baked >= bake - SHIFTED_WITHIN_SECONDS;
}

function bakeSecondsOf(release: Fields, share: Share | undefined): number | undefined {
  const { stages } = objectFrom(release['plan'], 'release.plan');
  const stage = listFrom(stages, 'release.plan.stages')
    .map((value, position) => objectFrom(value, `release.plan.stages[${position}]`))
    .find((one) => one['share'] === share);
  return stage && numberFrom(stage['bakeSeconds'], `release.plan.stages of ${share} %: bakeSeconds`);
}

const FATES: Readonly<Record<RunRecord['outcome'], NonNullable<RecordingEnd['fate']>>> = {
  promoted: { verdict: 'promote', sentence: 'the release was promoted' },
  reverted: { verdict: 'abort', sentence: 'the release was rolled back' },
  held: { verdict: 'hold', sentence: 'the release was held' },
  stuck: { sentence: 'the release got stuck' },
  killed: { sentence: 'the release lost its controller' },
  flying: { sentence: 'the release was still running' },
  refused: { sentence: 'the release was refused' },
  nothing: { sentence: 'the release changed nothing' },
};

const ORDERED: Readonly<Record<string, string>> = {
  guard: ', by order of the guard',
  person: ', by order of a person',
  reconciler: ', by order of the reconciler',
};

function fateFrom(recorded: Fields, abort: Fields | undefined): NonNullable<RecordingEnd['fate']> {
  const outcome = textFrom(recorded['outcome'], 'outcome');
  const fate = Object.hasOwn(FATES, outcome) ? FATES[outcome as RunRecord['outcome']] : undefined;
  if (!fate) throw new BrokenRecording(`outcome is none of ${Object.keys(FATES).join(', ')}`);
  const ordered = ORDERED[String(abort?.['by'])] ?? '';
  return { ...fate, sentence: `${fate.sentence}${ordered}: ${textFrom(recorded['reason'], 'reason')}` };
}

function shareFrom(value: unknown, where: string): Share {
  if (isShare(value)) return value;
  throw new BrokenRecording(`${where} is no whole number from 0 to 100`);
}

function rehearsedMinute(minute: Fields, where: string): RecordedMinute {
  const share = shareFrom(minute['share'], `${where}.share`);
  const tasks = objectFrom(minute['tasks'], `${where}.tasks`);
  const candidate = countsFrom(minute['candidate'], `${where}.candidate`);
  const healthyCandidate = ifDelivered(
    minute['healthyCandidate'],
    `${where}.healthyCandidate`,
    MOST_REQUESTS,
    numberFrom,
  );
  return {
    index: wholeFrom(minute['index'], `${where}.index`, Number.MAX_SAFE_INTEGER),
    stageAge: wholeFrom(minute['stageAge'], `${where}.stageAge`, Number.MAX_SAFE_INTEGER),
    share,
    candidate,
    stable: countsFrom(minute['stable'], `${where}.stable`),
    tasks: {
      candidate: numberFrom(tasks['candidate'], `${where}.tasks.candidate`),
      stable: numberFrom(tasks['stable'], `${where}.tasks.stable`),
    },
    healthyCandidate,
    reading: present<GroupMinute>({
      requests: candidate?.requests,
      errors5xx: candidate?.failures,
      withinPercent: [],
      healthyHosts: healthyCandidate,
    }),
  };
}

function countsFrom(value: unknown, where: string): Counts | undefined {
  if (isAbsent(value)) return undefined;
  const counts = objectFrom(value, where);
  const requests = wholeFrom(counts['requests'], `${where}.requests`, MOST_REQUESTS);
  return {
    requests,
    // They may be more than the requests: a target that is down can refuse several connections for one of them.
    failures: wholeFrom(counts['failures'], `${where}.failures`, MOST_REQUESTS),
    ...eachLatencyCount((count) => ifDelivered(counts[count], `${where}.${count}`, requests, wholeFrom)),
  };
}

function baselineFrom(baseline: Fields): Baseline {
  const number = (name: string) => numberFrom(baseline[name], `release.baseline.${name}`);
  const ofMetrics = (name: string) => {
    const numbers = objectFrom(baseline[name], `release.baseline.${name}`);
    const of = (metric: Metric) => numberFrom(numbers[metric], `release.baseline.${name}.${metric}`);
    return { errors: of('errors'), slow: of('slow'), verySlow: of('verySlow') };
  };
  return {
    slowMs: number('slowMs'),
    verySlowMs: number('verySlowMs'),
    burst: ofMetrics('burst'),
    spread: ofMetrics('spread'),
    requests: number('requests'),
    failures: number('failures'),
    minutes: number('minutes'),
    learned: baseline['learned'] === true,
  };
}
