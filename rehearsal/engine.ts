/**
 * A small strict interpreter of the part of Amazon States Language (JSONPath) that the release policy uses, in virtual
 * time. What it does not know it refuses when the file is loaded; nothing is skipped in silence.
 * Rules: https://states-language.net/spec.html; quotas and history: the Step Functions developer guide.
 */
import type { z } from 'zod';
import type { Clock, Instant } from '../functions/ports/clock.ts';
import { holds } from './engine-choice.ts';
import { reachableFrom, targetsOf } from './engine-graph.ts';
import {
  HISTORY_LIMIT_EVENTS,
  type HistoryDetails,
  type HistoryEvent,
  type HistoryEventType,
} from './engine-history.ts';
import { type Answer, answerOf } from './engine-lambda.ts';
import {
  ExecutionFailure,
  fill,
  type Json,
  type JsonObject,
  overTheWire,
  place,
  readSeconds,
  readString,
  runtimeFailure,
  type Scope,
} from './engine-paths.ts';
import { isCatchable, secondsBeforeRetry, takes } from './engine-retry.ts';
import { machineSchema, type Retrier, type State, stateSchema, type TaskState } from './engine-states.ts';

export interface Machine {
  readonly startAt: string;
  readonly states: ReadonlyMap<string, State>;
  /** The names inside `${...}`, each once. */
  readonly placeholders: readonly string[];
}

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'ABORTED' | 'TIMED_OUT';

export interface ExecutionEnd {
  readonly status: Exclude<ExecutionStatus, 'RUNNING'>;
  readonly output?: Json;
  readonly error?: string;
  readonly cause?: string;
}

export interface ExecutionStart {
  readonly machine: Machine;
  /** `$$.Execution.Id`; an ARN in the service. */
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
  /** What plays each placeholder. A thrown error is known to Retry and Catch by its `name`. */
  readonly functions: Readonly<Record<string, (payload: unknown) => Promise<unknown>>>;
  readonly clock: Clock;
  /** Uniform in [0, 1); draws the jitter of retries. */
  readonly chance: () => number;
  /** Asked before a state is entered; `count` is 1 for the first. 'stop' aborts the execution there. */
  readonly beforeTransition?: (count: number, state: string) => 'go on' | 'stop';
}

export interface Execution {
  readonly done: Promise<ExecutionEnd>;
  status(): ExecutionStatus;
  /** Ends the execution at once. A function that is running keeps running, as a Lambda outlives its execution. */
  stop(status: 'ABORTED' | 'TIMED_OUT', cause?: string): void;
  readonly history: readonly HistoryEvent[];
  /** States entered. */
  readonly transitions: number;
}

/**
 * A definition that the engine can play.
 * @throws Error listing every problem, one a line
 */
export function loadMachine(definition: unknown): Machine {
  const shape = machineSchema.safeParse(definition);
  if (!shape.success) throw new Error(problemsOf('The machine', shape.error).join('\n'));
  const { StartAt: startAt, States } = shape.data;
  const states = new Map<string, State>();
  const problems: string[] = [];
  for (const [name, raw] of Object.entries(States)) {
    const state = stateSchema.safeParse(raw);
    if (state.success) states.set(name, state.data);
    else problems.push(...problemsOf(name, state.error));
    for (const target of new Set(targetsOf(raw)))
      if (!Object.hasOwn(States, target)) problems.push(`${name}: leads to '${target}', which does not exist`);
  }
  if (!Object.hasOwn(States, startAt)) problems.push(`StartAt: leads to '${startAt}', which does not exist`);
  const reachable = reachableFrom(startAt, States);
  for (const name of Object.keys(States)) if (!reachable.has(name)) problems.push(`${name}: no state leads to it`);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  const tasks = [...states.values()].filter((state) => state.Type === 'Task');
  return { startAt, states, placeholders: [...new Set(tasks.map(placeholderOf))] };
}

const problemsOf = (name: string, { issues }: z.ZodError): readonly string[] =>
  issues.flatMap((issue) => {
    const where = [name, issue.path.join('.')].filter(Boolean).join(': ');
    return issue.code === 'unrecognized_keys'
      ? issue.keys.map((field) => `${where}: unknown field ${field}`)
      : [`${where}: ${issue.message}`];
  });

const placeholderOf = (task: TaskState): string => task.Resource.slice('${'.length, -'}'.length);

/**
 * Starts an execution; it moves when the clock runs.
 * @throws Error when a placeholder has no function, or the input is not JSON of at most 262,144 bytes
 */
export function startExecution(start: ExecutionStart): Execution {
  const unplayed = start.machine.placeholders.filter((name) => !Object.hasOwn(start.functions, name));
  if (unplayed.length > 0) throw new Error(unplayed.map((name) => `No function plays \${${name}}`).join('\n'));
  return new RunningExecution(start);
}

interface Step {
  readonly output: Json;
  /** Absent at the end of the machine. */
  readonly next?: string | undefined;
}

/** A Fail state may have neither name nor cause. */
const failedBy = ({ error, message }: ExecutionFailure): ExecutionEnd => ({
  status: 'FAILED',
  ...(error && { error }),
  ...(message && { cause: message }),
});

const iso = (instant: Instant): string => new Date(instant * 1000).toISOString();

/** Thrown into an execution that has ended, to let go of what it was doing. */
class Ended extends Error {}

class RunningExecution implements Execution {
  readonly done: Promise<ExecutionEnd>;
  readonly history: HistoryEvent[] = [];
  readonly #start: ExecutionStart;
  readonly #execution: JsonObject;
  #status: ExecutionStatus = 'RUNNING';
  #transitions = 0;
  #settle: (end: ExecutionEnd) => void = () => {};

  constructor(start: ExecutionStart) {
    this.#start = start;
    const input = overTheWire(start.input);
    this.#execution = { Id: start.id, Name: start.name, Input: input, StartTime: iso(start.clock.now()) };
    this.done = new Promise((resolve, reject) => {
      this.#settle = resolve;
      Promise.resolve()
        .then(() => this.#walk(input))
        .catch((thrown: unknown) => {
          if (thrown instanceof ExecutionFailure) this.#end(failedBy(thrown));
          else if (!(thrown instanceof Ended)) reject(thrown);
        });
    });
  }

  status(): ExecutionStatus {
    return this.#status;
  }

  get transitions(): number {
    return this.#transitions;
  }

  stop(status: 'ABORTED' | 'TIMED_OUT', cause?: string): void {
    this.#end(cause === undefined ? { status } : { status, cause });
  }

  async #walk(input: Json): Promise<void> {
    const { machine, beforeTransition } = this.#start;
    this.#record('ExecutionStarted', { input });
    let data = input;
    let name: string | undefined = machine.startAt;
    while (name !== undefined) {
      if (beforeTransition?.(this.#transitions + 1, name) === 'stop') this.stop('ABORTED', `Stopped before ${name}`);
      const state: State = machine.states.get(name)!;
      this.#record(`${state.Type}StateEntered`, { name, input: data });
      this.#transitions += 1;
      const step: Step = await this.#play(name, state, data);
      this.#record(`${state.Type}StateExited`, { name, output: step.output });
      data = step.output;
      name = step.next;
    }
    this.#end({ status: 'SUCCEEDED', output: data });
  }

  async #play(name: string, state: State, input: Json): Promise<Step> {
    const entered = { Name: name, EnteredTime: iso(this.#start.clock.now()) };
    const scope = { input, context: { Execution: this.#execution, State: entered } };
    switch (state.Type) {
      case 'Task':
        return this.#task(state, scope);
      case 'Choice': {
        const next = state.Choices.find(({ test }) => holds(test, scope))?.Next ?? state.Default;
        if (next === undefined) throw new ExecutionFailure('States.NoChoiceMatched', `No choice of ${name} matched`);
        return { output: input, next };
      }
      case 'Wait':
        await this.#start.clock.sleep(state.Seconds ?? readSeconds(state.SecondsPath!, scope));
        return { output: input, next: state.Next };
      case 'Pass': {
        const made = state.Parameters === undefined ? input : fill(state.Parameters, scope);
        const result = state.Result === undefined ? made : state.Result;
        return { output: overTheWire(place(state.ResultPath, input, result)), next: state.Next };
      }
      case 'Succeed':
        return { output: input };
      case 'Fail':
        throw new ExecutionFailure(
          state.Error ?? '',
          state.Cause ?? (state.CausePath ? readString(state.CausePath, scope) : ''),
        );
    }
  }

  /** Asks the function, again where a Retrier says so; then the result, or the way of the Catcher. */
  async #task(state: TaskState, scope: Scope): Promise<Step> {
    const { clock, chance } = this.#start;
    const { input } = scope;
    const payload = state.Parameters === undefined ? input : fill(state.Parameters, scope);
    const retried = new Map<Retrier, number>();
    for (;;) {
      const answer = await this.#ask(state, payload);
      if ('result' in answer)
        return { output: overTheWire(place(state.ResultPath, input, answer.result)), next: state.Next };
      const { error, cause } = answer;
      if (!isCatchable(error)) throw new ExecutionFailure(error, cause);
      const retrier = state.Retry.find(takes(error));
      const times = (retrier && retried.get(retrier)) ?? 0;
      if (retrier && times < retrier.MaxAttempts) {
        retried.set(retrier, times + 1);
        await clock.sleep(secondsBeforeRetry(retrier, times, chance));
        continue;
      }
      const catcher = state.Catch.find(takes(error));
      if (!catcher) throw new ExecutionFailure(error, cause);
      const output = place(catcher.ResultPath, input, { Error: error, Cause: cause });
      return { output: overTheWire(output), next: catcher.Next };
    }
  }

  /** One try. When it takes too long, the function is not stopped: nobody listens to it any more. */
  async #ask(state: TaskState, input: Json): Promise<Answer> {
    const { functions, clock } = this.#start;
    const payload = overTheWire(input);
    this.#record('LambdaFunctionScheduled', { resource: state.Resource, input });
    this.#record('LambdaFunctionStarted');
    const answer = answerOf(functions[placeholderOf(state)]!, payload);
    const limit = state.TimeoutSeconds;
    const inTime = limit === undefined ? answer : Promise.race([answer, clock.sleep(limit)]);
    const outcome = await inTime;
    if (outcome === undefined) {
      const timeout = { error: 'States.Timeout', cause: `No answer within ${limit} s` };
      this.#record('LambdaFunctionTimedOut', timeout);
      return timeout;
    }
    if ('result' in outcome) this.#record('LambdaFunctionSucceeded', { output: outcome.result });
    else this.#record('LambdaFunctionFailed', outcome);
    return outcome;
  }

  /** The one gate: whatever an execution does next, it is written first, and after its end nothing is. */
  #record(type: HistoryEventType, details: HistoryDetails = {}): void {
    if (this.#status !== 'RUNNING') throw new Ended();
    if (this.history.length >= HISTORY_LIMIT_EVENTS - 1)
      throw runtimeFailure(`The execution reached the maximum of ${HISTORY_LIMIT_EVENTS} history events`);
    this.#append(type, details);
  }

  #append(type: HistoryEventType, details: HistoryDetails): void {
    const previousEventId = this.history.length;
    this.history.push({
      id: previousEventId + 1,
      previousEventId,
      timestamp: this.#start.clock.now(),
      type,
      details,
    });
  }

  #end(end: ExecutionEnd): void {
    if (this.#status !== 'RUNNING') return;
    const { status, ...details } = end;
    this.#status = status;
    this.#append(END_EVENTS[status], details);
    this.#settle(end);
  }
}

const END_EVENTS = {
  SUCCEEDED: 'ExecutionSucceeded',
  FAILED: 'ExecutionFailed',
  ABORTED: 'ExecutionAborted',
  TIMED_OUT: 'ExecutionTimedOut',
} as const;
