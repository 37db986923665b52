/** What people say to a release and do to the rule while it runs. */
import { describe, expect, test } from 'vitest';
import { Transient } from '../../functions/core/failures.ts';
import { writes } from '../../functions/core/protocol.ts';
import { weightsFor } from '../../functions/core/roles.ts';
import { type OperatorCommand, sendCommand } from '../../functions/steps/shared/operator-command.ts';
import type { RehearsalResult } from '../../rehearsal/account.ts';
import type { RehearsalEvent } from '../../rehearsal/events.ts';
import type { World } from '../../rehearsal/world.ts';
import { SHORT, shortRehearsal, withStep } from './rehearsals.ts';

const say = (
  word: OperatorCommand,
  afterSeconds: number,
  when: RehearsalEvent['when'] = { share: 25 },
): RehearsalEvent => ({
  when,
  afterSeconds,
  say: word,
});
const edit = (setShare: number, when: RehearsalEvent['when'], afterSeconds = 40): RehearsalEvent => ({
  when,
  afterSeconds,
  setShare,
});

const secondOf = ({ writes }: RehearsalResult, call: string, share?: number): number =>
  writes.find((row) => row.call === call && (share === undefined || row.share === share))?.second ?? Number.NaN;
const sharedAt = (rehearsed: RehearsalResult, share: number): number => secondOf(rehearsed, 'ledger: share', share);

describe('hold', () => {
  test('keeps users where they are until somebody says resume', async () => {
    const rehearsed = await shortRehearsal({ events: [say('hold', 40), say('resume', 640)] });
    expect([rehearsed.outcome, rehearsed.shares, rehearsed.violations]).toEqual(['promoted', [25, 50, 100], []]);
    expect(sharedAt(rehearsed, 50) - sharedAt(rehearsed, 25)).toBeGreaterThan(640);
    expect(sharedAt(rehearsed, 50) - secondOf(rehearsed, 'ledger: resume')).toBeLessThanOrEqual(45);
  });

  test('without a resume goes back after four hours', async () => {
    const rehearsed = await shortRehearsal({ events: [say('hold', 40)] });
    expect([rehearsed.outcome, rehearsed.shares, rehearsed.violations]).toEqual(['reverted', [25], []]);
    expect(rehearsed.reason).toBe('a person held it for 4 hours and nobody let it go on');
    expect(secondOf(rehearsed, 'ledger: abort') - secondOf(rehearsed, 'ledger: hold')).toBeLessThanOrEqual(
      4 * 3600 + 31,
    );
  });

  test('is no shelter: what is worse goes back all the same', async () => {
    const rehearsed = await shortRehearsal({ events: [say('hold', 10)] }, 'errors');
    expect([rehearsed.outcome, rehearsed.violations]).toEqual(['reverted', []]);
    expect(secondOf(rehearsed, 'ledger: abort')).toBeLessThan(600);
  });

  test('in the warm time is refused, and the release closes by its clock', async () => {
    const rehearsed = await shortRehearsal({ events: [say('hold', 40, { event: 'warm' })] });
    expect([rehearsed.outcome, secondOf(rehearsed, 'ledger: hold')]).toEqual(['promoted', Number.NaN]);
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
        const asMaria = (word: OperatorCommand) =>
          sendCommand(world.ports({ by: 'person' }), { word, by: 'maria', id: word });
        await asMaria('hold');
        world.clock.at(world.clock.now() + 300, () => void asMaria('resume'));
      };
      const rehearsed = await shortRehearsal({ sabotage: dies(share, hold) });
      expect([rehearsed.outcome, rehearsed.shares, rehearsed.violations]).toEqual(['promoted', [25, 50, 100], []]);
      expect(sharedAt(rehearsed, share) - secondOf(rehearsed, 'ledger: hold')).toBeGreaterThanOrEqual(300);
    },
  );

  test.each([25, 50])(
    'and a task too few when it was asked again: it waits for the task (on the way to %i)',
    async (share) => {
      const loseTask = async ({ tasks, roles, clock }: World) => {
        tasks.resize(roles.candidate, 1);
        await clock.sleep(2);
      };
      const rehearsed = await shortRehearsal({ sabotage: dies(share, loseTask) });
      expect([rehearsed.outcome, rehearsed.shares, rehearsed.violations]).toEqual(['promoted', [25, 50, 100], []]);
    },
  );
});

describe('advance', () => {
  test('ends this bake within a tick, and the next one is watched in full', async () => {
    const rehearsed = await shortRehearsal({ events: [say('advance', 40)] });
    expect([rehearsed.outcome, rehearsed.shares, rehearsed.violations]).toEqual(['promoted', [25, 50, 100], []]);
    expect(sharedAt(rehearsed, 50) - secondOf(rehearsed, 'ledger: command')).toBeLessThanOrEqual(45);
    expect(sharedAt(rehearsed, 100) - sharedAt(rehearsed, 50)).toBeGreaterThanOrEqual(180);
  });

  test('said twice for one bake counts once', async () => {
    const rehearsed = await shortRehearsal({ events: [say('advance', 40), say('advance', 42)] });
    expect(sharedAt(rehearsed, 100) - sharedAt(rehearsed, 50)).toBeGreaterThanOrEqual(180);
  });
});

describe('a stage that asks for approval', () => {
  const input = { image: 'v1.5.0', stages: [{ share: 25, bake: 180, approval: true }, { share: 100 }], warmMinutes: 3 };

  test('waits for an operator, and goes on when that person says advance', async () => {
    const rehearsed = await shortRehearsal({ input, events: [say('advance', 600, { event: 'asked' })] });
    expect([rehearsed.outcome, rehearsed.shares, rehearsed.violations]).toEqual(['promoted', [25, 100], []]);
    expect(rehearsed.world.notifications.filter(({ kind }) => kind === 'held')).toHaveLength(1);
    expect(sharedAt(rehearsed, 100) - secondOf(rehearsed, 'ledger: ask')).toBeGreaterThan(600);
  });

  test('goes back when nobody answers within four hours', async () => {
    const rehearsed = await shortRehearsal({ input });
    expect([rehearsed.outcome, rehearsed.shares, rehearsed.violations]).toEqual(['reverted', [25], []]);
    expect(rehearsed.reason).toMatch(/^nobody gave approval within 4 hours/);
  });
});

describe('abort', () => {
  test.each<[string, RehearsalEvent, readonly number[]]>([
    ['before the first share', say('abort', 0, { second: 40 }), []],
    ['at 25 %', say('abort', 40), [25]],
    ['in the warm time', say('abort', 40, { event: 'warm' }), [25, 50, 100]],
  ])('%s is carried out within a tick', async (_, event, shares) => {
    const rehearsed = await shortRehearsal({ events: [event] });
    expect([rehearsed.outcome, rehearsed.shares, rehearsed.violations]).toEqual(['reverted', shares, []]);
    expect(rehearsed.secondsFromVerdictToStable).toBeLessThanOrEqual(35);
    // Its own clock started a moment before the ledger had the order.
    const recorded = rehearsed.setting.ledger.record('v1.5.0')!.secondsFromVerdictToStable!;
    expect([0, 1]).toContain(recorded - rehearsed.secondsFromVerdictToStable!);
  });

  test('while it closes comes too late: it rolls forward', async () => {
    const rehearsed = await shortRehearsal({ events: [say('abort', 30, { event: 'closing' })] });
    expect([rehearsed.outcome, rehearsed.violations]).toEqual(['promoted', []]);
  });
});

describe('weights edited by hand', () => {
  test.each<[string, RehearsalEvent]>([
    ['up, at 25 % [F26]', edit(80, { share: 25 })],
    ['down, at 50 % [F26]', edit(20, { share: 50 })],
    ['to stable, at 50 %', edit(0, { share: 50 })],
    ['to the candidate, at 25 %', edit(100, { share: 25 })],
    ['down, in the warm time', edit(30, { event: 'warm' })],
  ])('%s: seen within a tick, and everybody is put back on stable', async (_, event) => {
    const rehearsed = await shortRehearsal({ events: [event] });
    expect([rehearsed.outcome, rehearsed.world.share, rehearsed.world.lock, rehearsed.violations]).toEqual([
      'reverted',
      0,
      null,
      [],
    ]);
    expect(rehearsed.reason).toMatch(/^somebody changed the rule by hand: green has \d+ % instead of \d+ %$/);
    const edited = rehearsed.writes.find(({ by }) => by === 'person')!;
    const back = rehearsed.writes.find(
      ({ call, share, second }) => call === 'ModifyRule' && share === 0 && second >= edited.second + 1,
    );
    expect((back ?? edited).second - edited.second).toBeLessThanOrEqual(45);
  });

  test('while it reverts: put back again, and nothing is scaled down before it has settled anew', async () => {
    const rehearsed = await shortRehearsal({ events: [say('abort', 20), edit(50, { event: 'reverting' })] });
    expect([rehearsed.outcome, rehearsed.world.share, rehearsed.violations]).toEqual(['reverted', 0, []]);
  });

  test('split, while it closes: sent forward, and settled anew', async () => {
    const rehearsed = await shortRehearsal({ events: [edit(50, { event: 'closing' })] });
    expect([rehearsed.outcome, rehearsed.world.share, rehearsed.world.stable, rehearsed.violations]).toEqual([
      'promoted',
      100,
      'green',
      [],
    ]);
  });

  test('back to stable, while it closes: somebody meant it, so a person decides, and nothing is destroyed', async () => {
    const rehearsed = await shortRehearsal({ events: [edit(0, { event: 'closing' })] });
    expect(rehearsed).toMatchObject({
      outcome: 'stuck',
      violations: [],
      world: { share: 0, lock: { phase: 'stuck' }, healthy: { blue: 2, green: 2 } },
    });
  });

  test('before the first share: the candidate is not rolled under users, and it goes back', async () => {
    const rehearsed = await shortRehearsal({ events: [edit(10, { second: 0 }, 1)] });
    expect([rehearsed.outcome, rehearsed.world.share, rehearsed.world.lock, rehearsed.violations]).toEqual([
      'reverted',
      0,
      null,
      [],
    ]);
  });
});

test('a release and a person who push at the same second come to one order of things', async () => {
  const rehearsed = await shortRehearsal({
    events: [say('advance', 40), say('hold', 40), say('abort', 40), say('resume', 41)],
    input: { image: 'v1.5.0', ...SHORT },
  });
  expect([rehearsed.outcome, rehearsed.world.share, rehearsed.violations]).toEqual(['reverted', 0, []]);
});
