/** What a rehearsal can be about: what goes wrong, from when, and how it must end. */
import type { Policy } from '../functions/core/plan.ts';
import { ALL, type Share } from '../functions/core/share.ts';
import type { MigrationStatus } from '../functions/ports/fleet.ts';
import type { RehearsalEvent } from './events.ts';

export type Outcome = 'promoted' | 'reverted' | 'refused' | 'nothing' | 'stuck' | 'killed';
export type Role = 'stable' | 'candidate';

export interface Expected {
  readonly outcome: Outcome;
  /** Where it goes back. */
  readonly share?: Share;
}

/** What is wrong with one role's answers at a moment; nothing said is nothing wrong. */
export interface InjectedFault {
  /** Percentage points added to the error probability. */
  readonly errorPoints?: number;
  readonly latencyFactor?: number;
  /** Its tasks exit by themselves. */
  readonly crashes?: true;
  /** Its tasks fail their health checks and serve as ever. */
  readonly failsHealthChecks?: true;
}

export interface FaultOptions {
  readonly points: number;
  readonly factor: number;
  /** How long an outage lasts. */
  readonly seconds: number;
}

export interface Scenario {
  readonly about: string;
  readonly strategy?: 'canary' | 'blue-green';
  readonly requestsPerSecond?: number;
  /** How a role answers, `minutes` after the fault began; negative before. */
  readonly faultOf?: (role: Role, minutes: number, options: FaultOptions) => InjectedFault;
  /** The candidate's health check never passes. */
  readonly neverHealthy?: true;
  /** Nothing was ever released; stable is the bootstrap. */
  readonly firstRelease?: true;
  /** The candidate's numbers stop arriving once the fault has begun. */
  readonly losesNumbers?: true;
  /** Once the release is aborted, stable's targets fail their health check for so many seconds. */
  readonly stableDiesForSeconds?: number;
  /** Points of errors when nothing else is asked for. @default - the command's */
  readonly points?: number;
  /** The probe of the candidate never passes once the fault has begun: when the share `at` is prepared. */
  readonly probeFails?: true;
  /** What cannot be called once the fault has begun: ECS, or the Lambdas without reserved concurrency. */
  readonly out?: 'ECS' | 'Lambda';
  /** The fault begins when the candidate grows; there is no room for its new tasks before so many minutes are over. */
  readonly growsAfterMinutes?: number;
  /** What the execution is started with. @default - the new image */
  readonly input?: Readonly<Record<string, unknown>>;
  /** What people do meanwhile, besides what the rehearsal's own options say. */
  readonly events?: readonly RehearsalEvent[];
  /** Every other change of the rule is throttled. */
  readonly throttled?: true;
  /** A function runs it, or looks at it; tests run a real one. */
  readonly migration?: 'fails' | 'hangs' | (() => MigrationStatus);
  /** Under the plan's literal rules any 500 reverts, so a good version is one without any. */
  readonly errorFreeUnderLiteral?: true;
  readonly expected: (at: Share, policy: Policy, options: FaultOptions) => Expected;
}

const promoted = (): Expected => ({ outcome: 'promoted' });
const reverted = (): Expected => ({ outcome: 'reverted' });
/** The literal rules may find fault with an ordinary error before the scenario's fault has begun. */
const revertedThere = (at: Share, policy: Policy): Expected => ({
  outcome: 'reverted',
  ...(policy === 'compare' ? { share: at } : {}),
});
/** A good version goes to everybody, a bad one goes back. */
const byItsErrors = (_: Share, __: Policy, { points }: FaultOptions): Expected =>
  points > 0 ? reverted() : promoted();
const revertedBefore = (): Expected => ({ outcome: 'reverted', share: 0 });

/** What can be switched on and off, and how it spoils a role's answers. */
export const FAULTS = {
  errors: (role, { points }) => (role === 'candidate' ? { errorPoints: points } : {}),
  latency: (role, { factor }) => (role === 'candidate' ? { latencyFactor: factor } : {}),
  crash: (role) => (role === 'candidate' ? { crashes: true } : {}),
  /** A dependency of both colours is down. */
  outage: () => ({ errorPoints: 10, latencyFactor: 2.5 }),
} as const satisfies Readonly<Record<string, (role: Role, options: FaultOptions) => InjectedFault>>;

export type FaultName = keyof typeof FAULTS;

const fromThenOn =
  (fault: FaultName, forMinutes = Number.POSITIVE_INFINITY): NonNullable<Scenario['faultOf']> =>
  (role, minutes, options) =>
    minutes >= 0 && minutes < forMinutes ? FAULTS[fault](role, options) : {};

const OUTAGE_MINUTES = 10;
/** Twice the two minutes after which a colour without a healthy target is given up. */
const UNHEALTHY_MINUTES = 4;
const LEAK_POINTS_A_MINUTE = 0.4;

export const SCENARIOS = {
  healthy: { about: 'a good version goes to everybody', errorFreeUnderLiteral: true, expected: promoted },
  'blue-green': {
    about: 'a good version, in the steps 10, 50, 100',
    strategy: 'blue-green',
    errorFreeUnderLiteral: true,
    expected: promoted,
  },
  errors: {
    about: 'the new version fails more requests',
    faultOf: fromThenOn('errors'),
    expected: revertedThere,
  },
  latency: {
    about: 'the new version is slower',
    faultOf: fromThenOn('latency'),
    expected: revertedThere,
  },
  crash: { about: 'the new version exits by itself', faultOf: fromThenOn('crash'), expected: revertedThere },
  leak: {
    about: 'the new version fails a little more each minute',
    faultOf: (role, minutes) =>
      role === 'candidate' && minutes >= 0 ? { errorPoints: LEAK_POINTS_A_MINUTE * minutes } : {},
    expected: reverted,
  },
  'never-healthy': {
    about: 'the new version never passes its health check',
    neverHealthy: true,
    expected: revertedBefore,
  },
  'migration-fails': { about: 'the migration exits with an error', migration: 'fails', expected: revertedBefore },
  'migration-hangs': { about: 'the migration never ends', migration: 'hangs', expected: revertedBefore },
  'silent-metrics': {
    about: 'the numbers of the new version stop arriving',
    losesNumbers: true,
    errorFreeUnderLiteral: true,
    expected: reverted,
  },
  'low-traffic': {
    about: 'too few requests to judge anything by',
    requestsPerSecond: 0.2,
    errorFreeUnderLiteral: true,
    expected: reverted,
  },
  'shared-outage': {
    about: 'a dependency of both versions is down for ten minutes',
    faultOf: fromThenOn('outage', OUTAGE_MINUTES),
    // At 100 % the other version has no users to compare with, and ten minutes are more than a short outage.
    expected: (at, policy) => ({ outcome: policy === 'compare' && at < ALL ? 'promoted' : 'reverted' }),
  },
  'shared-unhealthy': {
    about: 'the health checks of both versions fail for four minutes',
    faultOf: (_, minutes) => (minutes >= 0 && minutes < UNHEALTHY_MINUTES ? { failsHealthChecks: true } : {}),
    errorFreeUnderLiteral: true,
    // The plan's alarms of the bake look at one colour; at 100 % they do not act, and the watch looks at both.
    expected: (at, policy) => ({ outcome: policy === 'compare' || at === ALL ? 'promoted' : 'reverted' }),
  },
  'probe-fails': {
    about: 'the probe of the new version stops passing',
    points: 0,
    faultOf: fromThenOn('errors'),
    probeFails: true,
    errorFreeUnderLiteral: true,
    expected: reverted,
  },
  'ecs-outage': {
    about: 'ECS cannot be called for a while',
    points: 0,
    faultOf: fromThenOn('errors'),
    out: 'ECS',
    errorFreeUnderLiteral: true,
    expected: byItsErrors,
  },
  'lambda-throttled': {
    about: 'Lambda refuses all functions without reserved concurrency for a while',
    points: 0,
    faultOf: fromThenOn('errors'),
    out: 'Lambda',
    errorFreeUnderLiteral: true,
    expected: byItsErrors,
  },
  'held-while-growing': {
    about: 'a person holds the release for half an hour while the new version grows',
    requestsPerSecond: 120,
    growsAfterMinutes: 33,
    events: [
      { when: { event: 'growing' }, afterSeconds: 60, say: 'hold' },
      { when: { event: 'growing' }, afterSeconds: 1860, say: 'resume' },
    ],
    errorFreeUnderLiteral: true,
    expected: promoted,
  },
  'alb-throttled': {
    about: 'the load balancer throttles every other change of its rule',
    throttled: true,
    errorFreeUnderLiteral: true,
    expected: promoted,
  },
  'stable-heals': {
    about: 'stable has no healthy target as the release rolls back, and is healthy again half a minute later',
    faultOf: fromThenOn('errors'),
    stableDiesForSeconds: 40,
    expected: revertedThere,
  },
  'two-rollbacks': {
    about: 'a person rolls back, and a second one, who does not know, rolls back in the warm time of that',
    input: { action: 'rollback', reason: 'the newest version is bad' },
    events: [
      // Seven minutes and half an hour after everybody has the version before, and when that is closed.
      { when: { event: 'warm' }, afterSeconds: 420, start: { action: 'rollback' } },
      { when: { event: 'warm' }, afterSeconds: 1800, start: { action: 'rollback' } },
      { when: { event: 'promoted' }, afterSeconds: 60, start: { action: 'rollback' } },
    ],
    errorFreeUnderLiteral: true,
    expected: promoted,
  },
  'rollback-after-rollback': {
    about: 'the release rolls back by itself, and a rollback that waited for its approval begins five seconds later',
    faultOf: fromThenOn('errors'),
    events: [{ when: { event: 'reverted' }, afterSeconds: 5, start: { action: 'rollback' } }],
    expected: revertedThere,
  },
  'stable-unhealthy': {
    about: 'stable itself fails when the release is started',
    faultOf: (role) => (role === 'stable' ? { errorPoints: 5 } : {}),
    expected: () => ({ outcome: 'refused' }),
  },
  'first-release': { about: 'the first release of a service', firstRelease: true, expected: promoted },
} as const satisfies Readonly<Record<string, Scenario>>;

export type ScenarioName = keyof typeof SCENARIOS;

export const scenarioNamed = (name: string): Scenario | undefined =>
  Object.hasOwn(SCENARIOS, name) ? SCENARIOS[name as ScenarioName] : undefined;
