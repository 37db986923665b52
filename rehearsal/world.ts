/**
 * The world that a release is rehearsed in, behind the very ports that AWS is behind in production: a load balancer rule
 * with weights and lag, two colours whose tasks start, become healthy, crash and scale, minutes of numbers that arrive
 * late, alarms, a registry, and a ledger with real conditional writes. Everything in it moves with one virtual clock.
 */

import { Transient } from '../functions/core/failures.ts';
import { isImage } from '../functions/core/image.ts';
import type { LedgerWrite, ReleaseRecord, ServiceState } from '../functions/core/protocol.ts';
import {
  COLOURS,
  type Colour,
  otherColour,
  type Roles,
  rolesWhenStableIs,
  shareOf,
  type Weights,
} from '../functions/core/roles.ts';
import type { Share } from '../functions/core/share.ts';
import type { MigrationStatus } from '../functions/ports/fleet.ts';
import type { Notice } from '../functions/ports/notices.ts';
import type { Image } from '../functions/ports/registry.ts';
import type { AlarmReading } from '../functions/ports/signals.ts';
import type { Ports } from '../functions/steps/step.ts';
import { chance } from './chance.ts';
import type { VirtualClock } from './clock.ts';
import { MemoryLedger } from './ledger.ts';
import { LoadBalancer } from './load-balancer.ts';
import { type Delivery, Numbers } from './numbers.ts';
import { type TaskHost, type TaskStopped, Tasks } from './tasks.ts';
import type { Traffic } from './traffic.ts';
import { type Actor, LONGEST_LAMBDA_SECONDS, NEVER, type WriteRow } from './writes.ts';

export interface WorldSettings {
  readonly seed: number;
  readonly clock: VirtualClock;
  readonly service: ServiceState;
  readonly records: readonly ReleaseRecord[];
  readonly stableTasks: number;
  readonly images: Readonly<Record<string, Image>>;
  readonly host: TaskHost;
  readonly traffic: Traffic;
  readonly delivery: Delivery;
  readonly migration: (token: string) => MigrationStatus;
  /** Whether probes of the candidate are answered as they should be. @default - whenever it has a healthy task */
  readonly probePasses?: () => boolean;
  readonly onWeights?: (weights: Weights) => void;
  readonly start: (name: string, input: Readonly<Record<string, unknown>>) => void;
  readonly executionStatus: (execution: string) => 'RUNNING' | 'ended' | 'unknown';
  /** Faults of the control plane: called before every port call; may throw. */
  readonly interfere?: (call: string, actor: Actor) => void | Promise<void>;
  /** Called after the effect of every port call; may throw: the call succeeded, and its caller never hears of it. */
  readonly interfereAfter?: (call: string, actor: Actor) => void | Promise<void>;
}

/** How long calls take, seconds; every other one takes `ORDINARY`. */
const LATENCY: Readonly<Record<string, number>> = {
  ModifyRule: 0.3,
  UpdateService: 0.4,
  Probe: 0.6,
  GetMetricData: 0.4,
  Ledger: 0.02,
};
const ORDINARY = 0.1;

export class World {
  readonly clock: VirtualClock;
  readonly ledger: MemoryLedger;
  readonly balancer: LoadBalancer;
  readonly tasks: Tasks;
  readonly numbers: Numbers;
  readonly traffic: Traffic;
  readonly writes: WriteRow[] = [];
  readonly calls: { readonly at: number; readonly actor: Actor; readonly call: string }[] = [];
  readonly notices: { readonly at: number; readonly notice: Notice }[] = [];
  /** Where the probe rule leads. */
  probed: Colour;
  readonly #settings: WorldSettings;
  readonly #images: Map<string, Image>;
  /** By token. */
  readonly #migrations = new Map<string, 'begun' | 'stopped'>();
  readonly #onWrite: ((row: WriteRow) => void)[] = [];
  readonly #onCall: ((actor: Actor, call: string) => void)[] = [];

  constructor(settings: WorldSettings) {
    const { seed, clock, service, records, stableTasks, traffic } = settings;
    this.#settings = settings;
    this.#images = new Map(Object.entries(settings.images));
    this.clock = clock;
    this.probed = service.stable;
    this.traffic = traffic;
    this.ledger = new MemoryLedger(service, records);
    const lag = chance(seed, 'propagation');
    const weights: Weights = service.stable === 'blue' ? { blue: 100, green: 0 } : { blue: 0, green: 100 };
    this.balancer = new LoadBalancer(clock, weights, () => lag.between(1, 8), settings.onWeights ?? (() => {}));
    this.tasks = new Tasks(settings.host, () => clock.now());
    this.numbers = new Numbers(chance(seed, 'delivery'), settings.delivery);
    this.tasks.alreadyUp(service.stable, service.current?.digest ?? BOOTSTRAP, stableTasks);
    clock.everySecond((second) => this.#second(second));
  }

  #migration(token: string): MigrationStatus | undefined {
    const run = this.#migrations.get(token);
    if (run === 'stopped') return { is: 'failed', reason: 'it was stopped' };
    return run && this.#settings.migration(token);
  }

  get images(): Iterable<Image> {
    return this.#images.values();
  }

  /** Somebody pushes an image. */
  push(tag: string, image: Image): void {
    this.#images.set(tag, image);
  }

  /** The roles of the release that runs, or else as the ledger has them. */
  get roles(): Roles {
    const { lock, stable } = this.ledger.state;
    return lock ?? rolesWhenStableIs(stable);
  }

  share(): Share | undefined {
    return shareOf(this.roles, this.balancer.weights);
  }

  onWrite(listener: (row: WriteRow) => void): void {
    this.#onWrite.push(listener);
  }

  /** Told of every call before it is made, whatever becomes of it. */
  onCall(listener: (actor: Actor, call: string) => void): void {
    this.#onCall.push(listener);
  }

  onAlarm(listener: (alarm: AlarmReading) => void): void {
    this.numbers.onChange = listener;
  }

  onTaskStopped(listener: (event: TaskStopped) => void): void {
    this.tasks.onStopped = listener;
  }

  #second(second: number): void {
    const { tasks, traffic, numbers } = this;
    tasks.second();
    traffic.second({
      weights: this.balancer.inForce,
      targets: { blue: tasks.target('blue', second), green: tasks.target('green', second) },
      wanted: { blue: tasks.side('blue').desired > 0, green: tasks.side('green').desired > 0 },
    });
    if (second % 60 !== 0) return;
    const hosts = { blue: tasks.hosts('blue'), green: tasks.hosts('green') };
    numbers.closeMinute(second - 60, traffic.takeMinute(), hosts);
    numbers.evaluateAlarms(second, (colour, alarm) => `${this.ledger.state.service}-${colour}-${alarm}`);
  }

  /** The ports as one actor has them. */
  ports(who: Actor): Ports {
    const { clock, ledger, balancer, tasks, numbers } = this;
    const actor: Actor = { ...who, since: clock.now(), sleep: (seconds) => clock.sleep(seconds) };
    /** A Lambda lives no longer than its timeout, whatever it is doing. */
    const isDead = () => who.by !== 'person' && clock.now() - actor.since! > LONGEST_LAMBDA_SECONDS;
    const call = async <T>(name: string, effect: () => T): Promise<T> => {
      for (const listener of this.#onCall) listener(actor, name);
      await this.#settings.interfere?.(name, actor);
      if (isDead()) await NEVER;
      await clock.sleep(LATENCY[name.split(' ')[0]!] ?? ORDINARY);
      this.calls.push({ at: clock.now(), actor, call: name });
      const result = effect();
      await this.#settings.interfereAfter?.(name, actor);
      return result;
    };
    const write = (row: Omit<WriteRow, 'at' | 'actor'>): void => {
      const entry = { at: clock.now(), actor, ...row };
      this.writes.push(entry);
      for (const listener of this.#onWrite) listener(entry);
    };
    let hasRead = false;
    return {
      clock,
      router: {
        actions: () => (hasRead ? balancer.actions : undefined),
        current: () =>
          call('DescribeRules', () => {
            hasRead = true;
            const last = this.writes.findLast(({ call }) => call === 'ModifyRule');
            const share = this.share();
            if (last?.actor === actor && last.readBack === undefined && share !== undefined) {
              last.readBack = share;
              last.readBackAt = clock.now();
            }
            return { ...balancer.weights };
          }),
        route: (weights) =>
          call('ModifyRule', () => {
            balancer.route(weights);
            write({ call: 'ModifyRule', weights, share: weights[this.roles.candidate] });
          }),
        proveRights: () => call('ModifyRule (no change)', () => undefined),
        probe: (colour) =>
          call('Probe', () => {
            this.probed = otherColour(colour);
            const passes = this.#settings.probePasses?.() ?? true;
            return { passed: passes && tasks.healthy(colour) > 0 ? 6 : 0, tried: 6 };
          }),
        restProbe: (stable) =>
          call('Probe (rests)', () => {
            this.probed = stable;
          }),
      },
      fleet: {
        observe: (colour) => call('DescribeServices', () => tasks.observe(colour)),
        health: () =>
          call('DescribeTargetHealth', () => ({ blue: tasks.healthy('blue'), green: tasks.healthy('green') })),
        deploy: (colour, digest, count) =>
          call('UpdateService', () => {
            const before = tasks.side(colour).desired;
            tasks.deploy(colour, digest, count);
            write({ call: 'UpdateService (new revision)', colour, tasks: count, before });
          }),
        resize: (colour, count) =>
          call('UpdateService', () => {
            const before = tasks.side(colour).desired;
            tasks.resize(colour, count);
            write({ call: 'UpdateService', colour, tasks: count, before });
          }),
        suspendScaling: (colour, direction) =>
          call('RegisterScalableTarget', () => {
            if (tasks.side(colour).suspended === direction) return;
            tasks.suspend(colour, direction);
            write({ call: 'RegisterScalableTarget (suspend)', colour });
          }),
        resumeScaling: (colour) =>
          call('RegisterScalableTarget', () => {
            if (tasks.side(colour).suspended === 'none') return;
            tasks.suspend(colour, 'none');
            write({ call: 'RegisterScalableTarget (resume)', colour });
          }),
        migrationOf: (token) => call('ListTasks', () => this.#migration(token)),
        migrate: (token) =>
          call('RunTask', () => {
            const behind = [...this.#migrations.keys()].find((one) => this.#migration(one)?.is === 'running');
            if (behind !== undefined && behind !== token) return { is: 'waits', behind };
            if (!this.#migrations.has(token)) this.#migrations.set(token, 'begun');
            return this.#migration(token)!;
          }),
        stopMigration: (token) =>
          call('StopTask', () => {
            if (this.#migrations.has(token)) this.#migrations.set(token, 'stopped');
            write({ call: 'StopTask' });
          }),
      },
      signals: {
        minutes: ({ from, to, thresholdsMs }) =>
          call('GetMetricData', () => numbers.minutes(clock.now(), from, to, thresholdsMs)),
        alarms: () => call('DescribeAlarms', () => numbers.alarms()),
      },
      ledger: {
        read: () => call('Ledger read', () => ledger.state),
        write: (asked: LedgerWrite) =>
          call('Ledger write', () => {
            const answer = ledger.write(asked);
            const { 'lock.share': share } = asked.set as { 'lock.share'?: Share };
            if (answer.written) write({ call: `ledger: ${asked.name}`, ...(share === undefined ? {} : { share }) });
            return answer;
          }),
        record: (reference) => call('Ledger read', () => ledger.record(reference)),
        newestRecord: () => call('Ledger read', () => ledger.newestRecord()),
        judging: (releaseId) => call('Ledger read', () => ledger.judging(releaseId)),
        evidence: (releaseId) => call('Ledger read', () => ledger.evidence(releaseId)),
        saveJudging: (releaseId, seen, judging, minutes) =>
          call('Ledger write', () => {
            const saved = ledger.saveJudging(releaseId, seen, judging, minutes);
            if (saved) write({ call: 'ledger: judging' });
            return saved;
          }),
      },
      registry: {
        resolve: (reference) => call('DescribeImages', () => this.#resolve(reference)),
        newest: () => call('DescribeImages', () => this.#newest()),
      },
      executions: {
        start: (name, input) =>
          call('StartExecution', () => {
            this.#settings.start(name, input);
            write({ call: 'StartExecution' });
          }),
        status: (execution) => call('DescribeExecution', () => this.#settings.executionStatus(execution)),
      },
      notices: {
        send: (notice) =>
          call('Publish', () => {
            this.notices.push({ at: clock.now(), notice });
          }).catch((error: unknown) => {
            if (!(error instanceof Transient)) throw error;
          }),
      },
    };
  }

  #resolve(reference: string): Image | undefined {
    return this.#images.get(reference) ?? [...this.#images.values()].find(({ digest }) => digest === reference);
  }

  #newest() {
    const [newest] = [...this.#images]
      .filter(([tag]) => isImage(tag))
      .toSorted(([, one], [, other]) => other.pushedAt - one.pushedAt);
    return newest && { tag: newest[0], ...newest[1] };
  }

  /** For the end of a report: what is true now. */
  summary(candidate: Colour) {
    const { lock } = this.ledger.state;
    const both = <T>(of: (colour: Colour) => T) =>
      Object.fromEntries(COLOURS.map((colour) => [colour, of(colour)])) as Record<Colour, T>;
    const { stable } = this.ledger.state;
    return {
      share: this.balancer.weights[candidate],
      stable,
      healthy: both((colour) => this.tasks.healthy(colour)),
      running: both((colour) => this.tasks.running(colour)),
      lock: lock ? { phase: lock.phase, fence: lock.fence, owner: lock.owner } : null,
      scalingSuspended: both((colour) => this.tasks.side(colour).suspended !== 'none'),
    };
  }
}

/** What a service runs before its first release. */
export const BOOTSTRAP = `sha256:${'b'.repeat(64)}`;
