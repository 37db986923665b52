/** The record of a rehearsal, for its report and for a replay. */
import type { AbortOrder } from '../../functions/core/protocol.ts';
import type { Share } from '../../functions/core/share.ts';
import type { Account } from '../../rehearsal/account.ts';
import type { FlightOptions } from '../../rehearsal/options.ts';
import { START } from '../../rehearsal/timeline.ts';
import type { Decision, FlightRecord, Rehearsal, ReleaseFlown } from '../../report/record.ts';
import type { Line } from '../screen/lines.ts';

/** How a rehearsal was asked for, and whether somebody steered it. */
export interface Again extends Pick<Rehearsal, 'scenario' | 'command'> {
  readonly isLive?: boolean;
  readonly isSteered?: boolean;
}

/**
 * The record of a rehearsed flight; that of a released one is in released.ts. `lines` is what was told while it flew: without
 * them the record has no decisions.
 */
export function recordOf(
  flown: Account,
  options: FlightOptions,
  { scenario, command, isLive = false, isSteered = false }: Again,
  lines: readonly Line[] = [],
): FlightRecord {
  const { setting, release, evidence, secondsFromVerdictToStable, writes } = flown;
  const order = writes.find(({ call }) => call === 'ledger: abort');
  const { notices: _, ...world } = flown.world;
  return {
    schema: 'sluice.flight/1',
    service: setting.ledger.state.service,
    start: START,
    seconds: flown.virtualSeconds,
    strategy: release?.plan.strategy ?? options.strategy,
    policy: release?.plan.policy ?? options.policy,
    outcome: flown.outcome,
    reason: flown.reason,
    ...(flown.wrong ? { wrong: flown.wrong } : {}),
    ...(evidence ? { evidence } : {}),
    ...(release ? { release: withoutFault(release) } : {}),
    shifts: writes.flatMap(({ call, second, share, readBack }) =>
      call === 'ModifyRule' && share !== undefined
        ? [{ second, share, ...(readBack === undefined ? {} : { readBack }) }]
        : [],
    ),
    decisions: decisionsOf(flown, lines),
    ...(order ? { abort: { second: order.second, by: order.by as AbortOrder['by'] } } : {}),
    ...(secondsFromVerdictToStable === undefined ? {} : { secondsFromVerdictToStable }),
    requests: flown.requests,
    world,
    violations: flown.violations,
    unchecked: flown.unchecked,
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

const withoutFault = ({ faultSecond: _, ...release }: NonNullable<Account['release']>): ReleaseFlown => release;

/** The lines that a terminal shows, and the moments in which a person was asked or told. */
function decisionsOf({ world }: Account, told: readonly Line[]): readonly Decision[] {
  const lines = told.map(({ at, sign, share, word, text }) => ({ second: at - START, sign, share, word, text }));
  const shareAt = (second: number): Share => lines.findLast((line) => line.second <= second)?.share ?? 0;
  const notices = world.notices.flatMap(({ second, kind, title }) =>
    kind === 'held' || kind === 'trouble'
      ? [{ second, sign: '‖' as const, share: shareAt(second), word: kind === 'held' ? 'ask' : 'page', text: title }]
      : [],
  );
  return [...lines, ...notices].sort((one, other) => one.second - other.second);
}
