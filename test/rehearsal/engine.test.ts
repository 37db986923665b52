import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FencedOut, Transient } from '../../functions/core/failures.ts';
import { VirtualClock } from '../../rehearsal/clock.ts';
import { type Execution, type ExecutionStart, loadMachine, startExecution } from '../../rehearsal/engine.ts';
import { reachableFrom } from '../../rehearsal/engine-graph.ts';
import { policy } from '../../state-machines/policy.ts';

const START = 1_700_000_000;

type States = Readonly<Record<string, unknown>>;
type Rehearsal = Partial<Omit<ExecutionStart, 'machine' | 'clock'>> & { readonly clock?: VirtualClock };

const machineOf = (states: States, startAt = Object.keys(states)[0]!) =>
  loadMachine({ StartAt: startAt, States: states });

/** An execution that has not moved yet, and the clock that moves it. */
function begin(
  states: States,
  rehearsal: Rehearsal = {},
): { readonly execution: Execution; readonly clock: VirtualClock } {
  const clock = rehearsal.clock ?? new VirtualClock(START);
  const defaults = { id: 'arn:test', name: 'test', input: {}, functions: {}, chance: () => 0.5 };
  return { clock, execution: startExecution({ ...defaults, ...rehearsal, clock, machine: machineOf(states) }) };
}

/** Runs to the end: what it ended with, and after how many virtual seconds. */
async function runRehearsal(states: States, rehearsal: Rehearsal = {}) {
  const { execution, clock } = begin(states, rehearsal);
  await clock.run(() => execution.status() !== 'RUNNING');
  return { execution, end: await execution.done, seconds: clock.now() - START };
}

const typesOf = (execution: Execution) => execution.history.map((event) => event.type);

const DONE = { Type: 'Succeed' };
const task = (fields: States = {}) => ({ Type: 'Task', Resource: `\${Act}`, End: true, ...fields });
const choice = (...rules: readonly unknown[]) => ({
  Ask: { Type: 'Choice', Choices: rules, Default: 'No' },
  Yes: { Type: 'Pass', Result: 'yes', End: true },
  No: { Type: 'Pass', Result: 'no', End: true },
});
const act = (play: (payload: never) => unknown) => ({ Act: async (payload: unknown) => play(payload as never) });
const fail = (name: string, message = 'no') => act(() => throwNamed(name, message));
const throwNamed = (name: string, message = 'no'): never => {
  throw Object.assign(new Error(message), { name });
};

describe('the data of a Task', () => {
  test('Parameters are filled from the input and the context, at any depth', async () => {
    const { end } = await runRehearsal(
      {
        Open: task({
          Parameters: {
            plain: 1,
            'whole.$': '$',
            inner: { 'share.$': '$.release.share', list: [1, 'two'] },
            'id.$': '$$.Execution.Id',
            'name.$': '$$.Execution.Name',
            'input.$': '$$.Execution.Input',
            'state.$': '$$.State.Name',
            'since.$': '$$.Execution.StartTime',
          },
        }),
      },
      { input: { release: { share: 5 } }, functions: act((payload) => payload) },
    );
    expect(end).toEqual({
      status: 'SUCCEEDED',
      output: {
        plain: 1,
        whole: { release: { share: 5 } },
        inner: { share: 5, list: [1, 'two'] },
        id: 'arn:test',
        name: 'test',
        input: { release: { share: 5 } },
        state: 'Open',
        since: '2023-11-14T22:13:20.000Z',
      },
    });
  });

  test('without Parameters the function gets the whole input', async () => {
    const { end } = await runRehearsal(
      { Open: task() },
      { input: { a: 1 }, functions: act((payload) => ({ payload })) },
    );
    expect(end.output).toEqual({ payload: { a: 1 } });
  });

  test.each([
    ['absent: the result replaces the input', {}, { r: 1 }],
    ['$: the result replaces the input', { ResultPath: '$' }, { r: 1 }],
    ['null: the input stays', { ResultPath: null }, { a: { b: 1 } }],
    ['a field: the result stands beside the input', { ResultPath: '$.a.c' }, { a: { b: 1, c: { r: 1 } } }],
    ['a new field: objects on the way are made', { ResultPath: '$.x.y' }, { a: { b: 1 }, x: { y: { r: 1 } } }],
  ])('ResultPath %s', async (_, fields, output) => {
    const { end } = await runRehearsal(
      { Open: task(fields) },
      { input: { a: { b: 1 } }, functions: act(() => ({ r: 1 })) },
    );
    expect(end.output).toEqual(output);
  });

  test('a ResultPath without room for it ends the execution', async () => {
    const { end } = await runRehearsal(
      { Open: task({ ResultPath: '$.a.b' }) },
      { input: { a: 'text' }, functions: act(() => 1) },
    );
    expect(end.error).toBe('States.ResultPathMatchFailure');
  });

  test('nothing shares memory: neither what a function got nor what it gave changes the execution', async () => {
    const kept: { n: number }[] = [];
    const spoil = act((payload: { n: number }) => {
      for (const object of [...kept, payload]) object.n = 99;
      const given = { n: 1 };
      kept.push(given);
      return given;
    });
    const { end, execution } = await runRehearsal(
      { A: task({ End: undefined, Next: 'B' }), B: task({ ResultPath: null }) },
      { input: { n: 0 }, functions: spoil },
    );
    expect(end.output).toEqual({ n: 1 });
    expect(execution.history[0]?.details.input).toEqual({ n: 0 });
    expect(
      execution.history.filter(({ type }) => type === 'LambdaFunctionScheduled').map(({ details }) => details.input),
    ).toEqual([{ n: 0 }, { n: 1 }]);
  });

  test('what is not JSON arrives as JSON has it', async () => {
    const { end } = await runRehearsal({ A: task() }, { functions: act(() => ({ at: new Date(0), gone: undefined })) });
    expect(end.output).toEqual({ at: '1970-01-01T00:00:00.000Z' });
    expect((await runRehearsal({ A: task() }, { functions: act(() => undefined) })).end.output).toBeNull();
  });

  test('a result over 262,144 bytes is an error that nobody can catch; one of exactly that many is fine', async () => {
    const net = { Retry: [{ ErrorEquals: ['States.ALL'] }], Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Done' }] };
    const states = { A: task({ ...net, End: undefined, Next: 'Done' }), Done: DONE };
    const text = (bytes: number) => act(() => 'é'.repeat((bytes - 2) / 2));
    expect((await runRehearsal(states, { functions: text(262_144) })).end.status).toBe('SUCCEEDED');
    const { end, execution } = await runRehearsal(states, { functions: text(262_146) });
    expect(end).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
    expect(typesOf(execution).slice(-2)).toEqual(['LambdaFunctionFailed', 'ExecutionFailed']);
  });

  test('an input over 262,144 bytes is refused', () => {
    expect(() => begin({ Done: DONE }, { input: 'a'.repeat(262_143) })).toThrow(/262144/);
  });
});

describe('a path that leads nowhere ends the execution, whatever is caught', () => {
  const caught = { Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Done' }], End: undefined, Next: 'Done' };
  const cases: readonly (readonly [string, States])[] = [
    ['in Parameters', { A: task({ Parameters: { 'a.$': '$.missing' }, ...caught }), Done: DONE }],
    ['in the context', { A: task({ Parameters: { 'a.$': '$$.Task.Token' }, ...caught }), Done: DONE }],
    ['to an inherited name', { A: task({ Parameters: { 'a.$': '$.constructor' }, ...caught }), Done: DONE }],
    ['in a Choice', choice({ Variable: '$.missing', StringEquals: 'a', Next: 'Yes' })],
    ['in SecondsPath', { A: { Type: 'Wait', SecondsPath: '$.missing', Next: 'Done' }, Done: DONE }],
    ['in CausePath', { A: { Type: 'Fail', Error: 'X', CausePath: '$.missing' } }],
  ];
  test.each(cases)('%s', async (_, states) => {
    const { end } = await runRehearsal(states, { functions: act(() => ({})) });
    expect(end).toMatchObject({ status: 'FAILED', error: 'States.Runtime', cause: expect.stringContaining("'$") });
  });
});

describe('a Choice', () => {
  const data = { text: 'b', number: 5, yes: true, nothing: null, digits: '5' };
  const is = (variable: string, test: States) => ({ Variable: `$.${variable}`, ...test });
  const cases: readonly (readonly [States, 'yes' | 'no'])[] = [
    [is('text', { StringEquals: 'b' }), 'yes'],
    [is('text', { StringEquals: 'a' }), 'no'],
    [is('text', { StringLessThan: 'c' }), 'yes'],
    [is('text', { StringGreaterThan: 'b' }), 'no'],
    [is('text', { StringLessThanEquals: 'b' }), 'yes'],
    [is('text', { StringGreaterThanEquals: 'c' }), 'no'],
    [is('number', { NumericEquals: 5 }), 'yes'],
    [is('number', { NumericLessThan: 5 }), 'no'],
    [is('number', { NumericGreaterThan: 4 }), 'yes'],
    [is('number', { NumericLessThanEquals: 5 }), 'yes'],
    [is('number', { NumericGreaterThanEquals: 6 }), 'no'],
    [is('yes', { BooleanEquals: true }), 'yes'],
    [is('yes', { BooleanEquals: false }), 'no'],
    [is('nothing', { IsPresent: true }), 'yes'],
    [is('missing', { IsPresent: true }), 'no'],
    [is('missing', { IsPresent: false }), 'yes'],
    [is('number', { StringEquals: '5' }), 'no'],
    [is('text', { NumericLessThan: 5 }), 'no'],
    [is('nothing', { BooleanEquals: false }), 'no'],
    [is('digits', { NumericGreaterThan: 4 }), 'no'],
    [is('nothing', { NumericLessThanEquals: 0 }), 'no'],
    [is('number', { StringGreaterThan: '4' }), 'no'],
    [{ And: [is('text', { StringEquals: 'b' }), is('number', { NumericEquals: 5 })] }, 'yes'],
    [{ And: [is('text', { StringEquals: 'b' }), is('number', { NumericEquals: 6 })] }, 'no'],
    [{ Or: [is('text', { StringEquals: 'a' }), is('number', { NumericEquals: 5 })] }, 'yes'],
    [{ Or: [is('text', { StringEquals: 'a' }), is('number', { NumericEquals: 6 })] }, 'no'],
    [{ Not: is('text', { StringEquals: 'a' }) }, 'yes'],
    [{ Not: { Or: [is('text', { StringEquals: 'b' })] } }, 'no'],
    [{ And: [is('missing', { IsPresent: true }), is('missing', { StringEquals: 'a' })] }, 'no'],
  ];
  test.each(cases)('%j: %s', async (rule, answer) => {
    expect((await runRehearsal(choice({ ...rule, Next: 'Yes' }), { input: data })).end.output).toBe(answer);
  });

  test('the first rule that holds decides', async () => {
    const rule = (Next: string) => ({ Variable: '$.a', NumericEquals: 1, Next });
    expect((await runRehearsal(choice(rule('Yes'), rule('No')), { input: { a: 1 } })).end.output).toBe('yes');
  });

  test('passes its input on', async () => {
    const states = {
      Ask: { Type: 'Choice', Choices: [{ Variable: '$.a', NumericEquals: 1, Next: 'Done' }], Default: 'Done' },
      Done: DONE,
    };
    expect((await runRehearsal(states, { input: { a: 1 } })).end.output).toEqual({ a: 1 });
  });

  test('without a rule that holds and without Default it ends the execution', async () => {
    const states = {
      Ask: { Type: 'Choice', Choices: [{ Variable: '$.a', NumericEquals: 1, Next: 'Done' }] },
      Done: DONE,
    };
    expect((await runRehearsal(states, { input: { a: 2 } })).end).toMatchObject({
      status: 'FAILED',
      error: 'States.NoChoiceMatched',
    });
  });
});

describe('Wait, Pass, Succeed and Fail', () => {
  test.each([
    ['Seconds', { Seconds: 30 }, {}],
    ['SecondsPath', { SecondsPath: '$.waitSeconds' }, { waitSeconds: 30 }],
  ])('a Wait takes its %s in virtual time', async (_, fields, input) => {
    const { end, seconds } = await runRehearsal({ Wait: { Type: 'Wait', ...fields, End: true } }, { input });
    expect([end.output, seconds]).toEqual([input, 30]);
  });

  test.each([-1, 0.5, '30', null])('a Wait for %j seconds ends the execution', async (waitSeconds) => {
    const states = { Wait: { Type: 'Wait', SecondsPath: '$.waitSeconds', End: true } };
    expect((await runRehearsal(states, { input: { waitSeconds } })).end.error).toBe('States.Runtime');
  });

  test('a Pass puts its Result or its Parameters at ResultPath', async () => {
    const { end } = await runRehearsal(
      {
        A: { Type: 'Pass', Result: null, ResultPath: '$.b', Next: 'B' },
        B: { Type: 'Pass', Parameters: { 'c.$': '$.a' }, ResultPath: '$.d', Next: 'Done' },
        Done: DONE,
      },
      { input: { a: 1 } },
    );
    expect(end).toEqual({ status: 'SUCCEEDED', output: { a: 1, b: null, d: { c: 1 } } });
  });

  test('a Fail ends with its Error, and with its Cause or what its CausePath points to', async () => {
    const named = await runRehearsal({ Stuck: { Type: 'Fail', Error: 'Stuck', Cause: 'A person is needed' } });
    expect(named.end).toEqual({ status: 'FAILED', error: 'Stuck', cause: 'A person is needed' });
    const told = await runRehearsal(
      { Back: { Type: 'Fail', Error: 'Back', CausePath: '$.summary' } },
      { input: { summary: 'why' } },
    );
    expect(told.end).toEqual({ status: 'FAILED', error: 'Back', cause: 'why' });
    expect((await runRehearsal({ Bare: { Type: 'Fail' } })).end).toEqual({ status: 'FAILED' });
  });
});

describe('an error of a function', () => {
  const catching = (...catchers: readonly States[]) => ({
    A: task({
      Catch: catchers.map((catcher, place) => ({ Next: `C${place}`, ...catcher })),
      End: undefined,
      Next: 'Done',
    }),
    ...Object.fromEntries(
      catchers.map((_, place) => [`C${place}`, { Type: 'Pass', Parameters: { by: place, 'saw.$': '$' }, End: true }]),
    ),
    Done: DONE,
  });

  test('is known by its class, with type, message and an empty trace as its cause', async () => {
    const { end } = await runRehearsal(
      { A: task() },
      { functions: act(() => Promise.reject(new FencedOut('not the owner'))) },
    );
    expect(end).toEqual({
      status: 'FAILED',
      error: 'FencedOut',
      cause: '{"errorType":"FencedOut","errorMessage":"not the owner","trace":[]}',
    });
  });

  test('the first catcher that names it takes it, with Error and Cause at its ResultPath', async () => {
    const states = catching(
      { ErrorEquals: ['FencedOut'], ResultPath: '$.error' },
      { ErrorEquals: ['NotReady'], ResultPath: '$.error' },
      { ErrorEquals: ['States.ALL'] },
    );
    const cause = '{"errorType":"NotReady","errorMessage":"no","trace":[]}';
    const { end } = await runRehearsal(states, { input: { a: 1 }, functions: fail('NotReady') });
    expect(end.output).toEqual({ by: 1, saw: { a: 1, error: { Error: 'NotReady', Cause: cause } } });
    const other = await runRehearsal(states, { functions: fail('TypeError') });
    expect(other.end.output).toMatchObject({ by: 2, saw: { Error: 'TypeError' } });
  });

  test('nobody who names it: the execution fails with it', async () => {
    const { end } = await runRehearsal(catching({ ErrorEquals: ['FencedOut'] }), { functions: fail('NotReady') });
    expect([end.status, end.error]).toEqual(['FAILED', 'NotReady']);
  });

  test('States.TaskFailed takes every error but a timeout', async () => {
    const states = catching({ ErrorEquals: ['States.TaskFailed'] }, { ErrorEquals: ['States.Timeout'] });
    const slow = { ...states, A: { ...states.A, TimeoutSeconds: 40 } };
    expect((await runRehearsal(slow, { functions: fail('NotReady') })).end.output).toMatchObject({ by: 0 });
    const { end, seconds } = await runRehearsal(slow, { functions: act(() => new Promise(() => {})) });
    expect([end.output, seconds]).toEqual([expect.objectContaining({ by: 1 }), 40]);
  });

  test.each(['States.Runtime', 'States.DataLimitExceeded'])('%s is taken by nobody', async (name) => {
    const states = catching({ ErrorEquals: ['States.TaskFailed'] }, { ErrorEquals: ['States.ALL'] });
    expect((await runRehearsal(states, { functions: fail(name) })).end).toMatchObject({
      status: 'FAILED',
      error: name,
    });
  });

  test('may be no Error at all', async () => {
    const { end } = await runRehearsal({ A: task() }, { functions: act(() => Promise.reject('words')) });
    expect(end).toMatchObject({ error: 'string', cause: expect.stringContaining('words') });
  });
});

describe('Retry, in virtual seconds', () => {
  /** The seconds at which the function was asked; it fails as `errors` say, then answers. */
  async function asked(retry: readonly States[], errors: readonly string[], chance = () => 0.5) {
    const clock = new VirtualClock(START);
    const at: number[] = [];
    const left = [...errors];
    const functions = act(() => {
      at.push(clock.now() - START);
      const error = left.shift();
      return error === undefined ? 'done' : throwNamed(error);
    });
    const { end } = await runRehearsal({ A: task({ Retry: retry }) }, { clock, functions, chance });
    return { at, end };
  }

  const times = (count: number, error: string) => Array.from({ length: count }, () => error);

  test('waits grow by the backoff rate up to MaxDelaySeconds', async () => {
    const retrier = { ErrorEquals: ['X'], IntervalSeconds: 2, BackoffRate: 2, MaxDelaySeconds: 10, MaxAttempts: 5 };
    const { at, end } = await asked([retrier], times(5, 'X'));
    expect(at).toEqual([0, 2, 6, 14, 24, 34]);
    expect(end.output).toBe('done');
  });

  test('without numbers it is three more tries, after 1, 2 and 4 s', async () => {
    const { at, end } = await asked([{ ErrorEquals: ['X'] }], times(9, 'X'));
    expect([at, end.error]).toEqual([[0, 1, 3, 7], 'X']);
  });

  test('full jitter draws from nothing to the whole delay', async () => {
    const retrier = { ErrorEquals: ['X'], IntervalSeconds: 4, BackoffRate: 1, MaxAttempts: 3, JitterStrategy: 'FULL' };
    const chances = [0, 0.25, 0.75];
    const { at } = await asked([retrier], times(3, 'X'), () => chances.shift()!);
    expect(at).toEqual([0, 0, 1, 4]);
  });

  test('MaxAttempts 0 shields an error from a later States.ALL', async () => {
    const shield = { ErrorEquals: ['FencedOut'], MaxAttempts: 0 };
    const { at, end } = await asked([shield, { ErrorEquals: ['States.ALL'] }], ['FencedOut']);
    expect([at, end.error]).toEqual([[0], 'FencedOut']);
  });

  test('retriers are counted separately, and a spent one is not helped by a later one', async () => {
    const retry = [
      { ErrorEquals: ['X'], MaxAttempts: 1, IntervalSeconds: 10 },
      { ErrorEquals: ['Y'], MaxAttempts: 2, IntervalSeconds: 1, BackoffRate: 1 },
      { ErrorEquals: ['States.ALL'], MaxAttempts: 9 },
    ];
    const { at, end } = await asked(retry, ['Y', 'X', 'Y', 'X']);
    expect([at, end.error]).toEqual([[0, 1, 11, 12], 'X']);
  });

  test('comes before Catch, and starts anew when the state is entered again', async () => {
    const states = {
      A: task({
        Retry: [{ ErrorEquals: ['Transient'], MaxAttempts: 1 }],
        Catch: [{ ErrorEquals: ['Transient'], Next: 'A' }],
        End: undefined,
        Next: 'Done',
      }),
      Done: DONE,
    };
    let calls = 0;
    const functions = act(() => {
      calls += 1;
      if (calls < 5) throw new Transient('again');
      return calls;
    });
    const { end, execution, seconds } = await runRehearsal(states, { functions });
    expect([end.output, execution.transitions, seconds]).toEqual([5, 4, 2]);
  });
});

describe('a function that outlives its execution', () => {
  /** It writes one thing before and one after thirty seconds. */
  function slowWriter() {
    const clock = new VirtualClock(START);
    const writes: string[] = [];
    const functions = {
      Act: async () => {
        writes.push(`began at ${clock.now() - START}`);
        await clock.sleep(30);
        writes.push(`wrote at ${clock.now() - START}`);
        return 'late';
      },
    };
    return { clock, writes, functions };
  }

  test.each(['ABORTED', 'TIMED_OUT'] as const)(
    '%s in the middle ends at once; the function goes on',
    async (status) => {
      const { clock, writes, functions } = slowWriter();
      const { execution } = begin({ A: task({ End: undefined, Next: 'B' }), B: task() }, { clock, functions });
      clock.at(START + 10, () => execution.stop(status, 'by hand'));
      await clock.run(() => execution.status() !== 'RUNNING');
      expect(clock.now() - START).toBe(10);
      const events = execution.history.length;
      await clock.run(() => clock.now() >= START + 100);
      expect(await execution.done).toEqual({ status, cause: 'by hand' });
      expect(writes).toEqual(['began at 0', 'wrote at 30']);
      expect([execution.history.length, execution.transitions]).toEqual([events, 1]);
      const last = { ABORTED: 'ExecutionAborted', TIMED_OUT: 'ExecutionTimedOut' }[status];
      expect(execution.history.at(-1)).toMatchObject({
        type: last,
        timestamp: START + 10,
        details: { cause: 'by hand' },
      });
    },
  );

  test('a task that times out goes on without its function, and the late answer changes nothing', async () => {
    const { clock, writes, functions } = slowWriter();
    const { execution, end, seconds } = await runRehearsal(
      {
        A: task({
          TimeoutSeconds: 20,
          Retry: [{ ErrorEquals: ['States.Timeout'], MaxAttempts: 1 }],
          Catch: [{ ErrorEquals: ['States.Timeout'], ResultPath: '$.error', Next: 'Wait' }],
          End: undefined,
          Next: 'Wait',
        }),
        Wait: { Type: 'Wait', Seconds: 30, End: true },
      },
      { clock, functions },
    );
    expect(seconds).toBe(71);
    expect(writes).toEqual(['began at 0', 'began at 21', 'wrote at 30', 'wrote at 51']);
    expect(end.output).toMatchObject({ error: { Error: 'States.Timeout' } });
    expect(typesOf(execution).filter((type) => type.startsWith('LambdaFunction'))).toEqual([
      'LambdaFunctionScheduled',
      'LambdaFunctionStarted',
      'LambdaFunctionTimedOut',
      'LambdaFunctionScheduled',
      'LambdaFunctionStarted',
      'LambdaFunctionTimedOut',
    ]);
  });

  test('a function that throws after the end disturbs nobody', async () => {
    const clock = new VirtualClock(START);
    const functions = { Act: () => clock.sleep(5).then(() => throwNamed('X')) };
    const { execution } = begin({ A: task() }, { clock, functions });
    clock.at(START + 1, () => execution.stop('ABORTED'));
    await clock.run(() => clock.now() >= START + 10);
    expect(await execution.done).toEqual({ status: 'ABORTED' });
  });

  test('an execution stopped between two tries does not ask again', async () => {
    let calls = 0;
    const functions = act(() => {
      calls += 1;
      return throwNamed('X');
    });
    const { execution, clock } = begin(
      { A: task({ Retry: [{ ErrorEquals: ['X'], IntervalSeconds: 10 }] }) },
      { functions },
    );
    clock.at(START + 5, () => execution.stop('ABORTED'));
    await clock.run(() => clock.now() >= START + 60);
    expect([calls, execution.status()]).toEqual([1, 'ABORTED']);
  });

  test('a function may stop its own execution', async () => {
    const box: { execution?: Execution } = {};
    const functions = act(() => box.execution?.stop('ABORTED'));
    const { execution, clock } = begin({ A: task() }, { functions });
    box.execution = execution;
    await clock.run(() => execution.status() !== 'RUNNING');
    expect(typesOf(execution).at(-1)).toBe('ExecutionAborted');
  });

  test('what has ended cannot be stopped', async () => {
    const { execution } = await runRehearsal({ Done: DONE });
    execution.stop('ABORTED');
    expect([execution.status(), typesOf(execution).at(-1)]).toEqual(['SUCCEEDED', 'ExecutionSucceeded']);
  });
});

describe('beforeTransition', () => {
  const states = { A: task({ End: undefined, Next: 'B' }), B: task({ End: undefined, Next: 'Done' }), Done: DONE };

  test('is asked once before each state, counted from 1', async () => {
    const asked: (readonly [number, string])[] = [];
    await runRehearsal(states, {
      functions: act(() => ({})),
      beforeTransition: (count, state) => {
        asked.push([count, state]);
        return 'go on';
      },
    });
    expect(asked).toEqual([
      [1, 'A'],
      [2, 'B'],
      [3, 'Done'],
    ]);
  });

  test.each([1, 2, 3])('stop at %i ends there, with that state not entered', async (stopAt) => {
    const { execution, end } = await runRehearsal(states, {
      functions: act(() => ({})),
      beforeTransition: (count) => (count === stopAt ? 'stop' : 'go on'),
    });
    expect([end.status, execution.transitions]).toEqual(['ABORTED', stopAt - 1]);
    expect(typesOf(execution).filter((type) => type.endsWith('Entered'))).toHaveLength(stopAt - 1);
  });
});

describe('the history', () => {
  const TICK = {
    Judge: task({ End: undefined, Next: 'Judged?' }),
    'Judged?': {
      Type: 'Choice',
      Choices: [{ Variable: '$.verdict', StringEquals: 'advance', Next: 'Done' }],
      Default: 'Wait a tick',
    },
    'Wait a tick': { Type: 'Wait', Seconds: 30, Next: 'Judge' },
    Done: DONE,
  };
  const verdicts = (...given: readonly string[]) => {
    const left = [...given];
    return act(() => ({ verdict: left.shift() }));
  };

  test('a tick of Task, Choice and Wait is nine events', async () => {
    const one = await runRehearsal(TICK, { functions: verdicts('advance') });
    const two = await runRehearsal(TICK, { functions: verdicts('hold', 'advance') });
    expect(two.execution.history.length - one.execution.history.length).toBe(9);
    expect(typesOf(two.execution).slice(0, 12)).toEqual([
      'ExecutionStarted',
      'TaskStateEntered',
      'LambdaFunctionScheduled',
      'LambdaFunctionStarted',
      'LambdaFunctionSucceeded',
      'TaskStateExited',
      'ChoiceStateEntered',
      'ChoiceStateExited',
      'WaitStateEntered',
      'WaitStateExited',
      'TaskStateEntered',
      'LambdaFunctionScheduled',
    ]);
    expect(typesOf(two.execution).slice(-3)).toEqual([
      'SucceedStateEntered',
      'SucceedStateExited',
      'ExecutionSucceeded',
    ]);
  });

  test('each event has its second, its state, and what went in and out', async () => {
    const { execution } = await runRehearsal(TICK, { input: { a: 1 }, functions: verdicts('hold', 'advance') });
    const [started, entered, scheduled, , succeeded, exited] = execution.history;
    expect(started).toEqual({
      id: 1,
      previousEventId: 0,
      timestamp: START,
      type: 'ExecutionStarted',
      details: { input: { a: 1 } },
    });
    expect(entered?.details).toEqual({ name: 'Judge', input: { a: 1 } });
    expect(scheduled?.details).toEqual({ resource: `\${Act}`, input: { a: 1 } });
    expect(succeeded?.details).toEqual({ output: { verdict: 'hold' } });
    expect(exited?.details).toEqual({ name: 'Judge', output: { verdict: 'hold' } });
    expect(execution.history.find(({ type }) => type === 'WaitStateExited')?.timestamp).toBe(START + 30);
  });

  test('a Fail is entered, never left', async () => {
    const { execution } = await runRehearsal({ Stuck: { Type: 'Fail', Error: 'Stuck', Cause: 'why' } });
    expect(typesOf(execution)).toEqual(['ExecutionStarted', 'FailStateEntered', 'ExecutionFailed']);
    expect(execution.history.at(-1)?.details).toEqual({ error: 'Stuck', cause: 'why' });
  });

  test('a failed try is told with its error, and the next try follows it', async () => {
    const { execution } = await runRehearsal(
      { A: task({ Retry: [{ ErrorEquals: ['X'], MaxAttempts: 1 }] }) },
      { functions: fail('X') },
    );
    expect(typesOf(execution).slice(2)).toEqual([
      'LambdaFunctionScheduled',
      'LambdaFunctionStarted',
      'LambdaFunctionFailed',
      'LambdaFunctionScheduled',
      'LambdaFunctionStarted',
      'LambdaFunctionFailed',
      'ExecutionFailed',
    ]);
    expect(execution.history[4]?.details.error).toBe('X');
  });

  test('the 25,000th event is the last: an endless loop fails there, uncaught', async () => {
    const { execution, end } = await runRehearsal(TICK, { functions: act(() => ({ verdict: 'hold' })) });
    expect(end).toMatchObject({ status: 'FAILED', error: 'States.Runtime', cause: expect.stringContaining('25000') });
    expect(execution.history).toHaveLength(25_000);
    expect(typesOf(execution).at(-1)).toBe('ExecutionFailed');
  });
});

describe('a machine is refused when loaded', () => {
  const problems = (definition: unknown): string => {
    try {
      loadMachine(definition);
    } catch (thrown) {
      return (thrown as Error).message;
    }
    return '';
  };
  const withRule = (rule: States) => ({ StartAt: 'Ask', States: choice({ ...rule, Next: 'Yes' }) });
  const withTask = (fields: States) => ({ StartAt: 'A', States: { A: task(fields) } });
  const withState = (state: unknown) => ({ StartAt: 'A', States: { A: state } });

  const cases: readonly (readonly [what: string, definition: unknown, problem: RegExp])[] = [
    [
      'an unknown field of the machine',
      { ...withTask({}), TimeoutSeconds: 5 },
      /The machine: unknown field TimeoutSeconds/,
    ],
    ['an unknown field of a state', withTask({ Assign: {} }), /^A: unknown field Assign$/],
    ['InputPath, which is not played', withTask({ InputPath: '$.a' }), /^A: unknown field InputPath$/],
    ['HeartbeatSeconds, which is not played', withTask({ HeartbeatSeconds: 5 }), /unknown field HeartbeatSeconds/],
    [
      'an unknown field of a retrier',
      withTask({ Retry: [{ ErrorEquals: ['X'], Max: 1 }] }),
      /A: Retry.0: unknown field Max/,
    ],
    [
      'an unknown field of a catcher',
      withTask({ Catch: [{ ErrorEquals: ['X'], Next: 'A', Assign: {} }] }),
      /A: Catch.0: unknown field Assign/,
    ],
    ['an unknown comparison', withRule({ Variable: '$.a', StringMatches: 'b*' }), /unknown field StringMatches/],
    [
      'a comparison with a path',
      withRule({ Variable: '$.a', StringEqualsPath: '$.b' }),
      /unknown field StringEqualsPath/,
    ],
    [
      'two comparisons in one test',
      withRule({ Variable: '$.a', StringEquals: 'b', IsPresent: true }),
      /exactly one of/,
    ],
    ['a comparison without a variable', withRule({ StringEquals: 'b' }), /needs a Variable/],
    [
      'a variable beside And',
      withRule({ Variable: '$.a', And: [{ Variable: '$.a', IsPresent: true }] }),
      /takes no Variable/,
    ],
    [
      'an operand of the wrong type',
      withRule({ Variable: '$.a', NumericEquals: '5' }),
      /Ask: Choices.0.test.NumericEquals/,
    ],
    ['an unknown state type', withState({ Type: 'Map', End: true }), /^A: Type: unknown state type "Map"$/],
    ['a state that is none', withState(null), /unknown state type/],
    [
      'a Resource that is no placeholder',
      withTask({ Resource: 'arn:aws:lambda:::function:a' }),
      /A: Resource: not a placeholder/,
    ],
    [
      'a path of an unknown kind',
      withTask({ Parameters: { 'a.$': '$.list[0]' } }),
      /A: Parameters: a\.\$ is not a supported path/,
    ],
    ['an intrinsic function', withTask({ Parameters: { 'a.$': "States.Format('a')" } }), /is not a supported path/],
    ['a path inside an array', withTask({ Parameters: { a: [{ 'b.$': '$' }] } }), /inside an array/],
    [
      'a ResultPath into the context',
      withTask({ ResultPath: '$$.a' }),
      /A: ResultPath: not a supported reference path/,
    ],
    ['a parameter that stands twice', withTask({ Parameters: { a: 1, 'a.$': '$' } }), /a is a duplicate of a\.\$/],
    [
      'an error that two retriers take',
      withTask({ Retry: [{ ErrorEquals: ['X'] }, { ErrorEquals: ['Y', 'X'] }] }),
      /A: Retry: X is a duplicate/,
    ],
    ['an error that nobody can catch', withTask({ Retry: [{ ErrorEquals: ['States.Runtime'] }] }), /can be caught/],
    ['Next beside End', withTask({ Next: 'A' }), /either Next or End/],
    ['neither Next nor End', withState({ Type: 'Wait', Seconds: 5 }), /either Next or End/],
    ['a Wait without a time', withState({ Type: 'Wait', End: true }), /needs Seconds or SecondsPath/],
    ['a Fail with two causes', withState({ Type: 'Fail', Cause: 'a', CausePath: '$.a' }), /not both/],
    [
      'a target that does not exist',
      withTask({ End: undefined, Next: 'B' }),
      /^A: leads to 'B', which does not exist$/,
    ],
    ['a StartAt that does not exist', { StartAt: 'B', States: { A: task() } }, /StartAt: leads to 'B'/],
    ['a state that nothing leads to', { StartAt: 'A', States: { A: task(), B: task() } }, /^B: no state leads to it$/],
    ['no machine at all', 'text', /The machine/],
  ];
  test.each(cases)('%s', (_, definition, problem) => {
    expect(problems(definition)).toMatch(problem);
  });

  test('with every problem on a line of its own', () => {
    const states = { A: task({ Assign: {}, Foo: 1, End: undefined, Next: 'Nowhere' }), B: { Type: 'Map' } };
    expect(problems({ StartAt: 'A', States: states }).split('\n').toSorted()).toEqual([
      "A: leads to 'Nowhere', which does not exist",
      'A: unknown field Assign',
      'A: unknown field Foo',
      'B: Type: unknown state type "Map"',
      'B: no state leads to it',
    ]);
  });

  test('or when started, if nobody plays a placeholder', () => {
    expect(() => begin({ A: task() }, { functions: { Other: async () => 1 } })).toThrow(`No function plays \${Act}`);
    expect(() => begin({ A: task({ Resource: `\${toString}` }) })).toThrow(`No function plays \${toString}`);
  });
});

test('the release policy is a machine that the engine plays', () => {
  const machine = loadMachine(policy);
  expect(machine.startAt).toBe('Open');
  expect(machine.placeholders.toSorted()).toEqual(['Close', 'Judge', 'Migrate', 'Open', 'Prepare', 'Revert', 'Shift']);
});

describe('any little machine', () => {
  const SIZE = 5;
  const target = fc.integer({ min: 0, max: SIZE }).map((place) => (place === SIZE ? 'End' : `S${place}`));
  const state = fc.oneof(
    fc.record({ next: target, caught: target, attempts: fc.nat(2) }).map(({ next, caught, attempts }) => ({
      ...task({ End: undefined, Next: next }),
      Retry: [{ ErrorEquals: ['Transient'], MaxAttempts: attempts }],
      Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: caught }],
    })),
    fc.record({ yes: target, no: target }).map(({ yes, no }) => ({
      Type: 'Choice',
      Choices: [{ Variable: '$.error', IsPresent: true, Next: yes }],
      Default: no,
    })),
    fc.record({ next: target, seconds: fc.nat(30) }).map(({ next, seconds }) => ({
      Type: 'Wait',
      Seconds: seconds,
      Next: next,
    })),
  );
  const machine = fc.array(state, { minLength: SIZE, maxLength: SIZE }).map((drawn) => {
    const all: States = { ...Object.fromEntries(drawn.map((one, place) => [`S${place}`, one])), End: DONE };
    return Object.fromEntries(Object.entries(all).filter(([name]) => reachableFrom('S0', all).has(name)));
  });

  test('ends or reaches the event limit, with ids in a row and time that never turns back', async () => {
    await fc.assert(
      fc.asyncProperty(machine, fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }), async (states, failing) => {
        let calls = 0;
        const functions = act(() => {
          calls += 1;
          if (failing[calls % failing.length]) throw new Transient('again');
          return {};
        });
        const { execution, end } = await runRehearsal(states, { functions });
        const { history } = execution;
        if (end.status === 'FAILED') expect([end.error, history.length]).toEqual(['States.Runtime', 25_000]);
        else expect([end.status, history.length < 25_000]).toEqual(['SUCCEEDED', true]);
        expect(history.every(({ id, previousEventId }, place) => id === place + 1 && previousEventId === place)).toBe(
          true,
        );
        expect(history.every(({ timestamp }, place) => timestamp >= (history[place - 1]?.timestamp ?? START))).toBe(
          true,
        );
      }),
      { numRuns: 40 },
    );
  });
});
