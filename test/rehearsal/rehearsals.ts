/** Rehearsals as the tests ask for them: the real state machine and the real steps, with one thing changed. */
import type { RehearsalResult } from '../../rehearsal/account.ts';
import type { Play, Verb } from '../../rehearsal/functions.ts';
import type { RehearsalOptions } from '../../rehearsal/options.ts';
import { runRehearsal } from '../../rehearsal/rehearse.ts';
import { SCENARIOS, type Scenario, type ScenarioName } from '../../rehearsal/scenarios.ts';
import type { World } from '../../rehearsal/world.ts';

/** A scenario as the command runs it when nothing else is said. */
export function usualOptions(name: ScenarioName): RehearsalOptions {
  const scenario: Scenario = SCENARIOS[name];
  const strategy = scenario.strategy ?? 'canary';
  return {
    scenario,
    seed: 42,
    strategy,
    policy: 'compare',
    requestsPerSecond: scenario.requestsPerSecond ?? 100,
    at: strategy === 'canary' ? 25 : 50,
    points: scenario.points ?? 5,
    factor: 2,
    warmMinutes: 60,
    baselineMinutes: 60,
  };
}

export const rehearsal = (name: ScenarioName, changes: Partial<RehearsalOptions> = {}): Promise<RehearsalResult> =>
  runRehearsal({ ...usualOptions(name), points: (SCENARIOS[name] as Scenario).points ?? 10, ...changes });

/** A release of 25, 50 and 100 % with bakes of three minutes and a warm time of three. */
export const SHORT = {
  stages: [{ share: 25, bake: 180 }, { share: 50, bake: 180 }, { share: 100 }],
  warmMinutes: 3,
} as const;

/** For stories that are about what happens in between, and not about the numbers. */
export const shortRehearsal = (
  changes: Partial<RehearsalOptions> = {},
  name: ScenarioName = 'healthy',
): Promise<RehearsalResult> =>
  rehearsal(name, {
    requestsPerSecond: 20,
    baselineMinutes: 12,
    points: 40,
    warmMinutes: 3,
    input: { image: 'v1.5.0', ...SHORT },
    ...changes,
  });

type Functions = Readonly<Record<Verb, Play>>;

/** One step in another's place; it may ask the real one. */
export const withStep =
  (verb: Verb, play: (payload: never, real: Play, world: World) => Promise<unknown>) =>
  (functions: Functions, world: World): Functions => ({
    ...functions,
    [verb]: (payload: unknown) => play(payload as never, functions[verb], world),
  });

/** The invariants that a rehearsal broke, each once. */
export const broken = ({ violations }: RehearsalResult): readonly number[] => [
  ...new Set(violations.map(({ invariant }) => invariant)),
];
