import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type LedgerWrite,
  type Lock,
  type Mine,
  type Pending,
  type Phase,
  RECONCILER,
  type ServiceState,
  writes,
} from '../../functions/core/protocol.ts';
import { MemoryLedger } from '../../rehearsal/ledger.ts';
import { ABORT, CURRENT, FENCE, IMAGES, lockIn, ME, NOW, PHASES, PREVIOUS, SOMEBODY_ELSE } from '../steps/fixture.ts';

const FORWARD: readonly Phase[] = ['opening', 'migrating', 'deploying', 'baking', 'warm'];
const MARKS = ['abort', 'hold', 'retiring', 'target', 'askedAt', 'outage'] as const;
type Mark = (typeof MARKS)[number];

const mine: Mine = { owner: ME, fence: FENCE };
const command = { id: 'c-1', verb: 'advance', share: 25, fence: FENCE } as const;
const MARKED: Readonly<Record<Mark, Partial<Lock>>> = {
  abort: { abort: ABORT },
  hold: { hold: { by: 'maria', at: NOW } },
  retiring: { retiring: 'green' },
  target: { target: 'candidate' },
  askedAt: { askedAt: NOW },
  outage: { outage: { what: 'ECS', from: NOW } },
};

/** At 25 %, on its way to 50 %. */
const held = (phase: Phase, marks: readonly Mark[] = [], facts: Partial<Lock> = {}): Lock =>
  lockIn(phase, 25, {
    intent: 50,
    settleFrom: NOW,
    ...Object.assign({}, ...marks.map((mark) => MARKED[mark])),
    ...facts,
  });

const stateWith = (lock: Lock | undefined, facts: Partial<ServiceState> = {}): ServiceState => ({
  service: 'conductores-backend',
  stable: 'blue',
  fence: FENCE,
  current: CURRENT,
  previous: PREVIOUS,
  ...(lock ? { lock } : {}),
  ...facts,
});

const isAccepted = (write: LedgerWrite, state: ServiceState): boolean => new MemoryLedger(state).write(write).written;

interface Where {
  readonly phases: readonly Phase[];
  /** Refused while any of these stands. */
  readonly not?: readonly Mark[];
  /** Refused unless this stands. */
  readonly only?: Mark;
}

interface Rule {
  readonly of: keyof typeof writes;
  readonly write: LedgerWrite;
  /** Accepted where one of these holds, and nowhere else. */
  readonly where: readonly Where[];
  readonly facts?: Partial<Lock>;
}

/** The owner's rows of the protocol's table: never anybody else's, and never under another fence. */
const OWNER: readonly Rule[] = [
  {
    of: 'phase',
    write: writes.phase(mine, 'opening', 'migrating'),
    where: [{ phases: ['opening'], not: ['abort'] }],
  },
  {
    of: 'phase',
    write: writes.phase(mine, 'migrating', 'deploying'),
    where: [{ phases: ['migrating'], not: ['abort'] }],
  },
  { of: 'tick', write: writes.tick(mine), where: [{ phases: PHASES }] },
  { of: 'waiting', write: writes.waiting(mine, 'health', NOW), where: [{ phases: PHASES, not: ['abort'] }] },
  { of: 'outage', write: writes.outage(mine, 'ECS', NOW), where: [{ phases: PHASES, not: ['abort', 'outage'] }] },
  {
    of: 'outageAsked',
    write: writes.outageAsked(mine, NOW),
    where: [{ phases: PHASES, not: ['abort'], only: 'outage' }],
  },
  { of: 'outageOver', write: writes.outageOver(mine, {}, NOW), where: [{ phases: PHASES }] },
  { of: 'waitsAnew', write: writes.waitsAnew(mine), where: [{ phases: PHASES }] },
  { of: 'revision', write: writes.revision(mine, 'conductores-backend-green:7'), where: [{ phases: PHASES }] },
  {
    of: 'intent',
    write: writes.intent(mine, 50, undefined),
    where: [{ phases: ['deploying', 'baking'], not: ['abort', 'hold'] }],
  },
  {
    of: 'share',
    write: writes.share(mine, 50, NOW, undefined),
    where: [{ phases: ['baking'], not: ['abort'] }],
  },
  {
    of: 'warm',
    write: writes.warm(mine),
    where: [{ phases: ['baking'], not: ['abort'] }],
    facts: { share: 100 },
  },
  { of: 'ask', write: writes.ask(mine, NOW), where: [{ phases: PHASES, not: ['abort', 'askedAt'] }] },
  { of: 'paged', write: writes.paged(mine, 'p95'), where: [{ phases: PHASES }] },
  { of: 'blocked', write: writes.blocked(mine, 'a third group'), where: [{ phases: PHASES }] },
  { of: 'closing', write: writes.closing(mine, NOW), where: [{ phases: ['warm'], not: ['abort'] }] },
  {
    of: 'reverting',
    write: writes.reverting(mine, NOW, { onStable: true, reason: 'r' }),
    where: [{ phases: [...FORWARD, 'reverting'] }],
  },
  { of: 'settleAgain', write: writes.settleAgain(mine, NOW), where: [{ phases: ['reverting', 'closing'] }] },
  { of: 'drained', write: writes.drained(mine, NOW), where: [{ phases: ['reverting', 'closing'] }] },
  {
    of: 'target',
    write: writes.target(mine),
    where: [{ phases: [...FORWARD, 'reverting', 'stuck'], not: ['retiring'] }],
  },
  {
    of: 'retiring',
    write: writes.retiring(mine, 'green'),
    where: [{ phases: ['reverting'], not: ['target'] }, { phases: ['closing'] }],
  },
  {
    of: 'freeAfterRevert',
    write: writes.freeAfterRevert(mine, held('reverting'), NOW),
    where: [{ phases: ['reverting'], only: 'retiring' }],
  },
  {
    of: 'freeAfterClose',
    write: writes.freeAfterClose(mine, { ...stateWith(undefined), lock: held('closing') }, NOW),
    where: [{ phases: ['closing'], only: 'retiring' }],
  },
  { of: 'stuck', write: writes.stuck(mine, 'r'), where: [{ phases: PHASES }] },
];

/** The rows of those who are not the owner: bound to the fence that they saw, whoever owns the release. */
const FENCED: readonly Rule[] = [
  { of: 'abort', write: writes.abort(FENCE, ABORT), where: [{ phases: FORWARD, not: ['abort'] }] },
  {
    of: 'hold',
    write: writes.hold(FENCE, 'maria', NOW),
    where: [{ phases: ['opening', 'migrating', 'deploying', 'baking'], not: ['abort', 'hold'] }],
  },
  { of: 'resume', write: writes.resume(FENCE), where: [{ phases: PHASES, only: 'hold' }] },
  { of: 'command', write: writes.command(command), where: [{ phases: ['baking'], not: ['abort'] }] },
  {
    of: 'takeOver',
    write: writes.takeOver(held('baking', [], { owner: SOMEBODY_ELSE }), NOW),
    where: [{ phases: [...FORWARD, 'reverting', 'closing'] }],
  },
];

/** Every phase with every set of marks. */
const SITUATIONS = PHASES.flatMap((phase) =>
  Array.from({ length: 2 ** MARKS.length }, (_, set) => ({
    phase,
    marks: MARKS.filter((_, mark) => set & (1 << mark)),
  })),
);

function expectOnlyWhereAllowed({ write, where, facts }: Rule, owner: string): void {
  for (const { phase, marks } of SITUATIONS) {
    const expected = where.some(
      ({ phases, not = [], only }) =>
        phases.includes(phase) && !not.some((mark) => marks.includes(mark)) && (!only || marks.includes(only)),
    );
    const there = `in ${phase} with ${marks.join(', ') || 'no mark'}`;
    expect(isAccepted(write, stateWith(held(phase, marks, { owner, ...facts }))), there).toBe(expected);
  }
}

function expectNever(write: LedgerWrite, stranger: Partial<Lock>): void {
  for (const { phase, marks } of SITUATIONS)
    expect(isAccepted(write, stateWith(held(phase, marks, stranger))), `in ${phase}`).toBe(false);
  expect(isAccepted(write, stateWith(undefined))).toBe(false);
}

describe.each(OWNER.map((rule) => [rule.write.name, rule] as const))('the write "%s"', (_, rule) => {
  test('is accepted exactly where the protocol says', () => {
    expectOnlyWhereAllowed(rule, ME);
  });

  test('is refused to everybody but the owner under its fence', () => {
    for (const stranger of [{ owner: SOMEBODY_ELSE }, { fence: FENCE + 1 }])
      expectNever(rule.write, { ...rule.facts, ...stranger });
  });
});

describe.each(FENCED.map((rule) => [rule.write.name, rule] as const))('the write "%s"', (_, rule) => {
  test('is accepted exactly where the protocol says', () => {
    expectOnlyWhereAllowed(rule, SOMEBODY_ELSE);
  });

  test('cannot touch an older or a newer release', () => {
    for (const fence of [FENCE - 1, FENCE + 1]) expectNever(rule.write, { owner: SOMEBODY_ELSE, fence });
  });
});

describe('a share', () => {
  test('is confirmed only if it is the one that was said', () => {
    expect(isAccepted(writes.share(mine, 100, NOW, undefined), stateWith(held('baking')))).toBe(false);
  });

  test('of less than 100 % is never warm', () => {
    for (const phase of PHASES) expect(isAccepted(writes.warm(mine), stateWith(held(phase)))).toBe(false);
  });
});

describe('a command', () => {
  test.each([
    ['the command that stands there', command, true],
    ['another command', { ...command, id: 'c-2' }, false],
    ['a command of another share', { ...command, share: 5 }, false],
    ['a command of another release', { ...command, fence: FENCE - 1 }, false],
    ['no command', undefined, false],
  ])('is taken by the intent only as %s', (_, standing, expected) => {
    const state = stateWith(held('baking', [], standing ? { command: standing } : {}));
    expect(isAccepted(writes.intent(mine, 50, command), state)).toBe(expected);
  });

  test('cannot be taken twice', () => {
    const ledger = new MemoryLedger(stateWith(held('baking', [], { command })));
    expect(ledger.write(writes.intent(mine, 50, command)).written).toBe(true);
    expect(ledger.write(writes.intent(mine, 50, command)).written).toBe(false);
    expect(ledger.state.lock).toMatchObject({ taken: 'c-1', intent: 50 });
  });
});

describe('a person’s word', () => {
  test('to advance counts at the share that the person saw, and at no other', () => {
    for (const { phase, marks } of SITUATIONS)
      expect(isAccepted(writes.command({ ...command, share: 5 }), stateWith(held(phase, marks)))).toBe(false);
  });

  test('to hold remembers when the release was held for the first time', () => {
    const ledger = new MemoryLedger(stateWith(held('baking')));
    ledger.write(writes.hold(FENCE, 'maria', NOW));
    expect(ledger.state.lock).toMatchObject({ hold: { by: 'maria', at: NOW }, firstHeldAt: NOW });
    ledger.write(writes.resume(FENCE));
    expect(ledger.state.lock?.hold).toBeUndefined();
    expect(ledger.state.lock?.firstHeldAt).toBe(NOW);
  });
});

describe('the reconciler', () => {
  const takenOver = (phase: Phase) => {
    const dead = held(phase, ['abort'], { owner: SOMEBODY_ELSE });
    const ledger = new MemoryLedger(stateWith(dead), [
      { ...CURRENT, ...IMAGES['v1.5.0'], status: 'open', fence: FENCE, openedAt: NOW },
    ]);
    expect(ledger.write(writes.takeOver(dead, NOW + 60)).written).toBe(true);
    return ledger;
  };

  test.each(PHASES.filter((phase) => phase !== 'closing' && phase !== 'stuck'))(
    'owns what it took over in %s under a new fence, and goes back',
    (phase) => {
      const { state } = takenOver(phase);
      expect(state.fence).toBe(FENCE + 1);
      expect(state.lock).toMatchObject({
        owner: RECONCILER,
        fence: FENCE + 1,
        phase: 'reverting',
        settleFrom: NOW + 60,
        abort: ABORT,
      });
    },
  );

  test('rolls forward what was closing: nothing leads back from there', () => {
    const ledger = takenOver('closing');
    expect(ledger.state.lock).toMatchObject({ owner: RECONCILER, phase: 'closing', settleFrom: NOW + 60 });
    expect(ledger.record(IMAGES['v1.5.0'].digest)?.fence).toBe(FENCE + 1);
  });

  test('does not take over from an owner that it has not seen', () => {
    const seen = held('baking', [], { owner: SOMEBODY_ELSE });
    expect(isAccepted(writes.takeOver(seen, NOW), stateWith(held('baking', [], { owner: ME })))).toBe(false);
  });

  test('leaves the dead owner nothing that it could still write', () => {
    const { state } = takenOver('baking');
    const dead = { owner: SOMEBODY_ELSE, fence: FENCE };
    for (const write of [
      writes.tick(dead),
      writes.share(dead, 50, NOW, undefined),
      writes.reverting(dead, NOW, { onStable: true, reason: 'r' }),
      writes.retiring(dead, 'green'),
      writes.stuck(dead, 'r'),
    ])
      expect(isAccepted(write, state), write.name).toBe(false);
  });
});

describe('reverting', () => {
  const lockAfter = (onStable: boolean) => {
    const ledger = new MemoryLedger(stateWith(held('baking', ['target'])));
    ledger.write(writes.reverting(mine, NOW, { onStable, reason: 'r' }));
    return ledger.state.lock;
  };

  test('takes the mark of users on the candidate away once they are on stable', () => {
    expect(lockAfter(true)).toMatchObject({ share: 0, phase: 'reverting', settleFrom: NOW });
    expect(lockAfter(true)?.target).toBeUndefined();
    expect(lockAfter(false)).toMatchObject({ share: 25, target: 'candidate' });
  });
});

test('a drain is begun once; only a new one may be begun again', () => {
  const ledger = new MemoryLedger(stateWith(held('closing')));
  const begin = () => ledger.write(writes.drained(mine, ledger.state.lock!.settleFrom!)).written;
  expect([begin(), begin()]).toEqual([true, false]);
  ledger.write(writes.settleAgain(mine, NOW + 120));
  expect([begin(), begin()]).toEqual([true, false]);
});

describe('what opens and what waits', () => {
  const lock = lockIn('opening', 0, { fence: FENCE + 1 });
  const record = { ...CURRENT, status: 'open', fence: FENCE + 1, openedAt: NOW } as const;
  const free = stateWith(undefined);
  const open = writes.open(free, lock, { ...record, ...IMAGES['v1.5.0'] }, false);
  const pendingAt = (pushedAt: number): Pending => ({
    ...IMAGES['v1.5.1'],
    image: 'v1.5.1',
    attempt: 1,
    input: {},
    pushedAt,
  });
  const older = pendingAt(lock.pushedAt - 1);
  const newer = pendingAt(lock.pushedAt + 1);

  test.each([
    ['a free service', free, true],
    ['a push as old as its own', stateWith(undefined, { pending: pendingAt(lock.pushedAt) }), true],
    ['an older push', stateWith(undefined, { pending: older }), true],
    ['a newer push', stateWith(undefined, { pending: newer }), false],
    ['a lock', stateWith(held('baking')), false],
    ['another fence than it saw', stateWith(undefined, { fence: FENCE + 1 }), false],
    ['another stable than it saw', stateWith(undefined, { stable: 'green' }), false],
  ])('Open meets %s', (_, state, expected) => {
    const ledger = new MemoryLedger(state);
    expect(ledger.write(open).written).toBe(expected);
    if (expected) expect(ledger.state).toMatchObject({ fence: FENCE + 1, lock: { fence: FENCE + 1 } });
    if (expected) expect(ledger.state.pending).toBeUndefined();
  });

  test('an image is opened once, unless it is said again', () => {
    const known = [{ ...record, ...IMAGES['v1.5.0'] }];
    expect(new MemoryLedger(free, known).write(open).written).toBe(false);
    const again = writes.open(free, lock, { ...record, ...IMAGES['v1.5.0'] }, true);
    expect(new MemoryLedger(free, known).write(again).written).toBe(true);
  });

  test.each([
    ['a release of another image', stateWith(held('baking')), true],
    ['a release of the same image', stateWith(held('baking', [], { digest: newer.digest })), false],
    ['an older push that waits', stateWith(held('baking'), { pending: older }), true],
    ['the same push', stateWith(held('baking'), { pending: newer }), false],
    ['a newer push', stateWith(held('baking'), { pending: pendingAt(newer.pushedAt + 1) }), false],
    ['a free service', free, false],
  ])('Queue meets %s', (_, state, expected) => {
    expect(isAccepted(writes.queue(newer), state)).toBe(expected);
  });

  test.each([
    ['nothing', free, true],
    ['an older push', stateWith(undefined, { pending: older }), true],
    ['a newer push', stateWith(undefined, { pending: pendingAt(newer.pushedAt + 1) }), false],
  ])('a push that is refused for now is kept when %s waits', (_, state, expected) => {
    expect(isAccepted(writes.keep(newer), state)).toBe(expected);
  });

  test.each([
    ['that push, at that attempt', newer, true],
    ['that push, at a later attempt', { ...newer, attempt: 2 }, false],
    ['another push', { ...newer, digest: IMAGES['v1.4.1'].digest }, false],
    ['nothing', undefined, false],
  ])('a start is tried again, or given up, only if %s waits', (_, pending, expected) => {
    const state = stateWith(undefined, pending ? { pending } : {});
    expect(isAccepted(writes.nextAttempt(newer), state)).toBe(expected);
    expect(isAccepted(writes.giveUpPending(newer), state)).toBe(expected);
  });

  test('the next attempt is counted, and giving up leaves nothing waiting', () => {
    const ledger = new MemoryLedger(stateWith(undefined, { pending: newer }));
    ledger.write(writes.nextAttempt(newer));
    expect(ledger.state.pending).toEqual({ ...newer, attempt: 2 });
    ledger.write(writes.giveUpPending(ledger.state.pending!));
    expect(ledger.state.pending).toBeUndefined();
  });

  describe.each([
    ['a drift lock', writes.driftLock(free, { ...lock, owner: RECONCILER, drift: true })],
    ['an adoption', writes.adopt(free, 'green', { ...CURRENT, ...IMAGES['v1.5.0'] })],
  ])('%s', (_, write) => {
    test.each([
      ['a free service as it was seen', free, true],
      ['a lock', stateWith(held('baking')), false],
      ['another fence than it saw', stateWith(undefined, { fence: FENCE + 1 }), false],
      ['another stable than it saw', stateWith(undefined, { stable: 'green' }), false],
    ] as const)('meets %s', (_, state, expected) => {
      const ledger = new MemoryLedger(state);
      expect(ledger.write(write).written).toBe(expected);
      // Whoever saw the service before must look again.
      expect(ledger.state.fence).toBe(expected ? FENCE + 1 : state.fence);
    });
  });

  describe.each([
    ['a service that moves', writes.moved(free)],
    ['a service that goes', writes.unregister(free)],
  ])('%s', (_, write) => {
    test.each([
      ['a free service as it was seen', free, true],
      ['a lock', stateWith(held('baking')), false],
      ['another fence than it saw', stateWith(undefined, { fence: FENCE + 1 }), false],
    ] as const)('meets %s', (_, state, expected) => {
      const ledger = new MemoryLedger(state);
      expect(ledger.write(write).written).toBe(expected);
      // Whoever read it before opens nothing with it.
      expect(ledger.state.fence).toBe(expected ? FENCE + 1 : state.fence);
      if (expected) expect(isAccepted(writes.open(free, lock, record, true), ledger.state)).toBe(false);
    });
  });

  test('a look is remembered while nothing has been opened since', () => {
    const watch = { fence: FENCE, ticks: 3, still: 1, told: [] };
    expect(isAccepted(writes.look(FENCE, watch), free)).toBe(true);
    expect(isAccepted(writes.look(FENCE, watch), stateWith(held('baking')))).toBe(true);
    expect(isAccepted(writes.look(FENCE - 1, watch), free)).toBe(false);
  });
});

/** Whose conditions are held against single situations, above. */
const SITUATED = [
  'open',
  'queue',
  'keep',
  'nextAttempt',
  'giveUpPending',
  'driftLock',
  'adopt',
  'look',
  'moved',
  'unregister',
] as const;

test('every write of the ledger has its rows here', () => {
  const held = [...OWNER, ...FENCED].map((rule) => rule.of);
  expect([...new Set([...held, ...SITUATED])].sort()).toEqual(Object.keys(writes).sort());
});

describe('two owners', () => {
  interface Deed {
    readonly who: 0 | 1;
    readonly what: number;
  }
  const OWNERS = [ME, SOMEBODY_ELSE];

  /** Every write of an owner that knows only what it saw when it opened last. */
  function writesOf(owner: string, opened: Lock, ledger: MemoryLedger): readonly (() => LedgerWrite)[] {
    const me = { owner, fence: opened.fence };
    return [
      () => {
        const seen = ledger.state;
        const lock = { ...opened, owner, fence: seen.fence + 1, ...weightless(seen) };
        return writes.open(
          seen,
          lock,
          { ...CURRENT, ...IMAGES['v1.5.0'], status: 'open', fence: lock.fence, openedAt: NOW },
          true,
        );
      },
      () => writes.phase(me, 'opening', 'migrating'),
      () => writes.phase(me, 'migrating', 'deploying'),
      () => writes.intent(me, 100, undefined),
      () => writes.share(me, 100, NOW, {}),
      () => writes.warm(me),
      () => writes.abort(me.fence, ABORT),
      () => writes.closing(me, NOW),
      () => writes.reverting(me, NOW, { onStable: true, reason: 'r' }),
      () => writes.drained(me, NOW),
      () => writes.target(me),
      () => writes.retiring(me, opened.stable),
      () => writes.freeAfterRevert(me, opened, NOW),
      () => writes.freeAfterClose(me, { ...ledger.state, lock: opened }, NOW),
      () => writes.stuck(me, 'r'),
    ];
  }
  const weightless = ({ stable }: ServiceState) =>
    stable === 'blue' ? ({ stable, candidate: 'green' } as const) : ({ stable, candidate: 'blue' } as const);

  test('never hold the service together, whatever they write in whatever order', () => {
    const deed = fc.record({ who: fc.constantFrom(0 as const, 1 as const), what: fc.nat({ max: 14 }) });
    let handedOver = 0;
    fc.assert(
      fc.property(fc.array(deed, { minLength: 20, maxLength: 80 }), (deeds: readonly Deed[]) => {
        const ledger = new MemoryLedger(stateWith(undefined));
        const opened = OWNERS.map((owner) => lockIn('opening', 0, { owner, fence: 0 }));
        const givenTo = new Map<number, string>();
        for (const { who, what } of deeds) {
          const owner = OWNERS[who]!;
          const before = ledger.state;
          const { written } = ledger.write(writesOf(owner, opened[who]!, ledger)[what]!());
          const after = ledger.state;
          expect(after.fence).toBeGreaterThanOrEqual(before.fence);
          if (!written) {
            expect(after).toEqual(before);
            continue;
          }
          if (what === 0) {
            // Only a free service is opened, under a fence that nobody had before.
            expect(before.lock).toBeUndefined();
            expect(givenTo.has(after.lock!.fence)).toBe(false);
            if (givenTo.size > 0 && [...givenTo.values()].at(-1) !== owner) handedOver += 1;
            givenTo.set(after.lock!.fence, owner);
            opened[who] = after.lock!;
          } else {
            // Whatever is accepted came from the one that holds it now, under the fence that was given to it.
            expect(before.lock).toMatchObject({ owner, fence: opened[who]!.fence });
            expect(givenTo.get(before.lock!.fence)).toBe(owner);
          }
        }
      }),
      // One seed: how often the service changes hands is then no matter of luck.
      { numRuns: 600, seed: 42 },
    );
    // The property is about something: the service did change hands.
    expect(handedOver).toBeGreaterThan(0);
  });
});
