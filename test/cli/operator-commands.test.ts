/** The operator commands, typed: what each does to the release that runs. Their writes are in test/steps/operator-command.test.ts. */
import { describe, expect, test } from 'vitest';
import { abort } from '../../cli/abort.ts';
import { hold } from '../../cli/hold.ts';
import { promote } from '../../cli/promote.ts';
import { resume } from '../../cli/resume.ts';
import { start } from '../../cli/start.ts';
import { sluice } from './bin.ts';
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
    const { code, out } = await it.type(abort, '--reason', 'the shop is slow');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^abort is written for r-\d+-\d+ \(v1\.5\.0\): all requests go to blue\. The release reads it within 30 s\.\n/,
    );
    await it.wait(31);
    expect(shareOf(it)).toBe(0);
    expect(it.world.ledger.state.lock?.abort).toMatchObject({ by: 'person', reason: 'the shop is slow' });
  });

  test('promote ends this bake and no other', async () => {
    const it = await at25();
    await it.type(promote);
    await it.wait(60);
    expect(shareOf(it)).toBe(50);
    await it.wait(120);
    expect(shareOf(it)).toBe(50);
  });

  test('hold keeps the share beyond its bake, resume lets it go on; both know who said it', async () => {
    const it = await at25();
    await it.type(hold, '--by', 'maria');
    expect(it.world.ledger.state.lock?.hold?.by).toBe('maria');
    await it.wait(1500);
    expect(shareOf(it)).toBe(25);
    const { out } = await it.type(resume, '--json');
    expect(JSON.parse(out)).toMatchObject({ schema: 'sluice.tell/1', word: 'resume', by: 'ana', share: 25 });
    await it.wait(120);
    expect(shareOf(it)).toBe(50);
  });

  test('it writes the ledger and never the rule', async () => {
    const it = await at25();
    await it.type(abort);
    const mine = it.world.writes.filter(({ actor }) => actor.by === 'person').map(({ call }) => call);
    expect(mine).toEqual(['StartExecution', 'ledger: abort']);
  });
});

describe('refused, and nothing is written', () => {
  test.each([
    ['a word too many', hold, ['abort'], 'abort'],
    ['a reason for something else', hold, ['--reason=x'], '--reason'],
    ['a reason without one', abort, ['--reason'], '--reason'],
  ] as const)('%s', async (_, command, words, field) => {
    const it = await deployed();
    const { code, out } = await it.type(command, '--json', ...words);
    expect(code).toBe(2);
    expect(JSON.parse(out).error.fields.map((wrong: { field: string }) => wrong.field)).toEqual([field]);
  });

  test('nothing runs, or it is too late for that command: exit 2 and a sentence', async () => {
    const rest = await deployed();
    const nothing = await rest.type(hold);
    expect([nothing.code, nothing.err]).toEqual([
      2,
      'hold was not written: Nothing is being released on conductores-backend; nothing was changed.\n',
    ]);
    const it = await at25();
    expect((await it.type(resume)).err).toContain('does not take "resume" in phase baking');
    await it.type(abort);
    await it.wait(31);
    expect((await it.type(promote)).err).toMatch(/^promote was not written: r-[\d-]+ does not take "promote" in phase/);
  });
});

describe('what was `sluice tell` says what to type instead, and does nothing', () => {
  test.each([
    [['tell', 'hold', '--service', 'shop'], 'type "sluice hold --service shop"'],
    [['tell', '--service', 'shop', 'advance'], 'type "sluice promote --service shop"'],
    [['tell', 'abort', '--reason', 'the shop is slow'], `type "sluice abort --reason 'the shop is slow'"`],
    [['tell'], 'type sluice hold, resume, promote or abort'],
    [['tell', '--help'], 'type sluice hold, resume, promote or abort'],
  ])('%s', async (words, fix) => {
    const { code, stderr } = await sluice(words);
    expect(code).toBe(2);
    expect(stderr).toContain(`is no command any more; ${fix}\n`);
  });
});
