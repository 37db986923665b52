/** What all promises look at: the world, what each run of a Lambda has seen of it, and since when something is so. */
import type { Lock } from '../../functions/core/protocol.ts';
import { COLOURS, type Colour, otherColour, type Weights } from '../../functions/core/roles.ts';
import type { Effect } from '../effects.ts';
import type { AnyWorld } from '../world.ts';
import type { Actor } from '../writes.ts';

/** What the scenario or schedule says of itself. */
export interface Circumstances {
  /** Second 0, epoch seconds. @default - all that happens counts */
  readonly start?: number;
  readonly reconcilerDiedAt?: (() => number | undefined) | undefined;
  /** Nothing speaks against the candidate: it has to be promoted. @default - something may */
  readonly isHealthy?: (() => boolean) | undefined;
}

/** A release whose owner died: how long it took, counted from the last death, the reconciler's own included. */
export interface Orphaned {
  /** Until all users were on a healthy colour for good. */
  readonly secondsToStable: number;
  /** Until the lock was free, or stuck with a page, and scaling was as at rest. */
  readonly secondsToFree: number;
}

/** What one run of a Lambda knows; its times are numbers of effects. */
export interface Knowledge {
  readonly beganAt: number;
  /** The release that it was last seen to act for. */
  meant?: Lock | undefined;
  healthReadAt?: number;
  /** Healthy targets, as it read them last. */
  health?: Readonly<Record<Colour, number>>;
  ruleReadAt?: number;
}

export class Facts {
  readonly world: AnyWorld;
  readonly circumstances: Circumstances;
  /** Counts effects, so that "before" and "after" have a meaning without seconds. */
  event = 0;
  /** Executions that ended, and when, epoch seconds. */
  readonly ended = new Map<string, number>();
  /** A release whose owner died, as promise 4 found it. */
  orphaned: Orphaned | undefined;
  /** The last edit by hand: when, in effects and in seconds. */
  handAt = -1;
  handSecond = Number.NEGATIVE_INFINITY;
  /** Since which effect a colour has no healthy target while the other has one. */
  readonly deadSince: Record<Colour, number | undefined> = { blue: undefined, green: undefined };
  /** Since which second a colour has no users. */
  readonly zeroSince: Record<Colour, number | undefined> = { blue: undefined, green: undefined };
  readonly #known = new WeakMap<Actor, Knowledge>();

  constructor(world: AnyWorld, circumstances: Circumstances) {
    this.world = world;
    this.circumstances = circumstances;
  }

  get lock(): Lock | undefined {
    return this.world.ledger.state.lock;
  }

  get weights(): Weights {
    return this.world.balancer.weights;
  }

  isAlive(colour: Colour): boolean {
    return this.world.tasks.healthy(colour) > 0;
  }

  knowledge(actor: Actor): Knowledge {
    const known = this.#known.get(actor) ?? { beganAt: this.event };
    this.#known.set(actor, known);
    return known;
  }

  /** What an actor decided on an older reading is not its fault. */
  wasByHand(actor: Actor): boolean {
    return this.handAt > (this.knowledge(actor).ruleReadAt ?? -1);
  }

  /** Before the promises see an effect. */
  begin(): void {
    this.event += 1;
    for (const colour of COLOURS) {
      const isDead = !this.isAlive(colour) && this.isAlive(otherColour(colour));
      this.deadSince[colour] = isDead ? (this.deadSince[colour] ?? this.event) : undefined;
    }
  }

  /** After they saw it. */
  learn(actor: Actor, effect: Effect): void {
    const known = this.knowledge(actor);
    if (effect.is === 'health read') Object.assign(known, { healthReadAt: this.event, health: effect.health });
    if (effect.is === 'rule read') known.ruleReadAt = this.event;
    if (effect.is === 'ledger read') known.meant = effect.state.lock;
    if (effect.is === 'ledger') {
      const isOver = effect.answer.written && effect.write.name.startsWith('free after');
      known.meant = isOver ? undefined : effect.answer.state.lock;
    }
    if (effect.is === 'rule') this.#emptied(effect.before);
  }

  #emptied(before: Weights): void {
    for (const colour of COLOURS) {
      if (this.weights[colour] > 0) this.zeroSince[colour] = undefined;
      else if (before[colour] > 0) this.zeroSince[colour] = this.world.clock.now();
    }
  }

  byHand(): void {
    this.handAt = ++this.event;
    this.handSecond = this.world.clock.now();
    // Whoever empties a colour by hand need not have waited for it to settle.
    for (const colour of COLOURS) this.zeroSince[colour] = undefined;
  }
}

/** Writes that change what AWS runs or routes. */
export type ServiceWrite = Extract<Effect, { is: 'rule' | 'tasks' | 'scaling' | 'migration stopped' }>;

export const isServiceWrite = (effect: Effect): effect is ServiceWrite =>
  effect.is === 'rule' || effect.is === 'tasks' || effect.is === 'scaling' || effect.is === 'migration stopped';

export function described(effect: ServiceWrite): string {
  switch (effect.is) {
    case 'rule':
      return `ModifyRule (blue ${effect.weights.blue}, green ${effect.weights.green})`;
    case 'tasks':
      return `UpdateService ${effect.colour} ${effect.to}${effect.fresh ? ' (new revision)' : ''}`;
    case 'scaling':
      return `RegisterScalableTarget (${effect.to}) ${effect.colour}`;
    default:
      return 'StopTask';
  }
}

/** As a sentence names an actor. */
export const nameOf = ({ by, verb, execution }: Actor): string =>
  [by === 'owner' ? execution?.split(':').at(-1) : by, verb].filter((part) => part !== undefined).join('/');
