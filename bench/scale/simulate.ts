/**
 * Many services and many releases against AWS' quotas. Every call takes a token from its bucket; one that finds none is
 * refused and tried again as the SDK does (functions/adapters/client.ts), then the invocation ends and Step Functions tries
 * it again as the release policy says, and after that the release waits a tick.
 */
import { chance } from '../../rehearsal/chance.ts';
import { QUOTA_OF } from './calls.ts';
import { QUOTAS, type QuotaName } from './quotas.ts';
import type { Invocation, Trace } from './traces.ts';

/** Seconds that a call takes. */
const LATENCY = 0.06;
/** The SDK: three tries, pauses of at most 0.5 and 1 s. */
const PAUSES = [0.5, 1] as const;
/** The policy's Retry for what passes: 2 s, doubled, 30 at most, any part of it, six times; then a tick. */
const MOST_RETRIES = 6;
const TICK = 30;
/** Looks at a time: the concurrency of the queue's consumer. */
export const LOOKS_AT_ONCE = 5;

export interface Load {
  readonly services: number;
  readonly releases: number;
  readonly trace: Trace;
  readonly lookAtRest: readonly string[];
  readonly lookAtRelease: readonly string[];
  readonly seconds: number;
  /** All begin within so many seconds. @default - 1 */
  readonly within?: number;
  /** Between tries of a call that was refused, at most, seconds. @default - the SDK's */
  readonly pauses?: readonly number[];
  readonly quotas?: Partial<Record<QuotaName, { readonly size: number; readonly aSecond: number }>>;
}

export interface Outcome {
  /** By quota: calls that were answered and refused, and the most that were asked for in a second, over the busiest minute. */
  readonly quotas: ReadonlyMap<QuotaName, { answered: number; refused: number; busiest: number }>;
  /** The most that a verdict came later than without any quota, seconds. */
  readonly latestVerdict: number;
  /** The longest from the verdict until users were on stable, seconds; absent where nothing was rolled back. */
  readonly longestRollback?: number;
  readonly invocationsAtOnce: number;
  readonly exhausted: number;
}

class Bucket {
  answered = 0;
  refused = 0;
  readonly minutes = new Map<number, number>();
  readonly #size: number;
  readonly #aSecond: number;
  #tokens: number;
  #at = 0;

  constructor({ size, aSecond }: { readonly size: number; readonly aSecond: number }) {
    this.#size = size;
    this.#aSecond = aSecond;
    this.#tokens = size;
  }

  take(now: number, isFirstTry: boolean): boolean {
    this.#tokens = Math.min(this.#size, this.#tokens + (now - this.#at) * this.#aSecond);
    this.#at = now;
    const minute = Math.floor(now / 60);
    if (isFirstTry) this.minutes.set(minute, (this.minutes.get(minute) ?? 0) + 1);
    if (this.#tokens < 1) {
      this.refused++;
      return false;
    }
    this.#tokens--;
    this.answered++;
    return true;
  }
}

/** The next event first: a binary heap. */
class Agenda {
  readonly #heap: { at: number; act: () => void }[] = [];

  add(at: number, act: () => void): void {
    const heap = this.#heap;
    heap.push({ at, act });
    for (let index = heap.length - 1; index > 0; ) {
      const parent = (index - 1) >> 1;
      if (heap[parent]!.at <= heap[index]!.at) return;
      [heap[parent], heap[index]] = [heap[index]!, heap[parent]!];
      index = parent;
    }
  }

  next(): { at: number; act: () => void } | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (first === undefined || first === last || last === undefined) return first;
    heap[0] = last;
    for (let index = 0; ; ) {
      const [left, right] = [2 * index + 1, 2 * index + 2];
      let least = index;
      if (left < heap.length && heap[left]!.at < heap[least]!.at) least = left;
      if (right < heap.length && heap[right]!.at < heap[least]!.at) least = right;
      if (least === index) return first;
      [heap[least], heap[index]] = [heap[index]!, heap[least]!];
      index = least;
    }
  }
}

export function simulate(load: Load): Outcome {
  const agenda = new Agenda();
  const buckets = new Map(
    (Object.keys(QUOTAS) as QuotaName[]).map((name) => [name, new Bucket(load.quotas?.[name] ?? QUOTAS[name])]),
  );
  const draw = chance(42, 'scale');
  const pauses: readonly number[] = load.pauses ?? PAUSES;
  let now = 0;
  let running = 0;
  const seen = { latestVerdict: 0, longestRollback: undefined as number | undefined, atOnce: 0, exhausted: 0 };

  /** One after the other; `done` hears whether all were answered. */
  function calls(names: readonly string[], done: (answered: boolean) => void, index = 0, tried = 0): void {
    const name = names[index];
    if (name === undefined) {
      done(true);
      return;
    }
    const bucket = buckets.get(QUOTA_OF[name]!);
    if (!bucket || bucket.take(now, tried === 0)) {
      agenda.add(now + LATENCY, () => calls(names, done, index + 1));
    } else if (tried < pauses.length) {
      agenda.add(now + LATENCY + draw.between(0, pauses[tried]!), () => calls(names, done, index, tried + 1));
    } else {
      agenda.add(now + LATENCY, () => done(false));
    }
  }

  function invoke(names: readonly string[], done: (answered: boolean) => void): void {
    seen.atOnce = Math.max(seen.atOnce, ++running);
    calls(names, (answered) => {
      running--;
      done(answered);
    });
  }

  function release(invocations: readonly Invocation[], index: number, heardAt: number, tries = 0): void {
    const one = invocations[index];
    if (!one) return;
    buckets.get('StateTransition')!.take(now, true);
    invoke(one.calls, (answered) => {
      if (!answered) {
        if (tries >= MOST_RETRIES) seen.exhausted++;
        const pause = tries < MOST_RETRIES ? draw.between(0, Math.min(30, 2 ** (tries + 1))) : TICK;
        agenda.add(now + pause, () => release(invocations, index, heardAt, tries < MOST_RETRIES ? tries + 1 : 0));
        return;
      }
      if (one.verb === 'Judge' || one.verb === 'Watch')
        seen.latestVerdict = Math.max(seen.latestVerdict, now - heardAt - one.calls.length * LATENCY);
      if (one.bringsUsersBack) seen.longestRollback = Math.max(seen.longestRollback ?? 0, now - (heardAt - one.after));
      const next = invocations[index + 1];
      if (next) agenda.add(now + next.after, () => release(invocations, index + 1, now));
    });
  }

  const waiting: (readonly string[])[] = [];
  let looking = 0;
  function look(): void {
    while (looking < LOOKS_AT_ONCE && waiting.length > 0) {
      looking++;
      invoke(waiting.shift()!, () => {
        looking--;
        look();
      });
    }
  }

  function sweep(): void {
    const atRest = load.services - load.releases;
    const many = (name: string, count: number) => Array.from({ length: Math.ceil(count) }, () => name);
    invoke(many('GetItem', load.services * READS_A_SERVICE), () => undefined);
    // A batch that is refused is unread this minute; the next one is tried.
    many('DescribeRules', atRest / RULES_A_CALL).forEach(paced);
    many('DescribeServices', atRest / SERVICES_A_CALL).forEach(paced);
    // What was not looked at within the minute is asked for again by this sweep.
    waiting.length = 0;
    for (let index = 0; index < load.releases; index++) waiting.push(load.lookAtRelease);
    for (let index = 0; index < atRest / MINUTES_BETWEEN_LOOKS; index++) waiting.push(load.lookAtRest);
    look();
    agenda.add(now + 60, sweep);
  }

  const paced = (name: string, index: number) =>
    agenda.add(now + index * SECONDS_BETWEEN_BATCHES, () => calls([name], () => undefined));

  agenda.add(0, sweep);
  for (let index = 0; index < load.releases; index++)
    agenda.add(draw.between(0, load.within ?? 1), () => {
      buckets.get('StartExecution')!.take(now, true);
      release(load.trace.invocations, 0, now);
    });
  for (let event = agenda.next(); event && event.at < load.seconds; event = agenda.next()) {
    now = event.at;
    event.act();
  }
  return {
    quotas: new Map(
      [...buckets].map(([name, { answered, refused, minutes }]) => [
        name,
        { answered, refused, busiest: Math.max(0, ...minutes.values()) / 60 },
      ]),
    ),
    latestVerdict: seen.latestVerdict,
    ...(seen.longestRollback === undefined ? {} : { longestRollback: seen.longestRollback }),
    invocationsAtOnce: seen.atOnce,
    exhausted: seen.exhausted,
  };
}

/** A registration has about 2 KB, a state at rest about 1 KB: one unit of 4 KB is two registrations, or one state. */
const READS_A_SERVICE = 1.5;
/** As functions/adapters/account-glance.ts reads them. */
export const RULES_A_CALL = 20;
export const SERVICES_A_CALL = 10;
export const SECONDS_BETWEEN_BATCHES = 0.25;
/** As functions/steps/safety/sweep.ts. */
const MINUTES_BETWEEN_LOOKS = 60;
