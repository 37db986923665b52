/** Pushes in every phase of a rehearsal: started exactly once, the newest wins, and none is lost. */
import { describe, expect, test } from 'vitest';
import type { RehearsalResult } from '../../rehearsal/account.ts';
import type { RehearsalEvent } from '../../rehearsal/events.ts';
import { shortRehearsal } from './rehearsals.ts';

const push = (tag: string, when: RehearsalEvent['when'], afterSeconds = 0): RehearsalEvent => ({
  when,
  afterSeconds,
  push: tag,
});

const opened = ({ writes }: RehearsalResult): number => writes.filter(({ call }) => call === 'ledger: open').length;
const statusOf = ({ setting }: RehearsalResult, tag: string) => setting.ledger.record(tag)?.status;

describe('a push while a release', () => {
  test.each<[string, RehearsalEvent]>([
    ['comes up', push('v1.5.1', { second: 20 })],
    ['bakes', push('v1.5.1', { share: 25 }, 30)],
    ['is warm', push('v1.5.1', { event: 'warm' }, 60)],
    ['closes', push('v1.5.1', { event: 'closing' }, 30)],
  ])('%s waits, and is released when that one has ended [F02]', async (_, event) => {
    const rehearsed = await shortRehearsal({ events: [event] });
    expect(rehearsed).toMatchObject({ outcome: 'promoted', violations: [], world: { lock: null, share: 0 } });
    expect([statusOf(rehearsed, 'v1.5.0'), statusOf(rehearsed, 'v1.5.1')]).toEqual(['promoted', 'promoted']);
    expect(rehearsed.setting.ledger.state).toMatchObject({
      current: { image: 'v1.5.1' },
      previous: { image: 'v1.5.0' },
    });
    expect(opened(rehearsed)).toBe(2);
    expect(rehearsed.setting.ledger.state.pending).toBeUndefined();
  });

  test('is warm ends the warm time within a tick', async () => {
    const input = { image: 'v1.5.0', stages: [{ share: 50, bake: 180 }, { share: 100 }], warmMinutes: 60 };
    const { writes } = await shortRehearsal({ input, events: [push('v1.5.1', { event: 'warm' }, 60)] });
    const secondOf = (name: string) => writes.find(({ call }) => call === `ledger: ${name}`)!.second;
    expect(secondOf('closing') - secondOf('queue')).toBeLessThanOrEqual(31);
  });

  test('goes back waits, and the alarms of the one before are not held against it', async () => {
    const rehearsed = await shortRehearsal({ events: [push('v1.5.1', { event: 'reverting' }, 5)] }, 'crash');
    expect([rehearsed.outcome, rehearsed.violations]).toEqual(['reverted', []]);
    expect(statusOf(rehearsed, 'v1.5.1')).toBe('promoted');
  });
});

describe('several pushes while a release runs', () => {
  test('the newest is released, the one before it is not', async () => {
    const rehearsed = await shortRehearsal({
      events: [push('v1.5.1', { share: 25 }, 10), push('v1.5.2', { share: 25 }, 20)],
    });
    expect([statusOf(rehearsed, 'v1.5.1'), statusOf(rehearsed, 'v1.5.2')]).toEqual([undefined, 'promoted']);
    expect(opened(rehearsed)).toBe(2);
  });

  test('out of order: an older one that arrives late does not take the newest one’s place [F03]', async () => {
    const late = { image: 'v1.5.1', source: 'push', pushedAt: '2026-01-05T14:01:00Z' };
    const rehearsed = await shortRehearsal({
      events: [
        { when: { second: 60 }, push: 'v1.5.1', eventLost: true },
        push('v1.5.2', { share: 25 }, 20),
        { when: { share: 25 }, afterSeconds: 40, start: late },
      ],
    });
    expect([statusOf(rehearsed, 'v1.5.1'), statusOf(rehearsed, 'v1.5.2')]).toEqual([undefined, 'promoted']);
    expect(rehearsed.violations).toEqual([]);
  });

  test('the same one twice is one release [F01]', async () => {
    const rehearsed = await shortRehearsal({
      events: [
        push('v1.5.1', { share: 25 }, 10),
        { when: { share: 25 }, afterSeconds: 12, start: { image: 'v1.5.1', source: 'push' } },
      ],
    });
    expect(statusOf(rehearsed, 'v1.5.1')).toBe('promoted');
    expect(opened(rehearsed)).toBe(2);
  });
});

describe('a push whose execution dies before it owns the lock', () => {
  test('is started again under another name, and released once', async () => {
    let started = 0;
    const rehearsed = await shortRehearsal({
      events: [push('v1.5.1', { share: 25 }, 10)],
      sabotage: (functions) => ({
        ...functions,
        Open: async (payload) => {
          // The second execution is the one that the freed lock starts.
          const { execution } = payload as { readonly execution: string };
          if (execution.includes('pending-') && ++started === 1) throw new Error('the process died');
          return functions.Open(payload);
        },
      }),
    });
    expect(statusOf(rehearsed, 'v1.5.1')).toBe('promoted');
    expect(opened(rehearsed)).toBe(2);
    expect(started).toBeGreaterThan(1);
  });
});
