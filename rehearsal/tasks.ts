/**
 * The tasks of the two colours as ECS and the target groups run them: desired, starting, running, healthy, stopped. What
 * a task really is (a number drawn by chance, or a process on this machine) is the host's business.
 */
import { COLOURS, type Colour } from '../functions/core/roles.ts';
import type { ColourStatus } from '../functions/ports/fleet.ts';
import { ZONES } from './traffic.ts';

export interface Task {
  readonly id: number;
  readonly colour: Colour;
  readonly digest: string;
  readonly revision: number;
  readonly zone: number;
}

export type TaskEvent =
  | { readonly is: 'running' }
  | { readonly is: 'healthy' }
  /** `answers`: only its health check fails. */
  | { readonly is: 'unhealthy'; readonly answers?: true }
  | {
      readonly is: 'stopped';
      readonly exitCode: number;
      readonly stopCode: 'EssentialContainerExited' | 'ServiceSchedulerInitiated';
      readonly reason: string;
    };

/** As ECS's task state change event tells it. */
export interface TaskStopped {
  readonly colour: Colour;
  readonly revision: string;
  readonly stopCode: string;
  readonly exitCode: number;
  readonly reason: string;
}

/** Where tasks live. It reports what becomes of each, and is told when one is no longer wanted. */
export interface TaskHost {
  start(task: Task, report: (event: TaskEvent) => void): void;
  /** As `start`, for a task that is up and healthy already when the rehearsal begins. */
  adopt(task: Task, report: (event: TaskEvent) => void): void;
  stop(task: Task): void;
}

interface Life {
  readonly task: Task;
  state: 'starting' | 'running' | 'healthy' | 'unhealthy';
  /** Answers requests although its health check fails. */
  answers?: boolean;
}

interface Side {
  desired: number;
  digest: string | undefined;
  revision: number;
  crashes: number;
  lastStopped: string | undefined;
  suspended: 'none' | 'in' | 'both';
  lives: Life[];
  /** Until when a group still has the targets of tasks that died: requests to them are refused. */
  deadUntil: number;
}

/** How long a dead target stays registered before ECS takes it out. */
const DEREGISTERED_AFTER_SECONDS = 10;

export class Tasks {
  readonly #sides: Record<Colour, Side>;
  readonly #host: TaskHost;
  readonly #now: () => number;
  /** Told of every task that stopped by itself or was given up. */
  onStopped: ((event: TaskStopped) => void) | undefined;
  #nextId = 1;

  constructor(host: TaskHost, now: () => number) {
    this.#host = host;
    this.#now = now;
    this.#sides = { blue: asleep(), green: asleep() };
  }

  side(colour: Colour): Readonly<Side> {
    return this.#sides[colour];
  }

  healthy(colour: Colour): number {
    return this.#sides[colour].lives.filter(({ state }) => state === 'healthy').length;
  }

  running(colour: Colour): number {
    return this.#sides[colour].lives.filter(({ state }) => state !== 'starting').length;
  }

  hosts(colour: Colour): readonly { healthy: number; unhealthy: number }[] {
    return Array.from({ length: ZONES }, (_, zone) => {
      const here = this.#sides[colour].lives.filter(({ task }) => task.zone === zone);
      return {
        healthy: here.filter(({ state }) => state === 'healthy').length,
        unhealthy: here.filter(({ state }) => state === 'unhealthy').length,
      };
    });
  }

  /** What a request meets that is sent to this colour. */
  target(colour: Colour, now: number): 'serving' | 'dead' | 'empty' {
    const { lives, deadUntil } = this.#sides[colour];
    // The load balancer fails open: with only unhealthy targets it still sends them requests.
    if (lives.some(({ state, answers = false }) => state === 'healthy' || answers)) return 'serving';
    return lives.some(({ state }) => state !== 'starting') || now < deadUntil ? 'dead' : 'empty';
  }

  observe(colour: Colour): ColourStatus {
    const { desired, digest, revision, suspended, crashes, lastStopped } = this.#sides[colour];
    const running = this.running(colour);
    const healthy = this.healthy(colour);
    return {
      desired,
      running,
      healthy,
      ...(digest === undefined ? {} : { digest, revision: revisionName(colour, revision) }),
      scalingSuspended: suspended !== 'none',
      rollout: digest === undefined ? 'none' : healthy >= desired ? 'completed' : 'in progress',
      crashes,
      ...(lastStopped === undefined ? {} : { lastStopped }),
    };
  }

  /** A colour that has been up for long: its tasks are healthy from the start. */
  alreadyUp(colour: Colour, digest: string, count: number): void {
    const side = this.#sides[colour];
    Object.assign(side, { desired: count, digest, revision: 1, suspended: 'none' });
    for (let index = 0; index < count; index++) {
      const life: Life = { task: this.#newTask(colour), state: 'healthy' };
      side.lives.push(life);
      this.#host.adopt(life.task, (event) => this.#happened(life, event));
    }
  }

  deploy(colour: Colour, digest: string, count: number): void {
    const side = this.#sides[colour];
    for (const life of side.lives.splice(0)) this.#host.stop(life.task);
    Object.assign(side, { desired: count, digest, revision: side.revision + 1, crashes: 0, lastStopped: undefined });
  }

  resize(colour: Colour, count: number): void {
    this.#sides[colour].desired = count;
  }

  suspend(colour: Colour, direction: 'none' | 'in' | 'both'): void {
    this.#sides[colour].suspended = direction;
  }

  /** ECS brings what runs nearer to what is desired. */
  second(): void {
    for (const colour of COLOURS) {
      const side = this.#sides[colour];
      while (side.digest !== undefined && side.lives.length < side.desired) {
        const life: Life = { task: this.#newTask(colour), state: 'starting' };
        side.lives.push(life);
        this.#host.start(life.task, (event) => this.#happened(life, event));
      }
      while (side.lives.length > side.desired) this.#host.stop(side.lives.pop()!.task);
    }
  }

  #newTask(colour: Colour): Task {
    const { digest, revision } = this.#sides[colour];
    const id = this.#nextId++;
    return { id, colour, digest: digest!, revision, zone: id % ZONES };
  }

  #happened(life: Life, event: TaskEvent): void {
    const side = this.#sides[life.task.colour];
    if (!side.lives.includes(life)) return;
    if (event.is !== 'stopped') {
      life.state = event.is;
      life.answers = event.is === 'unhealthy' && event.answers === true;
      return;
    }
    side.lives = side.lives.filter((other) => other !== life);
    side.lastStopped = event.reason;
    side.deadUntil = Math.max(side.deadUntil, this.#now() + DEREGISTERED_AFTER_SECONDS);
    // A stop by the scheduler is no crash, whatever the exit code.
    const crashed = event.stopCode === 'EssentialContainerExited' && event.exitCode !== 0;
    if (crashed && life.task.revision === side.revision) side.crashes += 1;
    const { colour, revision } = life.task;
    const { stopCode, exitCode, reason } = event;
    this.onStopped?.({ colour, revision: revisionName(colour, revision), stopCode, exitCode, reason });
  }
}

const revisionName = (colour: Colour, revision: number): string => `conductores-backend-${colour}:${revision}`;

const asleep = (): Side => ({
  desired: 0,
  digest: undefined,
  revision: 0,
  crashes: 0,
  lastStopped: undefined,
  suspended: 'both',
  lives: [],
  deadUntil: 0,
});
