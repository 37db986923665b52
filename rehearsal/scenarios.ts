/** What a rehearsal can be about: what goes wrong, from when, and how it must end. */
import type { Policy } from '../functions/core/plan.ts';
import type { Share } from '../functions/core/share.ts';

export type Outcome = 'promoted' | 'reverted' | 'refused' | 'nothing' | 'stuck' | 'killed';

export interface Expected {
  readonly outcome: Outcome;
  /** Where it goes back. */
  readonly share?: Share;
}

/** What the scenario's fault does to the candidate once it has begun; nothing said is nothing wrong. */
export interface Fault {
  /** Percentage points added to the error probability, by the minutes since the fault began. */
  readonly errorPoints?: (minutes: number) => number;
  readonly latencyFactor?: number;
  readonly crashes?: true;
}

export interface FaultOptions {
  readonly points: number;
  readonly factor: number;
}

export interface Scenario {
  readonly about: string;
  readonly strategy?: 'canary' | 'blue-green';
  readonly fault?: (options: FaultOptions) => Fault;
  /** The candidate's health check never passes. */
  readonly neverHealthy?: true;
  /** Nothing was ever released; stable is the bootstrap. */
  readonly firstRelease?: true;
  /** Under the plan's literal rules any 500 reverts, so a good version is one without any. */
  readonly errorFreeUnderLiteral?: true;
  readonly expected: (at: Share, policy: Policy) => Expected;
}

const promoted = (): Expected => ({ outcome: 'promoted' });
/** The literal rules may find fault with an ordinary error before the scenario's fault has begun. */
const revertedThere = (at: Share, policy: Policy): Expected => ({
  outcome: 'reverted',
  ...(policy === 'compare' ? { share: at } : {}),
});
const revertedBefore = (): Expected => ({ outcome: 'reverted', share: 0 });

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
    fault: ({ points }) => ({ errorPoints: () => points }),
    expected: revertedThere,
  },
  latency: {
    about: 'the new version is slower',
    fault: ({ factor }) => ({ latencyFactor: factor }),
    expected: revertedThere,
  },
  crash: { about: 'the new version exits by itself', fault: () => ({ crashes: true }), expected: revertedThere },
  'never-healthy': {
    about: 'the new version never passes its health check',
    neverHealthy: true,
    expected: revertedBefore,
  },
  'first-release': { about: 'the first release of a service', firstRelease: true, expected: promoted },
} as const satisfies Readonly<Record<string, Scenario>>;

export type ScenarioName = keyof typeof SCENARIOS;

export const scenarioNamed = (name: string): Scenario | undefined =>
  Object.hasOwn(SCENARIOS, name) ? SCENARIOS[name as ScenarioName] : undefined;
