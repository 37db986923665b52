/**
 * The promises of the design as one table, and the auditor that watches them from outside: in rehearsals, in the sweep of
 * deaths and in random interleavings alike. It knows nothing of how the steps work.
 */
import { askedVersion } from './promises/asked-version.ts';
import { bounded } from './promises/bounded.ts';
import { deploysMoveNothing } from './promises/deploys.ts';
import { type Circumstances, Facts, type Orphaned } from './promises/facts.ts';
import { healthyTargets } from './promises/health.ts';
import { healthy } from './promises/healthy.ts';
import { everyWaitListens } from './promises/heard.ts';
import { judged } from './promises/judged.ts';
import { leftBehind } from './promises/left-behind.ts';
import { oneOwner } from './promises/one-owner.ts';
import { pushesAreKept } from './promises/pending.ts';
import type { Requested, Watch } from './promises/promise.ts';
import { refusedBeforeAnything } from './promises/refused.ts';
import { silenceNeverAdvances } from './promises/silence.ts';
import { sharesSumTo100 } from './promises/sums.ts';
import { weightsFirst } from './promises/weights-first.ts';
import type { AnyWorld } from './world.ts';

export interface DesignPromise {
  /** As in functions/core/promises.ts, which says it in words. */
  readonly id: number;
  readonly watch: Watch;
}

export const PROMISES: readonly DesignPromise[] = [
  { id: 1, watch: weightsFirst },
  { id: 2, watch: healthyTargets },
  { id: 3, watch: oneOwner },
  { id: 4, watch: leftBehind },
  { id: 5, watch: silenceNeverAdvances },
  { id: 6, watch: deploysMoveNothing },
  { id: 7, watch: everyWaitListens },
  { id: 8, watch: refusedBeforeAnything },
  { id: 9, watch: sharesSumTo100 },
  { id: 10, watch: judged },
  { id: 11, watch: bounded },
  { id: 12, watch: healthy },
  { id: 13, watch: askedVersion },
  { id: 14, watch: pushesAreKept },
];

export interface Broken {
  readonly promise: number;
  readonly detail: string;
}

export interface Violation {
  readonly invariant: number;
  /** Virtual seconds since the release was started. */
  readonly second: number;
  /** Where the execution was. */
  readonly state: string;
  readonly detail: string;
}

export interface Auditor {
  readonly broken: readonly Broken[];
  /** Absent when no owner died under its lock. */
  readonly orphaned: Orphaned | undefined;
  /** Somebody edited the rule by hand. */
  byHand(): void;
  /** An execution was started with that input. */
  started(execution: string, input: unknown): void;
  /** It ended, however. */
  ended(execution: string): void;
  /** A step answered. */
  answered(verb: string, answer: unknown): void;
  /** A second has passed. */
  second(now: number): void;
  /** It never comes to rest. */
  noRest(detail: string): void;
  /** Nothing moves any more. `excused`: a colour died when no release ran, and nobody watches then. */
  rest(excused: boolean): void;
  /** An execution ended as refused or with nothing to do; `fence` is the one from before it. */
  refused(fence: number): void;
}

/** @param onBroken told of each broken promise, once */
export function audit(
  world: AnyWorld,
  circumstances: Circumstances,
  onBroken: (broken: Broken) => void = () => {},
): Auditor {
  const facts = new Facts(world, circumstances);
  const broken: Broken[] = [];
  const told = new Set<string>();
  const foundFor =
    (promise: number) =>
    (detail: string, once = detail): void => {
      if (told.has(`${promise} ${once}`)) return;
      told.add(`${promise} ${once}`);
      broken.push({ promise, detail });
      onBroken({ promise, detail });
    };
  const watchings = PROMISES.map(({ id, watch }) => watch(facts, foundFor(id)));
  const byHand = (): void => {
    facts.byHand();
    for (const watching of watchings) watching.byHand?.();
  };
  world.onCall((actor, call) => {
    for (const { asked } of watchings) asked?.(actor, call);
  });
  world.onEffect((actor, effect) => {
    facts.begin();
    for (const watching of watchings) watching.effect?.(actor, effect);
    facts.learn(actor, effect);
    if (actor.by === 'person' && effect.is === 'rule') byHand();
  });
  return {
    broken,
    get orphaned() {
      return facts.orphaned;
    },
    byHand,
    started(execution, input) {
      for (const { started } of watchings) started?.(execution, requestedBy(input));
    },
    ended(execution) {
      facts.ended.set(execution, world.clock.now());
    },
    answered(verb, answer) {
      const verdict = (answer as { readonly verdict?: unknown } | undefined)?.verdict;
      for (const { answered } of watchings) answered?.(verb, verdict);
    },
    second(now) {
      if (now >= (circumstances.start ?? 0)) for (const { second } of watchings) second?.(now);
    },
    noRest: foundFor(4),
    rest(excused) {
      for (const { rest } of watchings) rest?.(excused);
    },
    refused(fence) {
      for (const { refused } of watchings) refused?.(fence);
    },
  };
}

/** What an input asks for, as far as a version is concerned; whether it is in order is Open's business. */
function requestedBy(input: unknown): Requested {
  const { action, to } = (input ?? {}) as { readonly action?: unknown; readonly to?: unknown };
  if (action !== 'rollback') return { action: 'release' };
  return { action, ...(typeof to === 'string' ? { to } : {}) };
}
