/** A release whose every call may go wrong: it ends as it would have, or all users are safe on stable again. */
import { describe, expect, test } from 'vitest';
import { COLOURS } from '../../functions/core/roles.ts';
import type { Ports } from '../../functions/steps/shared/step.ts';
import type { RehearsalResult } from '../../rehearsal/account.ts';
import type { Play, Verb } from '../../rehearsal/functions.ts';
import type { RehearsalOptions } from '../../rehearsal/options.ts';
import type { Actor } from '../../rehearsal/writes.ts';
import { type Call, canAnswer, disturbing, FAULTS, type Fault } from './faults.ts';
import { broken, SHORT, shortRehearsal } from './rehearsals.ts';

type Rehearse = (changes: Partial<RehearsalOptions>) => Promise<RehearsalResult>;

const ROLLBACK = { action: 'rollback', reason: 'it is slow' };

const FLIGHTS: Readonly<Record<string, Rehearse>> = {
  'a good release': shortRehearsal,
  'a release with errors': (changes) => shortRehearsal(changes, 'errors'),
  'a release that is rolled back in its warm time': (changes) =>
    shortRehearsal({ events: [{ when: { event: 'warm' }, afterSeconds: 70, start: ROLLBACK }], ...changes }),
};

const MINUTES = 60_000;
/** Of each kind of call the first, a middle one and the last: where a fault can meet something new. */
const chosen = (count: number): readonly number[] => [...new Set([1, Math.ceil(count / 2), count])];

async function callsOf(rehearse: Rehearse) {
  const counts = new Map<string, number>();
  const rehearsed = await rehearse({
    sabotage: disturbing(({ kind, nth }) => {
      counts.set(kind, nth);
      return undefined;
    }),
  });
  const calls = [...counts].flatMap(([kind, count]) => chosen(count).map((nth): Call => ({ kind, nth })));
  return { rehearsed, calls };
}

/** Empty when all is well: on a healthy colour, and free, or stuck with a page. */
function wrongWith({ setting, world, violations }: RehearsalResult): readonly string[] {
  const { lock, pending, stable } = setting.ledger.state;
  const isSafe = COLOURS.some((colour) => setting.balancer.weights[colour] === 100 && world.healthy[colour] > 0);
  const isStuck = lock?.phase === 'stuck' && world.notifications.some(({ kind }) => kind === 'stuck');
  return [
    ...violations.map(({ invariant, detail }) => `promise ${invariant}: ${detail}`),
    ...(isSafe ? [] : ['users are not on a healthy colour']),
    ...(lock && !isStuck ? [`the lock is held (${lock.phase})`] : []),
    ...(pending ? [`${pending.image} still waits`] : []),
    ...(!lock && world.scalingSuspended[stable] ? [`scaling of ${stable} is suspended`] : []),
  ];
}

/** What another try heals: the end is the same. The others are safe, but the release may go back, or a person be called. */
const HEALED: readonly Fault[] = ['fails', 'answer lost', 'hangs', 'outlives', 'stale'];

describe.each(Object.entries(FLIGHTS))('%s', (_, rehearse) => {
  test.each(FAULTS)(
    'with one call that goes wrong (%s) breaks no promise [F28] [F57]',
    { timeout: 5 * MINUTES },
    async (fault) => {
      const { rehearsed, calls } = await callsOf(rehearse);
      expect(broken(rehearsed)).toEqual([]);
      const faulty = calls.filter(({ kind }) => canAnswer(kind, fault));
      expect(faulty.length).toBeGreaterThan(0);
      const wrong: string[] = [];
      for (const { kind, nth } of faulty) {
        const disturbed = await rehearse({
          sabotage: disturbing((call) => (call.kind === kind && call.nth === nth ? fault : undefined)),
        });
        const found = [...wrongWith(disturbed)];
        if (HEALED.includes(fault) && disturbed.outcome !== rehearsed.outcome)
          found.push(`it ended as ${disturbed.outcome}`);
        if (HEALED.includes(fault) && disturbed.setting.ledger.state.lock) found.push('it is stuck');
        wrong.push(...found.map((what) => `${kind} ${nth}: ${what}`));
      }
      expect(wrong).toEqual([]);
    },
  );

  test('of which nobody is told, because notifications are down, ends the same [F56]', async () => {
    const usual = await rehearse({});
    const untold = await rehearse({
      sabotage: disturbing(({ kind }) => (kind.endsWith('notifications.send') ? 'answer lost' : undefined)),
    });
    expect([untold.outcome, wrongWith(untold)]).toEqual([usual.outcome, []]);
  });

  test('whose Lambdas are all throttled at first ends the same [F59]', async () => {
    const usual = await rehearse({});
    const throttled = await rehearse({ sabotage: throttling(3) });
    expect([throttled.outcome, wrongWith(throttled)]).toEqual([usual.outcome, []]);
  });
});

/** Every Lambda's clock is wrong by so many seconds, all in the same way. */
const clocksWrongBy =
  (seconds: number): NonNullable<RehearsalOptions['sabotage']> =>
  (functions, world) => {
    const real = world.ports.bind(world);
    const ports = (who: Actor): Ports => {
      const all = real(who);
      const clock = { now: () => all.clock.now() + seconds, sleep: (time: number) => all.clock.sleep(time) };
      return { ...all, clock };
    };
    Object.assign(world, { ports });
    return functions;
  };

describe('a clock that is wrong', () => {
  test.each([-60, 60])('by %i s gives no other verdict [F46]', async (seconds) => {
    for (const name of ['healthy', 'errors'] as const) {
      const usual = await shortRehearsal({}, name);
      const wrong = await shortRehearsal({ sabotage: clocksWrongBy(seconds) }, name);
      expect([name, wrong.outcome, wrong.shares, wrongWith(wrong)]).toEqual([name, usual.outcome, usual.shares, []]);
    }
  });
});

/** Of every function the first calls in each execution are refused, as Lambda refuses them when it has no room. */
const throttling =
  (times: number): NonNullable<RehearsalOptions['sabotage']> =>
  (functions) => {
    const refused = new Map<string, number>();
    const slow = ([verb, play]: readonly [string, Play]): readonly [string, Play] => [
      verb,
      async (payload) => {
        const before = refused.get(verb) ?? 0;
        refused.set(verb, before + 1);
        if (before < times)
          throw Object.assign(new Error('Rate Exceeded'), { name: 'Lambda.TooManyRequestsException' });
        return play(payload);
      },
    ];
    return Object.fromEntries(Object.entries(functions).map(slow)) as Record<Verb, Play>;
  };

describe('an outage', () => {
  /** Every call of that port fails from that share's confirmation on, for so many seconds. */
  const outage = (port: string, share: number, seconds: number): NonNullable<RehearsalOptions['sabotage']> => {
    let since: number | undefined;
    let now = () => 0;
    const fault = disturbing(({ kind }) => {
      const isOut = since !== undefined && now() < since + seconds;
      return isOut && kind.split(' ').at(-1)!.startsWith(port) ? 'fails' : undefined;
    });
    return (functions, world) => {
      now = () => world.clock.now();
      world.onWrite((row) => {
        if (row.call === 'ledger: share' && row.share === share) since ??= now();
      });
      return fault(functions, world);
    };
  };

  test('of the ledger for twenty seconds while a good release bakes changes nothing', async () => {
    const rehearsed = await shortRehearsal({ sabotage: outage('ledger.', 25, 20) });
    expect([rehearsed.outcome, wrongWith(rehearsed)]).toEqual(['promoted', []]);
  });

  test('of the ledger for ten minutes moves nobody and judges nobody, which is its price; afterwards the release goes on [F54]', async () => {
    const rehearsed = await shortRehearsal({ sabotage: outage('ledger.', 25, 600) });
    // Nobody writes the rule blind, and without the ledger nobody knows what to judge.
    expect([rehearsed.outcome, broken(rehearsed)]).toEqual(['promoted', [10]]);
    const shareAt = rehearsed.writes.find(({ call }) => call === 'ledger: share')!.second;
    const during = rehearsed.writes.filter(({ second }) => second > shareAt && second < shareAt + 600);
    expect(during).toEqual([]);
    expect(rehearsed.world).toMatchObject({ share: 100, lock: null, scalingSuspended: { green: false } });
  });

  test('of the load balancer’s API for three minutes does not keep a bad release: it goes back when it can', async () => {
    const rehearsed = await shortRehearsal({ sabotage: outage('router.', 25, 180) }, 'errors');
    expect(wrongWith(rehearsed)).toEqual([]);
    expect(rehearsed.world.share).toBe(0);
  });

  test('of CloudWatch for the rest of the release promotes nothing [F39]', async () => {
    const rehearsed = await shortRehearsal({
      sabotage: outage('signals.', 25, 100_000),
      input: { image: 'v1.5.0', ...SHORT, onUnproven: 'abort' },
    });
    expect([rehearsed.outcome, wrongWith(rehearsed)]).toEqual(['reverted', []]);
    expect(rehearsed.shares).toEqual([25]);
  });
});

describe('a 500 of DynamoDB that had succeeded', () => {
  const lost = (nth: number): NonNullable<RehearsalOptions['sabotage']> =>
    disturbing((call) => (call.kind === 'owner Open ledger.write' && call.nth === nth ? 'answer lost' : undefined));

  test('does not cost a release its own lock: it finds that it opened [F54]', async () => {
    const rehearsed = await shortRehearsal({ sabotage: lost(1) });
    expect([rehearsed.outcome, wrongWith(rehearsed)]).toEqual(['promoted', []]);
    expect(rehearsed.setting.ledger.state.fence).toBe(8);
  });

  test('does not lose a push, nor start it twice [F54]', async () => {
    const rehearsed = await shortRehearsal({
      sabotage: lost(2),
      events: [{ when: { share: 25 }, afterSeconds: 20, push: 'v1.5.1' }],
    });
    expect(wrongWith(rehearsed)).toEqual([]);
    const opened = rehearsed.writes.filter(({ call }) => call === 'ledger: open');
    expect(opened).toHaveLength(2);
  });
});
