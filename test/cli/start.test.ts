/** What `sluice start` and `sluice status --follow` do to a running controller, and what they say of it. */
import { describe, expect, test } from 'vitest';
import { start } from '../../cli/start.ts';
import { status } from '../../cli/status.ts';
import { Transient } from '../../functions/core/failures.ts';
import { runRehearsal } from '../../rehearsal/rehearse.ts';
import { usualOptions } from '../rehearsal/rehearsals.ts';
import { deployed } from './deployed.ts';

const SHORT = { stages: [{ share: 25, bake: 180 }, { share: 50, bake: 180 }, { share: 100 }], warmMinutes: 3 };
const short = (more: object = {}): string => JSON.stringify({ image: 'v1.5.0', ...SHORT, ...more });

const weightsOf = ({ world }: Awaited<ReturnType<typeof deployed>>) => world.balancer.weights;

describe('a release that is followed', () => {
  test('a good one ends with everybody on it, and exit 0', async () => {
    const it = await deployed();
    const { code, out, err } = await it.type(start, '--input', short(), '--follow');
    expect(code).toBe(0);
    expect(weightsOf(it)).toEqual({ blue: 0, green: 100 });
    expect(it.world.ledger.state).toMatchObject({ stable: 'green', current: { image: 'v1.5.0' } });
    expect(out).toMatch(/^Started by-hand-\S+\.$/m);
    expect(out).toMatch(/PROMOTED: everybody has it\.\n {2}Took {4}\d+ min/);
    expect(out).toContain('sluice rollback --service conductores-backend');
    expect(err).toMatch(/▲ {3}25 % {2}shift .*green 2 of 2 healthy/);
  });

  test('a bad one ends with everybody where they were, exit 1, and the reason in numbers', async () => {
    const it = await deployed({}, 'errors');
    const { code, out } = await it.type(start, '--input', short(), '--follow');
    expect(code).toBe(1);
    expect(weightsOf(it)).toEqual({ blue: 100, green: 0 });
    expect(out).toMatch(/REVERTED at 25 %\./);
    const { secondsFromVerdictToStable, reason } = it.world.ledger.record('v1.5.0')!;
    expect(out).toContain(`all requests on blue ${secondsFromVerdictToStable} s after the verdict`);
    expect(out).toContain(reason);
  });

  test('says the same lines as its rehearsal', async () => {
    const options = { ...usualOptions('healthy'), requestsPerSecond: 20, baselineMinutes: 12, warmMinutes: 3 };
    const { timeline } = await runRehearsal({ ...options, input: JSON.parse(short()) });
    const it = await deployed();
    const { err } = await it.type(start, '--input', short(), '--follow');
    const shifts = timeline.filter(({ state, verdict }) => state === 'Shift' && verdict === 'shifted');
    expect(shifts.map(({ share }) => share)).toEqual([25, 50, 100]);
    expect([...err.matchAll(/(\d+) % {2}(?:shift|advance|warm|closing|closed) /g)].map(([, share]) => share)).toEqual([
      '25',
      '25',
      '50',
      '50',
      '100',
      '100',
      '100',
      '100',
    ]);
  });

  test('one that nobody can judge is left when an operator is asked: exit 3, and what to type', async () => {
    const it = await deployed({ requestsPerSecond: 0.2 });
    const { code, out } = await it.type(start, '--input', short(), '--follow');
    expect(code).toBe(3);
    expect(out).toMatch(/WAITS for an operator at 25 %\./);
    expect(out).toContain('sluice promote | abort --service conductores-backend');
    expect(weightsOf(it)).toEqual({ blue: 75, green: 25 });
  });

  test('one whose execution is stopped is followed to where the reconciler brings it', async () => {
    const it = await deployed();
    const typed = it.type(start, '--input', short(), '--follow');
    it.world.onWrite(({ call, share }) => {
      if (call === 'ledger: share' && share === 50) it.plane.executions[0]!.execution.stop('ABORTED');
    });
    const { code, out, err } = await typed;
    expect(code).toBe(1);
    expect(err).toContain('the reconciler goes on within two minutes');
    expect(out).toMatch(/REVERTED at 50 %\./);
    expect(it.world.ledger.state.lock).toBeUndefined();
    expect(weightsOf(it)).toEqual({ blue: 100, green: 0 });
  });

  test('one that waits in the queue is followed through it', async () => {
    const it = await deployed();
    it.world.push('v1.5.1', { digest: `sha256:${'6'.repeat(64)}`, pushedAt: it.clock.now() });
    expect((await it.type(start, '--input', short())).code).toBe(0);
    await it.until(() => it.world.ledger.state.lock?.share === 25);
    const { code, err } = await it.type(start, '--input', short({ image: 'v1.5.1' }), '--follow');
    expect(code).toBe(0);
    expect(err).toMatch(/r-\d+-\d+: v1\.5\.1 opened, green is stable/);
    expect(it.world.ledger.state).toMatchObject({ current: { image: 'v1.5.1' }, previous: { image: 'v1.5.0' } });
  });

  test('status --follow joins it from its beginning, whoever started it', async () => {
    const it = await deployed();
    await it.type(start, '--input', short());
    await it.until(() => it.world.ledger.state.lock?.share === 50);
    const { code, err } = await it.type(status, '--follow');
    expect(code).toBe(0);
    expect(err).toMatch(/v1\.5\.0 opened/);
    expect((await it.type(status, '--follow')).out).toContain('nothing is being released');
  });

  test('status --follow joins the reconciler too, when it has taken over', async () => {
    const it = await deployed();
    await it.type(start, '--input', short());
    await it.until(() => it.world.ledger.state.lock?.share === 25);
    it.plane.executions[0]!.execution.stop('TIMED_OUT');
    await it.until(() => it.world.ledger.state.lock?.owner === 'reconciler');
    const { code, out } = await it.type(status, '--follow');
    expect(code).toBe(1);
    expect(out).toMatch(/REVERTED at 25 %\.[\s\S]*Why +its controller had stopped at 25 %/);
    expect(weightsOf(it)).toEqual({ blue: 100, green: 0 });
  });

  test('an end that comes between two of its readings is the end, and no death', async () => {
    let it: Awaited<ReturnType<typeof deployed>>;
    const before = async (call: string) => {
      if (call !== 'DescribeExecution' || it.world.ledger.state.lock?.phase !== 'closing') return;
      while (it.world.ledger.state.lock) await it.clock.sleep(1);
      await it.clock.sleep(5);
    };
    it = await deployed({}, 'healthy', { before });
    const { code, err } = await it.type(start, '--input', short(), '--follow');
    expect(code).toBe(0);
    expect(err).not.toContain('the reconciler goes on');
  });

  test('an AWS that fails now and then is asked again; one that never answers ends it with exit 4', async () => {
    let calls = 0;
    let fails = (): boolean => false;
    const before = () => {
      if (fails()) throw new Transient('Rate exceeded');
    };
    const it = await deployed({}, 'healthy', { before });
    const after30Seconds = (does: () => boolean) =>
      it.clock.at(it.clock.now() + 30, () => {
        fails = does;
      });
    await it.type(start, '--input', short());
    await it.until(() => it.world.ledger.state.lock !== undefined);
    after30Seconds(() => ++calls % 7 === 0);
    expect((await it.type(status, '--follow')).code).toBe(0);
    expect(calls).toBeGreaterThan(20);

    fails = () => false;
    expect((await it.type(start, 'v1.4.1', '--force')).code).toBe(0);
    await it.until(() => it.world.ledger.state.lock !== undefined);
    after30Seconds(() => true);
    const { code, err } = await it.type(status, '--follow');
    expect(code).toBe(4);
    expect(err).toContain('Unknown: Rate exceeded. Whatever runs goes on.');
  });

  test('on a terminal there is a frame that says how to leave, and afterwards the lines and the cursor', async () => {
    const it = await deployed({}, 'healthy', { isTerminal: true });
    const { code, out, err } = await it.type(start, '--input', short(), '--follow');
    expect(code).toBe(0);
    expect(err).toContain('Ctrl-C leaves; the release goes on.   sluice hold | promote | abort');
    const [, afterwards = ''] = err.split('\u001b[?25h');
    expect(afterwards).toMatch(/v1\.5\.0 opened[\s\S]*closed +v1\.5\.0 is live on green; blue off\n$/);
    expect(out).toContain('PROMOTED');
  });

  test('in a GitHub job a bad end is an annotation too', async () => {
    const it = await deployed({}, 'errors', { environment: { GITHUB_ACTIONS: 'true' } });
    const { out } = await it.type(start, '--input', short(), '--follow');
    expect(out).toMatch(/^::error title=REVERTED at 25 %25\.::.+$/m);
  });

  test('with --json each line is an object, the last one is the end, and stderr is silent', async () => {
    const it = await deployed({}, 'errors');
    const { code, out, err } = await it.type(start, '--input', short(), '--follow', '--json');
    expect([code, err]).toEqual([1, '']);
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ schema: 'sluice.event/1', kind: 'open', share: 0 });
    expect(lines.at(-1)).toMatchObject({ schema: 'sluice.end/1', outcome: 'reverted', share: 25 });
  });
});

describe('a start that is refused', () => {
  const refused = async (it: Awaited<ReturnType<typeof deployed>>, ...words: readonly string[]) => {
    const { code, out } = await it.type(start, ...words, '--json');
    expect(it.plane.executions).toEqual([]);
    return { code, fields: (JSON.parse(out).error.fields as { field: string }[]).map(({ field }) => field) };
  };

  test('every wrong flag is named, and nothing is started', async () => {
    const it = await deployed();
    const wrong = async (...words: readonly string[]) => (await refused(it, ...words)).fields;
    expect(await wrong()).toEqual(['IMAGE']);
    expect(await wrong('v1.5.0', 'v1.5.1')).toEqual(['v1.5.1']);
    expect(await wrong('latest')).toEqual(['IMAGE']);
    expect(await wrong('v9.9.9')).toEqual(['IMAGE']);
    expect(await wrong('v1.5.0', '--strategy', 'canari', '--policy', 'brave')).toEqual(['--strategy', '--policy']);
    expect(await wrong('v1.5.0', '--stages', '5,3', '--bake', '5')).toEqual(['--bake']);
    expect(await wrong('v1.5.0', '--stages', '5,3')).toEqual(['--stages', '--stages']);
    expect(await wrong('v1.5.0', '--bake', '5s')).toEqual(['--bake']);
    expect(await wrong('v1.5.0', '--on-unproven', 'x', '--warm-minutes', 'y')).toEqual([
      '--on-unproven',
      '--warm-minutes',
    ]);
    expect(await wrong('v1.5.0', '--input', '{')).toEqual(['--input']);
    expect(await wrong('v1.5.0', '--input', '{"image":"v1.5.0"}')).toEqual(['IMAGE']);
    expect(await wrong('--input', '{"action":"rollback"}')).toEqual(['action']);
    expect(await wrong('v1.5.0', '--folow')).toEqual(['--folow']);
  });

  test('a stable that is broken is told with its numbers before anything is started; a hotfix may', async () => {
    const it = await deployed({}, 'stable-unhealthy');
    await it.wait(600);
    expect((await refused(it, 'v1.5.0')).fields).toContain('stable');
    expect((await it.type(start, 'v1.5.0', '--hotfix', 'it mends the outage')).code).toBe(0);
    await it.until(() => it.world.ledger.state.lock !== undefined);
    expect(it.world.ledger.state.lock?.hotfix).toBe('it mends the outage');
  });

  test('a rule that somebody moved is told', async () => {
    const it = await deployed({ withReconciler: false });
    Object.assign(it.world.balancer.weights, { blue: 60, green: 40 });
    expect((await refused(it, 'v1.5.0')).fields).toEqual(['rule']);
  });

  test('what is live is no failure, and what was released before is one, unless it is forced', async () => {
    const it = await deployed({}, 'errors');
    const live = await it.type(start, 'v1.4.2');
    expect([live.code, live.out]).toEqual([0, 'v1.4.2 is what users get now; nothing was started.\n']);
    expect(await refused(it, 'v1.4.1')).toEqual({ code: 2, fields: ['IMAGE'] });
    expect((await it.type(start, 'v1.4.1', '--force')).code).toBe(0);
    await it.until(() => it.world.ledger.state.lock?.image === 'v1.4.1');
  });
});
