/** How a step proves that it may act, before it does anything else. */
import { describe, expect, test } from 'vitest';
import { owned, ownedForward } from '../../functions/steps/shared/step.ts';
import { ABORT, FENCE, fixture, lockIn, ME, SOMEBODY_ELSE } from './fixture.ts';

async function proof(how: typeof owned, execution = ME, fence = FENCE, lock = lockIn('baking', 5)) {
  const it = await fixture({ lock });
  const { ledger } = it.world.ports({ by: 'owner', execution });
  const proved = how(ledger, { execution, state: { release: { id: lock.releaseId, fence } } }).catch(
    (error: Error) => error,
  );
  await it.wait(1);
  return proved;
}

describe('the owner of a release is', () => {
  test('the execution that opened it, under the fence that it got', async () => {
    expect(await proof(owned)).toMatchObject({ me: { owner: ME, fence: FENCE }, lock: { share: 5 } });
  });

  test('no other execution: it is fenced out, and told who holds the service', async () => {
    expect(await proof(owned, SOMEBODY_ELSE)).toMatchObject({
      name: 'FencedOut',
      message: expect.stringContaining(`${ME} holds it (r-20260105-135500, baking). Nothing was changed.`),
    });
  });

  test('not the same execution under an older fence', async () => {
    expect(await proof(owned, ME, FENCE - 1)).toMatchObject({ name: 'FencedOut' });
  });
});

test('an abort ends what moves forward, and nothing else', async () => {
  const lock = lockIn('baking', 5, { abort: ABORT });
  expect(await proof(ownedForward, ME, FENCE, lock)).toMatchObject({ name: 'Aborted', message: ABORT.reason });
  expect(await proof(owned, ME, FENCE, lock)).toMatchObject({ lock: { abort: ABORT } });
});

test('whoever owns nothing is fenced out, whatever stands in the ledger', async () => {
  const lock = lockIn('baking', 5, { owner: SOMEBODY_ELSE, abort: ABORT });
  expect(await proof(ownedForward, ME, FENCE, lock)).toMatchObject({ name: 'FencedOut' });
});
