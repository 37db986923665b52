/**
 * The world that a release is rehearsed in, behind the very ports that AWS is behind in production: a load balancer rule
 * with weights, two colours of tasks, a registry, numbers, and a ledger with real conditional writes. Clock, traffic and
 * the way in which calls are carried out are given to it: calls take time (timed-calls.ts), or somebody decides whose is
 * next (interleave.ts).
 */
import { isImage } from '../functions/core/image.ts';
import type { ReleaseRecord, ServiceState } from '../functions/core/protocol.ts';
import {
  COLOURS,
  type Colour,
  type Roles,
  rolesWhenStableIs,
  shareOf,
  type Weights,
  weightsFor,
} from '../functions/core/roles.ts';
import { NONE, type Share } from '../functions/core/share.ts';
import type { MigrationStatus } from '../functions/ports/fleet.ts';
import type { Notification } from '../functions/ports/notifications.ts';
import type { Image } from '../functions/ports/registry.ts';
import type { AlarmReading } from '../functions/ports/signals.ts';
import type { Ports } from '../functions/steps/shared/step.ts';
import type { VirtualClock } from './clock.ts';
import { type Effect, rowOf } from './effects.ts';
import { MemoryLedger } from './ledger.ts';
import { LoadBalancer } from './load-balancer.ts';
import { Migrations } from './migrations.ts';
import type { Numbers } from './numbers.ts';
import { type TaskHost, type TaskStopped, Tasks } from './tasks.ts';
import type { Traffic } from './traffic.ts';
import type { Perform, WorldClock, WorldExecutions, WorldNumbers, WorldParts } from './world-parts.ts';
import { portsOver } from './world-ports.ts';
import type { Actor, WriteRow } from './writes.ts';

export interface WorldSettings<C extends WorldClock, N extends WorldNumbers> {
  readonly clock: C;
  readonly service: ServiceState;
  readonly records: readonly ReleaseRecord[];
  readonly images: Readonly<Record<string, Image>>;
  readonly host: TaskHost;
  readonly traffic: Traffic;
  readonly numbers: N;
  /** @default - all users are on stable */
  readonly weights?: Weights;
  /** Seconds from a change of the rule until requests meet it. */
  readonly lagSeconds: () => number;
  readonly onWeights?: ((weights: Weights) => void) | undefined;
  readonly migration: (token: string) => MigrationStatus;
  /** Whether probes of the candidate are answered as they should be. @default - whenever it has a healthy task */
  readonly probePasses?: (() => boolean) | undefined;
  /** @default - whoever runs them says so later (`runsOn`) */
  readonly executions?: WorldExecutions | undefined;
  /** How the calls of one actor are carried out. */
  readonly calls: (world: AnyWorld, actor: Actor) => Perform;
}

/** Whatever its clock is, and wherever its numbers come from. */
export type AnyWorld = World<WorldClock, WorldNumbers>;

export class World<C extends WorldClock = VirtualClock, N extends WorldNumbers = Numbers> implements WorldParts {
  readonly clock: C;
  readonly ledger: MemoryLedger;
  readonly balancer: LoadBalancer;
  readonly tasks: Tasks;
  readonly numbers: N;
  readonly traffic: Traffic;
  readonly migrations: Migrations;
  executions: WorldExecutions;
  readonly writes: WriteRow[] = [];
  readonly calls: { readonly at: number; readonly actor: Actor; readonly call: string }[] = [];
  readonly notifications: { readonly at: number; readonly notification: Notification }[] = [];
  /** Where the probe rule leads. */
  probed: Colour;
  readonly probePasses: () => boolean;
  readonly #images: Map<string, Image>;
  readonly #callsOf: WorldSettings<C, N>['calls'];
  readonly #onEffect: ((actor: Actor, effect: Effect) => void)[] = [];
  readonly #onWrite: ((row: WriteRow) => void)[] = [];
  readonly #onCall: ((actor: Actor, call: string) => void)[] = [];
  #lastRule: WriteRow | undefined;

  constructor(settings: WorldSettings<C, N>) {
    const { clock, service, records, images, host, traffic, numbers, lagSeconds, executions } = settings;
    this.clock = clock;
    this.traffic = traffic;
    this.numbers = numbers;
    this.executions = executions ?? NOBODY;
    this.probed = service.stable;
    this.probePasses = settings.probePasses ?? (() => true);
    this.#callsOf = settings.calls;
    this.#images = new Map(Object.entries(images));
    this.ledger = new MemoryLedger(service, records);
    const weights = settings.weights ?? weightsFor(rolesWhenStableIs(service.stable), NONE);
    this.balancer = new LoadBalancer(clock, weights, lagSeconds, settings.onWeights ?? (() => {}));
    this.tasks = new Tasks(host, () => clock.now());
    this.migrations = new Migrations(settings.migration);
  }

  get images(): Iterable<Image> {
    return this.#images.values();
  }

  /** Somebody pushes an image. */
  push(tag: string, image: Image): void {
    this.#images.set(tag, image);
  }

  resolve(reference: string): Image | undefined {
    return this.#images.get(reference) ?? [...this.#images.values()].find(({ digest }) => digest === reference);
  }

  /** The release tag that was pushed last. */
  newest() {
    const [newest] = [...this.#images]
      .filter(([tag]) => isImage(tag))
      .toSorted(([, one], [, other]) => other.pushedAt - one.pushedAt);
    return newest && { tag: newest[0], ...newest[1] };
  }

  /** The roles of the release that runs, or else as the ledger has them. */
  get roles(): Roles {
    const { lock, stable } = this.ledger.state;
    return lock ?? rolesWhenStableIs(stable);
  }

  share(): Share | undefined {
    return shareOf(this.roles, this.balancer.weights);
  }

  /** Told of whatever a call did or showed. */
  onEffect(listener: (actor: Actor, effect: Effect) => void): void {
    this.#onEffect.push(listener);
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

  /** Executions are started, and asked for, there. */
  runsOn(executions: WorldExecutions): void {
    this.executions = executions;
  }

  /** The ports as one actor has them: one run of a Lambda, or a person. */
  ports(who: Actor): Ports {
    const { clock } = this;
    const isKnown = who.since !== undefined;
    const actor: Actor = isKnown ? who : { ...who, since: clock.now(), sleep: (seconds) => clock.sleep(seconds) };
    return portsOver(this, { perform: this.#callsOf(this, actor), tell: (effect) => this.#tell(actor, effect) });
  }

  /** A call is about to be made. */
  asked(actor: Actor, call: string): void {
    for (const listener of this.#onCall) listener(actor, call);
  }

  #tell(actor: Actor, effect: Effect): void {
    const at = this.clock.now();
    const row = rowOf(effect);
    if (effect.is === 'rule read') this.#readBack(actor);
    if (effect.is === 'notification') this.notifications.push({ at, notification: effect.notification });
    if (row) this.writes.push({ at, actor, ...row });
    const written = row && this.writes.at(-1)!;
    if (effect.is === 'rule') this.#lastRule = written;
    for (const listener of this.#onEffect) listener(actor, effect);
    if (written) for (const listener of this.#onWrite) listener(written);
  }

  /** Whoever wrote the rule sees what became of it. */
  #readBack(actor: Actor): void {
    const share = this.share();
    if (this.#lastRule?.actor !== actor || this.#lastRule.readBack !== undefined || share === undefined) return;
    this.#lastRule.readBack = share;
    this.#lastRule.readBackAt = this.clock.now();
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

const NOBODY: WorldExecutions = {
  start: (name) => {
    throw new Error(`nobody runs executions, so ${name} cannot be started`);
  },
  status: () => 'unknown',
};
