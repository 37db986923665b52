/** The record of a rehearsal, for its report and for a replay. */
import type { AbortOrder } from '../../functions/core/protocol.ts';
import type { Share } from '../../functions/core/share.ts';
import type { Account } from '../../rehearsal/account.ts';
import type { RehearsalOptions } from '../../rehearsal/options.ts';
import { START } from '../../rehearsal/timeline.ts';
import type { Decision, RecordedRelease, Rehearsal, RunRecord } from '../../report/record.ts';
import type { Line } from '../screen/lines.ts';

/** How a rehearsal was asked for, and whether somebody steered it. */
export interface Again extends Pick<Rehearsal, 'scenario' | 'command'> {
  readonly isLive?: boolean;
  readonly isSteered?: boolean;
}

/**
 * The record of a rehearsal; that of a release is in released.ts. `lines` is what was told while it ran: without
 * them the record has no decisions.
 */
export function recordOf(
  rehearsed: Account,
  options: RehearsalOptions,
  { scenario, command, isLive = false, isSteered = false }: Again,
  lines: readonly Line[] = [],
): RunRecord {
  const { setting, release, evidence, secondsFromVerdictToStable, writes } = rehearsed;
  const order = writes.find(({ call }) => call === 'ledger: abort');
  const { notifications: _, ...world } = rehearsed.world;
  return {
    schema: 'sluice.flight/1',
    service: setting.ledger.state.service,
    start: START,
    seconds: rehearsed.virtualSeconds,
    strategy: release?.plan.strategy ?? options.strategy,
    policy: release?.plan.policy ?? options.policy,
    outcome: rehearsed.outcome,
    reason: rehearsed.reason,
    ...(rehearsed.wrong ? { wrong: rehearsed.wrong } : {}),
    ...(evidence ? { evidence } : {}),
    ...(release ? { release: withoutFault(release) } : {}),
    shifts: writes.flatMap(({ call, second, share, readBack }) =>
      call === 'ModifyRule' && share !== undefined
        ? [{ second, share, ...(readBack === undefined ? {} : { readBack }) }]
        : [],
    ),
    decisions: decisionsOf(rehearsed, lines),
    ...(order ? { abort: { second: order.second, by: order.by as AbortOrder['by'] } } : {}),
    ...(secondsFromVerdictToStable === undefined ? {} : { secondsFromVerdictToStable }),
    requests: rehearsed.requests,
    world,
    violations: rehearsed.violations,
    unchecked: rehearsed.unchecked,
    rehearsal: {
      scenario,
      seed: options.seed,
      rps: options.requestsPerSecond,
      live: isLive,
      command,
      ...(isSteered ? { steered: true } : {}),
      ...(release?.faultSecond === undefined ? {} : { faultSecond: release.faultSecond }),
    },
  };
}

const withoutFault = ({ faultSecond: _, ...release }: NonNullable<Account['release']>): RecordedRelease => release;

/** The lines that a terminal shows, and the moments in which an operator was asked or told. */
function decisionsOf({ world }: Account, told: readonly Line[]): readonly Decision[] {
  const lines = told.map(({ at, sign, share, word, text }) => ({ second: at - START, sign, share, word, text }));
  const shareAt = (second: number): Share => lines.findLast((line) => line.second <= second)?.share ?? 0;
  const notifications = world.notifications.flatMap(({ second, kind, title }) =>
    kind === 'held' || kind === 'trouble'
      ? [{ second, sign: '‖' as const, share: shareAt(second), word: kind === 'held' ? 'ask' : 'page', text: title }]
      : [],
  );
  return [...lines, ...notifications].sort((one, other) => one.second - other.second);
}
