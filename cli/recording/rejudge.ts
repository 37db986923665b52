/** Judges a recorded release again, as its shares were recorded. */
import type { VerdictWord } from '../../functions/core/judge/decision.ts';
import { beginJudging, foldMinute, weigh } from '../../functions/core/judge/judge.ts';
import { type LiteralEvidence, weighLiteral } from '../../functions/core/judge/literal.ts';
import type { GroupMinute } from '../../functions/core/judge/readings.ts';
import type { Evidence } from '../../functions/core/judge/verdict.ts';
import type { Policy } from '../../functions/core/plan.ts';
import { ALL, NONE } from '../../functions/core/share.ts';
import { ALARMS, alarmState } from '../../functions/core/thresholds.ts';
import { BrokenRecording } from './fields.ts';
import type { RecordedMinute, Recording, ReplayVerdict } from './recording.ts';

export interface Rejudged {
  readonly verdict: ReplayVerdict;
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
 * A bake ends where the share rises. The first abort wins; else it holds with the first bake that would not have passed;
 * else it is promoted if it came to 100 %, and holds where it did not. Throws BrokenRecording when there is nothing to judge.
 */
export function rejudge(recording: Recording, policy: Policy): Rejudged {
  const { minutes, deliveryDelayMinutes, end } = recording;
  const first100 = minutes.findIndex(({ share }) => share === ALL);
  const watched = first100 < 0 ? minutes : minutes.slice(0, first100);
  const last = watched.at(-1);
  if (!last) throw new BrokenRecording('has no minute below 100 %, so there is nothing to judge');

  const answer = (verdict: ReplayVerdict, { index }: RecordedMinute, { reason, evidence }: Finding): Rejudged => ({
    verdict,
    minute: index,
    seenAtMinute: index + 1 + deliveryDelayMinutes,
    reason: end.fate && end.fate.verdict !== verdict ? `${reason}; ${end.fate.sentence}` : reason,
    evidence,
    ...(first100 < 0 ? {} : { at100: sumsOf(minutes.slice(first100)) }),
  });

  const look = LOOKS[policy](recording);
  let held: Rejudged | undefined;
  let newest: Finding | undefined;
  for (const [position, minute] of watched.entries()) {
    const next = minutes[position + 1];
    newest = look(minute, next ? next.share > minute.share : end.bakeDone);
    if (newest.word === 'abort') return answer('abort', minute, newest);
    if (newest.word === 'hold') held ??= answer('hold', minute, newest);
  }
  if (held) return held;
  return end.reached100 ? answer('promote', last, newest!) : answer('hold', last, cutShort(last, newest!));
}

/** What is known of a release that was on its way when its recording ended. */
function cutShort({ share }: RecordedMinute, { word, reason, evidence }: Finding): Finding {
  const baked = word === 'advance' ? 'after a bake that passed' : 'in the middle of a bake';
  const where = share === NONE ? 'after the release was rolled back' : baked;
  const [, ...numbers] = reason.split(': ');
  return { word, reason: `the recording ends at ${share} %, ${where}: ${numbers.join(': ') || reason}`, evidence };
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
