/** A person's rollback at every moment of a real flight: where users are within seconds, and what runs in the end. */
import { describe, expect, test } from 'vitest';
import type { Flown } from '../../rehearsal/account.ts';
import type { FlightEvent } from '../../rehearsal/events.ts';
import { flight, shortFlight } from './flights.ts';

const rollback = (when: FlightEvent['when'], afterSeconds: number, facts = {}): FlightEvent => ({
  when,
  afterSeconds,
  start: { action: 'rollback', reason: 'the shop is slow', ...facts },
});

/** What is live in the end, and whether every promise was kept on the way. */
const end = ({ outcome, setting, violations, world }: Flown) => ({
  outcome,
  live: setting.ledger.state.current?.image,
  users: world.share === 0 ? 'blue' : world.share === 100 ? 'green' : 'split',
  lock: world.lock,
  violations,
});
const BACK = { outcome: 'reverted', live: 'v1.4.2', users: 'blue', lock: null, violations: [] };

describe('while the release is on its way', () => {
  test.each<[string, FlightEvent]>([
    ['before its first share', rollback({ second: 30 }, 0)],
    ['at 25 % [F17]', rollback({ share: 25 }, 40)],
    ['at 50 %, in the second in which it is confirmed', rollback({ share: 50 }, 0)],
    ['in the warm time [F18] [S1] [S589]', rollback({ event: 'warm' }, 40)],
  ])('%s: users are on stable within seconds, and it is reverted', async (_, event) => {
    const flown = await shortFlight({ events: [event] });
    expect(end(flown)).toEqual(BACK);
    expect(flown.reason).toBe('the shop is slow');
    expect(flown.secondsFromVerdictToStable).toBeLessThanOrEqual(5);
    const { setting } = flown;
    expect(setting.ledger.record('v1.5.0')).toMatchObject({ status: 'reverted', reason: 'the shop is slow' });
    expect(setting.tasks.side('blue').suspended).toBe('none');
  });

  test('the person’s own execution writes the rule, without waiting for the machine [F17]', async () => {
    const { writes } = await shortFlight({ events: [rollback({ share: 25 }, 40)] });
    const order = writes.findIndex(({ call }) => call === 'ledger: abort');
    const [next] = writes.slice(order + 1).filter(({ call }) => !/tick|look|judging/.test(call));
    expect(next).toMatchObject({ by: 'person', call: 'ModifyRule', share: 0, readBack: 0 });
  });

  test('twice, by two people, is one order, and no second rollback follows [F20]', async () => {
    const flown = await shortFlight({ events: [rollback({ share: 25 }, 40), rollback({ share: 25 }, 42)] });
    expect(end(flown)).toEqual(BACK);
    expect(flown.writes.filter(({ call }) => call === 'ledger: abort')).toHaveLength(1);
    expect(flown.writes.filter(({ call }) => call === 'ledger: open')).toHaveLength(1);
  });

  test('while it reverts already adds nothing [F20]', async () => {
    const flown = await shortFlight({
      events: [{ when: { share: 25 }, afterSeconds: 20, say: 'abort' }, rollback({ event: 'reverting' }, 40)],
    });
    expect(end(flown)).toEqual(BACK);
    expect(flown.writes.filter(({ call }) => call === 'ledger: open' || call === 'ledger: queue')).toHaveLength(1);
  });

  test('to an older version by name: back at once, then that version on the colour that is free', async () => {
    const flown = await shortFlight({ events: [rollback({ share: 50 }, 5, { to: 'v1.4.1' })] });
    expect(end(flown)).toEqual({ ...BACK, live: 'v1.4.1', users: 'green' });
    expect(flown.secondsFromVerdictToStable).toBeLessThanOrEqual(5);
  });

  test('to a version that the registry does not have is refused, and the release goes on', async () => {
    const flown = await shortFlight({ events: [rollback({ share: 25 }, 40, { to: 'v9.9.9' })] });
    expect(end(flown)).toEqual({ ...BACK, outcome: 'promoted', live: 'v1.5.0', users: 'green' });
  });
});

describe('later', () => {
  test('while it closes: it waits for the end, and then brings back what was live before', async () => {
    const flown = await shortFlight({ events: [rollback({ event: 'closing' }, 40)] });
    expect(end(flown)).toEqual({ ...BACK, outcome: 'promoted' });
    expect(flown.writes.filter(({ call }) => call === 'ledger: abort')).toEqual([]);
  });

  test('when it is over: a release of what was live before, straight to 100 %, without a migration', async () => {
    const flown = await shortFlight({ events: [rollback({ event: 'promoted' }, 5)] });
    expect(end(flown)).toEqual({ ...BACK, outcome: 'promoted' });
    const shares = flown.writes.filter(({ call }) => call === 'ledger: share').map(({ share }) => share);
    expect(shares).toEqual([25, 50, 100, 100]);
  });

  test('when nothing runs: the same, and users have the old version within the time that its tasks need [F19] [S578]', async () => {
    const flown = await shortFlight({ input: { action: 'rollback' } });
    expect(end(flown)).toEqual({ ...BACK, outcome: 'promoted', live: 'v1.4.1', users: 'green' });
    expect(flown.shares).toEqual([100]);
    expect(flown.writes.find(({ call }) => call === 'ledger: warm')?.second).toBeLessThan(120);
  });

  describe('a second person, who does not know of it, changes nothing', () => {
    const cold = (...events: readonly FlightEvent[]) => shortFlight({ input: { action: 'rollback' }, events });
    const once = (flown: Flown) => {
      expect(end(flown)).toEqual({ ...BACK, outcome: 'promoted', live: 'v1.4.1', users: 'green' });
      expect(flown.writes.filter(({ call }) => /^ledger: (abort|open|queue)$/.test(call))).toHaveLength(1);
    };

    test.each<[string, FlightEvent]>([
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
      const flown = await shortFlight({ events: [rollback({ event: 'promoted' }, 5), second] });
      expect(end(flown)).toEqual({ ...BACK, outcome: 'promoted' });
      expect(flown.writes.filter(({ call }) => call === 'ledger: abort')).toEqual([]);
    });
  });

  test('a rollback of the rollback is asked for by name, and goes forward again', async () => {
    const flown = await shortFlight({
      input: { action: 'rollback' },
      events: [rollback({ event: 'promoted' }, 5, { to: 'v1.4.2' })],
    });
    expect(end(flown)).toEqual({ ...BACK, outcome: 'promoted' });
  });

  test('when nothing was released before: refused, and nothing changes', async () => {
    const flown = await shortFlight({ input: { action: 'rollback' } }, 'first-release');
    expect(flown).toMatchObject({ outcome: 'refused', violations: [] });
    expect(flown.reason).toMatch(/there is no earlier release of this service/);
  });
});

describe('after a release that was rolled back already', () => {
  const LATE = rollback({ event: 'reverted' }, 5);

  test.each<[string, Promise<Flown>]>([
    ['by itself [F20]', shortFlight({ events: [LATE] }, 'errors')],
    ['by a person', shortFlight({ events: [{ when: { share: 25 }, afterSeconds: 20, say: 'abort' }, LATE] })],
    ['before any user met it', shortFlight({ events: [LATE] }, 'never-healthy')],
  ])('%s: the version that is well stays', async (_, flight) => {
    const flown = await flight;
    expect(end(flown)).toEqual(BACK);
    expect(flown.writes.filter(({ call }) => call === 'ledger: open')).toHaveLength(1);
  });

  test('by name it goes back further', async () => {
    const aborted: FlightEvent = { when: { share: 25 }, afterSeconds: 20, say: 'abort' };
    const flown = await shortFlight({ events: [aborted, rollback({ event: 'reverted' }, 5, { to: 'v1.4.1' })] });
    expect(end(flown)).toEqual({ ...BACK, live: 'v1.4.1', users: 'green' });
  });
});

describe.each(['compare', 'literal'] as const)('as it is rehearsed, under policy %s', (policy) => {
  test.each([
    ['two-rollbacks', { ...BACK, outcome: 'promoted', live: 'v1.4.1', users: 'green' }],
    ['rollback-after-rollback', BACK],
  ] as const)('%s: users end where the first one led them', async (name, wanted) => {
    const flown = await flight(name, { policy });
    expect(end(flown)).toEqual(wanted);
    expect(flown.writes.filter(({ call }) => call === 'ledger: open')).toHaveLength(1);
  });
});

describe('of a release that is stuck', () => {
  test('is refused: users stay where somebody answers, and a person was called', async () => {
    const flown = await shortFlight({
      sabotage: (functions, world) => {
        // Stable loses every task at 25 %, and then the release is aborted.
        world.onWrite(({ call, share }) => {
          if (call === 'ledger: share' && share === 25) world.tasks.resize('blue', 0);
        });
        return functions;
      },
      events: [{ when: { share: 25 }, afterSeconds: 40, say: 'abort' }, rollback({ share: 25 }, 300)],
    });
    expect(flown).toMatchObject({ outcome: 'stuck', world: { share: 100, lock: { phase: 'stuck' } } });
    expect(flown.world.notices.map(({ kind }) => kind)).toContain('stuck');
    expect(flown.writes.filter(({ call }) => call === 'ledger: open')).toHaveLength(1);
  });
});
