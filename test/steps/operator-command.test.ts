/** What a person says to a running release, and when it is too late for that word. */
import { describe, expect, test } from 'vitest';
import { OPERATOR_COMMANDS } from '../../functions/core/commands.ts';
import type { Phase } from '../../functions/core/protocol.ts';
import type { CommandRequest, OperatorCommand } from '../../functions/steps/shared/operator-command.ts';
import { ABORT, FENCE, fixture, lockIn, ME, NOW } from './fixture.ts';

const say = (word: OperatorCommand, facts: Partial<CommandRequest> = {}): CommandRequest => ({
  word,
  by: 'maria',
  id: 'c-1',
  ...facts,
});

test('resume lets the wait for the candidate begin anew', async () => {
  const waitingFor = { what: 'ready for 25 %', from: NOW - 500 };
  const it = await fixture({ lock: lockIn('baking', 5, { waitingFor, hold: { by: 'maria', at: NOW - 100 } }) });
  await it.tell({ word: 'resume', by: 'maria', id: 'c-1' });
  expect(it.world.ledger.state.lock?.hold).toBeUndefined();
  expect(it.world.ledger.state.lock?.waitingFor).toBeUndefined();
});

describe('a word to the release that runs', () => {
  test('writes the ledger and nothing else: the rule is the owner’s', async () => {
    for (const word of ['hold', 'resume', 'advance', 'abort'] as const) {
      const hold = word === 'resume' ? { hold: { by: 'maria', at: NOW - 60 } } : {};
      const it = await fixture({ lock: lockIn('baking', 25, hold) });
      await it.tell(say(word));
      expect(it.world.writes).toHaveLength(1);
      expect(it.world.writes[0]?.call).toMatch(/^ledger: /);
    }
  });

  test('abort is the order to go back, with the person’s reason', async () => {
    const it = await fixture({ lock: lockIn('baking', 25) });
    await it.tell(say('abort', { reason: 'the shop is slow' }));
    expect(it.world.ledger.state.lock?.abort).toMatchObject({ by: 'person', reason: 'the shop is slow' });
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'abort', summary: '25 %: abort, the shop is slow' });
  });

  test('abort without a reason says who asked', async () => {
    const it = await fixture({ lock: lockIn('baking', 25) });
    expect((await it.tell(say('abort'))).abort?.reason).toBe('maria asked for it');
  });

  test('advance is bound to the share and the release that the person saw, and ends this bake only', async () => {
    const it = await fixture({ lock: lockIn('baking', 25) });
    await it.tell(say('advance'));
    expect(it.world.ledger.state.lock?.command).toEqual({ id: 'c-1', verb: 'advance', share: 25, fence: FENCE });
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'advance', share: 50 });
    await it.ask('Shift', { release: { id: lockIn('opening').releaseId, fence: FENCE }, share: 50 });
    expect(it.world.ledger.state.lock).toMatchObject({ share: 50, taken: 'c-1' });
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'continue', share: 50 });
  });

  test('hold stops the next shift, resume lets it go', async () => {
    const it = await fixture({ lock: lockIn('baking', 25) });
    const next = { release: { id: lockIn('opening').releaseId, fence: FENCE }, share: 50 };
    await it.tell(say('hold'));
    expect(await it.ask('Shift', next)).toMatchObject({ verdict: 'held', share: 25 });
    expect(it.world.balancer.weights).toEqual({ blue: 75, green: 25 });
    await it.tell(say('resume'));
    expect(await it.ask('Shift', next)).toMatchObject({ verdict: 'shifted', share: 50 });
  });

  test('all holds of a release together have one deadline', async () => {
    const it = await fixture({ lock: lockIn('baking', 25) });
    await it.tell(say('hold'));
    await it.wait(3 * 3600);
    await it.tell(say('resume'));
    await it.tell(say('hold'));
    expect(it.world.ledger.state.lock?.hold?.at).toBe(NOW);
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'hold' });
    await it.wait(3600);
    expect(await it.ask('Judge')).toMatchObject({ verdict: 'abort' });
  });
});

describe('too late, or not now', () => {
  const REFUSED: readonly (readonly [OperatorCommand, Phase, string])[] = [
    ['hold', 'warm', 'all users have the new version'],
    ['hold', 'reverting', 'it goes back'],
    ['hold', 'closing', 'it is past the point of no return'],
    ['advance', 'deploying', 'nothing bakes yet'],
    ['advance', 'warm', 'there is no next share'],
    ['advance', 'reverting', 'it goes back'],
    ['abort', 'reverting', 'it goes back already'],
    ['abort', 'closing', 'it is past the point of no return'],
    ['abort', 'stuck', 'a person has to decide'],
    ['resume', 'baking', 'nobody holds it'],
  ];

  test.each(REFUSED)('"%s" in phase %s is refused, since %s', async (word, phase) => {
    const it = await fixture({ lock: lockIn(phase, 25) });
    await expect(it.tell(say(word))).rejects.toMatchObject({
      name: 'ReleaseRefused',
      message: `r-20260105-135500 does not take "${OPERATOR_COMMANDS[word]}" in phase ${phase}; nothing was changed.`,
    });
    expect(it.world.writes).toEqual([]);
  });

  test.each(['hold', 'advance', 'abort'] as const)('"%s" after an abort is refused', async (word) => {
    const it = await fixture({ lock: lockIn('baking', 25, { abort: ABORT }) });
    await expect(it.tell(say(word))).rejects.toMatchObject({ name: 'ReleaseRefused' });
    expect(it.world.ledger.state.lock?.abort).toEqual(ABORT);
  });

  test('a second hold is refused: the first one stands', async () => {
    const it = await fixture({ lock: lockIn('baking', 25, { hold: { by: 'ana', at: NOW - 60 } }) });
    await expect(it.tell(say('hold'))).rejects.toMatchObject({ name: 'ReleaseRefused' });
    expect(it.world.ledger.state.lock?.hold?.by).toBe('ana');
  });

  test('a word while nothing runs is refused', async () => {
    const it = await fixture();
    await expect(it.tell(say('abort'))).rejects.toThrow('Nothing is being released on conductores-backend');
  });

  test('a word never reaches the release after the one that the person saw', async () => {
    let replace: () => void = () => {};
    const it = await fixture({ lock: lockIn('baking', 25), before: (_, name) => name === 'Ledger write' && replace() });
    replace = () => {
      replace = () => {};
      it.write({
        name: 'a newer release',
        condition: { all: [] },
        set: { fence: FENCE + 1, lock: lockIn('baking', 25, { owner: ME, fence: FENCE + 1 }) },
      });
    };
    await expect(it.tell(say('abort'))).rejects.toMatchObject({ name: 'ReleaseRefused' });
    expect(it.world.ledger.state.lock?.abort).toBeUndefined();
  });
});
