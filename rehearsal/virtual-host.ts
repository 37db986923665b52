/** Tasks that are numbers drawn by chance: how long they take to start, and what the scenario does to them. */
import type { Chance } from './chance.ts';
import type { VirtualClock } from './clock.ts';
import type { Task, TaskEvent, TaskHost } from './tasks.ts';

/** What is wrong with a version, asked whenever it matters. */
export interface TaskFaults {
  /** Its health check never passes. */
  readonly neverHealthy: (task: Task) => boolean;
  /** Its tasks exit by themselves, some seconds after they came up. */
  readonly crashes: (task: Task) => boolean;
}

/** ECS gives up on a task that does not become healthy, and tries another one. */
const GIVES_UP_AFTER_SECONDS = 120;
const CRASHES_AFTER_SECONDS = 5;

export class VirtualHost implements TaskHost {
  readonly #clock: VirtualClock;
  readonly #chance: Chance;
  readonly #faults: TaskFaults;
  readonly #up = new Map<number, { readonly task: Task; readonly report: (event: TaskEvent) => void }>();

  constructor(clock: VirtualClock, chance: Chance, faults: TaskFaults) {
    this.#clock = clock;
    this.#chance = chance;
    this.#faults = faults;
  }

  adopt(task: Task, report: (event: TaskEvent) => void): void {
    this.#up.set(task.id, { task, report });
  }

  start(task: Task, report: (event: TaskEvent) => void): void {
    const runningIn = this.#chance.between(15, 30);
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
    this.#in(healthyIn, task, () => report({ is: 'healthy' }));
    if (this.#faults.crashes(task)) this.#in(healthyIn + CRASHES_AFTER_SECONDS, task, () => this.#crash(task));
  }

  stop(task: Task): void {
    this.#up.delete(task.id);
  }

  /** Every task that the scenario's fault concerns exits now. */
  crashAll(): void {
    for (const { task } of this.#up.values()) if (this.#faults.crashes(task)) this.#crash(task);
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
