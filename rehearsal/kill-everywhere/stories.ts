/** What is going on while a controller dies: every scenario, and what people and the registry do, under both policies. */
import type { Policy } from '../../functions/core/plan.ts';
import type { RehearsalEvent } from '../events.ts';
import type { RehearsalOptions } from '../options.ts';
import { SCENARIOS, type Scenario } from '../scenarios.ts';

/** Short stages, so that thousands of releases can die in minutes; everything else is as in any rehearsal. */
const SHORT = { stages: [{ share: 25, bake: 180 }, { share: 100 }], warmMinutes: 3 } as const;
/** One share more, for what happens while the candidate grows. */
const GROWING = { ...SHORT, stages: [{ share: 25, bake: 180 }, { share: 50, bake: 180 }, { share: 100 }] } as const;
const PUSHED = 'v1.5.1';
const PUSHED_AT_SECOND = 120;

const BASE: Omit<RehearsalOptions, 'policy'> = {
  scenario: SCENARIOS.healthy,
  seed: 42,
  strategy: 'canary',
  requestsPerSecond: 20,
  at: 25,
  points: 30,
  factor: 2,
  warmMinutes: 3,
  baselineMinutes: 12,
  input: { image: 'v1.5.0', ...SHORT },
};

function inScenario(scenario: Scenario): Partial<RehearsalOptions> {
  const { points, requestsPerSecond } = scenario;
  const facts = {
    scenario,
    ...(points === undefined ? {} : { points }),
    ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }),
    // Nobody can scale the candidate to zero, and so free the lock, while ECS is out: it is back before the drain ends.
    ...(scenario.out === 'ECS' ? { seconds: 90 } : {}),
  };
  const isAboutGrowing = scenario.probeFails || scenario.growsAfterMinutes !== undefined || scenario.out !== undefined;
  return isAboutGrowing ? { ...facts, at: 50, input: { image: 'v1.5.0', ...GROWING } } : facts;
}

const rollback = (when: RehearsalEvent['when'], facts = {}, afterSeconds = 70): RehearsalEvent => ({
  when,
  afterSeconds,
  start: { action: 'rollback', reason: 'a rollback was asked for', ...facts },
});
const say = (word: 'hold' | 'resume' | 'advance', afterSeconds: number): RehearsalEvent => ({
  when: { share: 25 },
  afterSeconds,
  say: word,
});

/** Beside the scenarios. */
const STORIES: Readonly<Record<string, Partial<RehearsalOptions>>> = {
  hotfix: {
    scenario: SCENARIOS['stable-unhealthy'],
    input: { image: 'v1.5.0', ...SHORT, hotfix: 'stable fails one request in twenty' },
  },
  approval: {
    input: { image: 'v1.5.0', ...SHORT, stages: [{ share: 25, bake: 180, approval: true }, { share: 100 }] },
    events: [say('advance', 400)],
  },
  'hold and resume': { events: [say('hold', 40), say('resume', 400)] },
  'rollback in flight': { events: [rollback({ share: 25 })] },
  'rollback in flight, to a named version': { events: [rollback({ share: 25 }, { to: 'v1.4.1' })] },
  'rollback warm': { events: [rollback({ event: 'warm' })] },
  'rollback cold': { input: { action: 'rollback' } },
  'rollback cold, to a named version': { input: { action: 'rollback', to: 'v1.4.1' } },
  'two rollbacks': { input: { action: 'rollback' }, events: [rollback({ event: 'warm' })] },
  'rollback after it went back by itself': {
    scenario: SCENARIOS.errors,
    events: [rollback({ event: 'reverted' }, {}, 5)],
  },
  'rule by hand to 30 %': { events: [{ when: { share: 25 }, afterSeconds: 40, setShare: 30 }] },
  'rule by hand to 100 %': { events: [{ when: { share: 25 }, afterSeconds: 40, setShare: 100 }] },
  'rule by hand to 0 and 0': {
    events: [{ when: { share: 25 }, afterSeconds: 40, setWeights: { blue: 0, green: 0 } }],
  },
  'push during a release': {
    events: [
      // The tag is in the registry, and its release is started with short stages too.
      { when: { second: PUSHED_AT_SECOND }, push: PUSHED, eventLost: true },
      { when: { second: PUSHED_AT_SECOND }, afterSeconds: 1, start: { image: PUSHED, source: 'push', ...SHORT } },
    ],
  },
};

const POLICIES: readonly Policy[] = ['compare', 'literal'];

/** By name, such as "crash, literal". */
export const KILL_STORIES: ReadonlyMap<string, RehearsalOptions> = new Map(
  POLICIES.flatMap((policy) =>
    [
      ...Object.entries<Scenario>(SCENARIOS).map(([name, scenario]) => [name, inScenario(scenario)] as const),
      ...Object.entries(STORIES),
    ].map(([name, facts]) => [`${name}, ${policy}`, { ...BASE, policy, ...facts }] as const),
  ),
);
