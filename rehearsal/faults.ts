/** What is wrong in a rehearsal, by its scenario and by hand, and since when. */
import { Transient } from '../functions/core/failures.ts';
import type { Colour } from '../functions/core/roles.ts';
import { NONE, type Share } from '../functions/core/share.ts';
import { type Chance, chance } from './chance.ts';
import type { VirtualClock } from './clock.ts';
import type { RehearsalOptions } from './options.ts';
import { FAULTS, type FaultName, type InjectedFault, type Role, type Scenario } from './scenarios.ts';
import { isGrowth } from './scripted.ts';
import type { Task } from './tasks.ts';
import { IMAGES } from './versions.ts';
import type { TaskFaults } from './virtual-host.ts';
import type { World } from './world.ts';
import type { WriteRow } from './writes.ts';

const BASE_ERROR_RATE = 0.001;

/** Unless something else is asked for: ten minutes, which hurt a release whose bakes take five. */
export const OUTAGE_SECONDS = 600;

const OF_ECS: readonly string[] = ['DescribeServices', 'UpdateService', 'ListTasks', 'RunTask', 'StopTask'];

export class Faults {
  readonly #options: RehearsalOptions;
  readonly #seconds: number;
  readonly #clock: VirtualClock;
  readonly #candidate: Colour;
  readonly #throttling: Chance;
  readonly #byHand = new Set<FaultName>();
  #since: number | undefined;
  #byHandSince: number | undefined;

  constructor(options: RehearsalOptions, clock: VirtualClock, candidate: Colour) {
    this.#options = options;
    this.#seconds = options.seconds ?? OUTAGE_SECONDS;
    this.#clock = clock;
    this.#candidate = candidate;
    this.#throttling = chance(options.seed, 'throttling');
  }

  get #scenario(): Scenario {
    return this.#options.scenario;
  }

  /** Minutes since the scenario's fault began; negative before. */
  get minutes(): number {
    return this.#since === undefined ? -1 : (this.#clock.now() - this.#since) / 60;
  }

  get hasBegun(): boolean {
    return this.minutes >= 0;
  }

  /** When the first fault began that somebody should notice, epoch seconds. */
  get since(): number | undefined {
    const isNoticed = this.#scenario.faultOf || this.#scenario.losesNumbers;
    return (isNoticed ? this.#since : undefined) ?? this.#byHandSince;
  }

  get isByHand(): boolean {
    return this.#byHandSince !== undefined;
  }

  set(fault: FaultName, isOn: boolean): void {
    if (isOn) this.#byHand.add(fault);
    else this.#byHand.delete(fault);
    this.#byHandSince ??= this.#clock.now();
  }

  faultOf(role: Role): InjectedFault {
    const options = { ...this.#options, seconds: this.#seconds };
    return [...this.#byHand].reduce(
      (sum, fault) => together(sum, FAULTS[fault](role, options)),
      this.#scenario.faultOf?.(role, this.minutes, options) ?? {},
    );
  }

  isOut(what: Scenario['out']): boolean {
    return this.#scenario.out === what && this.hasBegun && this.minutes < this.#seconds / 60;
  }

  /** How a colour answers now. */
  behaviour(colour: Colour): { readonly errorRate: number; readonly latencyFactor: number } {
    const isErrorFree = this.#scenario.errorFreeUnderLiteral && this.#options.policy === 'literal';
    const { errorPoints = 0, latencyFactor = 1 } = this.faultOf(this.#roleOf(colour));
    return { errorRate: Math.min(1, (isErrorFree ? 0 : BASE_ERROR_RATE) + errorPoints / 100), latencyFactor };
  }

  #roleOf(colour: Colour): Role {
    return colour === this.#candidate ? 'candidate' : 'stable';
  }

  ofTasks(): TaskFaults {
    const isNew = ({ digest }: Task) => digest === IMAGES['v1.5.0'].digest;
    return {
      neverHealthy: (task) => isNew(task) && this.#scenario.neverHealthy === true,
      startsLater: () =>
        this.#since === undefined ? 0 : 60 * Math.max(0, (this.#scenario.growsAfterMinutes ?? 0) - this.minutes),
      crashes: (task) => isNew(task) && this.faultOf('candidate').crashes === true,
      failsHealthCheck: ({ colour }) => this.faultOf(this.#roleOf(colour)).failsHealthChecks === true,
    };
  }

  get probePasses(): boolean {
    return !(this.#scenario.probeFails && this.hasBegun);
  }

  losesNumbersOf(colour: Colour): boolean {
    return this.#scenario.losesNumbers === true && colour === this.#candidate && this.hasBegun;
  }

  /**
   * A call is about to be made.
   * @throws Transient when the control plane refuses it
   */
  beforeCall(call: string, world: World): void {
    const isThrottled = this.#scenario.throttled && call === 'ModifyRule' && this.#throttling.uniform() < 0.5;
    if (isThrottled) throw new Transient('Rate exceeded');
    if (this.#scenario.probeFails && call === 'Probe' && isBefore(this.#options.at, world))
      this.#since ??= this.#clock.now();
    if (OF_ECS.includes(call) && this.isOut('ECS')) throw new Transient(`${call}: ServiceUnavailable`);
  }

  /** The scenario's fault begins with that write, if it does: from when, epoch seconds. */
  beginsWith(row: WriteRow, world: World): number | undefined {
    if (this.#since !== undefined || !beginsFault(row, this.#options, world)) return undefined;
    this.#since = this.#clock.now() + (this.#options.fromMinute ?? 0) * 60;
    return this.#since;
  }
}

/** Two faults at once. */
const together = (one: InjectedFault, other: InjectedFault): InjectedFault => ({
  errorPoints: (one.errorPoints ?? 0) + (other.errorPoints ?? 0),
  latencyFactor: (one.latencyFactor ?? 1) * (other.latencyFactor ?? 1),
  ...(one.crashes || other.crashes ? { crashes: true } : {}),
  ...(one.failsHealthChecks || other.failsHealthChecks ? { failsHealthChecks: true } : {}),
});

/** The candidate has the share before that one. */
function isBefore(at: Share, { ledger }: World): boolean {
  const { stages = [] } = ledger.state.lock?.plan ?? {};
  const index = stages.findIndex(({ share }) => share === at);
  return index >= 0 && ledger.state.lock?.share === (stages[index - 1]?.share ?? NONE);
}

function beginsFault(row: WriteRow, { at, fromMinute, scenario }: RehearsalOptions, world: World): boolean {
  if (scenario.probeFails) return false;
  if (scenario.growsAfterMinutes !== undefined) return isGrowth(row, world);
  if (fromMinute !== undefined) return row.call === 'ledger: share';
  return row.call === 'ModifyRule' && row.share === at && row.actor.verb === 'Shift';
}
