/** `sluice rollback` in flight, in the warm time and later: where users are afterwards, and what it promised before. */
import { describe, expect, test } from 'vitest';
import { abort } from '../../cli/abort.ts';
import { rollback } from '../../cli/rollback.ts';
import { start } from '../../cli/start.ts';
import { type Deployed, deployed } from './deployed.ts';

const SHORT = '{"image":"v1.5.0","stages":[{"share":25,"bake":600},{"share":100}],"warmMinutes":10}';

async function released(isThere: (it: Deployed) => boolean): Promise<Deployed> {
  const it = await deployed();
  await it.type(start, '--input', SHORT);
  await it.until(() => isThere(it));
  return it;
}

const lock = ({ world }: Deployed) => world.ledger.state.lock;
const usersOn = ({ world }: Deployed) => (world.balancer.weights.blue === 100 ? 'blue' : world.balancer.weights);

describe('a rollback', () => {
  test('in flight promises seconds and keeps it: exit 0 when users are back', async () => {
    const it = await released((one) => lock(one)?.share === 25);
    const asked = it.clock.now();
    const { code, out } = await it.type(rollback, '--reason', 'the shop is slow', '--follow');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^r-\d+-\d+ is rolled back: the old tasks are still there, so all requests are on blue within seconds/,
    );
    expect(out).toContain('REVERTED at 25 %.');
    const back = it.world.writes.find(
      ({ call, weights, at }) => call === 'ModifyRule' && weights?.blue === 100 && at > asked,
    );
    expect(back!.at - asked).toBeLessThan(10);
    expect(usersOn(it)).toBe('blue');
    expect(it.world.ledger.record('v1.5.0')).toMatchObject({ status: 'reverted', reason: 'the shop is slow' });
  });

  test('in the warm time is the same', async () => {
    const it = await released((one) => lock(one)?.phase === 'warm');
    const { code, out } = await it.type(rollback, '--follow');
    expect([code, usersOn(it)]).toEqual([0, 'blue']);
    expect(out).toContain('within seconds of the order, two minutes at the very most');
  });

  test('later says that tasks must start first, and then everybody is on the version before', async () => {
    const it = await released((one) => one.world.ledger.state.current?.image === 'v1.5.0');
    const { code, out } = await it.type(rollback, '--follow');
    expect([code, usersOn(it)]).toEqual([0, 'blue']);
    expect(out).toMatch(/^Tasks of v1\.4\.2 are started and get everybody at once when they are healthy and probed/);
    expect(out).toContain('after 10 min it gives up');
    expect(it.world.ledger.state.current?.image).toBe('v1.4.2');
  });

  test('to a named version of before', async () => {
    const it = await deployed();
    const { code, out } = await it.type(rollback, '--to', 'v1.4.1', '--follow');
    expect(code).toBe(0);
    expect(out).toContain('Tasks of v1.4.1 are started');
    expect(it.world.ledger.state.current?.image).toBe('v1.4.1');
  });

  test('to a named version while another is released lets that one go back first', async () => {
    const it = await released((one) => lock(one)?.share === 25);
    const { code, out } = await it.type(rollback, '--to', 'v1.4.1', '--follow');
    expect(code).toBe(0);
    expect(out).toMatch(/^r-\d+-\d+ is rolled back first: .* Then tasks of v1\.4\.1 are started/);
    expect(it.world.ledger.state.current?.image).toBe('v1.4.1');
  });

  test('in JSON carries its estimate', async () => {
    const it = await deployed();
    const { out, err } = await it.type(rollback, '--json');
    expect(err).toBe('');
    expect(JSON.parse(out)).toMatchObject({
      schema: 'sluice.rollback/1',
      input: { action: 'rollback' },
      estimate: expect.stringMatching(/^Tasks of v1\.4\.1/),
    });
  });
});

describe('a rollback that is done already starts nothing, and says what users have', () => {
  const executions = ({ plane }: Deployed) => plane.executions.length;

  test('of a release that rolled back by itself: exit 0', async () => {
    const it = await released((one) => lock(one)?.share === 25);
    await it.type(abort);
    await it.until(() => lock(it) === undefined);
    const before = executions(it);
    const { code, out } = await it.type(rollback, '--follow');
    expect(out).toMatch(/^v1\.5\.0 is rolled back already; v1\.4\.2 is live; nothing was started/);
    expect([code, executions(it), usersOn(it)]).toEqual([0, before, 'blue']);
  });

  test('by a second person in the warm time of the first one’s, and when that is over', async () => {
    const it = await deployed();
    await it.type(rollback);
    for (const isThere of [() => lock(it)?.phase === 'warm', () => lock(it) === undefined]) {
      await it.until(isThere);
      const { code, out } = await it.type(rollback, '--json');
      expect([code, executions(it), it.world.balancer.weights.green]).toEqual([0, 1, 100]);
      expect(JSON.parse(out)).toMatchObject({
        schema: 'sluice.rollback/1',
        outcome: 'live',
        summary: expect.stringMatching(/^v1\.4\.1 is live; r-\d+-\d+ brought it back; nothing was started/),
      });
    }
  });

  test('while the first one’s is on its way: it is followed to its end', async () => {
    const it = await deployed();
    await it.type(rollback);
    await it.until(() => lock(it)?.phase === 'deploying');
    const { code, out, err } = await it.type(rollback, '--follow');
    expect(err).toMatch(/^r-\d+-\d+ brings v1\.4\.1 back already; nothing was started/);
    expect(out).toContain('PROMOTED: everybody has it.');
    expect([code, executions(it)]).toEqual([0, 1]);
  });

  test('and so does one that names what is on its way', async () => {
    const it = await deployed();
    await it.type(rollback);
    await it.until(() => lock(it)?.phase === 'deploying');
    const { code, out } = await it.type(rollback, '--to', 'v1.4.1');
    expect([code, executions(it)]).toEqual([0, 1]);
    expect(out).toMatch(/^v1\.4\.1 is being released already, as r-\d+-\d+; nothing was started/);
  });

  test('but not to another version by name', async () => {
    const it = await deployed();
    await it.type(rollback, '--follow');
    expect((await it.type(rollback, '--to', 'v1.4.2', '--follow')).code).toBe(0);
    expect([it.world.ledger.state.current?.image, usersOn(it)]).toEqual(['v1.4.2', 'blue']);
  });
});

describe('a rollback that is refused starts nothing', () => {
  test.each([
    ['a version that is none', ['--to', 'the-old-one'], '--to'],
    ['a version that the registry has not', ['--to', 'v0.0.9'], '--to'],
    ['an empty reason', ['--reason='], '--reason'],
    ['a version without its flag', ['v1.4.1'], 'v1.4.1'],
    ['a flag that is none', ['--too', 'v1.4.1'], '--too'],
  ])('%s', async (_, words, field) => {
    const it = await deployed();
    const { code, out } = await it.type(rollback, ...words, '--json');
    expect(code).toBe(2);
    expect(JSON.parse(out).error.fields.map((wrong: { field: string }) => wrong.field)).toContain(field);
    expect(it.plane.executions).toEqual([]);
  });

  test('a service without an earlier release', async () => {
    const it = await deployed({}, 'first-release');
    const { code, err } = await it.type(rollback);
    expect(code).toBe(2);
    expect(err).toMatch(/--to +there is no earlier release of this service; name a version with --to/);
  });
});
