/** A person's word, typed: what it does to the release that runs. The words themselves are told in test/steps/tell.test.ts. */
import { describe, expect, test } from 'vitest';
import { start } from '../../cli/start.ts';
import { tell } from '../../cli/tell.ts';
import { type Deployed, deployed } from './deployed.ts';

const SHORT = '{"image":"v1.5.0","stages":[{"share":25,"bake":600},50,100],"warmMinutes":3}';

async function at25(): Promise<Deployed> {
  const it = await deployed();
  await it.type(start, '--input', SHORT);
  await it.until(() => it.world.ledger.state.lock?.share === 25);
  return it;
}

const shareOf = ({ world }: Deployed) => world.balancer.weights.green;

describe('typed while a release runs', () => {
  test('abort brings all requests back within a tick, with the reason and the name in the record', async () => {
    const it = await at25();
    const { code, out } = await it.type(tell, 'abort', '--reason', 'the shop is slow');
    expect(code).toBe(0);
    expect(out).toMatch(
      /Told r-\d+-\d+ \(v1\.5\.0\) to abort: all requests go back to blue\. It hears it within 30 s\./,
    );
    await it.wait(31);
    expect(shareOf(it)).toBe(0);
    expect(it.world.ledger.state.lock?.abort).toMatchObject({ by: 'person', reason: 'the shop is slow' });
  });

  test('advance ends this bake and no other', async () => {
    const it = await at25();
    await it.type(tell, 'advance');
    await it.wait(60);
    expect(shareOf(it)).toBe(50);
    await it.wait(120);
    expect(shareOf(it)).toBe(50);
  });

  test('hold keeps the share beyond its bake, resume lets it go on; both know who said it', async () => {
    const it = await at25();
    await it.type(tell, 'hold', '--by', 'maria');
    expect(it.world.ledger.state.lock?.hold?.by).toBe('maria');
    await it.wait(1500);
    expect(shareOf(it)).toBe(25);
    const { out } = await it.type(tell, 'resume', '--json');
    expect(JSON.parse(out)).toMatchObject({ schema: 'sluice.tell/1', word: 'resume', by: 'ana', share: 25 });
    await it.wait(120);
    expect(shareOf(it)).toBe(50);
  });

  test('it writes the ledger and never the rule', async () => {
    const it = await at25();
    await it.type(tell, 'abort');
    const mine = it.world.writes.filter(({ actor }) => actor.by === 'person').map(({ call }) => call);
    expect(mine).toEqual(['StartExecution', 'ledger: abort']);
  });
});

describe('refused, and nothing is written', () => {
  test.each([
    ['no word', [], 'WORD'],
    ['another word', ['abbort'], 'WORD'],
    ['two words', ['hold', 'abort'], 'abort'],
    ['a reason for something else', ['hold', '--reason', 'x'], '--reason'],
    ['a reason without one', ['abort', '--reason'], '--reason'],
  ])('%s', async (_, words, field) => {
    const it = await deployed();
    const { code, out } = await it.type(tell, '--json', ...words);
    expect(code).toBe(2);
    expect(JSON.parse(out).error.fields.map((wrong: { field: string }) => wrong.field)).toEqual([field]);
  });

  test('nothing runs, or it is too late for that word: exit 2 and a sentence', async () => {
    const rest = await deployed();
    const nothing = await rest.type(tell, 'hold');
    expect([nothing.code, nothing.err]).toEqual([
      2,
      'Nothing was said: Nothing is being released on conductores-backend; nothing was changed.\n',
    ]);
    const it = await at25();
    expect((await it.type(tell, 'resume')).err).toContain('does not take "resume" in phase baking');
  });
});
