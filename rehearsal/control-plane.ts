/**
 * What runs around the world: executions of the state machine, the guard behind its alarm and task events, and the
 * reconciler, once a minute and when an execution ends. Everything that AWS does for us between our functions.
 */
import { isDeepStrictEqual } from 'node:util';
import { Stuck } from '../functions/core/failures.ts';
import { type GuardEvent, guard } from '../functions/steps/safety/guard.ts';
import { reconcile } from '../functions/steps/safety/reconcile.ts';
import type { ServiceSettings } from '../functions/steps/shared/settings.ts';
import type { Chance } from './chance.ts';
import { type Execution, type ExecutionEnd, type Machine, startExecution } from './engine.ts';
import { functionsFor, type Play, type Verb } from './functions.ts';
import type { World } from './world.ts';
import { LONGEST_LAMBDA_SECONDS } from './writes.ts';

export interface Running {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
  readonly execution: Execution;
  /** The state that it is in, or ended in. */
  state: string;
  end?: ExecutionEnd;
  endedAt?: number;
}

export interface ControlPlaneOptions {
  readonly world: World;
  readonly settings: ServiceSettings;
  readonly machine: Machine;
  readonly chance: Chance;
  /** Whether Lambda refuses that function at this moment. */
  readonly refuses?: (verb: Verb) => boolean;
  readonly withGuard: boolean;
  readonly withReconciler: boolean;
  /** Told of every execution that is started, before its first step. */
  readonly onStart?: (running: Pick<Running, 'id' | 'input'>) => void;
  /** Told of its end. */
  readonly onEnd?: (running: Pick<Running, 'id'>) => void;
  /** Told of what a step answered. */
  readonly onAnswer?: (verb: Verb, answer: unknown) => void;
  readonly beforeTransition?: (running: Running, count: number, state: string) => 'go on' | 'stop';
  readonly sabotage?:
    | ((functions: Readonly<Record<Verb, Play>>, world: World) => Readonly<Record<Verb, Play>>)
    | undefined;
}

const ARN = 'arn:aws:states:us-east-1:111111111111:execution:release:';

export class ControlPlane {
  readonly executions: Running[] = [];
  readonly #options: ControlPlaneOptions;
  #reconciling = false;

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
    const { world, withGuard, withReconciler, chance } = options;
    world.runsOn(this);
    if (withGuard) {
      world.onAlarm((alarm) =>
        this.#deliver(chance.between(1, 5), { kind: 'alarm', acts: alarm.kind, ...alarmEvent(alarm) }),
      );
      world.onTaskStopped((event) => this.#deliver(chance.between(1, 3), { kind: 'task stopped', ...event }));
    }
    if (withReconciler) {
      world.clock.everySecond((second) => (second % 60 === 0 ? this.reconcile() : undefined));
    }
  }

  /** The same name again is the same execution, also when it has ended; with another input it is refused. */
  start(name: string, input: unknown): Running {
    const known = this.executions.find((running) => running.name === name);
    if (known && !isDeepStrictEqual(known.input, input)) throw new Stuck(`${known.id} was started with another input`);
    if (known) return known;
    const { world, settings, machine, chance, sabotage, refuses } = this.#options;
    const id = `${ARN}${name}`;
    const functions = functionsFor(world, settings, id, refuses);
    this.#options.onStart?.({ id, input });
    const running: Running = {
      id,
      name,
      input,
      state: 'before Open',
      execution: startExecution({
        machine,
        id,
        name,
        input,
        functions: this.#heard(sabotage?.(functions, world) ?? functions),
        clock: world.clock,
        chance: chance.uniform,
        beforeTransition: (count, state) => {
          if (this.#options.beforeTransition?.(running, count, state) === 'stop') return 'stop';
          running.state = state;
          return 'go on';
        },
      }),
    };
    this.executions.push(running);
    void running.execution.done.then((end) => {
      running.end = end;
      running.endedAt = world.clock.now();
      this.#options.onEnd?.(running);
      // The event that tells of it is delivered at best effort; the minute's look does not depend on it.
      if (this.#options.withReconciler && end.status !== 'SUCCEEDED' && chance.uniform() < 0.5) {
        world.clock.at(world.clock.now() + 2, () => void this.reconcile());
      }
    });
    return running;
  }

  #heard(functions: Readonly<Record<Verb, Play>>): Readonly<Record<Verb, Play>> {
    const heard = (verb: Verb, play: Play): Play =>
      async function answered(payload) {
        const answer = await play(payload);
        onAnswer?.(verb, answer);
        return answer;
      };
    const { onAnswer } = this.#options;
    return Object.fromEntries(
      Object.entries(functions).map(([verb, play]) => [verb, heard(verb as Verb, play)]),
    ) as Record<Verb, Play>;
  }

  status(idOrName: string): 'RUNNING' | 'ended' | 'unknown' {
    const found = this.executions.find(({ id, name }) => id === idOrName || name === idOrName);
    if (!found) return 'unknown';
    return found.end === undefined ? 'RUNNING' : 'ended';
  }

  get isIdle(): boolean {
    return this.executions.every(({ end }) => end !== undefined);
  }

  /** Reserved concurrency 1: a look that is due while another one runs does not happen. */
  async reconcile(): Promise<void> {
    if (this.#reconciling) return;
    this.#reconciling = true;
    const { world, settings } = this.#options;
    const ports = world.ports({ by: 'reconciler' });
    // A Lambda that dies or hangs is gone after its time, and the next look comes all the same.
    const gone = world.clock.sleep(LONGEST_LAMBDA_SECONDS);
    await Promise.race([reconcile(ports, settings)().catch(() => undefined), gone]);
    this.#reconciling = false;
  }

  /** An event on its way to the guard. */
  #deliver(seconds: number, event: GuardEvent): void {
    const { world } = this.#options;
    world.clock.at(world.clock.now() + seconds, () => {
      void guard(world.ports({ by: 'guard' }))(event).catch(() => undefined);
    });
  }
}

const alarmEvent = ({ name, colour, state, since, reason }: Parameters<Parameters<World['onAlarm']>[0]>[0]) => ({
  name,
  colour,
  state,
  since,
  reason,
});
