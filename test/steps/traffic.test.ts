/** When a reading of the rule is believed. */
import { describe, expect, test } from 'vitest';
import { weightsFor } from '../../functions/core/roles.ts';
import { agreeingShare, routeAndReadBack } from '../../functions/steps/shared/traffic.ts';
import { fixture, lockIn, ME } from './fixture.ts';

const roles = lockIn('baking', 25);
const asked = weightsFor(roles, 50);

/** A rule whose first readings are old ones. */
async function staleFor(readings: number, weights = weightsFor(roles, 25)) {
  let seen = 0;
  const it = await fixture({ lock: roles, weights });
  const { router, clock } = it.world.ports({ by: 'owner', execution: ME });
  const current = async () => {
    const live = await router.current();
    return ++seen <= readings ? weightsFor(roles, 25) : live;
  };
  const lagging = { router: { ...router, current }, clock };
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    await it.wait(10);
    return promise;
  };
  return { lagging, settled, readings: () => seen };
}

describe('a change of the rule', () => {
  test('is read once when it is there at once', async () => {
    const { lagging, settled, readings } = await staleFor(0);
    expect(await settled(routeAndReadBack(lagging, asked))).toBe(true);
    expect(readings()).toBe(1);
  });

  test.each([1, 2])('is believed although %i readings lagged', async (lag) => {
    const { lagging, settled } = await staleFor(lag);
    expect(await settled(routeAndReadBack(lagging, asked))).toBe(true);
  });

  test.each([
    { blue: 50, green: 30 },
    { blue: 30, green: 50 },
  ])('is not believed when only one of the two weights shows: blue $blue, green $green', async (weights) => {
    const { lagging, settled } = await staleFor(0);
    const current = () => lagging.router.current().then(() => weights);
    const half = { router: { ...lagging.router, current }, clock: lagging.clock };
    expect(await settled(routeAndReadBack(half, asked))).toBe(false);
  });

  test('is not believed when three readings do not show it', async () => {
    const { lagging, settled } = await staleFor(3);
    expect(await settled(routeAndReadBack(lagging, asked))).toBe(false);
  });
});

describe('a share', () => {
  test('is what three readings agree on', async () => {
    const { lagging, settled, readings } = await staleFor(0);
    expect(await settled(agreeingShare(lagging, roles))).toBe(25);
    expect(readings()).toBe(3);
  });

  test.each([1, 2])('is unknown when reading %i is the last old one', async (lag) => {
    const { lagging, settled } = await staleFor(lag, asked);
    expect(await settled(agreeingShare(lagging, roles))).toBeUndefined();
  });
});
