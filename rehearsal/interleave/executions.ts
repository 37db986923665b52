/** Executions of the real state machine: by name, from any state on, and again after they failed. */
import type { Ports } from '../../functions/steps/shared/step.ts';
import { policy } from '../../state-machines/policy.ts';
import { type Execution, loadMachine, type Machine, startExecution } from '../engine.ts';
import { functionsFor, type Play, type Verb } from '../functions.ts';
import type { Actor } from '../writes.ts';
import { FIRST, SETTINGS } from './initial-states.ts';
import type { Timers } from './timers.ts';

export interface Started {
  readonly id: string;
  readonly name: string;
  readonly execution: Execution;
}

interface Around {
  readonly clock: Timers;
  /** Uniform in [0, 1). */
  readonly chance: () => number;
  /** Runs a Lambda with ports of its own. */
  readonly invoke: (who: Actor, name: string, run: (ports: Ports) => Promise<unknown>) => Promise<unknown>;
  /** Told of every execution and its input. */
  readonly started: (id: string, input: unknown) => void;
  /** Told of every beginning and every end. */
  readonly changed: () => void;
}

const MACHINE = loadMachine(policy);

export class Executions {
  readonly all: Started[] = [];
  readonly #around: Around;

  constructor(around: Around) {
    this.#around = around;
  }

  get running(): readonly Started[] {
    return this.all.filter(({ execution }) => execution.status() === 'RUNNING');
  }

  /** The first of all: it may go on in the middle. */
  first(input: unknown, startAt: string | undefined): void {
    this.#around.started(FIRST, input);
    this.#begin(FIRST, 'first', input, startAt ? { ...MACHINE, startAt } : MACHINE);
  }

  /** The same name again, while it runs, is the same execution. */
  start(name: string, input: unknown): void {
    const known = this.all.find((one) => one.name === name);
    if (known?.execution.status() === 'RUNNING') return;
    if (known) throw new Error(`ExecutionAlreadyExists: ${name}`);
    const id = FIRST.replace('first', name);
    this.#around.started(id, input);
    this.#begin(id, name, input, MACHINE);
  }

  status(idOrName: string): 'RUNNING' | 'ended' | 'unknown' {
    const found = this.all.find(({ id, name }) => id === idOrName || name === idOrName);
    if (!found) return 'unknown';
    return found.execution.status() === 'RUNNING' ? 'RUNNING' : 'ended';
  }

  /** Goes on where it failed, as a person's Redrive does, however long ago that was. */
  redrive(started: Started): boolean {
    const failed = started.execution.history.findLast(({ type }) => type === 'TaskStateEntered');
    if (!failed) return false;
    const { name, input } = failed.details as { readonly name: string; readonly input: unknown };
    this.all.splice(this.all.indexOf(started), 1);
    this.#begin(started.id, started.name, input, { ...MACHINE, startAt: name });
    return true;
  }

  #begin(id: string, name: string, input: unknown, machine: Machine): void {
    const { clock, chance, invoke, changed } = this.#around;
    const lambda =
      (verb: Verb): Play =>
      (payload) =>
        invoke({ by: 'owner', execution: id, verb }, `${name}/${verb}`, (ports) =>
          functionsFor({ ports: () => ports }, SETTINGS, id)[verb](payload),
        );
    const functions = Object.fromEntries(machine.placeholders.map((verb) => [verb, lambda(verb as Verb)]));
    const execution = startExecution({ machine, id, name, input, functions, clock, chance });
    this.all.push({ id, name, execution });
    changed();
    void execution.done.then(changed);
  }
}
