import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type LedgerWrite,
  type Lock,
  type Mine,
  type Pending,
  type Phase,
  type ServiceState,
  writes,
} from '../../functions/core/protocol.ts';
import { MemoryLedger } from '../../rehearsal/ledger.ts';
import { ABORT, CURRENT, FENCE, IMAGES, lockIn, ME, NOW, PREVIOUS, SOMEBODY_ELSE } from '../steps/scene.ts';

const PHASES: readonly Phase[] = [
  'opening',
  'migrating',
  'deploying',
  'baking',
  'warm',
  'reverting',
  'closing',
  'stuck',
];
const FORWARD: readonly Phase[] = ['opening', 'migrating', 'deploying', 'baking', 'warm'];
const MARKS = ['abort', 'hold', 'retiring', 'target', 'askedAt'] as const;
type Mark = (typeof MARKS)[number];

const mine: Mine = { owner: ME, fence: FENCE };
const command = { id: 'c-1', verb: 'advance', share: 25, fence: FENCE } as const;
const MARKED: Readonly<Record<Mark, Partial<Lock>>> = {
  abort: { abort: ABORT },
  hold: { hold: { by: 'maria', at: NOW } },
  retiring: { retiring: 'green' },
  target: { target: 'candidate' },
  askedAt: { askedAt: NOW },
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

interface Row {
  readonly write: LedgerWrite;
  readonly phases: readonly Phase[];
  /** Refused while any of these stands. */
  readonly not?: readonly Mark[];
  /** Refused unless this stands. */
  readonly only?: Mark;
}

/** The owner's rows of the protocol's table: a write is accepted where one of its rows says so, and nowhere else. */
const OWNER: Readonly<Record<string, readonly Row[]>> = {
  migrating: [{ write: writes.phase(mine, 'opening', 'migrating'), phases: ['opening'], not: ['abort'] }],
  deploying: [{ write: writes.phase(mine, 'migrating', 'deploying'), phases: ['migrating'], not: ['abort'] }],
  tick: [{ write: writes.tick(mine), phases: PHASES }],
  waiting: [{ write: writes.waiting(mine, 'health', NOW), phases: PHASES, not: ['abort'] }],
  intent: [{ write: writes.intent(mine, 50, undefined), phases: ['deploying', 'baking'], not: ['abort', 'hold'] }],
  share: [{ write: writes.share(mine, 50, NOW, undefined), phases: ['baking'], not: ['abort'] }],
  ask: [{ write: writes.ask(mine, NOW), phases: PHASES, not: ['abort', 'askedAt'] }],
  paged: [{ write: writes.paged(mine, 'p95'), phases: PHASES }],
  closing: [{ write: writes.closing(mine, NOW), phases: ['warm'], not: ['abort'] }],
  reverting: [
    {
      write: writes.reverting(mine, NOW, { onStable: true, reason: 'r' }),
      phases: [...FORWARD, 'reverting'],
    },
  ],
  'settle again': [{ write: writes.settleAgain(mine, NOW), phases: ['reverting', 'closing'] }],
  drained: [{ write: writes.drained(mine, NOW), phases: ['reverting', 'closing'] }],
  target: [{ write: writes.target(mine), phases: [...FORWARD, 'reverting', 'stuck'], not: ['retiring'] }],
  retiring: [
    { write: writes.retiring(mine, 'green'), phases: ['reverting'], not: ['target'] },
    { write: writes.retiring(mine, 'green'), phases: ['closing'] },
  ],
  'free after revert': [
    { write: writes.freeAfterRevert(mine, held('reverting'), NOW), phases: ['reverting'], only: 'retiring' },
  ],
  'free after close': [
    {
      write: writes.freeAfterClose(mine, { ...stateWith(undefined), lock: held('closing') }, NOW),
      phases: ['closing'],
      only: 'retiring',
    },
  ],
  stuck: [{ write: writes.stuck(mine, 'r'), phases: PHASES }],
};

/** Every phase with every set of marks. */
const SITUATIONS = PHASES.flatMap((phase) =>
  Array.from({ length: 2 ** MARKS.length }, (_, set) => ({
    phase,
    marks: MARKS.filter((_, mark) => set & (1 << mark)),
  })),
);

describe.each(Object.entries(OWNER))('the write "%s"', (_, rows) => {
  test('is accepted exactly where the protocol says', () => {
    for (const { phase, marks } of SITUATIONS) {
      const expected = rows.some(
        ({ phases, not = [], only }) =>
          phases.includes(phase) && !not.some((mark) => marks.includes(mark)) && (!only || marks.includes(only)),
      );
      const where = `in ${phase} with ${marks.join(', ') || 'no mark'}`;
      expect(isAccepted(rows[0]!.write, stateWith(held(phase, marks))), where).toBe(expected);
    }
  });

  test('is refused to everybody but the owner under its fence', () => {
    for (const { phase, marks } of SITUATIONS) {
      const strangers = [{ owner: SOMEBODY_ELSE }, { fence: FENCE + 1 }];
      for (const stranger of strangers) {
        expect(isAccepted(rows[0]!.write, stateWith(held(phase, marks, stranger)))).toBe(false);
      }
    }
    expect(isAccepted(rows[0]!.write, stateWith(undefined))).toBe(false);
  });
});

describe('a share', () => {
  test('is confirmed only if it is the one that was said', () => {
    expect(isAccepted(writes.share(mine, 100, NOW, undefined), stateWith(held('baking')))).toBe(false);
  });

  test('of less than 100 % is never warm', () => {
    for (const phase of PHASES) expect(isAccepted(writes.warm(mine), stateWith(held(phase)))).toBe(false);
    const all = (phase: Phase, facts = {}) => stateWith(held(phase, [], { share: 100, ...facts }));
    expect(PHASES.filter((phase) => isAccepted(writes.warm(mine), all(phase)))).toEqual(['baking']);
    expect(isAccepted(writes.warm(mine), all('baking', { abort: ABORT }))).toBe(false);
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

describe('an abort', () => {
  test('is heard up to the warm time, by whoever it is ordered, once', () => {
    for (const { phase, marks } of SITUATIONS) {
      const expected = FORWARD.includes(phase) && !marks.includes('abort');
      expect(isAccepted(writes.abort(FENCE, ABORT), stateWith(held(phase, marks, { owner: SOMEBODY_ELSE })))).toBe(
        expected,
      );
    }
  });

  test('cannot touch another release', () => {
    for (const fence of [FENCE - 1, FENCE + 1])
      expect(isAccepted(writes.abort(fence, ABORT), stateWith(held('baking')))).toBe(false);
    expect(isAccepted(writes.abort(FENCE, ABORT), stateWith(undefined))).toBe(false);
  });
});

describe('a person’s word', () => {
  const isHeard = (write: LedgerWrite, phase: Phase, marks: readonly Mark[]) =>
    isAccepted(write, stateWith(held(phase, marks, { owner: SOMEBODY_ELSE })));

  test('to hold is heard until the release goes back or closes', () => {
    for (const { phase, marks } of SITUATIONS) {
      const expected = FORWARD.includes(phase) && !marks.includes('abort');
      expect(isHeard(writes.hold(FENCE, 'maria', NOW), phase, marks)).toBe(expected);
    }
  });

  test('to go on ends a hold', () => {
    for (const { phase, marks } of SITUATIONS)
      expect(isHeard(writes.resume(FENCE), phase, marks)).toBe(marks.includes('hold'));
  });

  test('to advance is heard during a bake, at the share that the person saw', () => {
    for (const { phase, marks } of SITUATIONS) {
      expect(isHeard(writes.command(command), phase, marks)).toBe(phase === 'baking' && !marks.includes('abort'));
      expect(isHeard(writes.command({ ...command, share: 5 }), phase, marks)).toBe(false);
    }
  });

  test('is bound to the release that the person saw', () => {
    const next = stateWith(held('baking', ['hold'], { fence: FENCE + 1 }));
    for (const write of [writes.hold(FENCE, 'maria', NOW), writes.resume(FENCE), writes.command(command)])
      expect(isAccepted(write, next)).toBe(false);
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
      { numRuns: 400 },
    );
    // The property is about something: the service did change hands.
    expect(handedOver).toBeGreaterThan(0);
  });
});
