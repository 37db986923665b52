/**
 * One random interleaving of everybody who touches a service: executions of the real state machine with the real steps,
 * the guard, the reconciler, people, pushes, a deploy. Every port call is one event; a seed decides whose is next, which
 * of them fails and how, and what happens meanwhile. Time stands still between events, and jumps when nothing else can move.
 */
import { Transient } from '../functions/core/failures.ts';
import { reconcile } from '../functions/steps/safety/reconcile.ts';
import type { Ports } from '../functions/steps/shared/step.ts';
import { type Chance, chance } from './chance.ts';
import type { Effect } from './effects.ts';
import { type Happening, happen, type Scheduler, settleUp } from './interleave/actors.ts';
import { Chronicle } from './interleave/event-log.ts';
import { Executions } from './interleave/executions.ts';
import { GoodNumbers } from './interleave/good-numbers.ts';
import { StillHost } from './interleave/host.ts';
import { IMAGES, INPUT, momentAt, NOW, PLACES, SETTINGS } from './interleave/initial-states.ts';
import type { Invocation, Live } from './interleave/live.ts';
import { Timers } from './interleave/timers.ts';
import { type Auditor, audit, type Broken } from './promises.ts';
import { modelledTraffic } from './traffic.ts';
import { World } from './world.ts';
import type { Perform } from './world-parts.ts';
import { type Actor, NEVER } from './writes.ts';

export interface InterleaveOptions {
  /** Tests break the ports here, to see the watch find it. */
  readonly sabotage?: ((ports: Ports) => Ports) | undefined;
  /** Every event as a line, for people. @default - only a hash of them */
  readonly trace?: boolean | undefined;
}

export interface Interleaved {
  readonly seed: number;
  /** Of the order of events: two schedules with the same one are the same schedule. */
  readonly hash: string;
  readonly events: number;
  readonly broken: readonly Broken[];
  readonly trace: readonly string[];
}

/** The timeout of every Lambda that may write. */
const LAMBDA_SECONDS = 30;
/** A call that was on its way when its Lambda died lands by then, or never. */
const LANDS_WITHIN_SECONDS = 30;
/** Whoever has not come to rest by then goes round in circles. */
const MOST_EVENTS = 4000;
const MINUTE = 60;

type Fault = 'fails' | 'answer lost' | 'denied' | 'outlives' | 'lags';

interface Waiting {
  readonly by: Invocation;
  readonly call: string;
  /** Nobody listens to its answer any more. */
  readonly isLate: boolean;
  take(fault: Fault | undefined): void;
}

const named = (name: string, message: string): Error => Object.assign(new Error(message), { name });
const everythingWaits = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
/** Promises between two calls of one actor, at the most; more only means that somebody else's turn may come first. */
const HOPS = 24;
/** No second passes here, so that nobody sends anything. */
const NO_TRAFFIC = modelledTraffic(chance(0, 'no traffic'), 0, () => ({ errorRate: 0, latencyFactor: 1 }));

/** Nothing to do with what comes to rest. */
const isQuiet = (effect: Effect): boolean =>
  effect.is.endsWith('read') ||
  (effect.is === 'ledger' && effect.write.name === 'look') ||
  (effect.is === 'notification' && effect.notification.kind !== 'stuck') ||
  effect.is === 'judging' ||
  effect.is === 'start' ||
  effect.is === 'migration stopped';

export async function interleave(seed: number, options: InterleaveOptions = {}): Promise<Interleaved> {
  const schedule = new Schedule(seed, options);
  await schedule.run();
  return schedule.result(seed);
}

class Schedule implements Scheduler {
  readonly clock = new Timers(NOW);
  readonly chance: Chance;
  readonly world: World<Timers, GoodNumbers>;
  readonly host: StillHost;
  readonly auditor: Auditor;
  readonly executions: Executions;
  readonly live = new Set<Live>();
  readonly isImpatient: boolean;
  /** A colour died while no release ran: nobody watches then. */
  diedAtRest = false;
  #waiting: Waiting[] = [];
  #faults: number;
  #happenings: number;
  #reconciler: Live | undefined;
  #looksWithoutChange = 0;
  #changes = 0;
  readonly #chronicle: Chronicle;
  readonly #options: InterleaveOptions;

  constructor(seed: number, options: InterleaveOptions) {
    this.#options = options;
    this.#chronicle = new Chronicle(options.trace === true);
    this.chance = chance(seed, 'interleaving');
    const { between } = this.chance;
    this.#faults = between(0, 4);
    this.#happenings = between(1, 6);
    const place = PLACES[between(0, PLACES.length - 1)];
    const moment = momentAt(place, between(0, 1) === 0 ? 'blue' : 'green');
    const comesUp = between(1, 10) > 1;
    this.isImpatient = between(1, 10) > 3;
    this.host = new StillHost(this.clock, () => (comesUp ? between(5, 60) : undefined));
    this.world = new World({
      clock: this.clock,
      ...moment,
      images: IMAGES,
      host: this.host,
      traffic: NO_TRAFFIC,
      numbers: new GoodNumbers(moment.service.service),
      lagSeconds: () => 0,
      migration: () => ({ is: 'done' }),
      executions: {
        start: (name, input) => this.executions.start(name, input),
        status: (execution) => this.executions.status(execution),
      },
      calls: (_, actor) => this.#performFor(actor as Live),
    });
    this.auditor = audit(this.world, {});
    this.world.onEffect((_by, effect) => this.#happened(effect));
    this.executions = new Executions({
      clock: this.clock,
      chance: this.chance.uniform,
      invoke: (who, name, run) => this.invoke(who, name, run),
      changed: () => this.#changed(),
      started: (id, input) => this.auditor.started(id, input),
    });
    const { service, candidateUp, from } = moment;
    this.world.tasks.alreadyUp(service.stable, service.current!.digest, 2);
    if (service.lock && candidateUp) {
      this.world.tasks.alreadyUp(service.lock.candidate, service.lock.digest, 2);
      this.world.tasks.suspend(service.lock.stable, 'in');
    }
    this.note(`begins at ${from?.state ?? 'Open'}, ${service.stable} is stable`);
    this.executions.first(from?.input ?? INPUT, from?.state);
    this.#lookAgain(between(1, MINUTE));
  }

  async run(): Promise<void> {
    await everythingWaits();
    while (this.#chronicle.events < MOST_EVENTS && this.auditor.broken.length === 0 && !this.#isAtRest()) {
      this.#next();
      await this.#quiet();
    }
    if (this.auditor.broken.length > 0) return;
    if (this.#isAtRest()) this.auditor.rest(this.diedAtRest);
    else this.auditor.noRest(`no rest after ${MOST_EVENTS} events`);
  }

  /** Whoever can go on has gone on: always before time passes; else as far as a few promises lead. */
  async #quiet(): Promise<void> {
    const before = this.#waiting.length;
    for (let hop = 0; hop < HOPS && this.#waiting.length <= before; hop++) await undefined;
    if (this.#waiting.length === 0) await everythingWaits();
  }

  result(seed: number): Interleaved {
    const { hash, events, lines } = this.#chronicle;
    return { seed, hash, events, broken: this.auditor.broken, trace: lines };
  }

  note(event: string): void {
    this.#chronicle.note(event, this.clock.now() - NOW);
  }

  get isChaotic(): boolean {
    return this.#happenings > 0 || this.#faults > 0;
  }

  /** Nobody has a call under way, and no execution waits for anything. */
  get #isIdle(): boolean {
    return this.#waiting.length === 0 && this.executions.running.length === 0;
  }

  #isAtRest(): boolean {
    return !this.isChaotic && this.#looksWithoutChange > 0 && this.#isIdle;
  }

  #next(): void {
    const { uniform, between } = this.chance;
    if (this.#happenings > 0 && uniform() < 0.04) {
      this.#happenings -= 1;
      const happening: Happening | undefined = happen(this);
      this.note(happening ?? 'nothing happens');
      if (happening) this.#changed();
      return;
    }
    // What was left for a calm moment, when nothing else is going on, happens then or never.
    if (this.isChaotic && this.#looksWithoutChange > 0 && this.#isIdle) {
      if (uniform() < 0.5) this.#happenings = this.#faults = 0;
      else this.#happenings += this.#happenings === 0 ? 1 : 0;
      return;
    }
    if (!this.isChaotic) settleUp(this);
    if (this.#waiting.length === 0 || uniform() < 0.03) {
      this.#pass(this.clock.next);
      return;
    }
    const [waiting] = this.#waiting.splice(between(0, this.#waiting.length - 1), 1);
    const fault = this.#faultFor(waiting!);
    this.note(`${waiting!.by.name}: ${waiting!.call}${fault ? ` ${fault}` : ''}`);
    waiting!.take(fault);
    this.#pass(uniform() < 0.02 ? between(5, 20) : 0.25);
  }

  #faultFor({ call, isLate }: Waiting): Fault | undefined {
    if (this.#faults === 0 || isLate || this.chance.uniform() > 0.04) return undefined;
    this.#faults -= 1;
    this.#changed();
    if (call === 'DescribeRules' && this.chance.uniform() < 0.7) return 'lags';
    return (['fails', 'answer lost', 'outlives', 'denied'] as const)[this.chance.between(0, 3)];
  }

  /** Lambdas whose time is over die; a call of theirs may be on its way still. */
  #pass(seconds: number): void {
    this.clock.pass(seconds);
    for (const one of this.live) {
      if (this.clock.now() - one.since > LAMBDA_SECONDS) this.kill(one, named('Lambda.Unknown', 'it timed out'));
    }
  }

  kill(one: Live, error: Error): void {
    one.isDead = true;
    this.live.delete(one);
    if (this.#reconciler === one) this.#reconciler = undefined;
    const late = this.chance.uniform() < 0.5;
    this.#waiting = this.#waiting.flatMap((waiting) => {
      if (waiting.by !== one || waiting.isLate) return [waiting];
      return late ? [this.#lateCall(waiting)] : [];
    });
    one.fail(error);
  }

  /** It lands some time, or never, and nobody hears of it. */
  #lateCall(waiting: Waiting): Waiting {
    const late = { ...waiting, call: `${waiting.call} (late)`, isLate: true };
    this.clock.after(LANDS_WITHIN_SECONDS, () => {
      this.#waiting = this.#waiting.filter((other) => other !== late);
    });
    return late;
  }

  /** A new run of a Lambda, with ports of its own. */
  invoke<T>(who: Actor, name: string, run: (ports: Ports) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const one: Live = { ...who, name, since: this.clock.now(), isDead: false, fail: reject };
      this.live.add(one);
      const ports = this.world.ports(one);
      const end = (): void => {
        this.live.delete(one);
        if (this.#reconciler === one) this.#reconciler = undefined;
      };
      if (who.by === 'reconciler') this.#reconciler = one;
      run(this.#options.sabotage?.(ports) ?? ports)
        .finally(end)
        .then(resolve, reject);
    });
  }

  #performFor(by: Live): Perform {
    return <T>(name: string, effect: () => T, detail?: string) => {
      const call = detail ? `ledger: ${detail}` : name;
      if (by.isDead) return NEVER;
      return new Promise<T>((resolve, reject) => {
        const answer = (say: (value: T) => void): void => {
          try {
            say(effect());
          } catch (error) {
            reject(error);
          }
        };
        // People are told what can be told; a release does not depend on who is listening.
        const fails = (error: Error): void => (call === 'Publish' ? answer(resolve) : reject(error));
        this.#waiting.push({
          by,
          call,
          isLate: false,
          take: (fault) => {
            switch (fault) {
              case 'fails':
                return fails(new Transient('no answer'));
              case 'denied':
                return fails(named('AccessDeniedException', 'not allowed'));
              case 'answer lost':
                return answer(() => fails(new Transient('no answer')));
              case 'outlives': {
                this.#waiting.push(this.#lateCall({ by, call, isLate: true, take: () => answer(() => {}) }));
                return undefined;
              }
              case 'lags':
                this.world.balancer.lags = true;
            }
            return answer(by.isDead ? () => {} : resolve);
          },
        });
      });
    };
  }

  #happened(effect: Effect): void {
    if (!isQuiet(effect)) this.#changed();
    if (effect.is !== 'tasks') return;
    this.world.tasks.second();
    this.host.changes += 1;
  }

  #changed(): void {
    this.#changes += 1;
    this.#looksWithoutChange = 0;
  }

  /** Every minute, but some looks are lost on the way: nothing hangs on a single one. */
  #lookAgain(seconds: number): void {
    this.clock.after(seconds, () => {
      this.reconcile();
      this.#lookAgain(MINUTE * this.chance.between(1, 4));
    });
  }

  /** Reserved concurrency 1: a look that is due while another one runs does not happen. */
  reconcile(): boolean {
    if (this.#reconciler) return false;
    const before = this.#changes;
    this.invoke({ by: 'reconciler' }, 'reconciler', (ports) => reconcile(ports, SETTINGS)()).then(
      () => {
        this.#looksWithoutChange = this.#changes === before ? this.#looksWithoutChange + 1 : 0;
      },
      () => {},
    );
    return true;
  }
}
