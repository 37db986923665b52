/** What a call did to the world, or showed of it, told as it takes effect. */
import type { LedgerWrite, ServiceState } from '../functions/core/protocol.ts';
import type { Colour, Weights } from '../functions/core/roles.ts';
import type { Share } from '../functions/core/share.ts';
import type { WriteAnswer } from '../functions/ports/ledger.ts';
import type { Notification } from '../functions/ports/notifications.ts';
import type { WriteRow } from './writes.ts';

export type Effect =
  | { readonly is: 'rule read'; readonly weights: Weights }
  | { readonly is: 'health read'; readonly health: Readonly<Record<Colour, number>> }
  | { readonly is: 'rule'; readonly weights: Weights; readonly before: Weights; readonly share: Share }
  | {
      readonly is: 'tasks';
      readonly colour: Colour;
      readonly from: number;
      readonly to: number;
      /** A new revision: every task that runs is replaced. */
      readonly fresh: boolean;
    }
  | { readonly is: 'scaling'; readonly colour: Colour; readonly to: 'suspend' | 'resume' }
  | { readonly is: 'migration stopped' }
  | { readonly is: 'ledger read'; readonly state: ServiceState }
  | { readonly is: 'ledger'; readonly write: LedgerWrite; readonly before: ServiceState; readonly answer: WriteAnswer }
  | { readonly is: 'judging' }
  | { readonly is: 'start' }
  | { readonly is: 'notification'; readonly notification: Notification };

/** The row of the log, for what changed something. */
export function rowOf(effect: Effect): Omit<WriteRow, 'at' | 'actor'> | undefined {
  switch (effect.is) {
    case 'rule':
      return { call: 'ModifyRule', weights: effect.weights, share: effect.share };
    case 'tasks': {
      const { colour, from, to, fresh } = effect;
      return { call: fresh ? 'UpdateService (new revision)' : 'UpdateService', colour, tasks: to, before: from };
    }
    case 'scaling':
      return { call: `RegisterScalableTarget (${effect.to})`, colour: effect.colour };
    case 'migration stopped':
      return { call: 'StopTask' };
    case 'ledger': {
      const { 'lock.share': share } = effect.write.set as { readonly 'lock.share'?: Share };
      if (!effect.answer.written) return undefined;
      return { call: `ledger: ${effect.write.name}`, ...(share === undefined ? {} : { share }) };
    }
    case 'judging':
      return { call: 'ledger: judging' };
    case 'start':
      return { call: 'StartExecution' };
    default:
      return undefined;
  }
}
