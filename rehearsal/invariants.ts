/**
 * The promises of the design, watched from outside at every write and every virtual second. The watch knows nothing of
 * how the steps work; it sees the world's log, the rule, the tasks and the ledger, as an auditor would.
 */
import { type Lock, RECONCILER, SETTLE_SECONDS } from '../functions/core/protocol.ts';
import { COLOURS, type Colour, otherColour, type Weights } from '../functions/core/roles.ts';
import { NONE } from '../functions/core/share.ts';
import type { Requested } from './promises/promise.ts';
import { PROMISES } from './promises.ts';
import type { World } from './world.ts';
import { LONGEST_LAMBDA_SECONDS, type WriteRow } from './writes.ts';

export interface Violation {
  readonly invariant: number;
  /** Virtual seconds since the release was started. */
  readonly second: number;
  /** Where the execution was. */
  readonly state: string;
  readonly detail: string;
}

/** How long users may meet a colour without a healthy target before somebody should have acted. */
const DEAD_COLOUR_SECONDS = 180;
const TRAFFIC_SAFE_AFTER_SECONDS = 120;
const LOCK_FREE_AFTER_SECONDS = 300;
/** A tick, and the calls that it takes. */
const COMMAND_HEARD_AFTER_SECONDS = 45;

export interface Scene {
  readonly start: number;
  readonly state: () => string;
  /** When the lock's owner ended, if it has. */
  readonly ownerEndedAt: (owner: string) => number | undefined;
  readonly reconcilerDiedAt?: () => number | undefined;
  /** Nothing speaks against the candidate. @default - something may */
  readonly isHealthy?: () => boolean;
}

/** A release whose owner died: how long it took, counted from the last death, the reconciler's own included. */
export interface Orphaned {
  /** Until all users were on a healthy colour for good. */
  readonly secondsToStable: number;
  /** Until the lock was free, or stuck with a page, and scaling was as at rest. */
  readonly secondsToFree: number;
}

export interface Audit {
  readonly violations: readonly Violation[];
  readonly orphaned: Orphaned | undefined;
  /** An execution was started with that input. */
  started(execution: string, input: unknown): void;
  /** A step answered. */
  answered(verb: string, answer: unknown): void;
  /** 8. Call it when an execution ended as refused or with nothing to do; `fence` is the one from before it. */
  refused(fence: number): void;
}

export function watch(world: World, scene: Scene): Audit {
  const violations: Violation[] = [];
  const told = new Set<string>();
  const found = (invariant: number, detail: string, once = detail): void => {
    if (told.has(`${invariant} ${once}`)) return;
    told.add(`${invariant} ${once}`);
    violations.push({ invariant, second: Math.floor(world.clock.now() - scene.start), state: scene.state(), detail });
  };

  const watched = {
    world,
    start: scene.start,
    ownerEndedAt: scene.ownerEndedAt,
    isHealthy: scene.isHealthy ?? (() => false),
  };
  const watchings = PROMISES.map(({ id, watch: begin }) =>
    begin(watched, (detail, once) => found(id, detail, once ?? detail)),
  );
  world.onCall((actor, call) => {
    for (const { asked } of watchings) asked?.(actor, call);
  });
  world.onWrite((row) => {
    for (const { write } of watchings) write?.(row);
  });

  const lastOwned = new Map<string, number>();
  const zeroSince: Record<Colour, number | undefined> = { blue: undefined, green: undefined };
  const deadSince: Record<Colour, number | undefined> = { blue: undefined, green: undefined };
  let unevenSince: number | undefined;
  let before = world.balancer.weights;
  let lastRule: WriteRow | undefined;
  /** Set from the order to go back until the rule was written. */
  let owedToStable: { readonly lock: Lock; readonly since: number } | undefined;
  let heldTaken: string | undefined;
  /** When an owner died that still held the lock; until all that it left behind is put right. */
  let orphanSince: number | undefined;
  let orphaned: Orphaned | undefined;

  world.onWrite((row) => {
    const { lock } = world.ledger.state;
    if (lock) lastOwned.set(lock.owner, world.clock.now());
    if (row.call === 'ledger: abort' && lock) owedToStable ??= { lock, since: world.clock.now() };
    if (!isToService(row)) return;

    if (row.actor.by === 'deploy') deployMovesNothing(row);
    else weightsFirst(row, lock);
    oneOwner(row, lock);
    if (row.call === 'ModifyRule') ruleIsSound(row, lock);
    else if (row.call.startsWith('UpdateService') && row.actor.by !== 'deploy') scaleIsSound(row);
  });

  /**
   * 6. A deploy of the stacks sends no weights at all, also not those that it read: they may be old when they arrive. And
   * it starts, stops and replaces no task of a colour that has users.
   */
  function deployMovesNothing(row: WriteRow): void {
    const { call, colour, tasks, before } = row;
    if (call === 'ModifyRule') found(6, `a deploy sent weights: ${describe(row)}`);
    else if (colour && world.balancer.weights[colour] > 0 && (call !== 'UpdateService' || tasks !== before))
      found(6, `a deploy changed the live colour: ${describe(row)}`);
  }

  /** 1. The first write to the service of any revert is the rule, to stable, and it is read back before the next one. */
  function weightsFirst(row: WriteRow, lock: Lock | undefined): void {
    const reverting = row.actor.verb === 'Revert' && lock && lock.phase !== 'reverting' && lock.phase !== 'closing';
    if (reverting && lock.share !== NONE) owedToStable ??= { lock, since: world.clock.now() };
    if (lastRule && row.call !== 'ModifyRule' && !hasReadSince(row, lastRule)) {
      found(1, `${row.call} came before the rule was read back`);
    }
    if (row.call === 'ModifyRule') lastRule = row;
    if (!owedToStable) return;
    const { stable, candidate } = owedToStable.lock;
    const onlyCandidateLives = world.tasks.healthy(stable) === 0 && world.tasks.healthy(candidate) > 0;
    const wanted = onlyCandidateLives ? candidate : stable;
    if (row.call !== 'ModifyRule' || row.weights?.[wanted] !== 100) {
      found(1, `the first write after the order to go back was ${describe(row)}, not the rule to ${wanted} 100`);
    }
    owedToStable = undefined;
  }

  /** 3. Whoever writes owns the release, or began while it did and no longer ago than a Lambda can live. */
  function oneOwner(row: WriteRow, lock: Lock | undefined): void {
    const { execution, since = 0 } = row.actor;
    if (row.actor.by !== 'owner' || !execution || lock?.owner === execution || isRollbackInput(row, lock)) return;
    const owned = lastOwned.get(execution);
    if (owned === undefined || owned < since || world.clock.now() - owned > LONGEST_LAMBDA_SECONDS) {
      found(3, `${execution} wrote ${describe(row)} and does not own the release`);
    }
  }

  /** Whoever acts on the rule has read it since it was written. */
  function hasReadSince({ actor }: WriteRow, rule: WriteRow): boolean {
    if (rule.readBack !== undefined) return true;
    const later = world.calls.findLastIndex(({ at }) => at < rule.at) + 1;
    return world.calls.slice(later).some((made) => made.call === 'DescribeRules' && made.actor === actor);
  }

  /** A person's rollback carries its abort out at once: the rule, to stable, and nothing else. */
  function isRollbackInput({ call, actor, weights }: WriteRow, lock: Lock | undefined): boolean {
    return actor.verb === 'Open' && call === 'ModifyRule' && lock?.abort !== undefined && weights![lock.stable] === 100;
  }

  function ruleIsSound(row: WriteRow, lock: Lock | undefined): void {
    const weights = row.weights!;
    // Nobody can keep a person from writing other ones; how long they last is watched below.
    if (
      row.actor.by !== 'person' &&
      (!COLOURS.every((colour) => Number.isInteger(weights[colour]) && weights[colour] >= 0) ||
        weights.blue + weights.green !== 100)
    ) {
      found(9, `weights blue ${weights.blue}, green ${weights.green} do not sum to 100`);
    }
    for (const colour of COLOURS) {
      const other = otherColour(colour);
      // Nobody can keep a person from doing it by hand; how long it lasts is watched below.
      const isOurs = row.actor.by !== 'person';
      const isToTheDead = world.tasks.healthy(colour) === 0 && world.tasks.healthy(other) > 0;
      if (isOurs && weights[colour] > before[colour] && isToTheDead) {
        found(2, `${colour} was given ${weights[colour]} % without a healthy target`);
      }
      zeroSince[colour] =
        weights[colour] === 0 ? (before[colour] === 0 ? zeroSince[colour] : world.clock.now()) : undefined;
    }
    if (lock && row.actor.by === 'owner') silenceNeverAdvances(lock, weights[lock.candidate], before[lock.candidate]);
    before = weights;
  }

  /** 9. By hand the rule may come to serve nobody, or to a share that no release has: it is put right, or a person is called. */
  function someWholePercent(now: number, weights: Weights): void {
    const sum = weights.blue + weights.green;
    const isWhole = sum > 0 && (weights.green * 100) % sum === 0;
    unevenSince = isWhole ? undefined : (unevenSince ?? now);
    if (now - (unevenSince ?? now) > TRAFFIC_SAFE_AFTER_SECONDS)
      found(
        9,
        `the rule's weights are blue ${weights.blue} and green ${weights.green} for ${TRAFFIC_SAFE_AFTER_SECONDS} s`,
      );
  }

  /** 5. A higher share needs numbers of the share before it, or a person's word, or the release's own rule. */
  function silenceNeverAdvances(lock: Lock, to: number, from: number): void {
    if (from === 0 || to <= from) return;
    // Not an advance: users leave a stable that is dead, or a closing release is put right.
    if (lock.target !== undefined || lock.phase === 'closing') return;
    const byPerson = lock.taken !== heldTaken;
    heldTaken = lock.taken;
    if (byPerson || lock.plan.onUnproven === 'proceed') return;
    const heard = world.numbers.rows.some(
      ({ minute, deliveredAt, zones }) =>
        minute + 60 > (lock.stageFrom ?? 0) &&
        deliveredAt[lock.candidate] <= world.clock.now() &&
        zones[lock.candidate].some(({ requests }) => requests > 0),
    );
    if (!heard)
      found(5, `the share rose from ${from} to ${to} although nothing was heard of ${lock.candidate} at ${from} %`);
  }

  /** 4. Whatever a dead owner left behind is put right, and in time. */
  function nobodyIsLeft(now: number, ownerDiedAt: number, lock: Lock | undefined): void {
    const since = Math.max(ownerDiedAt, scene.reconcilerDiedAt?.() ?? 0);
    const seconds = Math.floor(now - since);
    const { weights } = world.balancer;
    const isHeld = lock?.owner === RECONCILER || (lock !== undefined && scene.ownerEndedAt(lock.owner) !== undefined);
    const isStuck = isHeld && lock.phase === 'stuck';
    const isHealthy = (colour: Colour) => world.tasks.healthy(colour) > 0;
    const isSafe = COLOURS.some((colour) => weights[colour] === 100 && isHealthy(colour)) || !COLOURS.some(isHealthy);
    const mustScale = lock ? undefined : world.ledger.state.stable;
    const isScaling = mustScale === undefined || world.tasks.side(mustScale).suspended === 'none';
    orphaned ??= { secondsToStable: 0, secondsToFree: 0 };
    if (!isSafe) {
      orphaned = { ...orphaned, secondsToStable: seconds };
      if (seconds > TRAFFIC_SAFE_AFTER_SECONDS)
        found(4, `users are split ${TRAFFIC_SAFE_AFTER_SECONDS} s after the controller died`, 'split');
    }
    if ((isHeld && !isStuck) || !isScaling) {
      orphaned = { ...orphaned, secondsToFree: seconds };
      const what = isHeld ? `the lock is held by ${lock.owner}` : `scaling of ${mustScale} is suspended`;
      if (seconds > LOCK_FREE_AFTER_SECONDS)
        found(4, `${what} ${LOCK_FREE_AFTER_SECONDS} s after the controller died`, isHeld ? 'held' : 'scaling');
      return;
    }
    if (isStuck && !world.notices.some(({ notice }) => notice.kind === 'stuck'))
      found(4, 'the release is stuck and nobody was paged');
    orphanSince = undefined;
  }

  /** 2. No scale-down before the share is verified 0 and has settled. */
  function scaleIsSound(row: WriteRow): void {
    const colour = row.colour!;
    const destroys = row.call !== 'UpdateService' ? (row.before ?? 0) > 0 : row.tasks! < row.before!;
    if (!destroys) return;
    const weight = world.balancer.weights[colour];
    const since = zeroSince[colour];
    const settled = world.clock.now() - (since ?? scene.start - 3600);
    if (weight > 0) found(2, `${colour} was scaled from ${row.before} to ${row.tasks} at a share of ${weight} %`);
    else if (settled < SETTLE_SECONDS)
      found(2, `${colour} was scaled down ${Math.round(settled)} s after its share became 0`);
  }

  world.clock.everySecond((now) => {
    if (now < scene.start) return;
    for (const { second } of watchings) second?.(now);
    const { weights } = world.balancer;
    const { lock } = world.ledger.state;
    if (lock) lastOwned.set(lock.owner, now);
    someWholePercent(now, weights);

    for (const colour of COLOURS) {
      const isDead =
        world.balancer.inForce[colour] > 0 &&
        world.tasks.healthy(colour) === 0 &&
        world.tasks.healthy(otherColour(colour)) > 0;
      deadSince[colour] = isDead ? (deadSince[colour] ?? now) : undefined;
      if (now - (deadSince[colour] ?? now) > DEAD_COLOUR_SECONDS) {
        found(
          2,
          `${colour} had ${weights[colour]} % of the requests and no healthy target for ${DEAD_COLOUR_SECONDS} s`,
        );
      }
    }

    const endedAt = lock && scene.ownerEndedAt(lock.owner);
    if (endedAt !== undefined && lock?.phase !== 'stuck') orphanSince ??= endedAt;
    if (orphanSince !== undefined) nobodyIsLeft(now, orphanSince, lock);

    const heardBy = owedToStable ? now - owedToStable.since : 0;
    if (heardBy > COMMAND_HEARD_AFTER_SECONDS && endedAt === undefined) {
      found(7, `the order to go back was not carried out within ${COMMAND_HEARD_AFTER_SECONDS} s`, 'unheard');
    }
  });

  return {
    violations,
    get orphaned() {
      return orphaned;
    },
    started(execution, input) {
      for (const { started } of watchings) started?.(execution, requestedBy(input));
    },
    answered(verb, answer) {
      const verdict = (answer as { readonly verdict?: unknown } | undefined)?.verdict;
      for (const { answered } of watchings) answered?.(verb, verdict);
    },
    refused(fence) {
      const written = world.writes.find((row) => isToService(row) && row.at >= scene.start);
      if (written) found(8, `the input was refused, but ${describe(written)} was written`);
      if (world.ledger.state.fence !== fence) found(8, 'the input was refused, but the lock had been taken');
    },
  };
}

/** What an input asks for, as far as a version is concerned; whether it is in order is Open's business. */
function requestedBy(input: unknown): Requested {
  const { action, to } = (input ?? {}) as { readonly action?: unknown; readonly to?: unknown };
  if (action !== 'rollback') return { action: 'release' };
  return { action, ...(typeof to === 'string' ? { to } : {}) };
}

export const isToService = ({ call }: WriteRow): boolean => !call.startsWith('ledger:') && call !== 'StartExecution';

const describe = ({ call, colour, tasks, weights }: WriteRow): string =>
  weights
    ? `${call} (blue ${weights.blue}, green ${weights.green})`
    : [call, colour, tasks].filter((part) => part !== undefined).join(' ');
