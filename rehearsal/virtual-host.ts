/** Tasks that are numbers drawn by chance: how long they take to start, and what the scenario does to them. */
import type { Colour } from '../functions/core/roles.ts';
import type { Chance } from './chance.ts';
import type { VirtualClock } from './clock.ts';
import type { Task, TaskEvent, TaskHost } from './tasks.ts';

/** What is wrong with a version, asked whenever it matters. */
export interface TaskFaults {
  /** Its health check never passes. */
  readonly neverHealthy: (task: Task) => boolean;
  /** Seconds that it waits for room before it starts. @default - none */
  readonly startsLater?: (task: Task) => number;
  /** Its tasks exit by themselves, some seconds after they came up. */
  readonly crashes: (task: Task) => boolean;
  /** Its health check fails now, though it serves as ever. @default - never */
  readonly failsHealthCheck?: (task: Task) => boolean;
}

/** Every task is checked so often, each at a moment of its own: tasks fall out and come back out of step. */
const CHECKED_EVERY_SECONDS = 30;
/** Moments of tasks that follow one another are so far apart. */
const NEXT_TASK_SECONDS = 11;

interface Up {
  readonly task: Task;
  readonly report: (event: TaskEvent) => void;
  /** What its last health check said; absent before the first. */
  passes?: boolean;
}

/** ECS gives up on a task that does not become healthy, and tries another one. */
const GIVES_UP_AFTER_SECONDS = 120;
const CRASHES_AFTER_SECONDS = 5;

export class VirtualHost implements TaskHost {
  readonly #clock: VirtualClock;
  readonly #chance: Chance;
  readonly #faults: TaskFaults;
  readonly #up = new Map<number, Up>();

  constructor(clock: VirtualClock, chance: Chance, faults: TaskFaults) {
    this.#clock = clock;
    this.#chance = chance;
    this.#faults = faults;
  }

  adopt(task: Task, report: (event: TaskEvent) => void): void {
    this.#up.set(task.id, { task, report, passes: true });
  }

  start(task: Task, report: (event: TaskEvent) => void): void {
    const runningIn = this.#chance.between(15, 30) + (this.#faults.startsLater?.(task) ?? 0);
    const healthyIn = runningIn + this.#chance.between(8, 15);
    this.#up.set(task.id, { task, report });
    this.#in(runningIn, task, () => report({ is: 'running' }));
    if (this.#faults.neverHealthy(task)) {
      this.#in(healthyIn, task, () => report({ is: 'unhealthy' }));
      this.#in(GIVES_UP_AFTER_SECONDS, task, () =>
        this.#exit(task, 143, 'Task failed ELB health checks in its target group', 'ServiceSchedulerInitiated'),
      );
      return;
    }
    this.#in(healthyIn, task, () => this.#check(task));
    if (this.#faults.crashes(task)) this.#in(healthyIn + CRASHES_AFTER_SECONDS, task, () => this.#crash(task));
  }

  /** Health checks of tasks that have been checked before. ECS would replace some that fail; here they stay, and may pass again. */
  second(now: number): void {
    for (const { task, passes } of this.#up.values()) {
      const isDue = (now + task.id * NEXT_TASK_SECONDS) % CHECKED_EVERY_SECONDS === 0;
      if (isDue && passes !== undefined) this.#check(task);
    }
  }

  #check(task: Task): void {
    const up = this.#up.get(task.id)!;
    const passes = !this.#faults.failsHealthCheck?.(task);
    if (up.passes === passes) return;
    up.passes = passes;
    up.report(passes ? { is: 'healthy' } : { is: 'unhealthy', answers: true });
  }

  stop(task: Task): void {
    this.#up.delete(task.id);
  }

  /** Every task that the scenario's fault concerns exits now. */
  crashAll(): void {
    for (const { task } of this.#up.values()) if (this.#faults.crashes(task)) this.#crash(task);
  }

  /** Every task of that colour fails its health check, or passes it again; ECS replaces none of them meanwhile. */
  turn(colour: Colour, health: 'healthy' | 'unhealthy'): void {
    for (const { task, report } of this.#up.values()) if (task.colour === colour) report({ is: health });
  }

  #crash(task: Task): void {
    this.#exit(task, 1, 'Essential container in task exited (exit code 1)', 'EssentialContainerExited');
  }

  #exit(
    task: Task,
    exitCode: number,
    reason: string,
    stopCode: 'EssentialContainerExited' | 'ServiceSchedulerInitiated',
  ): void {
    const { report } = this.#up.get(task.id)!;
    this.#up.delete(task.id);
    report({ is: 'stopped', exitCode, stopCode, reason });
  }

  #in(seconds: number, task: Task, happen: () => void): void {
    this.#clock.at(this.#clock.now() + seconds, () => {
      if (this.#up.has(task.id)) happen();
    });
  }
}
