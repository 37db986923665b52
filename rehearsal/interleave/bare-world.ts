/**
 * The world without traffic and seconds: a rule, two colours, a registry and a ledger behind the same ports. Every call
 * is an event that somebody else decides about; nothing happens between two events.
 */
import type { LedgerWrite, ReleaseRecord, ServiceState } from '../../functions/core/protocol.ts';
import { COLOURS, type Colour, rolesWhenStableIs, type Weights, weightsFor } from '../../functions/core/roles.ts';
import { NONE } from '../../functions/core/share.ts';
import type { WriteAnswer } from '../../functions/ports/ledger.ts';
import type { Image } from '../../functions/ports/registry.ts';
import type { AlarmReading, MinuteReading } from '../../functions/ports/signals.ts';
import type { Ports } from '../../functions/steps/step.ts';
import { MemoryLedger } from '../ledger.ts';
import { type Task, type TaskEvent, type TaskStopped, Tasks } from '../tasks.ts';
import type { Timers } from './timers.ts';

export interface BareWorldSettings {
  readonly clock: Timers;
  readonly service: ServiceState;
  readonly records: readonly ReleaseRecord[];
  readonly images: Readonly<Record<string, Image>>;
  readonly weights?: Weights;
  /** Seconds from the start of a task to its health; absent when it never comes. */
  readonly healthyAfter: (task: Task) => number | undefined;
  readonly start: (name: string, input: Readonly<Record<string, unknown>>) => void;
  readonly status: (execution: string) => 'RUNNING' | 'ended' | 'unknown';
}

/** What a call did, told as it takes effect. */
export type Effect =
  | { readonly is: 'rule read'; readonly weights: Weights }
  | { readonly is: 'health read' }
  | { readonly is: 'rule'; readonly weights: Weights; readonly before: Weights }
  | {
      readonly is: 'tasks';
      readonly colour: Colour;
      readonly from: number;
      readonly to: number;
      readonly fresh: boolean;
    }
  | { readonly is: 'scaling'; readonly colour: Colour }
  | { readonly is: 'ledger read'; readonly state: ServiceState }
  | { readonly is: 'ledger'; readonly write: LedgerWrite; readonly before: ServiceState; readonly answer: WriteAnswer }
  | { readonly is: 'page' };

/** Carries a call out when its turn has come; what it says with `told` is what became of it. */
export type Perform = <T>(call: string, effect: (tell: (effect: Effect) => void) => T) => Promise<T>;

const MINUTE = 60;
/** As many as the protocol tolerates after a change: three readings that agree are believed. */
const STALE_READINGS = 2;
const STALE_SECONDS = 10;
const MOST_MINUTES = 12;

export class BareWorld {
  readonly clock: Timers;
  readonly ledger: MemoryLedger;
  readonly tasks: Tasks;
  weights: Weights;
  /** The next reading of the rule shows what was before its last change, if it was not long ago. */
  lags = false;
  #stale: { readonly weights: Weights; readonly until: number; readings: number } | undefined;
  readonly alarms: AlarmReading[];
  readonly images: Map<string, Image>;
  /** Counts whatever may have changed somebody's health. */
  healthChanges = 0;
  onTaskStopped: ((event: TaskStopped) => void) | undefined;
  readonly #settings: BareWorldSettings;
  readonly #reports = new Map<number, { readonly task: Task; readonly report: (event: TaskEvent) => void }>();

  constructor(settings: BareWorldSettings) {
    const { clock, service, records, images, weights } = settings;
    this.#settings = settings;
    this.clock = clock;
    this.images = new Map(Object.entries(images));
    this.ledger = new MemoryLedger(service, records);
    this.weights = weights ?? weightsFor(rolesWhenStableIs(service.stable), NONE);
    this.tasks = new Tasks(
      {
        adopt: (task, report) => this.#reports.set(task.id, { task, report }),
        start: (task, report) => {
          this.#reports.set(task.id, { task, report });
          const seconds = settings.healthyAfter(task);
          if (seconds !== undefined) clock.after(seconds, () => this.#report(task.id, { is: 'healthy' }));
        },
        stop: ({ id }) => this.#reports.delete(id),
      },
      () => clock.now(),
    );
    this.tasks.onStopped = (event) => this.onTaskStopped?.(event);
    this.alarms = COLOURS.flatMap((colour) => [
      alarm(service.service, colour, 'backstop', 'backstop-no-healthy-target'),
      alarm(service.service, colour, 'literal', 'literal-error-rate'),
    ]);
  }

  #report(id: number, event: TaskEvent): void {
    this.healthChanges += 1;
    this.#reports.get(id)?.report(event);
  }

  /** Every task of a colour fails its health check, or passes it again. */
  turn(colour: Colour, health: 'healthy' | 'unhealthy'): void {
    this.healthChanges += 1;
    for (const { task, report } of this.#reports.values()) if (task.colour === colour) report({ is: health });
  }

  /** One task of a colour exits by itself; ECS starts another one. */
  crash(colour: Colour): void {
    const found = [...this.#reports.values()].find(({ task }) => task.colour === colour);
    if (!found) return;
    this.healthChanges += 1;
    this.#reports.delete(found.task.id);
    const reason = 'Essential container in task exited';
    found.report({ is: 'stopped', exitCode: 1, stopCode: 'EssentialContainerExited', reason });
    this.tasks.second();
  }

  route(weights: Weights): void {
    if (weights.blue !== this.weights.blue) {
      this.#stale = { weights: this.weights, until: this.clock.now() + STALE_SECONDS, readings: STALE_READINGS };
    }
    this.weights = { blue: weights.blue, green: weights.green };
  }

  #shown(): Weights {
    const { lags } = this;
    this.lags = false;
    if (!lags || !this.#stale || this.#stale.readings === 0 || this.clock.now() > this.#stale.until)
      return this.weights;
    this.#stale.readings -= 1;
    return this.#stale.weights;
  }

  ports(perform: Perform): Ports {
    const { clock, ledger, tasks } = this;
    const scale = (colour: Colour, count: number, fresh: boolean, change: () => void) =>
      perform('UpdateService', (tell) => {
        const from = tasks.side(colour).desired;
        tell({ is: 'tasks', colour, from, to: count, fresh });
        change();
        tasks.second();
        this.healthChanges += 1;
      });
    const suspend = (colour: Colour, direction: 'none' | 'in' | 'both') =>
      perform('RegisterScalableTarget', (tell) => {
        if (tasks.side(colour).suspended !== direction) tell({ is: 'scaling', colour });
        tasks.suspend(colour, direction);
      });
    const readLedger = <T>(of: () => T) => perform('Ledger read', of);
    return {
      clock,
      router: {
        actions: () => [{ Type: 'forward' }],
        current: () =>
          perform('DescribeRules', (tell) => {
            const weights = this.#shown();
            tell({ is: 'rule read', weights });
            return weights;
          }),
        route: (weights) =>
          perform('ModifyRule', (tell) => {
            const before = this.weights;
            this.route(weights);
            tell({ is: 'rule', weights, before });
          }),
        proveRights: () => perform('ModifyRule (no change)', () => undefined),
        probe: (colour) => perform('Probe', () => ({ passed: tasks.healthy(colour) > 0 ? 6 : 0, tried: 6 })),
        restProbe: () => perform('Probe (rests)', () => undefined),
      },
      fleet: {
        observe: (colour) => perform('DescribeServices', () => tasks.observe(colour)),
        health: () =>
          perform('DescribeTargetHealth', (tell) => {
            tell({ is: 'health read' });
            return { blue: tasks.healthy('blue'), green: tasks.healthy('green') };
          }),
        deploy: (colour, digest, count) => scale(colour, count, true, () => tasks.deploy(colour, digest, count)),
        resize: (colour, count) => scale(colour, count, false, () => tasks.resize(colour, count)),
        suspendScaling: suspend,
        resumeScaling: (colour) => suspend(colour, 'none'),
        migrationOf: () => perform('ListTasks', () => undefined),
        migrate: () => perform('RunTask', () => ({ is: 'done' })),
        stopMigration: () => perform('StopTask', () => undefined),
      },
      signals: {
        minutes: ({ from, to, thresholdsMs }) => perform('GetMetricData', () => goodMinutes(from, to, thresholdsMs)),
        alarms: () => perform('DescribeAlarms', () => [...this.alarms]),
      },
      ledger: {
        read: () =>
          perform('Ledger read', (tell) => {
            tell({ is: 'ledger read', state: ledger.state });
            return ledger.state;
          }),
        write: (write) =>
          perform(`ledger: ${write.name}`, (tell) => {
            const before = ledger.state;
            const answer = ledger.write(write);
            tell({ is: 'ledger', write, before, answer });
            return answer;
          }),
        record: (reference) => readLedger(() => ledger.record(reference)),
        newestRecord: () => readLedger(() => ledger.newestRecord()),
        judging: (releaseId) => readLedger(() => ledger.judging(releaseId)),
        evidence: (releaseId) => readLedger(() => ledger.evidence(releaseId)),
        saveJudging: (releaseId, seen, judging, minutes) =>
          perform('ledger: judging', () => ledger.saveJudging(releaseId, seen, judging, minutes)),
      },
      registry: {
        resolve: (reference) =>
          perform(
            'DescribeImages',
            () => this.images.get(reference) ?? [...this.images.values()].find(({ digest }) => digest === reference),
          ),
        newest: () =>
          perform('DescribeImages', () => {
            const [tag, image] = [...this.images].reduce((newest, other) =>
              other[1].pushedAt > newest[1].pushedAt ? other : newest,
            );
            return { tag, ...image };
          }),
      },
      executions: {
        start: (name, input) => perform('StartExecution', () => this.#settings.start(name, input)),
        status: (execution) => perform('DescribeExecution', () => this.#settings.status(execution)),
      },
      notices: {
        send: ({ kind }) =>
          perform('Publish', (tell) => {
            if (kind === 'stuck') tell({ is: 'page' });
          }),
      },
    };
  }
}

function alarm(service: string, colour: Colour, kind: AlarmReading['kind'], rule: string): AlarmReading {
  return { name: `${service}-${colour}-${rule}`, colour, kind, state: 'OK', since: 0, reason: 'all is well' };
}

/** Both colours are as well as can be; what the judge makes of other numbers is shown elsewhere. */
function goodMinutes(from: number, to: number, thresholdsMs: readonly number[]): readonly MinuteReading[] {
  const well = {
    requests: 1000,
    answered: 1000,
    p95Ms: 100,
    withinPercent: thresholdsMs.map(() => 99),
    healthyHosts: 2,
    unhealthyHosts: 0,
  };
  const first = Math.max(from, to - MOST_MINUTES * MINUTE);
  return Array.from({ length: Math.max(0, Math.ceil((to - first) / MINUTE)) }, (_, index) => ({
    minute: first + index * MINUTE,
    colours: { blue: well, green: well },
    zones: { blue: [well], green: [well] },
  }));
}
