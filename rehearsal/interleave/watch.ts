/**
 * The promises that make sense without traffic and seconds, looked at after every event: who wrote what, knowing what,
 * and what is left when nothing moves any more. Numbers are those of docs/architecture.md.
 */
import {
  type LedgerWrite,
  type Lock,
  RECONCILER,
  SETTLE_SECONDS,
  type ServiceState,
} from '../../functions/core/protocol.ts';
import { COLOURS, type Colour, otherColour, type Weights } from '../../functions/core/roles.ts';
import { ALL } from '../../functions/core/share.ts';
import type { Effect } from '../effects.ts';
import { Asked } from '../promises/asked.ts';
import type { AnyWorld } from '../world.ts';
import type { Actor } from '../writes.ts';
import type { StillHost } from './host.ts';

export interface Broken {
  readonly promise: number | 'pending' | 'asked';
  readonly detail: string;
}

/** One run of a Lambda, and what the watch remembers of it. */
export interface Invocation extends Actor {
  readonly since: number;
  readonly name: string;
  /** The release that it was last seen to act for. */
  meant?: Lock | undefined;
  healthReadAt?: number;
  ruleReadAt?: number;
  ruleRead?: Weights;
  /** Since it wrote the rule it has not read it. */
  owesReading?: boolean;
}

/** One that has not ended. */
export interface Live extends Invocation {
  isDead: boolean;
  /** Tells the machine that its Lambda failed. */
  fail(error: Error): void;
}

/** A call on its way when its Lambda dies may still land for a while; then nothing of a dead owner may. */
const LATE_SECONDS = 60;
/** Words and orders: they may concern a release that is not one's own. */
const OF_ANYBODY = ['open', 'queue', 'keep', 'abort', 'hold', 'resume', 'command', 'look', 'take over', 'drift lock'];
const OF_NOBODY = ['adopt', 'next attempt', 'give up pending'];

export class Watch {
  readonly broken: Broken[] = [];
  readonly asked: Asked;
  readonly #world: AnyWorld;
  readonly #host: Pick<StillHost, 'changes'>;
  /** Counts effects, so that "before" and "after" have a meaning without seconds. */
  #event = 0;
  /** Since when a colour has no healthy target while the other has one. */
  readonly #deadSince: Record<Colour, number | undefined> = { blue: undefined, green: undefined };
  readonly #zeroSince: Record<Colour, number | undefined> = { blue: undefined, green: undefined };
  #healthSeen = -1;
  #handAt = -1;
  #handSecond = Number.NEGATIVE_INFINITY;
  #takenAt = Number.NEGATIVE_INFINITY;
  /** Pushes that were told to wait, and when they were pushed. */
  readonly #waiting = new Map<string, number>();
  readonly #opened = new Map<string, number>();
  #aborted = new Set<string>();
  #paged = false;

  constructor(world: AnyWorld, host: Pick<StillHost, 'changes'>) {
    this.#world = world;
    this.#host = host;
    this.asked = new Asked(world.images, world.ledger.state);
  }

  #found(promise: Broken['promise'], detail: string): void {
    this.broken.push({ promise, detail });
  }

  /** Somebody edits the rule by hand: what a step decided on an older reading is not its fault. */
  byHand(): void {
    this.#handAt = ++this.#event;
    this.#handSecond = this.#world.clock.now();
    const { tasks } = this.#world;
    const { weights } = this.#world.balancer;
    for (const colour of COLOURS) if (weights[colour] > 0) this.asked.version(tasks.side(colour).digest);
    // Whoever empties a colour by hand need not have waited for it to settle.
    for (const colour of COLOURS) this.#zeroSince[colour] = undefined;
  }

  told(by: Invocation, effect: Effect): void {
    this.#event += 1;
    this.#lookAtHealth();
    switch (effect.is) {
      case 'health read':
        by.healthReadAt = this.#event;
        break;
      case 'rule read':
        by.ruleReadAt = this.#event;
        by.ruleRead = effect.weights;
        by.owesReading = false;
        break;
      case 'ledger read':
        by.meant = effect.state.lock;
        break;
      case 'notice':
        this.#paged ||= effect.notice.kind === 'stuck';
        break;
      case 'ledger':
        this.#ledger(by, effect);
        break;
      case 'rule':
        this.#oneOwner(by, 'ModifyRule');
        this.#rule(by, effect);
        break;
      case 'tasks':
        this.#oneOwner(by, 'UpdateService');
        this.#weightsFirst(by, 'UpdateService');
        this.#tasks(by, effect);
        break;
      case 'scaling':
        this.#oneOwner(by, 'RegisterScalableTarget');
        this.#weightsFirst(by, 'RegisterScalableTarget');
    }
  }

  #lookAtHealth(): void {
    const { tasks } = this.#world;
    const { changes: healthChanges } = this.#host;
    if (this.#healthSeen === healthChanges) return;
    this.#healthSeen = healthChanges;
    for (const colour of COLOURS) {
      const isDead = tasks.healthy(colour) === 0 && tasks.healthy(otherColour(colour)) > 0;
      this.#deadSince[colour] = isDead ? (this.#deadSince[colour] ?? this.#event) : undefined;
    }
  }

  #remember(before: Weights): void {
    for (const colour of COLOURS) {
      const weight = this.#world.balancer.weights[colour];
      if (weight > 0) this.#zeroSince[colour] = undefined;
      else if (before[colour] > 0) this.#zeroSince[colour] = this.#world.clock.now();
    }
  }

  /** 3. Nobody writes the service for a release that is over, or that was taken over longer ago than a Lambda lives. */
  #oneOwner(by: Invocation, call: string): void {
    const { lock } = this.#world.ledger.state;
    if (by.by === 'deploy') return;
    if (!lock) {
      if (by.by !== 'reconciler' || by.meant) this.#found(3, `${by.name}: ${call} although no release runs`);
      return;
    }
    if (by.by === 'reconciler' && !by.meant && call === 'RegisterScalableTarget') return;
    if (by.meant?.releaseId !== lock.releaseId) {
      this.#found(3, `${by.name}: ${call} for ${by.meant?.releaseId}, but ${lock.releaseId} runs`);
    } else if (by.meant.owner !== lock.owner && this.#world.clock.now() - this.#takenAt > LATE_SECONDS) {
      this.#found(3, `${by.name}: ${call} for ${by.meant.owner}, but ${lock.owner} took it over`);
    }
  }

  /** 1. Who leads users back touches nothing else before they are there, and before it has read that they are. */
  #weightsFirst(by: Invocation, call: string): void {
    if (by.owesReading) this.#found(1, `${by.name}: ${call} before the rule was read back`);
    const leadsBack =
      by.verb === 'Revert' || by.by === 'guard' || by.verb === 'Open' || by.meant?.phase === 'reverting';
    const isSplit = COLOURS.every((colour) => this.#world.balancer.weights[colour] > 0);
    if (leadsBack && isSplit && !this.#wasByHand(by)) this.#found(1, `${by.name}: ${call} while users are split`);
  }

  #wasByHand(by: Invocation): boolean {
    return this.#handAt > (by.ruleReadAt ?? -1);
  }

  #rule(by: Invocation, { weights, before }: Extract<Effect, { is: 'rule' }>): void {
    by.owesReading = true;
    if (weights.blue + weights.green !== ALL) this.#found(9, `weights ${weights.blue} and ${weights.green}`);
    for (const colour of COLOURS) {
      const tooOld = weights[colour] > before[colour] && this.asked.moved(this.#world.tasks.side(colour).digest);
      if (tooOld) this.#found('asked', `${by.name}: ${tooOld}`);
      if (weights[colour] <= before[colour] || this.#deadSince[colour] === undefined || this.#wasByHand(by)) continue;
      const given = `${by.name}: ${colour} was given ${weights[colour]} %`;
      if (this.#world.tasks.side(colour).desired === 0) this.#found(2, `${given} after it was put away`);
      else if (this.#deadSince[colour] <= (by.healthReadAt ?? Number.POSITIVE_INFINITY))
        this.#found(2, `${given} although it was known to be dead`);
    }
    this.#remember(before);
  }

  /** 2. No colour is scaled down, or rolled, while it has users, or before their leaving has settled. */
  #tasks(by: Invocation, { colour, from, to, fresh }: Extract<Effect, { is: 'tasks' }>): void {
    const destroys = fresh ? from > 0 : to < from;
    if (!destroys || this.#wasByHand(by)) return;
    const weight = this.#world.balancer.weights[colour];
    const settled = this.#world.clock.now() - (this.#zeroSince[colour] ?? Number.NEGATIVE_INFINITY);
    const isDisturbed = this.#handSecond >= (this.#world.ledger.state.lock?.settleFrom ?? Number.POSITIVE_INFINITY);
    if (weight > 0) this.#found(2, `${by.name}: ${colour} from ${from} to ${to} tasks at ${weight} %`);
    else if (settled < SETTLE_SECONDS && !isDisturbed)
      this.#found(2, `${by.name}: ${colour} from ${from} to ${to} tasks ${Math.round(settled)} s after its users left`);
  }

  #ledger(by: Invocation, { write, before, answer }: Extract<Effect, { is: 'ledger' }>): void {
    const { name } = write;
    if (answer.written) {
      this.#isMine(by, name, before);
      const notAsked = this.asked.written(write, by.execution, before);
      if (notAsked) this.#found('asked', `${by.name}: ${notAsked}`);
      this.#pending(write, before, answer.state);
      if (answer.state.fence < before.fence) this.#found(3, `${by.name}: the fence fell to ${answer.state.fence}`);
      if (name === 'take over') this.#takenAt = this.#world.clock.now();
      if (name === 'abort') this.#aborted.add(before.lock!.releaseId);
      if (name === 'free after close' && this.#aborted.has(before.lock!.releaseId))
        this.#found(3, `${by.name}: ${before.lock!.releaseId} was closed although it was aborted`);
      if (name === 'stuck' && !this.#paged) this.#found(4, `${by.name}: stuck, and nobody was paged`);
    }
    const isOver = name.startsWith('free after') && answer.written;
    by.meant = isOver ? undefined : answer.state.lock;
  }

  #isMine(by: Invocation, name: string, { lock }: ServiceState): void {
    if (OF_ANYBODY.includes(name) || OF_NOBODY.includes(name)) return;
    const me = by.by === 'reconciler' ? RECONCILER : by.execution;
    if (lock?.owner !== me)
      this.#found(3, `${by.name}: wrote "${name}", but ${lock?.owner ?? 'nobody'} owns the release`);
    else if (by.meant && by.meant.fence !== lock?.fence)
      this.#found(3, `${by.name}: wrote "${name}" under fence ${by.meant.fence}, but it is ${lock?.fence}`);
  }

  /** What waits is started once, or gives way to something newer; it is never lost. */
  #pending(write: LedgerWrite, before: ServiceState, after: ServiceState): void {
    const { name } = write;
    if (name === 'queue' || name === 'keep') {
      this.#giveWay(after.pending!.pushedAt);
      this.#waiting.set(after.pending!.digest, after.pending!.pushedAt);
    } else if (name === 'give up pending') {
      this.#waiting.delete(before.pending!.digest);
    } else if (name === 'open') {
      const { digest, pushedAt } = write.set['lock'] as Lock;
      this.#giveWay(pushedAt);
      if (this.#waiting.has(digest)) this.#waiting.delete(digest);
      const times = (this.#opened.get(digest) ?? 0) + 1;
      if (!write.record?.mustBeNew) return;
      this.#opened.set(digest, times);
      if (times > 1) this.#found('pending', `${digest.slice(0, 12)} was opened ${times} times`);
    }
  }

  #giveWay(pushedAt: number): void {
    for (const [digest, at] of this.#waiting) if (at <= pushedAt) this.#waiting.delete(digest);
  }

  /** Nothing moves any more. `excused`: a colour died when no release ran, and nobody watches then. */
  atRest(excused: boolean): void {
    const { ledger, tasks, balancer } = this.#world;
    const { weights } = balancer;
    const { lock, stable, pending } = ledger.state;
    const users = COLOURS.find((colour) => weights[colour] === ALL);
    // Where neither colour lives there is nowhere to go; when one lives again, the reconciler leads users there.
    const somebodyLives = COLOURS.some((colour) => tasks.healthy(colour) > 0);
    // Where both live, a person who split them while it was stuck, or on the way there, may know why.
    const isPersons = lock !== undefined && this.#handAt >= 0 && COLOURS.every((colour) => tasks.healthy(colour) > 0);
    if (!users && somebodyLives && !isPersons)
      this.#found(4, `users are split at the end: ${weights.blue} and ${weights.green}`);
    if (users && somebodyLives && tasks.healthy(users) === 0 && !excused)
      this.#found(4, `users are on ${users}, which is dead`);
    if (lock) {
      if (lock.phase !== 'stuck') this.#found(4, `${lock.owner} holds the lock for ever (${lock.phase})`);
      return;
    }
    if (users && users !== stable) this.#found(4, `users are on ${users}, and ${stable} is called stable`);
    if (tasks.side(stable).suspended !== 'none') this.#found(4, `scaling of ${stable} is suspended for ever`);
    if (pending) this.#found('pending', `${pending.image} waits for ever`);
    for (const [digest] of this.#waiting) this.#found('pending', `${digest.slice(0, 12)} was lost`);
  }
}
