/** Protections taken away on purpose: an interleaving that finds nothing then would find nothing at all. */
import type { Condition, ServiceState } from '../../functions/core/protocol.ts';
import type { Ports } from '../../functions/steps/shared/step.ts';

/** A ledger that takes everybody for the owner. */
const everybodyIsOwner = (ports: Ports): Ports => ({
  ...ports,
  ledger: {
    ...ports.ledger,
    write: (write) => ports.ledger.write({ ...write, condition: withoutOwner(write.condition) }),
  },
});

function withoutOwner(condition: Condition): Condition {
  if (!('all' in condition)) return condition;
  return { all: isMine(condition.all) ? [] : condition.all.map(withoutOwner) };
}

const isMine = (conditions: readonly Condition[]): boolean =>
  conditions.length === 2 &&
  conditions.every((one) => 'path' in one && (one.path === 'lock.owner' || one.path === 'lock.fence'));

/** A clock that is minutes ahead whenever somebody asks whether a drain is over. */
const nobodySettles = (ports: Ports): Ports => ({
  ...ports,
  ledger: {
    ...ports.ledger,
    write: (write) => {
      const { 'lock.settleFrom': at, ...set } = write.set as { readonly 'lock.settleFrom'?: number };
      return ports.ledger.write(at === undefined ? write : { ...write, set: { ...set, 'lock.settleFrom': at - 120 } });
    },
  },
});

/** Marks that forbid nothing. */
const marksForbidNothing = (ports: Ports): Ports => ({
  ...ports,
  ledger: {
    ...ports.ledger,
    write: (write) => ports.ledger.write({ ...write, condition: withoutMarks(write.condition) }),
  },
});

function withoutMarks(condition: Condition): Condition {
  if ('all' in condition) return { all: condition.all.map(withoutMarks) };
  if ('any' in condition) return { any: condition.any.map(withoutMarks) };
  const isMark = 'not' in condition && 'present' in condition.not && MARKS.includes(condition.not.present);
  return isMark ? { all: [] } : condition;
}

const MARKS = ['lock.retiring', 'lock.target', 'lock.abort'];

/** A ledger in which a rollback is a release like any other. */
const nobodyKnowsRollbacks = (ports: Ports): Ports => {
  const { ledger } = ports;
  return {
    ...ports,
    ledger: {
      ...ledger,
      read: async () => withoutRollbacks(await ledger.read()),
      write: async (write) => {
        const answer = await ledger.write(write);
        return { ...answer, state: withoutRollbacks(answer.state) };
      },
      newestRecord: async () => {
        const newest = await ledger.newestRecord();
        return newest && { ...newest, rollback: false };
      },
    },
  };
};

const withoutRollbacks = (state: ServiceState): ServiceState => ({
  ...state,
  ...(state.current ? { current: { ...state.current, rollback: false } } : {}),
  ...(state.lock ? { lock: { ...state.lock, rollback: false } } : {}),
});

export const SABOTAGES = { everybodyIsOwner, nobodySettles, marksForbidNothing, nobodyKnowsRollbacks } as const;
