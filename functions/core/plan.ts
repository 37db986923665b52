/** What a request means for this service: the stages, the waits, and whether all of it fits into one execution. */
import type { WrongField } from './failures.ts';
import type { ImageRequest, ReleaseRequest } from './release.ts';
import { SHORTEST_BAKE_SECONDS } from './release-schema.ts';
import { ALL, type Share } from './share.ts';

export type Policy = 'compare' | 'literal';
export type OnUnproven = 'ask' | 'proceed' | 'abort';

export interface Stage {
  readonly share: Share;
  /** 0 at 100 %: the warm time is its watch. */
  readonly bakeSeconds: number;
  /** A person must say `advance` before the next share. */
  readonly approval: boolean;
}

export interface Plan {
  /** `custom`: the request's own stages, or a rollback. */
  readonly strategy: 'canary' | 'blue-green' | 'custom';
  /** Shares rise and end with 100. */
  readonly stages: readonly Stage[];
  readonly warmSeconds: number;
  readonly policy: Policy;
  readonly onUnproven: OnUnproven;
  /** The service's migration runs before the candidate starts. A rollback never migrates. */
  readonly migrates: boolean;
  readonly schemaCompatible: boolean;
}

/** What the service's settings say where the request is silent. */
export interface PlanSettings {
  readonly policy: Policy;
  readonly onUnproven: OnUnproven;
  readonly warmMinutes: number;
  readonly hasMigration: boolean;
}

export type Planned =
  | { readonly ok: true; readonly plan: Plan }
  | { readonly ok: false; readonly fields: readonly WrongField[] };

/** Source: docs/seed.md, the deployment strategies. */
export const STRATEGIES = {
  canary: { shares: [5, 25, 50, 100], bakeSeconds: 900 },
  'blue-green': { shares: [10, 50, 100], bakeSeconds: 300 },
} as const;

/** A person who was asked has this long to answer; then the release goes back. */
export const ANSWER_WITHIN_SECONDS = 4 * 3600;
/**
 * So long an outage of the control plane (ECS, the load balancer's API, CloudWatch, our own Lambdas) is waited out before
 * an operator is asked: AWS's hiccups end within minutes, and users are on a candidate that nothing speaks against.
 */
export const OUTAGE_SECONDS = 15 * 60;
/** A bake is stretched up to this many times its length before somebody must decide. */
export const HOLD_UP_TO = 2;

/** No wait of the machine may be shorter, or the history budget does not hold. */
export const TICK_SECONDS = 30;
/** The longest that a migration, the candidate before one share, and the drains at the end (and again) may take. */
export const MIGRATION_SECONDS = 30 * 60;
export const PREPARE_SECONDS = 15 * 60;
export const DRAIN_SECONDS = 10 * 60;

/**
 * Step Functions ends an execution at 25,000 history events, and no Catch sees it
 * (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html). Waits may fill 20,000; the rest is room
 * for one hold by a person (4 h) or one outage about which nobody answers (15 min and 4 h: up to 20 events a minute, with
 * the retries of a step that fails, is 5,100), and for the retries of a bad day. A release that needs more than all of
 * that at once ends at the limit; nobody is left: an operator was asked long before, and the reconciler takes over at once
 * from an execution that has ended, and says so.
 */
export const HISTORY_BUDGET = 20_000;
/** Task entered, Lambda scheduled, started and succeeded, task left; Choice and Wait entered and left. */
const EVENTS_A_TICK = 9;
/** Prepare and Shift, each with its Choice. */
const EVENTS_A_SHIFT = 14;
/** Open, Close, Revert and an ordinary number of retries. */
const EVENTS_ONCE = 500;

const EVERYBODY: Stage = { share: ALL, bakeSeconds: 0, approval: false };

/**
 * The plan of an accepted request. Two go straight to 100 % after health: the `firstRelease` of a service, which has
 * nothing to be compared with, and a rollback to an image that is no longer warm.
 */
export function planRelease(request: ReleaseRequest, settings: PlanSettings, firstRelease = false): Planned {
  const { policy, onUnproven, warmMinutes, hasMigration } = settings;
  const unasked = { policy, onUnproven, warmSeconds: warmMinutes * 60 };
  if (request.action === 'rollback')
    return fitting(request, {
      ...unasked,
      strategy: 'custom',
      stages: [EVERYBODY],
      migrates: false,
      schemaCompatible: false,
    });
  return fitting(request, {
    strategy: request.stages ? 'custom' : (request.strategy ?? 'canary'),
    stages: firstRelease ? [EVERYBODY] : stagesOf(request),
    warmSeconds: (request.warmMinutes ?? warmMinutes) * 60,
    policy: request.policy ?? policy,
    onUnproven: request.onUnproven ?? onUnproven,
    migrates: hasMigration,
    schemaCompatible: request.schemaCompatible ?? false,
  });
}

function stagesOf({ stages, strategy = 'canary' }: ImageRequest): readonly Stage[] {
  const { shares, bakeSeconds } = STRATEGIES[strategy];
  const asked = stages ?? shares.map((share) => ({ share, bake: undefined, approval: undefined }));
  return asked.map(({ share, bake = bakeSeconds, approval = false }) => ({
    share,
    bakeSeconds: share === ALL ? 0 : bake,
    approval,
  }));
}

const asksPerson = ({ stages, onUnproven }: Plan): readonly Stage[] =>
  stages.filter(({ share, approval }) => share < ALL && (approval || onUnproven === 'ask'));

const totalBakeSeconds = ({ stages }: Plan): number => stages.reduce((sum, { bakeSeconds }) => sum + bakeSeconds, 0);

/**
 * Seconds from Open to the end if everything takes as long as it may: every bake is held to twice its length, every
 * stage that can ask a person (for approval or because it is unproven: it asks once) waits for the whole deadline.
 */
export const longestSeconds = (plan: Plan): number =>
  (plan.migrates ? MIGRATION_SECONDS : 0) +
  plan.stages.length * PREPARE_SECONDS +
  totalBakeSeconds(plan) * HOLD_UP_TO +
  asksPerson(plan).length * ANSWER_WITHIN_SECONDS +
  plan.warmSeconds +
  DRAIN_SECONDS;

/** Events outside the waits. */
const fixedEvents = ({ stages }: Plan): number => EVENTS_ONCE + EVENTS_A_SHIFT * stages.length;

/** Upper estimate of the history events of one execution: 9 for every tick that it can wait, and what happens once. */
export const historyEvents = (plan: Plan): number =>
  fixedEvents(plan) + Math.ceil(longestSeconds(plan) / TICK_SECONDS) * EVENTS_A_TICK;

/** Seconds by which the plan could grow and stay within the budget; negative when it is over: `historyEvents` solved for time. */
const spareSeconds = (plan: Plan): number =>
  Math.floor((HISTORY_BUDGET - 1 - fixedEvents(plan)) / EVENTS_A_TICK) * TICK_SECONDS - longestSeconds(plan);

function fitting(request: ReleaseRequest, plan: Plan): Planned {
  const spare = spareSeconds(plan);
  if (spare >= 0) return { ok: true, plan };
  const own = request.action === 'release' ? request : undefined;
  const hours = (seconds: number): string => (seconds / 3600).toFixed(1);
  const message = `with its holds and questions this release could take ${hours(longestSeconds(plan))} h, and one execution can hold ${hours(longestSeconds(plan) + spare)} h`;
  const fields: WrongField[] = [];
  if (own?.stages && plan.stages.length > 1) fields.push({ field: 'stages', message, fix: shorterStages(plan) });
  const longestWarm = Math.floor((plan.warmSeconds + spare) / 60);
  if (longestWarm >= 0 && (own?.warmMinutes !== undefined || fields.length === 0))
    fields.push({ field: 'warmMinutes', message, fix: `write at most ${longestWarm}` });
  return { ok: false, fields };
}

/** The longest equal bake that fits; where not even a minute does, how many stages may wait for an operator. */
function shorterStages(plan: Plan): string {
  const watched = plan.stages.length - 1;
  const asking = asksPerson(plan).length;
  const seconds = spareSeconds(plan) + totalBakeSeconds(plan) * HOLD_UP_TO + asking * ANSWER_WITHIN_SECONDS;
  const bake = Math.floor((seconds - asking * ANSWER_WITHIN_SECONDS) / HOLD_UP_TO / watched);
  if (bake >= SHORTEST_BAKE_SECONDS) return `write bakes of at most ${bake} s each`;
  const askable = Math.floor((seconds - watched * SHORTEST_BAKE_SECONDS * HOLD_UP_TO) / ANSWER_WITHIN_SECONDS);
  if (askable < 0) return 'write fewer stages, or a shorter warm time';
  return `let at most ${askable} stages wait for an operator, with fewer stages or approvals, or "onUnproven": "abort"`;
}
