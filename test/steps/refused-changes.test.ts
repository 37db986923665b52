/** A load balancer that refuses changes of the rule, in the looks of the reconciler. */
import { describe, expect, test } from 'vitest';
import { Transient } from '../../functions/core/failures.ts';
import { fixture, lockIn, NOW, SOMEBODY_ELSE } from './fixture.ts';

const dead = { lock: lockIn('baking', 25, { owner: SOMEBODY_ELSE }), executionStatus: () => 'ended' as const };

describe('the owner is dead', () => {
  test.each([1, 5])(
    'users are on stable in the same look, although the load balancer refused %i changes [F27]',
    async (refused) => {
      let left = refused;
      const it = await fixture({
        ...dead,
        before: (_, name) => {
          if (name === 'ModifyRule' && left-- > 0) throw new Transient('Rate exceeded');
        },
      });
      await it.reconcile();
      expect(it.world.balancer.weights).toEqual({ blue: 100, green: 0 });
      expect(it.clock.now()).toBeLessThan(NOW + 17);
      for (let look = 2; look <= 4; look++) {
        await it.wait(60);
        await it.reconcile();
      }
      expect(it.world.ledger.state.lock).toBeUndefined();
      expect(it.violations).toEqual([]);
    },
  );

  test('a load balancer that refuses every change is asked again at the next look', async () => {
    let refuses = true;
    const it = await fixture({
      ...dead,
      before: (_, name) => {
        if (name === 'ModifyRule' && refuses) throw new Transient('Rate exceeded');
      },
    });
    await expect(it.reconcile()).rejects.toMatchObject({ name: 'Transient' });
    // A Lambda begins no call after its seventeenth second.
    expect(it.clock.now()).toBeLessThan(NOW + 17);
    refuses = false;
    await it.reconcile();
    expect(it.world.balancer.weights).toEqual({ blue: 100, green: 0 });
  });
});
