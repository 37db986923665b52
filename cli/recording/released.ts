/** The record of a release that really ran, from what its controller keeps: the ledger and the execution's history. */

import { weigh } from '../../functions/core/judge/judge.ts';
import { PROMISE_IDS } from '../../functions/core/promises.ts';
import { isAbortable, type Lock, type ReleaseRecord } from '../../functions/core/protocol.ts';
import { COLOURS, type Colour, shareOf } from '../../functions/core/roles.ts';
import { NONE, type Share } from '../../functions/core/share.ts';
import type { MinuteEvidence } from '../../functions/ports/ledger.ts';
import { entryOf, historyReader } from '../../rehearsal/timeline.ts';
import type { Decision, RunRecord, Shift } from '../../report/record.ts';
import type { Controller } from '../controller/controller.ts';
import { narrator } from '../screen/lines.ts';

/** A release whose opening was recorded. */
export type Opened = ReleaseRecord & Required<Pick<ReleaseRecord, 'opened'>>;

/**
 * `running`: its lock, when it has not ended. Only judged minutes are counted, and nobody watched the promises; the world
 * is as it is now.
 */
export async function rehearsalOf(
  controller: Controller,
  record: Opened,
  running: Lock | undefined,
): Promise<RunRecord> {
  const { settings, ledger, clock } = controller;
  const { releaseId, opened, endedAt = Math.floor(clock.now()) } = record;
  const lock = running ?? lockOf(record);
  const [judging, minutes, story, world] = await Promise.all([
    ledger.judging(releaseId),
    ledger.evidence(releaseId),
    storyOf(controller, record.openedAt, lock, opened.owner),
    worldNow(controller, lock),
  ]);
  const abort = running?.abort ?? (record.status === 'reverted' ? record.abort : undefined);
  const counted = judging && weigh(judging.state, { bakeDone: false, names: lock }).reason;
  const back = running ? running.secondsFromVerdictToStable : record.secondsFromVerdictToStable;
  return {
    schema: 'sluice.flight/1',
    service: settings.service,
    start: record.openedAt,
    seconds: endedAt - record.openedAt,
    strategy: opened.plan.strategy,
    policy: opened.plan.policy,
    outcome: outcomeOf(record, running),
    reason:
      abort?.reason ??
      (record.status === 'reverted' ? record.reason : undefined) ??
      (record.status === 'open' ? counted : undefined) ??
      story.said,
    ...(abort?.evidence ? { evidence: abort.evidence } : {}),
    release: {
      id: releaseId,
      image: record.image,
      candidate: lock.candidate,
      stable: lock.stable,
      plan: opened.plan,
      minutes,
      ...(judging ? { baseline: judging.state.baseline } : {}),
    },
    shifts: story.shifts.length > 0 ? story.shifts : shiftsIn(minutes, record),
    decisions: story.decisions,
    ...(abort ? { abort: { second: Math.floor(abort.at - record.openedAt), by: abort.by } } : {}),
    ...(back === undefined ? {} : { secondsFromVerdictToStable: back }),
    requests: countedIn(minutes),
    world,
    violations: [],
    unchecked: PROMISE_IDS,
  };
}

/** As its lock was, as far as its lines ask for it. */
const lockOf = ({ opened, ...record }: Opened): Lock => ({
  ...record,
  ...opened,
  phase: 'reverting',
  share: NONE,
  ticks: 0,
});

function outcomeOf({ status }: ReleaseRecord, running: Lock | undefined): RunRecord['outcome'] {
  if (!running) return status === 'promoted' ? 'promoted' : 'reverted';
  if (running.phase === 'stuck') return 'stuck';
  return running.askedAt !== undefined && isAbortable(running) && !running.abort ? 'held' : 'flying';
}

/** To the minute: what is left of the shifts when the execution is forgotten. */
function shiftsIn(minutes: readonly MinuteEvidence[], { openedAt, endedAt, status }: Opened): readonly Shift[] {
  const rises = minutes.filter(({ share }, index) => share !== minutes[index - 1]?.share);
  const back = status === 'reverted' && endedAt !== undefined && rises.length > 0;
  return [
    ...rises.map(({ minute, share }) => ({ second: Math.max(0, minute - openedAt), share })),
    ...(back ? [{ second: endedAt - openedAt, share: NONE }] : []),
  ];
}

/** What the execution told. Step Functions forgets it after 90 days; then the minutes and the reason are what is left. */
async function storyOf({ histories }: Controller, start: number, lock: Lock, owner: string) {
  const narrate = narrator(false, start);
  const shifts: Shift[] = [];
  const decisions: Decision[] = [];
  let said = 'nothing was judged';
  let share: Share = NONE;
  let stageFrom = start;
  const read = historyReader(({ state, enteredAt, at, answer }) => {
    const { verdict, share: answered, summary } = answer;
    const isBack = state === 'Revert' && verdict === 'wait' && share !== answered;
    if ((state === 'Shift' && verdict === 'shifted') || isBack) {
      share = answered as Share;
      stageFrom = at;
      shifts.push({ second: Math.floor(at - start), share, readBack: share });
    }
    if (typeof summary === 'string' && summary !== '') said = summary;
    const line = narrate(entryOf({ state, enteredAt, at, answer }, start, share), { ...lock, stageFrom });
    if (line)
      decisions.push({
        second: Math.floor(line.at - start),
        sign: line.sign,
        share: line.share,
        word: line.word,
        text: line.text,
      });
  });
  read(await histories.after(owner, 0));
  return { shifts, decisions, said };
}

async function worldNow({ router, fleet, ledger }: Controller, roles: Lock): Promise<RunRecord['world']> {
  const [weights, state, ...colours] = await Promise.all([
    router.current(),
    ledger.read(),
    ...COLOURS.map((colour) => fleet.observe(colour)),
  ]);
  const both = <T>(of: (index: number) => T) =>
    Object.fromEntries(COLOURS.map((colour, index) => [colour, of(index)])) as Record<Colour, T>;
  const { lock } = state;
  return {
    share: shareOf(roles, weights) ?? NONE,
    stable: state.stable,
    healthy: both((index) => colours[index]!.healthy),
    running: both((index) => colours[index]!.running),
    lock: lock ? { phase: lock.phase, fence: lock.fence, owner: lock.owner } : null,
    scalingSuspended: both((index) => colours[index]!.scalingSuspended),
  };
}

function countedIn(minutes: readonly MinuteEvidence[]): RunRecord['requests'] {
  const sum = (of: (minute: MinuteEvidence) => number | undefined) =>
    minutes.reduce((total, minute) => total + (of(minute) ?? 0), 0);
  const candidate = sum((minute) => minute.candidate?.requests);
  return {
    total: candidate + sum((minute) => minute.stable?.requests),
    candidate,
    failedByCandidate: sum((minute) => minute.candidate?.failures),
    droppedByShift: 0,
  };
}
