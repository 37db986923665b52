/** A person's rollback at every moment of a real rehearsal: where users are within seconds, and what runs in the end. */
import { describe, expect, test } from 'vitest';
import type { RehearsalResult } from '../../rehearsal/account.ts';
import type { RehearsalEvent } from '../../rehearsal/events.ts';
import { rehearsal, shortRehearsal } from './rehearsals.ts';

const rollback = (when: RehearsalEvent['when'], afterSeconds: number, facts = {}): RehearsalEvent => ({
  when,
  afterSeconds,
  start: { action: 'rollback', reason: 'the shop is slow', ...facts },
});

/** What is live in the end, and whether every promise was kept on the way. */
const end = ({ outcome, setting, violations, world }: RehearsalResult) => ({
  outcome,
  live: setting.ledger.state.current?.image,
  users: world.share === 0 ? 'blue' : world.share === 100 ? 'green' : 'split',
  lock: world.lock,
  violations,
});
const BACK = { outcome: 'reverted', live: 'v1.4.2', users: 'blue', lock: null, violations: [] };

describe('while the release is on its way', () => {
  test.each<[string, RehearsalEvent]>([
    ['before its first share', rollback({ second: 30 }, 0)],
    ['at 25 % [F17]', rollback({ share: 25 }, 40)],
    ['at 50 %, in the second in which it is confirmed', rollback({ share: 50 }, 0)],
    ['in the warm time [F18] [S1] [S589]', rollback({ event: 'warm' }, 40)],
  ])('%s: users are on stable within seconds, and it is reverted', async (_, event) => {
    const rehearsed = await shortRehearsal({ events: [event] });
    expect(end(rehearsed)).toEqual(BACK);
    expect(rehearsed.reason).toBe('the shop is slow');
    expect(rehearsed.secondsFromVerdictToStable).toBeLessThanOrEqual(5);
    const { setting } = rehearsed;
    expect(setting.ledger.record('v1.5.0')).toMatchObject({ status: 'reverted', reason: 'the shop is slow' });
    expect(setting.tasks.side('blue').suspended).toBe('none');
  });

  test('the person’s own execution writes the rule, without waiting for the machine [F17]', async () => {
    const { writes } = await shortRehearsal({ events: [rollback({ share: 25 }, 40)] });
    const order = writes.findIndex(({ call }) => call === 'ledger: abort');
    const [next] = writes.slice(order + 1).filter(({ call }) => !/tick|look|judging/.test(call));
    expect(next).toMatchObject({ by: 'person', call: 'ModifyRule', share: 0, readBack: 0 });
  });

  test('twice, by two people, is one order, and no second rollback follows [F20]', async () => {
    const rehearsed = await shortRehearsal({ events: [rollback({ share: 25 }, 40), rollback({ share: 25 }, 42)] });
    expect(end(rehearsed)).toEqual(BACK);
    expect(rehearsed.writes.filter(({ call }) => call === 'ledger: abort')).toHaveLength(1);
    expect(rehearsed.writes.filter(({ call }) => call === 'ledger: open')).toHaveLength(1);
  });

  test('while it reverts already adds nothing [F20]', async () => {
    const rehearsed = await shortRehearsal({
      events: [{ when: { share: 25 }, afterSeconds: 20, say: 'abort' }, rollback({ event: 'reverting' }, 40)],
    });
    expect(end(rehearsed)).toEqual(BACK);
    expect(rehearsed.writes.filter(({ call }) => call === 'ledger: open' || call === 'ledger: queue')).toHaveLength(1);
  });

  test('to an older version by name: back at once, then that version on the colour that is free', async () => {
    const rehearsed = await shortRehearsal({ events: [rollback({ share: 50 }, 5, { to: 'v1.4.1' })] });
    expect(end(rehearsed)).toEqual({ ...BACK, live: 'v1.4.1', users: 'green' });
    expect(rehearsed.secondsFromVerdictToStable).toBeLessThanOrEqual(5);
  });

  test('to a version that the registry does not have is refused, and the release goes on', async () => {
    const rehearsed = await shortRehearsal({ events: [rollback({ share: 25 }, 40, { to: 'v9.9.9' })] });
    expect(end(rehearsed)).toEqual({ ...BACK, outcome: 'promoted', live: 'v1.5.0', users: 'green' });
  });
});

describe('later', () => {
  test('while it closes: it waits for the end, and then brings back what was live before', async () => {
    const rehearsed = await shortRehearsal({ events: [rollback({ event: 'closing' }, 40)] });
    expect(end(rehearsed)).toEqual({ ...BACK, outcome: 'promoted' });
    expect(rehearsed.writes.filter(({ call }) => call === 'ledger: abort')).toEqual([]);
  });

  test('when it is over: a release of what was live before, straight to 100 %, without a migration', async () => {
    const rehearsed = await shortRehearsal({ events: [rollback({ event: 'promoted' }, 5)] });
    expect(end(rehearsed)).toEqual({ ...BACK, outcome: 'promoted' });
    const shares = rehearsed.writes.filter(({ call }) => call === 'ledger: share').map(({ share }) => share);
    expect(shares).toEqual([25, 50, 100, 100]);
  });

  test('when nothing runs: the same, and users have the old version within the time that its tasks need [F19] [S578]', async () => {
    const rehearsed = await shortRehearsal({ input: { action: 'rollback' } });
    expect(end(rehearsed)).toEqual({ ...BACK, outcome: 'promoted', live: 'v1.4.1', users: 'green' });
    expect(rehearsed.shares).toEqual([100]);
    expect(rehearsed.writes.find(({ call }) => call === 'ledger: warm')?.second).toBeLessThan(120);
  });

  describe('a second person, who does not know of it, changes nothing', () => {
    const cold = (...events: readonly RehearsalEvent[]) => shortRehearsal({ input: { action: 'rollback' }, events });
    const once = (rehearsed: RehearsalResult) => {
      expect(end(rehearsed)).toEqual({ ...BACK, outcome: 'promoted', live: 'v1.4.1', users: 'green' });
      expect(rehearsed.writes.filter(({ call }) => /^ledger: (abort|open|queue)$/.test(call))).toHaveLength(1);
    };

    test.each<[string, RehearsalEvent]>([
      ['while its tasks start', rollback({ second: 20 }, 0)],
      ['in its warm time [F20]', rollback({ event: 'warm' }, 40)],
      ['while it closes', rollback({ event: 'closing' }, 40)],
      ['when it is over', rollback({ event: 'promoted' }, 5)],
      ['an hour after it is over', rollback({ event: 'promoted' }, 3600)],
    ])('%s', async (_, second) => once(await cold(second)));

    test('and two more people either', async () =>
      once(
        await cold(
          rollback({ event: 'warm' }, 40),
          rollback({ event: 'warm' }, 40),
          rollback({ event: 'promoted' }, 9),
        ),
      ));

    test('also not in the warm time of the rollback of a release that everybody had', async () => {
      const second = rollback({ event: 'promoted' }, 120);
      const rehearsed = await shortRehearsal({ events: [rollback({ event: 'promoted' }, 5), second] });
      expect(end(rehearsed)).toEqual({ ...BACK, outcome: 'promoted' });
      expect(rehearsed.writes.filter(({ call }) => call === 'ledger: abort')).toEqual([]);
    });
  });

  test('a rollback of the rollback is asked for by name, and goes forward again', async () => {
    const rehearsed = await shortRehearsal({
      input: { action: 'rollback' },
      events: [rollback({ event: 'promoted' }, 5, { to: 'v1.4.2' })],
    });
    expect(end(rehearsed)).toEqual({ ...BACK, outcome: 'promoted' });
  });

  test('when nothing was released before: refused, and nothing changes', async () => {
    const rehearsed = await shortRehearsal({ input: { action: 'rollback' } }, 'first-release');
    expect(rehearsed).toMatchObject({ outcome: 'refused', violations: [] });
    expect(rehearsed.reason).toMatch(/there is no earlier release of this service/);
  });
});

describe('after a release that was rolled back already', () => {
  const LATE = rollback({ event: 'reverted' }, 5);

  test.each<[string, Promise<RehearsalResult>]>([
    ['by itself [F20]', shortRehearsal({ events: [LATE] }, 'errors')],
    ['by a person', shortRehearsal({ events: [{ when: { share: 25 }, afterSeconds: 20, say: 'abort' }, LATE] })],
    ['before any user met it', shortRehearsal({ events: [LATE] }, 'never-healthy')],
  ])('%s: the version that is well stays', async (_, rehearsal) => {
    const rehearsed = await rehearsal;
    expect(end(rehearsed)).toEqual(BACK);
    expect(rehearsed.writes.filter(({ call }) => call === 'ledger: open')).toHaveLength(1);
  });

  test('by name it goes back further', async () => {
    const aborted: RehearsalEvent = { when: { share: 25 }, afterSeconds: 20, say: 'abort' };
    const rehearsed = await shortRehearsal({ events: [aborted, rollback({ event: 'reverted' }, 5, { to: 'v1.4.1' })] });
    expect(end(rehearsed)).toEqual({ ...BACK, live: 'v1.4.1', users: 'green' });
  });
});

describe.each(['compare', 'literal'] as const)('as it is rehearsed, under policy %s', (policy) => {
  test.each([
    ['two-rollbacks', { ...BACK, outcome: 'promoted', live: 'v1.4.1', users: 'green' }],
    ['rollback-after-rollback', BACK],
  ] as const)('%s: users end where the first one led them', async (name, wanted) => {
    const rehearsed = await rehearsal(name, { policy });
    expect(end(rehearsed)).toEqual(wanted);
    expect(rehearsed.writes.filter(({ call }) => call === 'ledger: open')).toHaveLength(1);
  });
});

describe('of a release that is stuck', () => {
  test('is refused: users stay where somebody answers, and a person was called', async () => {
    const rehearsed = await shortRehearsal({
      sabotage: (functions, world) => {
        // Stable loses every task at 25 %, and then the release is aborted.
        world.onWrite(({ call, share }) => {
          if (call === 'ledger: share' && share === 25) world.tasks.resize('blue', 0);
        });
        return functions;
      },
      events: [{ when: { share: 25 }, afterSeconds: 40, say: 'abort' }, rollback({ share: 25 }, 300)],
    });
    expect(rehearsed).toMatchObject({ outcome: 'stuck', world: { share: 100, lock: { phase: 'stuck' } } });
    expect(rehearsed.world.notifications.map(({ kind }) => kind)).toContain('stuck');
    expect(rehearsed.writes.filter(({ call }) => call === 'ledger: open')).toHaveLength(1);
  });
});
