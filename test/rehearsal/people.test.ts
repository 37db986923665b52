/** What people say to a release and do to the rule while it flies. */
import { describe, expect, test } from 'vitest';
import { Transient } from '../../functions/core/failures.ts';
import { writes } from '../../functions/core/protocol.ts';
import { weightsFor } from '../../functions/core/roles.ts';
import { tell, type Word } from '../../functions/steps/tell.ts';
import type { Flown } from '../../rehearsal/account.ts';
import type { FlightEvent } from '../../rehearsal/events.ts';
import type { World } from '../../rehearsal/world.ts';
import { SHORT, shortFlight, withStep } from './flights.ts';

const say = (word: Word, afterSeconds: number, when: FlightEvent['when'] = { share: 25 }): FlightEvent => ({
  when,
  afterSeconds,
  say: word,
});
const edit = (setShare: number, when: FlightEvent['when'], afterSeconds = 40): FlightEvent => ({
  when,
  afterSeconds,
  setShare,
});

const secondOf = ({ writes }: Flown, call: string, share?: number): number =>
  writes.find((row) => row.call === call && (share === undefined || row.share === share))?.second ?? Number.NaN;
const sharedAt = (flown: Flown, share: number): number => secondOf(flown, 'ledger: share', share);

describe('hold', () => {
  test('keeps users where they are until somebody says resume', async () => {
    const flown = await shortFlight({ events: [say('hold', 40), say('resume', 640)] });
    expect([flown.outcome, flown.shares, flown.violations]).toEqual(['promoted', [25, 50, 100], []]);
    expect(sharedAt(flown, 50) - sharedAt(flown, 25)).toBeGreaterThan(640);
    expect(sharedAt(flown, 50) - secondOf(flown, 'ledger: resume')).toBeLessThanOrEqual(45);
  });

  test('without a resume goes back after four hours', async () => {
    const flown = await shortFlight({ events: [say('hold', 40)] });
    expect([flown.outcome, flown.shares, flown.violations]).toEqual(['reverted', [25], []]);
    expect(flown.reason).toBe('a person held it for 4 hours and nobody let it go on');
    expect(secondOf(flown, 'ledger: abort') - secondOf(flown, 'ledger: hold')).toBeLessThanOrEqual(4 * 3600 + 31);
  });

  test('is no shelter: what is worse goes back all the same', async () => {
    const flown = await shortFlight({ events: [say('hold', 10)] }, 'errors');
    expect([flown.outcome, flown.violations]).toEqual(['reverted', []]);
    expect(secondOf(flown, 'ledger: abort')).toBeLessThan(600);
  });

  test('in the warm time is refused, and the release closes by its clock', async () => {
    const flown = await shortFlight({ events: [say('hold', 40, { event: 'warm' })] });
    expect([flown.outcome, secondOf(flown, 'ledger: hold')]).toEqual(['promoted', Number.NaN]);
  });
});

describe('a Shift whose Lambda died after it had written the rule', () => {
  const dies = (share: number, meanwhile: (world: World) => Promise<unknown>) => {
    let isFirst = true;
    return withStep('Shift', async ({ state }: { readonly state: { readonly share?: number } }, real, world) => {
      if (state.share !== share || !isFirst) return real({ execution: world.ledger.state.lock!.owner, state });
      isFirst = false;
      const { ledger, router } = world.ports({ by: 'owner', execution: world.ledger.state.lock!.owner });
      const lock = world.ledger.state.lock!;
      await ledger.write(writes.intent(lock, share, undefined));
      await router.route(weightsFor(lock, share));
      await meanwhile(world);
      throw new Transient('the Lambda died');
    });
  };

  test.each([25, 50])(
    'and a hold before it was asked again: users stay where they were (on the way to %i)',
    async (share) => {
      const hold = async (world: World) => {
        const asMaria = (word: Word) => tell(world.ports({ by: 'person' }), { word, by: 'maria', id: word });
        await asMaria('hold');
        world.clock.at(world.clock.now() + 300, () => void asMaria('resume'));
      };
      const flown = await shortFlight({ sabotage: dies(share, hold) });
      expect([flown.outcome, flown.shares, flown.violations]).toEqual(['promoted', [25, 50, 100], []]);
      expect(sharedAt(flown, share) - secondOf(flown, 'ledger: hold')).toBeGreaterThanOrEqual(300);
    },
  );

  test.each([25, 50])(
    'and a task too few when it was asked again: it waits for the task (on the way to %i)',
    async (share) => {
      const loseTask = async ({ tasks, roles, clock }: World) => {
        tasks.resize(roles.candidate, 1);
        await clock.sleep(2);
      };
      const flown = await shortFlight({ sabotage: dies(share, loseTask) });
      expect([flown.outcome, flown.shares, flown.violations]).toEqual(['promoted', [25, 50, 100], []]);
    },
  );
});

describe('advance', () => {
  test('ends this bake within a tick, and the next one is watched in full', async () => {
    const flown = await shortFlight({ events: [say('advance', 40)] });
    expect([flown.outcome, flown.shares, flown.violations]).toEqual(['promoted', [25, 50, 100], []]);
    expect(sharedAt(flown, 50) - secondOf(flown, 'ledger: command')).toBeLessThanOrEqual(45);
    expect(sharedAt(flown, 100) - sharedAt(flown, 50)).toBeGreaterThanOrEqual(180);
  });

  test('said twice for one bake counts once', async () => {
    const flown = await shortFlight({ events: [say('advance', 40), say('advance', 42)] });
    expect(sharedAt(flown, 100) - sharedAt(flown, 50)).toBeGreaterThanOrEqual(180);
  });
});

describe('a stage that asks for approval', () => {
  const input = { image: 'v1.5.0', stages: [{ share: 25, bake: 180, approval: true }, { share: 100 }], warmMinutes: 3 };

  test('waits for a person, and goes on when that person says advance', async () => {
    const flown = await shortFlight({ input, events: [say('advance', 600, { event: 'asked' })] });
    expect([flown.outcome, flown.shares, flown.violations]).toEqual(['promoted', [25, 100], []]);
    expect(flown.world.notices.filter(({ kind }) => kind === 'held')).toHaveLength(1);
    expect(sharedAt(flown, 100) - secondOf(flown, 'ledger: ask')).toBeGreaterThan(600);
  });

  test('goes back when nobody answers within four hours', async () => {
    const flown = await shortFlight({ input });
    expect([flown.outcome, flown.shares, flown.violations]).toEqual(['reverted', [25], []]);
    expect(flown.reason).toMatch(/^nobody gave approval within 4 hours/);
  });
});

describe('abort', () => {
  test.each<[string, FlightEvent, readonly number[]]>([
    ['before the first share', say('abort', 0, { second: 40 }), []],
    ['at 25 %', say('abort', 40), [25]],
    ['in the warm time', say('abort', 40, { event: 'warm' }), [25, 50, 100]],
  ])('%s is carried out within a tick', async (_, event, shares) => {
    const flown = await shortFlight({ events: [event] });
    expect([flown.outcome, flown.shares, flown.violations]).toEqual(['reverted', shares, []]);
    expect(flown.secondsFromVerdictToStable).toBeLessThanOrEqual(35);
    // Its own clock started a moment before the ledger had the order.
    const recorded = flown.setting.ledger.record('v1.5.0')!.secondsFromVerdictToStable!;
    expect([0, 1]).toContain(recorded - flown.secondsFromVerdictToStable!);
  });

  test('while it closes comes too late: it rolls forward', async () => {
    const flown = await shortFlight({ events: [say('abort', 30, { event: 'closing' })] });
    expect([flown.outcome, flown.violations]).toEqual(['promoted', []]);
  });
});

describe('weights edited by hand', () => {
  test.each<[string, FlightEvent]>([
    ['up, at 25 % [F26]', edit(80, { share: 25 })],
    ['down, at 50 % [F26]', edit(20, { share: 50 })],
    ['to stable, at 50 %', edit(0, { share: 50 })],
    ['to the candidate, at 25 %', edit(100, { share: 25 })],
    ['down, in the warm time', edit(30, { event: 'warm' })],
  ])('%s: seen within a tick, and everybody is put back on stable', async (_, event) => {
    const flown = await shortFlight({ events: [event] });
    expect([flown.outcome, flown.world.share, flown.world.lock, flown.violations]).toEqual(['reverted', 0, null, []]);
    expect(flown.reason).toMatch(/^somebody changed the rule by hand: green has \d+ % instead of \d+ %$/);
    const edited = flown.writes.find(({ by }) => by === 'person')!;
    const back = flown.writes.find(
      ({ call, share, second }) => call === 'ModifyRule' && share === 0 && second >= edited.second + 1,
    );
    expect((back ?? edited).second - edited.second).toBeLessThanOrEqual(45);
  });

  test('while it reverts: put back again, and nothing is scaled down before it has settled anew', async () => {
    const flown = await shortFlight({ events: [say('abort', 20), edit(50, { event: 'reverting' })] });
    expect([flown.outcome, flown.world.share, flown.violations]).toEqual(['reverted', 0, []]);
  });

  test('split, while it closes: sent forward, and settled anew', async () => {
    const flown = await shortFlight({ events: [edit(50, { event: 'closing' })] });
    expect([flown.outcome, flown.world.share, flown.world.stable, flown.violations]).toEqual([
      'promoted',
      100,
      'green',
      [],
    ]);
  });

  test('back to stable, while it closes: somebody meant it, so a person decides, and nothing is destroyed', async () => {
    const flown = await shortFlight({ events: [edit(0, { event: 'closing' })] });
    expect(flown).toMatchObject({
      outcome: 'stuck',
      violations: [],
      world: { share: 0, lock: { phase: 'stuck' }, healthy: { blue: 2, green: 2 } },
    });
  });

  test('before the first share: the candidate is not rolled under users, and it goes back', async () => {
    const flown = await shortFlight({ events: [edit(10, { second: 0 }, 1)] });
    expect([flown.outcome, flown.world.share, flown.world.lock, flown.violations]).toEqual(['reverted', 0, null, []]);
  });
});

test('a release and a person who push at the same second come to one order of things', async () => {
  const flown = await shortFlight({
    events: [say('advance', 40), say('hold', 40), say('abort', 40), say('resume', 41)],
    input: { image: 'v1.5.0', ...SHORT },
  });
  expect([flown.outcome, flown.world.share, flown.violations]).toEqual(['reverted', 0, []]);
});
