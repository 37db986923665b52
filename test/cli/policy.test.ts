import { expect, test } from 'vitest';
import { policy } from '../../state-machines/policy.ts';
import { sluice } from './bin.ts';

test('sluice policy prints the policy that is deployed, as JSON for the console', async () => {
  const { code, stdout } = await sluice(['policy']);
  expect([code, JSON.parse(stdout)]).toEqual([0, policy]);
});

test('sluice policy takes no words', async () => {
  const { code, stderr } = await sluice(['policy', 'release']);
  expect([code, stderr]).toEqual([2, expect.stringContaining('release')]);
});
