/** 14. A push that waits is started once, or gives way to something newer; it is never lost. */
import type { Lock } from '../../functions/core/protocol.ts';
import type { Watch } from './promise.ts';

export const pushesAreKept: Watch = (it, found) => {
  /** Pushes that were told to wait, and when they were pushed. */
  const waiting = new Map<string, number>();
  const opened = new Map<string, number>();
  const giveWay = (pushedAt: number): void => {
    for (const [digest, at] of waiting) if (at <= pushedAt) waiting.delete(digest);
  };
  return {
    effect(_, effect) {
      if (effect.is !== 'ledger' || !effect.answer.written) return;
      const { write, before, answer } = effect;
      if (write.name === 'queue' || write.name === 'keep') {
        const { digest, pushedAt } = answer.state.pending!;
        giveWay(pushedAt);
        waiting.set(digest, pushedAt);
      } else if (write.name === 'give up pending') {
        waiting.delete(before.pending!.digest);
      } else if (write.name === 'open') {
        const { digest, pushedAt } = write.set['lock'] as Lock;
        giveWay(pushedAt);
        waiting.delete(digest);
        if (!write.record?.mustBeNew) return;
        const times = (opened.get(digest) ?? 0) + 1;
        opened.set(digest, times);
        if (times > 1) found(`${digest.slice(0, 12)} was opened ${times} times`);
      }
    },
    rest() {
      const { lock, pending } = it.world.ledger.state;
      if (lock) return;
      if (pending) found(`${pending.image} waits for ever`);
      for (const [digest] of waiting) found(`${digest.slice(0, 12)} was lost`);
    },
  };
};
