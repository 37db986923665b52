/** Stable dies as a bad release rolls back, and lives again half a minute later: nobody waits on the bad version for the drain. */
import { expect, test } from 'vitest';
import { rehearsal } from './rehearsals.ts';

/** A look of the owner every 30 s, and the calls that it takes. */
const A_TICK = 35;

test.each(['compare', 'literal'] as const)(
  'users leave the candidate within a tick of it (policy %s)',
  async (policy) => {
    const { outcome, violations, writes, world } = await rehearsal('stable-heals', { policy, points: 10 });
    expect([outcome, violations]).toEqual(['reverted', []]);
    const toCandidate = writes.findIndex(
      ({ call, share }, index) => call === 'ModifyRule' && share === 100 && index > 0,
    );
    const back = writes.slice(toCandidate).find(({ call, share }) => call === 'ModifyRule' && share === 0)!;
    const heals = writes.find(({ call }) => call === 'ledger: abort')!.second + 40;
    expect(toCandidate).toBeGreaterThan(0);
    expect(back.second - heals).toBeLessThanOrEqual(A_TICK);
    expect(world.lock).toBeNull();
  },
);
