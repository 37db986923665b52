/** What a person says to a running release. It goes through the ledger; the owner hears it within a tick. */
import { OPERATOR_COMMANDS } from '../../core/commands.ts';
import { ReleaseRefused } from '../../core/failures.ts';
import { type Lock, writes } from '../../core/protocol.ts';
import type { Ports } from './step.ts';

export type OperatorCommand = 'hold' | 'resume' | 'advance' | 'abort';

export interface CommandRequest {
  readonly word: OperatorCommand;
  readonly by: string;
  readonly reason?: string;
  /** Makes the same command, said twice by accident, count once. */
  readonly id: string;
}

/**
 * Writes the command for the release that runs now.
 * @throws ReleaseRefused when nothing runs, or when it is too late for that word
 */
export async function sendCommand(
  { ledger, clock }: Pick<Ports, 'ledger' | 'clock'>,
  said: CommandRequest,
): Promise<Lock> {
  const { lock, service } = await ledger.read();
  if (!lock) throw new ReleaseRefused(`Nothing is being released on ${service}; nothing was changed.`);
  const { written, state } = await ledger.write(writeFor(said, lock, clock.now()));
  if (!written) {
    throw new ReleaseRefused(
      `${lock.releaseId} does not take "${OPERATOR_COMMANDS[said.word]}" in phase ${state.lock?.phase ?? 'ended'}; nothing was changed.`,
    );
  }
  return state.lock!;
}

function writeFor({ word, by, reason, id }: CommandRequest, { fence, share, firstHeldAt }: Lock, at: number) {
  switch (word) {
    case 'hold':
      return writes.hold(fence, by, firstHeldAt ?? Math.round(at));
    case 'resume':
      return writes.resume(fence);
    case 'advance':
      return writes.command({ id, verb: 'advance', share, fence });
    case 'abort':
      return writes.abort(fence, { by: 'person', reason: reason ?? `${by} asked for it`, at });
  }
}
