/** The two who act when the machine cannot: the guard, and the reconciler. Seen from a rehearsal's end. */
import { describe, expect, test } from 'vitest';
import { chance } from '../../rehearsal/chance.ts';
import { ControlPlane } from '../../rehearsal/control-plane.ts';
import { loadMachine } from '../../rehearsal/engine.ts';
import { policy } from '../../state-machines/policy.ts';
import { fixture, SETTINGS } from '../steps/fixture.ts';
import { rehearsal, shortRehearsal } from './rehearsals.ts';

describe('the guard', () => {
  test('carries the alarm’s order out itself: no other write lies between, and at most five calls [F41]', async () => {
    const { setting, outcome, violations, secondsFromVerdictToStable } = await shortRehearsal({}, 'errors');
    expect([outcome, violations]).toEqual(['reverted', []]);
    const order = setting.writes.findIndex(({ call }) => call === 'ledger: abort');
    const { actor } = setting.writes[order]!;
    expect(actor.by).toBe('guard');
    const route = setting.writes.find((row) => row.actor === actor && row.call === 'ModifyRule')!;
    const its = setting.calls.filter((made) => made.actor === actor && made.at <= route.at);
    expect(its.map(({ call }) => call)).toEqual(['Ledger read', 'Ledger write', 'DescribeTargetHealth', 'ModifyRule']);
    const between = setting.writes.slice(order + 1, setting.writes.indexOf(route));
    expect(between.filter((row) => row.actor === actor)).toEqual([]);
    expect(secondsFromVerdictToStable).toBeLessThanOrEqual(2);
  });

  test('acts on a crash while the machine is still waiting for its next look [S501]', async () => {
    // The fault begins two minutes after the first share, in the middle of a bake.
    const { writes, outcome, violations } = await shortRehearsal({ fromMinute: 2 }, 'crash');
    expect([outcome, violations]).toEqual(['reverted', []]);
    const order = writes.find(({ call }) => call === 'ledger: abort')!;
    expect(order.by).toBe('guard');
    expect(writes.find(({ call, second }) => call === 'ModifyRule' && second >= order.second)?.by).toBe('guard');
  });

  test.each(['compare', 'literal'] as const)(
    'leaves a good release at 100 %% alone while the health checks of both colours fail, under %s',
    async (policy) => {
      const { outcome, violations, asExpected } = await rehearsal('shared-unhealthy', { policy, at: 100 });
      expect([outcome, asExpected, violations]).toEqual(['promoted', true, []]);
    },
  );

  test('whose event is lost is not missed: the next look sees the crash [F41]', async () => {
    const { writes, outcome, violations } = await shortRehearsal({ fromMinute: 2, withGuard: false }, 'crash');
    expect([outcome, violations]).toEqual(['reverted', []]);
    expect(writes.find(({ call }) => call === 'ledger: abort')?.by).toBe('owner');
  });

  test('leaves a good release alone, whatever rings at the other colour [F42]', async () => {
    const { outcome, violations, writes } = await rehearsal('shared-outage');
    expect([outcome, violations]).toEqual(['promoted', []]);
    expect(writes.filter(({ by }) => by === 'guard')).toEqual([]);
  });
});

describe('the record of a release that went back', () => {
  test.each(['errors', 'crash'] as const)('says how long users waited for stable (%s) [S474]', async (name) => {
    const { setting, secondsFromVerdictToStable } = await shortRehearsal({}, name);
    expect(secondsFromVerdictToStable).toBeDefined();
    expect(setting.ledger.record('v1.5.0')?.secondsFromVerdictToStable).toBeGreaterThanOrEqual(
      secondsFromVerdictToStable!,
    );
    expect(setting.ledger.record('v1.5.0')?.secondsFromVerdictToStable).toBeLessThanOrEqual(120);
  });

  test('says it also when nobody ordered it back: its controller died at 25 %', async () => {
    const { setting } = await shortRehearsal({ killAt: 20 });
    const { status, secondsFromVerdictToStable } = setting.ledger.record('v1.5.0')!;
    expect(status).toBe('reverted');
    expect(secondsFromVerdictToStable).toBeGreaterThan(0);
    expect(secondsFromVerdictToStable).toBeLessThanOrEqual(120);
  });
});

describe('the reconciler', () => {
  test.each([1, 2, 3, 4])(
    'comes within two minutes, whether the event of the death is delivered or lost (seed %i)',
    async (seed) => {
      const { orphaned, world, violations } = await shortRehearsal({ seed, killAt: 18 });
      expect(violations).toEqual([]);
      expect(world).toMatchObject({ share: 0, lock: null, scalingSuspended: { blue: false } });
      expect(orphaned?.secondsToStable).toBeLessThanOrEqual(120);
      expect(orphaned?.secondsToFree).toBeLessThanOrEqual(300);
    },
  );

  test('takes over from an execution that does not move when nobody answers, and that is fenced out when it wakes', async () => {
    const rehearsed = await shortRehearsal({
      machine: {
        ...policy,
        States: { ...policy.States, 'Wait a tick': { Type: 'Wait', Seconds: 5 * 3600, Next: 'Judge' } },
      },
    });
    expect(rehearsed.timeline.at(-1)?.state).toBe('FencedOut');
    expect(rehearsed.world).toMatchObject({ share: 0, lock: null, stable: 'blue' });
    const shared = rehearsed.writes.find(({ call }) => call === 'ledger: share')!.second;
    const back = rehearsed.writes.find(({ call, share }) => call === 'ModifyRule' && share === 0)!;
    expect(back.by).toBe('reconciler');
    expect(rehearsed.world.notifications.filter(({ kind }) => kind === 'held')).toHaveLength(1);
    expect(back.second - shared).toBeGreaterThanOrEqual(4.25 * 3600);
    expect(back.second - shared).toBeLessThanOrEqual(4.25 * 3600 + 180);
  });

  test('is alone: a look that is due while another one runs does not happen', async () => {
    const { world, clock, wait } = await fixture();
    const plane = new ControlPlane({
      world,
      settings: SETTINGS,
      machine: loadMachine(policy),
      chance: chance(1, 'control plane'),
      withGuard: false,
      withReconciler: false,
    });
    void plane.reconcile();
    void plane.reconcile();
    await wait(0.05);
    expect(new Set(world.calls.map(({ actor }) => actor)).size).toBe(1);
    await wait(60);
    void plane.reconcile();
    await wait(1);
    expect(clock.now()).toBeGreaterThan(0);
    expect(new Set(world.calls.map(({ actor }) => actor)).size).toBe(2);
  });

  test('says nothing and writes nothing but its memory while all is well', async () => {
    const { writes, world } = await shortRehearsal();
    const its = writes.filter(({ by }) => by === 'reconciler').map(({ call }) => call);
    expect(new Set(its)).toEqual(new Set(['ledger: look']));
    expect(world.notifications.filter(({ kind }) => kind === 'trouble')).toEqual([]);
  });
});

describe('scaling', () => {
  const suspensions = (rehearsed: Awaited<ReturnType<typeof shortRehearsal>>) =>
    rehearsed.setting.writes
      .filter(({ call }) => call.startsWith('RegisterScalableTarget'))
      .map(({ call, colour }) => `${call.includes('suspend') ? 'rests' : 'acts'} on ${colour}`);

  test('stable’s scale-in rests from before the first share, and the idle colour sleeps in the end [F50] [S468]', async () => {
    const rehearsed = await shortRehearsal();
    expect(suspensions(rehearsed)).toEqual(['rests on blue', 'acts on green', 'rests on blue']);
    expect(rehearsed.world.scalingSuspended).toEqual({ blue: true, green: false });
    expect(rehearsed.world.running).toMatchObject({ blue: 0 });
  });

  test.each(['errors', 'crash', 'never-healthy', 'migration-fails'] as const)(
    'after %s stable scales again, and the candidate sleeps',
    async (name) => {
      const rehearsed = await shortRehearsal({}, name);
      expect(rehearsed.world.scalingSuspended).toEqual({ blue: false, green: true });
      expect(rehearsed.world.running).toMatchObject({ green: 0 });
    },
  );

  test('before each shift the candidate has the tasks that its share of the traffic needs [F30]', async () => {
    const rehearsed = await shortRehearsal({ requestsPerSecond: 240 });
    expect([rehearsed.outcome, rehearsed.violations]).toEqual(['promoted', []]);
    const desired: Record<number, number> = {};
    let green = 0;
    for (const { call, colour, tasks, share } of rehearsed.setting.writes) {
      if (call.startsWith('UpdateService') && colour === 'green') green = tasks!;
      if (call === 'ModifyRule' && share) desired[share] = green;
    }
    // Stable runs ten tasks.
    expect(desired[25]).toBeGreaterThanOrEqual(3);
    expect(desired[50]).toBeGreaterThanOrEqual(5);
    expect(desired[100]).toBeGreaterThanOrEqual(10);
  });

  test('stable keeps its tasks while it has little to do: going back needs no start [F50]', async () => {
    const rehearsed = await rehearsal('healthy', {
      requestsPerSecond: 200,
      events: [{ when: { event: 'warm' }, afterSeconds: 3000, start: { action: 'rollback' } }],
    });
    expect(rehearsed.outcome).toBe('reverted');
    expect(rehearsed.world.running.blue).toBe(8);
    expect(rehearsed.requests.droppedByShift).toBe(0);
    expect(rehearsed.violations).toEqual([]);
  });
});
