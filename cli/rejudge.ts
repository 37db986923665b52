/** Judges a recorded release again, as its shares were recorded. */
import { beginJudging, foldMinute, weigh } from '../functions/core/judge/judge.ts';
import { type LiteralEvidence, weighLiteral } from '../functions/core/judge/literal.ts';
import type { GroupMinute } from '../functions/core/judge/readings.ts';
import type { Evidence, VerdictWord } from '../functions/core/judge/verdict.ts';
import type { Policy } from '../functions/core/plan.ts';
import { ALL } from '../functions/core/share.ts';
import { ALARMS, alarmState } from '../functions/core/thresholds.ts';
import { BrokenRecording, type RecordedMinute, type Recording } from './recording.ts';

export interface Rejudged {
  readonly verdict: 'promote' | 'abort' | 'hold';
  /** Minutes since the first share: the one whose numbers decided; for `promote` the last one below 100 %. */
  readonly minute: number;
  /** When they were there to be judged. */
  readonly seenAtMinute: number;
  readonly reason: string;
  /** Of policy `literal`: the rule that decided, with its value and threshold. */
  readonly evidence: Pick<Evidence, 'odds' | 'log10Odds' | 'limit' | 'parts' | 'proven'> | LiteralEvidence;
  /** What followed at 100 %, where there is nothing to compare with: reported, not judged. */
  readonly at100?: { readonly minutes: number; readonly requests: number; readonly failures: number };
}

type Finding = Pick<Rejudged, 'reason' | 'evidence'> & { readonly word: VerdictWord };
type Look = (minute: RecordedMinute, bakeDone: boolean) => Finding;

/**
 * A bake ends where the share rises, or where the recording does. The first abort wins; else it holds with the first
 * bake that would not have passed; else it is promoted. Throws BrokenRecording when there is nothing to judge.
 */
export function rejudge(recording: Recording, policy: Policy): Rejudged {
  const { minutes, deliveryDelayMinutes } = recording;
  const reached100 = minutes.findIndex(({ share }) => share === ALL);
  const watched = reached100 < 0 ? minutes : minutes.slice(0, reached100);
  const last = watched.at(-1);
  if (!last) throw new BrokenRecording('has no minute below 100 %, so there is nothing to judge');

  const answer = (
    verdict: Rejudged['verdict'],
    { index }: RecordedMinute,
    { reason, evidence }: Finding,
  ): Rejudged => ({
    verdict,
    minute: index,
    seenAtMinute: index + 1 + deliveryDelayMinutes,
    reason,
    evidence,
    ...(reached100 < 0 ? {} : { at100: sumsOf(minutes.slice(reached100)) }),
  });

  const look = LOOKS[policy](recording);
  let held: Rejudged | undefined;
  let passed: Rejudged | undefined;
  for (const [position, minute] of watched.entries()) {
    const next = minutes[position + 1];
    const finding = look(minute, next === undefined || next.share > minute.share);
    if (finding.word === 'abort') return answer('abort', minute, finding);
    if (finding.word === 'hold') held ??= answer('hold', minute, finding);
    passed = answer('promote', minute, finding);
  }
  return held ?? passed ?? answer('promote', last, look(last, true));
}

/** Each look is given the minutes in turn and remembers them. */
const LOOKS: Readonly<Record<Policy, (recording: Recording) => Look>> = {
  compare({ baseline, names }) {
    let state = beginJudging(baseline);
    return (minute, bakeDone) => {
      state = foldMinute(state, minute);
      const { word, reason, evidence } = weigh(state, { bakeDone, names });
      const { odds, log10Odds, limit, parts, proven } = evidence;
      return { word, reason, evidence: { odds, log10Odds, limit, parts, proven } };
    };
  },
  literal({ names, gridMs }) {
    const release: GroupMinute[] = [];
    let bake: readonly GroupMinute[] = [];
    return ({ reading, stageAge }, bakeDone) => {
      release.push(reading);
      bake = stageAge === 0 ? [reading] : [...bake, reading];
      const alarms = ALARMS.filter(({ kind }) => kind === 'literal').map((alarm) => ({
        name: alarm.name,
        kind: alarm.kind,
        ...alarmState(alarm, release.slice(-alarm.outOf), []),
      }));
      return weighLiteral({ alarms, minutes: bake, gridMs, bakeDone, names });
    };
  },
};

const sumsOf = (minutes: readonly RecordedMinute[]): NonNullable<Rejudged['at100']> => ({
  minutes: minutes.length,
  requests: minutes.reduce((sum, { candidate }) => sum + (candidate?.requests ?? 0), 0),
  failures: minutes.reduce((sum, { candidate }) => sum + (candidate?.failures ?? 0), 0),
});
