/** Two that write to the ledger at the same moment: what comes of it is what comes of one after the other, in one order. */
import { beforeEach, describe, expect, test } from 'vitest';
import { type LedgerWrite, RECONCILER, type ServiceState, writes } from '../../functions/core/protocol.ts';
import type { WriteAnswer } from '../../functions/ports/ledger.ts';
import { MemoryLedger } from '../../rehearsal/ledger.ts';
import { ABORT, CURRENT, FENCE, IMAGES, NOW, recordOf, SOMEBODY_ELSE } from '../steps/fixture.ts';
import { bothBackends } from './backends.ts';
import { atRest, command, held, me, next, pending, stateWith } from './ledger-cases.ts';
import { A_MINUTE } from './moto.ts';

interface Pair {
  readonly state: ServiceState;
  readonly writes: readonly [LedgerWrite, LedgerWrite];
  /** Whether both may be accepted. */
  readonly both: 'never' | 'in one order' | 'always';
}

const pair = (state: ServiceState, both: Pair['both'], ...asked: Pair['writes']): Pair => ({
  state,
  writes: asked,
  both,
});

const other = { ...next, owner: SOMEBODY_ELSE, ...IMAGES['v1.5.1'], image: 'v1.5.1', releaseId: 'r-20260105-140001' };
const opening = writes.open(atRest, next, recordOf(next), false);
const toStable = held('reverting', { retiring: 'green' });
const toCandidate = held('closing', { retiring: 'blue' });
const freed = {
  afterRevert: writes.freeAfterRevert(me, { ...toStable, reason: 'worse' }, NOW),
  afterClose: writes.freeAfterClose(me, { ...stateWith(), lock: toCandidate }, NOW),
};
const takingOver = (lock = held('baking')) => writes.takeOver(lock, NOW);

const PAIRS: Readonly<Record<string, Pair>> = {
  'two that open': pair(atRest, 'never', opening, writes.open(atRest, other, recordOf(other), false)),
  'who opens, and who adopts': pair(atRest, 'never', opening, writes.adopt(atRest, 'green', CURRENT)),
  'who opens, and who puts weights back': pair(
    atRest,
    'never',
    opening,
    writes.driftLock(atRest, { ...other, owner: RECONCILER, drift: true }),
  ),
  'two that abort': pair(
    stateWith(held('baking')),
    'never',
    writes.abort(FENCE, { ...ABORT, by: 'guard' }),
    writes.abort(FENCE, ABORT),
  ),
  'an abort and the warm time': pair(
    stateWith(held('baking', { share: 100, intent: 100 })),
    'in one order',
    writes.abort(FENCE, ABORT),
    writes.warm(me),
  ),
  'an abort and the close': pair(
    stateWith(held('warm')),
    'never',
    writes.abort(FENCE, ABORT),
    writes.closing(me, NOW + 1),
  ),
  'users to the candidate, and the candidate retired': pair(
    stateWith(held('reverting')),
    'never',
    writes.target(me),
    writes.retiring(me, 'green'),
  ),
  'two that use up a drain': pair(
    stateWith(held('closing')),
    'never',
    writes.drained(me, NOW),
    writes.drained(me, NOW),
  ),
  'two that take one command': pair(
    stateWith(held('baking', { command })),
    'never',
    writes.intent(me, 50, command),
    writes.intent(me, 50, command),
  ),
  'two ticks': pair(stateWith(held('baking', { ticks: 5 })), 'always', writes.tick(me), writes.tick(me)),
  'a take-over and an intent': pair(
    stateWith(held('baking')),
    'in one order',
    takingOver(),
    writes.intent(me, 100, undefined),
  ),
  'a take-over and a share': pair(
    stateWith(held('baking')),
    'in one order',
    takingOver(),
    writes.share(me, 50, NOW, undefined),
  ),
  'a take-over and the close': pair(
    stateWith(held('warm')),
    'in one order',
    takingOver(held('warm')),
    writes.closing(me, NOW + 1),
  ),
  'a take-over and the end of a revert': pair(stateWith(toStable), 'never', takingOver(toStable), freed.afterRevert),
  'a take-over and the end of a close': pair(
    stateWith(toCandidate),
    'never',
    takingOver(toCandidate),
    freed.afterClose,
  ),
  'a push and the end of a revert': pair(
    stateWith(toStable),
    'in one order',
    writes.queue(pending('v1.5.1')),
    freed.afterRevert,
  ),
  'a push and the end of a close': pair(
    stateWith(toCandidate),
    'in one order',
    writes.queue(pending('v1.5.1')),
    freed.afterClose,
  ),
};

const CASES = Object.entries(PAIRS).flatMap(([name, one]) => [
  [name, one] as const,
  [`${name}, the other way round`, { ...one, writes: [one.writes[1], one.writes[0]] } as Pair] as const,
]);

/** Who was accepted, what the refused one was told, and what is kept. */
interface Outcome {
  readonly answers: readonly (true | ServiceState)[];
  readonly state: ServiceState;
  readonly records: readonly unknown[];
}

const answered = ({ written, state }: WriteAnswer): true | ServiceState => written || state;

/** A record is kept under its digest, whether or not it says so itself. */
const digestsIn = (asked: readonly LedgerWrite[]): readonly string[] =>
  asked.flatMap(({ record }) => (record ? [record.digest] : []));
const under = (digest: string, record: object | undefined) => record && { digest, ...record };

function oneAfterTheOther({ state, writes: asked }: Pair, order: readonly (0 | 1)[]): Outcome {
  const ledger = new MemoryLedger(state);
  const answers: (true | ServiceState)[] = [];
  for (const turn of order) answers[turn] = answered(ledger.write(asked[turn]!));
  const records = digestsIn(asked).map((digest) => under(digest, ledger.record(digest)));
  return { answers, state: ledger.state, records };
}

const { backends } = bothBackends();

describe.each(backends)('two writers at once: $name', (it) => {
  beforeEach(() => it.begin(), A_MINUTE);

  test.each(CASES)('%s', async (_, one) => {
    await it.ledgerHolds(one.state);
    const outcome = await it.ask(async ({ ledger }): Promise<Outcome> => {
      const answers = (await Promise.all(one.writes.map((write) => ledger.write(write)))).map(answered);
      const records = await Promise.all(
        digestsIn(one.writes).map(async (digest) => under(digest, await ledger.record(digest))),
      );
      return { answers, state: await ledger.read(), records };
    });
    const accepted = outcome.answers.filter((answer) => answer === true).length;
    expect(ACCEPTED[one.both]).toContain(accepted);
    expect([oneAfterTheOther(one, [0, 1]), oneAfterTheOther(one, [1, 0])]).toContainEqual(outcome);
  });

  test('a digest that was released is not opened as new, and the state is untouched', async () => {
    await it.ledgerHolds(atRest);
    const mine = { owner: next.owner, fence: next.fence };
    const write = (asked: LedgerWrite) => it.ask(({ ledger }) => ledger.write(asked));
    for (const step of [
      opening,
      writes.reverting(mine, NOW, { onStable: true, reason: 'worse' }),
      writes.retiring(mine, 'green'),
      writes.freeAfterRevert(mine, next, NOW),
    ])
      expect((await write(step)).written).toBe(true);
    const seen = await it.ask(({ ledger }) => ledger.read());
    const again = await write(writes.open(seen, { ...next, fence: seen.fence + 1 }, recordOf(next), false));
    expect(again).toEqual({ written: false, state: seen });
  });
});

const ACCEPTED = { never: [1], 'in one order': [1, 2], always: [2] } as const;
