import fc from 'fast-check';
import { expect, test } from 'vitest';
import { attribute, expressionsOf, itemOf } from '../../functions/adapters/ledger-expressions.ts';
import {
  type LedgerWrite,
  type Lock,
  type ReleaseRecord,
  type ServiceState,
  writes,
} from '../../functions/core/protocol.ts';
import type { Share } from '../../functions/core/share.ts';
import { holds, MemoryLedger } from '../../rehearsal/ledger.ts';
import { CURRENT, lockIn, PHASES } from '../steps/fixture.ts';
import { type Item, written } from './expressions.ts';

// Few values, so that what is asked for and what stands there are often the same.
const instant = fc.constantFrom(100, 200, 300);
const fence = fc.constantFrom(6, 7);
const share = fc.constantFrom(0, 25, 100) as fc.Arbitrary<Share>;
const colour = fc.constantFrom('blue' as const, 'green' as const);
const digest = fc.constantFrom('sha256:a', 'sha256:b');
const id = fc.constantFrom('c-1', 'c-2');
const phase = fc.constantFrom(...PHASES);
const mine = fc.record({ owner: fc.constantFrom('one', 'another'), fence });
const sometimes = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined, freq: 2 });
const command = fc.record({ id, verb: fc.constant('advance' as const), share, fence });
const abort = fc.record({ by: fc.constant('person' as const), reason: fc.constant('because'), at: instant });
const pending = fc.record({
  digest,
  image: fc.constant('v2'),
  pushedAt: instant,
  attempt: fc.constantFrom(1, 2),
  input: fc.constant({ image: 'v2' }),
});

/** As it is stored: what is undefined is not there. */
const stored = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value)) as Value;

const lock: fc.Arbitrary<Lock> = fc
  .tuple(
    phase,
    mine,
    fc.record({
      digest,
      pushedAt: instant,
      share,
      intent: sometimes(share),
      abort: sometimes(abort),
      hold: sometimes(fc.record({ by: fc.constant('maria'), at: instant })),
      askedAt: sometimes(instant),
      command: sometimes(command),
      target: sometimes(fc.constant('candidate' as const)),
      retiring: sometimes(colour),
      settleFrom: sometimes(instant),
      drained: sometimes(instant),
    }),
  )
  .map(([at, me, facts]) => stored({ ...lockIn(at, facts.share), ...me, ...facts }) as Lock);

const state: fc.Arbitrary<ServiceState> = fc
  .record({
    service: fc.constant('backend'),
    stable: colour,
    fence,
    current: sometimes(fc.constant(CURRENT)),
    pending: sometimes(pending),
    lock: fc.option(lock, { nil: undefined, freq: 6 }),
  })
  .map((one) => stored(one) as ServiceState);

const record: ReleaseRecord = { ...CURRENT, status: 'open', fence: 7, openedAt: 100 };

/** Every write of the protocol, whatever it is asked with. A new one that is missing here does not compile. */
const WRITES: { readonly [Name in keyof typeof writes]: fc.Arbitrary<LedgerWrite> } = {
  open: fc.tuple(state, lock, fc.boolean()).map(([seen, one, again]) => writes.open(seen, one, record, again)),
  queue: pending.map(writes.queue),
  keep: pending.map(writes.keep),
  phase: fc.tuple(mine, phase, phase).map(([me, from, to]) => writes.phase(me, from, to)),
  tick: mine.map(writes.tick),
  outage: fc.tuple(mine, instant).map(([me, from]) => writes.outage(me, 'ECS could not be read', from)),
  outageAsked: fc.tuple(mine, instant).map(([me, at]) => writes.outageAsked(me, at)),
  outageOver: fc.tuple(mine, lock, instant).map(([me, one, now]) => writes.outageOver(me, one, now)),
  waitsAnew: mine.map(writes.waitsAnew),
  waiting: fc.tuple(mine, instant).map(([me, from]) => writes.waiting(me, 'ready for 25 %', from)),
  intent: fc.tuple(mine, share, sometimes(command)).map(([me, next, word]) => writes.intent(me, next, word)),
  share: fc
    .tuple(mine, share, instant, sometimes(fc.constant({ 'backend-green-server.errors': 90 })))
    .map(([me, next, at, seen]) => writes.share(me, next, at, seen)),
  warm: mine.map(writes.warm),
  ask: fc.tuple(mine, instant).map(([me, at]) => writes.ask(me, at)),
  paged: mine.map((me) => writes.paged(me, 'no healthy task')),
  blocked: mine.map((me) => writes.blocked(me, 'a third group')),
  abort: fc.tuple(fence, abort).map(([seen, order]) => writes.abort(seen, order)),
  hold: fc.tuple(fence, instant).map(([seen, at]) => writes.hold(seen, 'maria', at)),
  resume: fence.map(writes.resume),
  command: command.map(writes.command),
  closing: fc.tuple(mine, instant).map(([me, at]) => writes.closing(me, at)),
  reverting: fc
    .tuple(mine, instant, fc.boolean())
    .map(([me, at, onStable]) => writes.reverting(me, at, { onStable, reason: 'because' })),
  settleAgain: fc.tuple(mine, instant).map(([me, at]) => writes.settleAgain(me, at)),
  drained: fc.tuple(mine, instant).map(([me, at]) => writes.drained(me, at)),
  target: mine.map(writes.target),
  retiring: fc.tuple(mine, colour).map(([me, one]) => writes.retiring(me, one)),
  freeAfterRevert: fc.tuple(mine, lock, instant).map(([me, one, at]) => writes.freeAfterRevert(me, one, at)),
  freeAfterClose: fc
    .tuple(mine, state, lock, instant)
    .map(([me, seen, one, at]) => writes.freeAfterClose(me, { ...seen, lock: one }, at)),
  moved: state.map(writes.moved),
  unregister: state.map(writes.unregister),
  takeOver: fc.tuple(lock, instant).map(([seen, at]) => writes.takeOver(seen, at)),
  driftLock: fc.tuple(state, lock).map(([seen, one]) => writes.driftLock(seen, one)),
  adopt: fc.tuple(state, colour).map(([seen, one]) => writes.adopt(seen, one, CURRENT)),
  look: fence.map((seen) => writes.look(seen, { fence: seen, ticks: 3, still: 1, told: ['something'] })),
  nextAttempt: pending.map(writes.nextAttempt),
  giveUpPending: pending.map(writes.giveUpPending),
  revision: mine.map((me) => writes.revision(me, 'backend-green:8')),
  stuck: mine.map((me) => writes.stuck(me, 'because')),
};

const rendered = ({ condition, set, remove, tick }: LedgerWrite) =>
  expressionsOf({ condition, set, remove, count: tick ? 'lock.ticks' : undefined });

const inMemory = (write: LedgerWrite, before: ServiceState): Item | 'refused' => {
  const answer = new MemoryLedger(before).write(write);
  return answer.written ? stored(answer.state as unknown as Item) : 'refused';
};

test.each(Object.keys(WRITES) as (keyof typeof WRITES)[])(
  'DynamoDB and the rehearsal accept, refuse and store the same: %s',
  (name) => {
    fc.assert(
      fc.property(WRITES[name], state, (write, before) => {
        expect(written(rendered(write), before as unknown as Item)).toEqual(inMemory(write, before));
      }),
      { numRuns: 400 },
    );
  },
);

test('what is generated meets and misses the conditions, so that the same answer says something', () => {
  const answers = fc
    .sample(fc.tuple(fc.oneof(...Object.values(WRITES)), state), { numRuns: 3000, seed: 7 })
    .map(([{ condition }, before]) => holds(condition, before as unknown as Item));
  expect(answers.filter(Boolean).length).toBeGreaterThan(100);
  expect(answers.filter((answer) => !answer).length).toBeGreaterThan(100);
});

test('a number comes back as it went, also one beyond what DynamoDB takes', () => {
  const back = (value: unknown): unknown => itemOf({ value: attribute(value) })['value'];
  expect(back({ deep: [0.1, 1e-9, undefined, 'x', true] })).toEqual({ deep: [0.1, 1e-9, 'x', true] });
  expect(back(1e-300)).toBe(0);
  expect(back(Number.POSITIVE_INFINITY)).toBe(1e120);
});
