/** Every write of the ledger, its condition evaluated by the rehearsal and by a DynamoDB that is not ours: the same answer. */
import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { prudent } from '../../functions/adapters/client.ts';
import { dynamodbLedger } from '../../functions/adapters/dynamodb-ledger.ts';
import { attributesOf } from '../../functions/adapters/ledger-expressions.ts';
import {
  type LedgerWrite,
  type Lock,
  type Pending,
  type Phase,
  RECONCILER,
  type ServiceState,
  writes,
} from '../../functions/core/protocol.ts';
import type { WriteAnswer } from '../../functions/ports/ledger.ts';
import { MemoryLedger } from '../../rehearsal/ledger.ts';
import {
  ABORT,
  CURRENT,
  FENCE,
  IMAGES,
  lockIn,
  ME,
  NOW,
  PHASES,
  PREVIOUS,
  recordOf,
  SOMEBODY_ELSE,
} from '../steps/scene.ts';
import { bothBackends } from './backends.ts';
import { A_MINUTE } from './moto.ts';
import { clientsAt, SERVICE } from './stage.ts';

const { backends, toMoto, hasMoto, motoEndpoint } = bothBackends();

const me = { owner: ME, fence: FENCE };
const held = (phase: Phase, facts: Partial<Lock> = {}): Lock =>
  lockIn(phase, 25, { intent: 50, settleFrom: NOW, ...facts });
const stateWith = (lock?: Lock, facts: Partial<ServiceState> = {}): ServiceState => ({
  service: SERVICE,
  stable: 'blue',
  fence: FENCE,
  current: CURRENT,
  previous: PREVIOUS,
  ...(lock ? { lock } : {}),
  ...facts,
});
const pending = (image: keyof typeof IMAGES): Pending => ({ ...IMAGES[image], image, attempt: 1, input: { image } });
const command = { id: 'c-1', verb: 'advance', share: 25, fence: FENCE } as const;
const atRest = stateWith();
const next = { ...lockIn('opening'), fence: FENCE + 1 };

/** States in which at least one condition of the table turns. */
const STATES: readonly ServiceState[] = [
  atRest,
  stateWith(undefined, { stable: 'green' }),
  stateWith(undefined, { fence: FENCE + 1 }),
  stateWith(undefined, { pending: pending('v1.5.1') }),
  ...PHASES.map((phase) => stateWith(held(phase))),
  stateWith(held('baking', { abort: ABORT })),
  stateWith(held('baking', { hold: { by: 'maria', at: NOW }, firstHeldAt: NOW })),
  stateWith(held('baking', { askedAt: NOW, command })),
  stateWith(held('baking', { share: 100, intent: 100 })),
  stateWith(held('reverting', { retiring: 'green', drained: NOW - 500 })),
  stateWith(held('reverting', { target: 'candidate', drained: NOW })),
  stateWith(held('closing', { retiring: 'blue' })),
  stateWith(held('baking', { owner: SOMEBODY_ELSE })),
  stateWith(held('baking', { fence: FENCE + 1 })),
  stateWith(held('baking'), { pending: pending('v1.5.1') }),
];

/** One of each, and where a write has two forms, both. */
const WRITES: Readonly<Record<keyof typeof writes, readonly LedgerWrite[]>> = {
  open: [writes.open(atRest, next, recordOf(next), true), writes.open(atRest, next, recordOf(next), false)],
  queue: [writes.queue(pending('v1.5.1')), writes.queue(pending('v1.5.0'))],
  keep: [writes.keep(pending('v1.4.2')), writes.keep(pending('v1.5.1'))],
  phase: [writes.phase(me, 'opening', 'migrating'), writes.phase(me, 'migrating', 'deploying')],
  tick: [writes.tick(me)],
  waiting: [writes.waiting(me, 'the candidate', NOW)],
  intent: [writes.intent(me, 50, undefined), writes.intent(me, 50, command)],
  share: [writes.share(me, 50, NOW, undefined), writes.share(me, 50, NOW, { 'a-b': NOW - 1 })],
  warm: [writes.warm(me)],
  ask: [writes.ask(me, NOW)],
  paged: [writes.paged(me, 'crash')],
  abort: [writes.abort(FENCE, ABORT)],
  hold: [writes.hold(FENCE, 'maria', NOW)],
  resume: [writes.resume(FENCE)],
  command: [writes.command(command)],
  closing: [writes.closing(me, NOW)],
  reverting: [
    writes.reverting(me, NOW, { onStable: true, reason: 'worse', secondsFromVerdictToStable: 3 }),
    writes.reverting(me, NOW, { onStable: false, reason: 'stable is dead' }),
  ],
  settleAgain: [writes.settleAgain(me, NOW + 1)],
  drained: [writes.drained(me, NOW)],
  target: [writes.target(me)],
  retiring: [writes.retiring(me, 'green')],
  freeAfterRevert: [writes.freeAfterRevert(me, held('reverting', { reason: 'worse' }), NOW)],
  freeAfterClose: [writes.freeAfterClose(me, { ...atRest, lock: held('closing') }, NOW)],
  takeOver: [writes.takeOver(held('baking'), NOW), writes.takeOver(held('closing'), NOW)],
  driftLock: [writes.driftLock(atRest, { ...next, owner: RECONCILER, drift: true })],
  adopt: [writes.adopt(atRest, 'green', CURRENT)],
  look: [writes.look(FENCE, { fence: FENCE, ticks: 3, still: 1, told: ['drift'] })],
  nextAttempt: [writes.nextAttempt(pending('v1.5.1'))],
  giveUpPending: [writes.giveUpPending(pending('v1.5.1'))],
  revision: [writes.revision(me, 'app-green:7')],
  stuck: [writes.stuck(me, 'nobody is healthy')],
};

describe.skipIf(!hasMoto)('every condition, in every state in which one of them turns', () => {
  beforeAll(() => toMoto.begin(), A_MINUTE);

  test.each(Object.keys(WRITES) as (keyof typeof writes)[])(
    '%s',
    async (name) => {
      const { dynamodb } = clientsAt(motoEndpoint());
      const cases = WRITES[name].flatMap((write, form) =>
        STATES.map((state, index) => ({ write, state: { ...state, service: `${name}-${form}-${index}` } })),
      );
      for (let first = 0; first < cases.length; first += 25) {
        const puts = cases.slice(first, first + 25).map(({ state }) => ({
          PutRequest: {
            Item: { pk: { S: `SERVICE#${state.service}` }, sk: { S: 'STATE' }, ...attributesOf(state) },
          },
        }));
        await dynamodb.send(new BatchWriteItemCommand({ RequestItems: { ledger: puts } }));
      }
      const client = prudent(dynamodb);
      const differences: object[] = [];
      let accepted = 0;
      for (const { write, state } of cases) {
        const real = await dynamodbLedger({ again: client, once: client }, { table: 'ledger', ...state }).write(write);
        const ours = new MemoryLedger(state).write(write);
        if (real.written) accepted += 1;
        if (JSON.stringify(sorted(real)) !== JSON.stringify(sorted(ours))) differences.push({ state, real, ours });
      }
      expect(differences).toEqual([]);
      expect(accepted).toBeGreaterThan(0);
      expect(accepted).toBeLessThan(cases.length);
    },
    A_MINUTE,
  );
});

/** The order of fields is nobody's promise. */
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
};

describe.each(backends)('two writers at once: $name', (it) => {
  beforeEach(() => it.begin(), A_MINUTE);

  const together = (...asked: readonly LedgerWrite[]): Promise<readonly WriteAnswer[]> =>
    it.ask(({ ledger }) => Promise.all(asked.map((write) => ledger.write(write))));

  test('of two that open one gets the lock, and the other is told who has it', async () => {
    await it.ledgerHolds(atRest);
    const other = {
      ...next,
      owner: SOMEBODY_ELSE,
      ...IMAGES['v1.5.1'],
      image: 'v1.5.1',
      releaseId: 'r-20260105-140001',
    };
    const answers = await together(
      writes.open(atRest, next, recordOf(next), false),
      writes.open(atRest, other, recordOf(other), false),
    );
    expect(answers.map(({ written }) => written).toSorted()).toEqual([false, true]);
    const [first, second] = answers.map(({ state }) => state.lock?.owner);
    expect(second).toBe(first);
    const { fence, lock } = await it.ask(({ ledger }) => ledger.read());
    expect([fence, lock?.fence]).toEqual([FENCE + 1, FENCE + 1]);
  });

  test('a digest that was released is not opened as new, and the state is untouched', async () => {
    await it.ledgerHolds(atRest);
    await together(writes.open(atRest, next, recordOf(next), false));
    const mine = { owner: next.owner, fence: next.fence };
    for (const write of [
      writes.reverting(mine, NOW, { onStable: true, reason: 'worse' }),
      writes.retiring(mine, 'green'),
      writes.freeAfterRevert(mine, next, NOW),
    ])
      expect((await together(write))[0]?.written).toBe(true);
    const seen = await it.ask(({ ledger }) => ledger.read());
    const [again] = await together(writes.open(seen, { ...next, fence: seen.fence + 1 }, recordOf(next), false));
    expect(again).toEqual({ written: false, state: seen });
  });

  test('an abort is written once, whoever is first', async () => {
    await it.ledgerHolds(stateWith(held('baking')));
    const answers = await together(
      writes.abort(FENCE, { ...ABORT, by: 'guard' }),
      writes.abort(FENCE, { ...ABORT, by: 'person' }),
    );
    expect(answers.map(({ written }) => written).toSorted()).toEqual([false, true]);
    expect(answers[0]!.state.lock?.abort).toEqual(answers[1]!.state.lock?.abort);
  });

  test('users are not sent to a colour that is being retired', async () => {
    await it.ledgerHolds(stateWith(held('reverting')));
    const answers = await together(writes.target(me), writes.retiring(me, 'green'));
    expect(answers.map(({ written }) => written).toSorted()).toEqual([false, true]);
    const { lock } = await it.ask(({ ledger }) => ledger.read());
    expect([lock?.target, lock?.retiring].filter((mark) => mark !== undefined)).toHaveLength(1);
  });

  test('a drain is used up by one', async () => {
    await it.ledgerHolds(stateWith(held('closing')));
    const answers = await together(writes.drained(me, NOW), writes.drained(me, NOW));
    expect(answers.map(({ written }) => written).toSorted()).toEqual([false, true]);
  });

  test('ticks of two are both counted', async () => {
    await it.ledgerHolds(stateWith(held('baking', { ticks: 5 })));
    await together(writes.tick(me), writes.tick(me));
    expect((await it.ask(({ ledger }) => ledger.read())).lock?.ticks).toBe(7);
  });
});

describe.each(backends)('what is kept: $name', (it) => {
  beforeEach(() => it.begin(), A_MINUTE);

  test('a service that was never released is at rest on blue', async () => {
    expect(await it.ask(({ ledger }) => ledger.read())).toEqual({ service: SERVICE, stable: 'blue', fence: 0 });
  });

  test('a record is found by digest, by release and by tag', async () => {
    await it.ledgerHolds(atRest);
    await it.ask(({ ledger }) => ledger.write(writes.open(atRest, next, recordOf(next), false)));
    for (const reference of [next.digest, next.releaseId, next.image])
      expect(await it.ask(({ ledger }) => ledger.record(reference))).toEqual(recordOf(next));
    expect(await it.ask(({ ledger }) => ledger.record('v0.0.1'))).toBeUndefined();
  });

  test('the memory of the judge is saved by whoever saw the last minute', async () => {
    const memory = { state: { odds: 1e-7 } as never, folded: NOW };
    const minute = { minute: NOW, share: 25, odds: 2.5, parts: {} } as never;
    const save = (seen: number | undefined, folded: number) =>
      it.ask(({ ledger }) => ledger.saveJudging('r-1', seen, { ...memory, folded }, [minute]));
    expect(await save(undefined, NOW)).toBe(true);
    expect(await save(undefined, NOW + 60)).toBe(false);
    expect(await save(NOW, NOW + 60)).toBe(true);
    expect(await it.ask(({ ledger }) => ledger.judging('r-1'))).toEqual({ ...memory, folded: NOW + 60 });
    expect(await it.ask(({ ledger }) => ledger.judging('r-2'))).toBeUndefined();
  });
});
