/** Where tasks live when time stands still: each comes up after as many seconds as it is given, and turns when told. */
import type { Colour } from '../../functions/core/roles.ts';
import type { Task, TaskEvent, TaskHost } from '../tasks.ts';
import type { Timers } from './timers.ts';

export class StillHost implements TaskHost {
  /** Counts whatever may have changed somebody's health. */
  changes = 0;
  readonly #clock: Timers;
  readonly #healthyAfter: (task: Task) => number | undefined;
  readonly #reports = new Map<number, { readonly task: Task; readonly report: (event: TaskEvent) => void }>();

  /** `healthyAfter`: seconds from the start of a task to its health; nothing when it never comes. */
  constructor(clock: Timers, healthyAfter: (task: Task) => number | undefined) {
    this.#clock = clock;
    this.#healthyAfter = healthyAfter;
  }

  adopt(task: Task, report: (event: TaskEvent) => void): void {
    this.#reports.set(task.id, { task, report });
  }

  start(task: Task, report: (event: TaskEvent) => void): void {
    this.adopt(task, report);
    const seconds = this.#healthyAfter(task);
    if (seconds === undefined) return;
    this.#clock.after(seconds, () => {
      this.changes += 1;
      this.#reports.get(task.id)?.report({ is: 'healthy' });
    });
  }

  stop({ id }: Task): void {
    this.#reports.delete(id);
  }

  /** Every task of a colour fails its health check, or passes it again. */
  turn(colour: Colour, health: 'healthy' | 'unhealthy'): void {
    this.changes += 1;
    for (const { task, report } of this.#reports.values()) if (task.colour === colour) report({ is: health });
  }

  /** One task of a colour exits by itself. */
  crash(colour: Colour): void {
    const found = [...this.#reports.values()].find(({ task }) => task.colour === colour);
    if (!found) return;
    this.changes += 1;
    this.#reports.delete(found.task.id);
    const reason = 'Essential container in task exited';
    found.report({ is: 'stopped', exitCode: 1, stopCode: 'EssentialContainerExited', reason });
  }
}
