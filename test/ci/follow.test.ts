import { describe, expect, test } from 'vitest';
import { RECONCILER } from '../../functions/core/protocol.ts';
import type { RehearsalOptions } from '../../rehearsal/options.ts';
import type { ScenarioName } from '../../rehearsal/scenarios.ts';
import { policy } from '../../state-machines/policy.ts';
import { rehearsal } from '../rehearsal/rehearsals.ts';
import { fixture, lockIn } from '../steps/fixture.ts';
import { type Rule, runScript } from './commands.ts';

const ARN = 'arn:aws:states:us-east-1:111111111111:execution:release:';
const STARTED = Date.UTC(2026, 10, 24, 10) / 1000;
const TAG = 'v1.5.0';

type Description = Readonly<Record<string, string>>;

interface Execution {
  readonly name: string;
  /** It has ended before anybody looks. */
  readonly over?: true;
  /** Outputs of its states. @default - of one that bakes */
  readonly said?: readonly object[];
  readonly input?: unknown;
  /** Epoch seconds. @default - STARTED */
  readonly startedAt?: number;
  readonly end: Description;
}

/** What DescribeExecution says of an execution that ended in that state of the state machine. */
function endedIn(state: string, sentence: string): Description {
  const { Type, Error: error } = policy.States[state] as { readonly Type: string; readonly Error?: string };
  return Type === 'Fail'
    ? { status: 'FAILED', error: error!, cause: sentence }
    : { status: 'SUCCEEDED', output: JSON.stringify({ summary: sentence }) };
}

/** As AWS would answer while they are found and looked at once, and then. Times as the CLI writes them by default. */
function aws(executions: readonly Execution[]): readonly Rule[] {
  const list = executions.map(({ name, startedAt = STARTED }) => ({
    executionArn: ARN + name,
    startDate: new Date(startedAt * 1000).toISOString().replace('Z', '000+00:00'),
  }));
  return [
    { command: 'aws', words: ['list-executions'], answers: [{ stdout: JSON.stringify({ executions: list }) }] },
    ...executions.map(({ name, said = [BAKES] }): Rule => {
      const left = said.map((output) => ({
        type: 'TaskStateExited',
        stateExitedEventDetails: { output: JSON.stringify(output) },
      }));
      const events = [{ type: 'WaitStateEntered' }, ...left];
      return {
        command: 'aws',
        words: ['get-execution-history', ARN + name],
        answers: [{ stdout: JSON.stringify({ events }) }],
      };
    }),
    ...executions.map(({ name, input = { image: TAG }, over, end }): Rule => {
      const about = { executionArn: ARN + name, input: JSON.stringify(input) };
      const running = over ? [] : Array(2).fill({ stdout: JSON.stringify({ ...about, status: 'RUNNING' }) });
      return {
        command: 'aws',
        words: ['describe-execution', ARN + name],
        answers: [...running, { stdout: JSON.stringify({ ...about, ...end }) }],
      };
    }),
  ];
}

const BAKES = { summary: '5 %: baking, minute 3 of 15', release: { id: 'r-20261124-100000', fence: 8 } };

const follow = (args: readonly string[], rules: readonly Rule[], more: Readonly<Record<string, string>> = {}) =>
  runScript('follow', args, rules, {
    STATE_MACHINE_ARN: 'arn:aws:states:us-east-1:111111111111:stateMachine:release',
    FOLLOW_SECONDS: '0.01',
    START_MINUTES: '0',
    ...more,
  });

const FLIGHTS: readonly (readonly [name: ScenarioName, code: number, changes: Partial<RehearsalOptions>])[] = [
  ['healthy', 0, {}],
  ['first-release', 0, {}],
  ['errors', 1, {}],
  ['migration-fails', 1, {}],
  ['low-traffic', 1, {}],
  ['healthy', 1, { events: [{ when: { share: 25 }, say: 'abort' }] }],
  ['healthy', 3, { events: [{ when: { event: 'closing' }, setShare: 0 }] }],
  ['stable-unhealthy', 2, {}],
  ['healthy', 2, { input: { imgae: 'v1.5.0' } }],
  ['healthy', 0, { input: { image: 'v1.4.2' } }],
];

test.each(FLIGHTS)('a rehearsed release (%s) gives its outcome as exit code %i [S381]', async (name, code, changes) => {
  const rehearsed = await rehearsal(name, changes);
  const state = rehearsed.timeline.at(-1)!.state;
  const ran = await follow(
    ['image', TAG, String(STARTED)],
    aws([{ name: 'one', end: endedIn(state, rehearsed.reason) }]),
  );
  expect({ code: ran.code, state }).toEqual({ code, state });
  expect(code === 0).toBe(rehearsed.outcome === 'promoted' || rehearsed.reason.startsWith('already live'));
  expect(ran.output.split('\n')).toEqual([
    `Following ${ARN}one`,
    '5 %: baking, minute 3 of 15',
    expect.stringContaining(rehearsed.reason.split('\n')[0]!),
    ...rehearsed.reason.split('\n').slice(1),
    '',
  ]);
});

test.each([
  ['FencedOut', 1],
  ['Nothing changed', 1],
])('an end in "%s" is exit code %i', async (state, code) => {
  const ran = await follow(['image', TAG, String(STARTED)], aws([{ name: 'one', end: endedIn(state, 'a sentence') }]));
  expect(ran.code).toBe(code);
});

test.each(['ABORTED', 'TIMED_OUT'] as const)('one that was ended from outside (%s) is no success', async (how) => {
  const rehearsed = await rehearsal('healthy', { kill: { at: 'transition', count: 20, how } });
  const ran = await follow(['execution', `${ARN}one`], aws([{ name: 'one', end: { status: how } }]));
  expect({ code: ran.code, outcome: rehearsed.outcome, share: rehearsed.world.share }).toEqual({
    code: 1,
    outcome: 'killed',
    share: 0,
  });
  expect(ran.output).toMatch(/the reconciler brings users back/);
});

describe('a push', () => {
  const end = endedIn('Promoted', 'promoted');

  test('that waits is followed to the execution that takes it later', async () => {
    const queued = endedIn('Nothing to do', 'queued: v1.5.0 waits until r-20261124-090000 has ended');
    const executions = [
      { name: 'first', end: queued },
      { name: 'pending', end: endedIn('Reverted', 'it was worse') },
    ];
    const ran = await follow(['image', TAG, String(STARTED)], aws(executions));
    expect(ran.code).toBe(1);
    expect(ran.output).toMatch(/queued[\s\S]*Following \S+pending[\s\S]*it was worse/);
  });

  describe('that waits', () => {
    const OTHER = { image: 'v1.5.1' };
    const first = {
      name: 'first',
      over: true,
      end: endedIn('Nothing to do', 'queued: v1.5.0 waits until r-20261124-090000 has ended'),
    } as const;
    const before = { name: 'before', input: { image: 'v1.4.9' }, end: { status: 'RUNNING' } };
    /** Newest first, as AWS lists them. */
    const waiting = (...newer: readonly Execution[]) =>
      follow(['image', TAG, String(STARTED)], aws([...newer, first, before]), { FOLLOW_MINUTES: '0' });

    test('and whose place a newer one took is not released, and the job says so', async () => {
      const ran = await waiting({ name: 'newer', input: OTHER, end: { status: 'RUNNING' } });
      expect(ran.output).toMatch(/v1\.5\.0 waits no longer: a newer push took its place/);
      expect(ran.code).toBe(1);
    });

    test.each(['queued', 'duplicate', 'stale'])('still waits when a newer one was only %s', async (how) => {
      const said = { summary: `${how}: v1.5.1`, verdict: 'nothing' };
      const newer = { name: 'newer', input: OTHER, said: [said], end: endedIn('Nothing to do', said.summary) };
      expect(await waiting(newer)).toMatchObject({ code: 4, output: expect.stringContaining('v1.5.0 still waits') });
    });

    test('still waits for the one that was there before', async () => {
      expect(await waiting()).toMatchObject({ code: 4, output: expect.stringContaining('v1.5.0 still waits') });
    });
  });

  test('that lost its turn to a newer one is not released', async () => {
    const stale = endedIn('Nothing to do', 'stale: v1.5.0 was pushed before v1.5.1');
    expect((await follow(['image', TAG, String(STARTED)], aws([{ name: 'one', end: stale }]))).code).toBe(1);
  });

  test('of what was released before, and is not live, is not released', async () => {
    const duplicate = endedIn('Nothing to do', 'duplicate: v1.5.0 was released before');
    expect((await follow(['image', TAG, String(STARTED)], aws([{ name: 'one', end: duplicate }]))).code).toBe(1);
  });

  test('is told from others, and from earlier ones of the same image', async () => {
    const others = [
      { name: 'other', input: { image: 'v1.5.1' }, end },
      { name: 'yesterday', startedAt: STARTED - 86_400, end },
    ];
    const ran = await follow(['image', TAG, String(STARTED)], aws(others));
    expect(ran.code).toBe(4);
    expect(ran.output).toMatch(/the push may have been lost/);
  });
});

describe('a rollback of a release in flight ends as that release does', () => {
  const inFlight = async (tasks?: 0): Promise<Execution> => {
    const lock = lockIn('baking', 25, { owner: `${ARN}release` });
    const said = await (await fixture({ lock, ...(tasks === 0 && { stableTasks: 0 }) })).open({ action: 'rollback' });
    return {
      name: 'rollback',
      input: { action: 'rollback' },
      end: { status: 'SUCCEEDED', output: JSON.stringify(said) },
    };
  };

  test.each([
    ['Reverted', 0],
    ['Stuck', 3],
    ['FencedOut', 1],
  ] as const)('%s: exit code %i', async (state, code) => {
    const release: Execution = { name: 'release', input: { image: 'v1.5.0' }, end: endedIn(state, 'a sentence') };
    const rules = aws([await inFlight(state === 'Stuck' ? 0 : undefined), release]);
    const ran = await follow(['execution', `${ARN}rollback`], rules);
    expect(ran.output).toMatch(
      /already live: v1\.4\.2 stays; \S+ is rolled back[\s\S]*Following \S+:release\n[\s\S]*a sentence/,
    );
    expect(ran.code).toBe(code);
  });

  test('in the hands of the reconciler it cannot be seen from here', async () => {
    const output = JSON.stringify({ summary: 'already live: v1.4.2 stays', owner: RECONCILER });
    const rules = aws([{ name: 'rollback', end: { status: 'SUCCEEDED', output } }]);
    const ran = await follow(['execution', `${ARN}rollback`], rules);
    expect(ran).toMatchObject({ code: 4, output: expect.stringContaining('The reconciler brings users back') });
  });
});

describe('a rollback that somebody else’s makes needless', () => {
  const second = (said: object): Execution => ({
    name: 'second',
    input: { action: 'rollback' },
    end: { status: 'SUCCEEDED', output: JSON.stringify(said) },
  });

  test.each([
    ['Promoted', 0],
    ['Reverted', 1],
    ['Stuck', 3],
  ] as const)('follows that one to its end: %s is exit code %i', async (state, code) => {
    const lock = lockIn('deploying', 0, { owner: `${ARN}first`, rollback: true });
    const said = await (await fixture({ lock })).open({ action: 'rollback' });
    const first: Execution = { name: 'first', input: { action: 'rollback' }, end: endedIn(state, 'a sentence') };
    const ran = await follow(['execution', `${ARN}second`], aws([second(said), first]));
    expect(ran.output).toMatch(/on its way: \S+ brings v1\.5\.0 back already[\s\S]*Following \S+:first\n/);
    expect(ran.code).toBe(code);
  });

  test('is exit code 0 when users have it', async () => {
    const said = await (await fixture({ lock: lockIn('warm', 100, { rollback: true }) })).open(
      { action: 'rollback' },
      `${ARN}second`,
    );
    const ran = await follow(['execution', `${ARN}second`], aws([second(said)]));
    expect(ran).toMatchObject({ code: 0, output: expect.stringContaining('done already: v1.5.0 is live') });
  });
});

test('an AWS that does not answer is no outcome', async () => {
  const rules: readonly Rule[] = [{ command: 'aws', words: ['describe-execution'], answers: [{ code: 255 }] }];
  expect((await follow(['execution', `${ARN}one`], rules)).code).toBe(4);
});

test('an execution that outlives the job goes on without it', async () => {
  const forever = { status: 'RUNNING' };
  const ran = await follow(['execution', `${ARN}one`], aws([{ name: 'one', end: forever }]), { FOLLOW_MINUTES: '0' });
  expect(ran.code).toBe(4);
});
