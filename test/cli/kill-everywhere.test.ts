import { expect, test } from 'vitest';
import { sluice } from './bin.ts';

const dead = ['rehearse', 'healthy', '--kill-at', '20', '--warm-minutes', '0', '--json'];

const told = async (words: readonly string[]) => {
  const { code, stdout, stderr } = await sluice(words);
  const { outcome, violations, world } = JSON.parse(stdout) as {
    readonly outcome: string;
    readonly violations: readonly { readonly invariant: number }[];
    readonly world: { readonly share: number; readonly lock: { readonly owner: string } | null };
  };
  return { code, stderr, outcome, broken: [...new Set(violations.map(({ invariant }) => invariant))], world };
};

test('a release that dies is brought to its end: nobody is left on the new version, and the lock is free', async () => {
  expect(await told(dead)).toMatchObject({
    code: 0,
    stderr: '',
    outcome: 'killed',
    broken: [],
    world: { share: 0, lock: null },
  });
});

test('--no-reconciler: the same death leaves users split, promise 4 is broken, and the exit code says so', async () => {
  const { code, outcome, broken, world } = await told([...dead, '--no-reconciler']);
  expect({ code, outcome, broken }).toEqual({ code: 1, outcome: 'killed', broken: [4] });
  expect(world.share).toBeGreaterThan(0);
  expect(world.lock).not.toBeNull();
});

test('--kill-everywhere runs its own releases: what belongs to one rehearsal is refused', async () => {
  const { code, stdout } = await sluice(['rehearse', 'crash', '--kill-everywhere', '--kill-at', '4', '--json']);
  const { error } = JSON.parse(stdout) as {
    readonly error: { readonly fields: readonly { readonly field: string }[] };
  };
  expect(code).toBe(2);
  expect(error.fields.map(({ field }) => field).sort()).toEqual(['--kill-at', 'SCENARIO']);
});
