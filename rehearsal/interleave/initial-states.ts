/** Where an interleaving begins: a moment of a release as its own steps would have left it, and the state to go on from. */
import { planRelease } from '../../functions/core/plan.ts';
import type { LiveRelease, Lock, Phase, ReleaseRecord, ServiceState } from '../../functions/core/protocol.ts';
import { type Colour, rolesWhenStableIs, type Weights, weightsFor } from '../../functions/core/roles.ts';
import type { Image } from '../../functions/ports/registry.ts';
import type { ServiceSettings } from '../../functions/steps/shared/settings.ts';
import { SCENARIOS } from '../scenarios.ts';
import { serviceSettings } from '../setting.ts';

export const NOW = Date.UTC(2026, 0, 5, 14) / 1000;
export const FIRST = 'arn:aws:states:us-east-1:111111111111:execution:release:first';

export const SETTINGS: ServiceSettings = {
  ...serviceSettings({ policy: 'literal', warmMinutes: 1, scenario: SCENARIOS['migration-hangs'] }),
  onUnproven: 'abort',
  readyWithinSeconds: 120,
};

const image = (digit: string, secondsAgo: number): Image => ({
  digest: `sha256:${digit.repeat(64)}`,
  pushedAt: NOW - secondsAgo,
});
export const IMAGES = {
  'v1.4.1': image('1', 200_000),
  'v1.4.2': image('2', 100_000),
  'v1.5.0': image('5', 300),
  'v1.5.1': image('6', 200),
  'v1.5.2': image('7', 100),
} as const;

/** Short stages: what is watched for how long is not the question here. */
export const SHORT = { stages: [{ share: 50, bake: 60 }, { share: 100 }], warmMinutes: 1 } as const;
export const INPUT = { image: 'v1.5.0', ...SHORT } as const;

const PLAN = (() => {
  const planned = planRelease({ action: 'release', source: 'person', ...INPUT }, SETTINGS);
  if (!planned.ok) throw new Error(JSON.stringify(planned.fields));
  return planned.plan;
})();

export interface Moment {
  readonly service: ServiceState;
  readonly records: readonly ReleaseRecord[];
  readonly weights: Weights;
  readonly candidateUp: boolean;
  /** Where the first execution goes on, and with what; absent: it starts from Open with the input. */
  readonly from?: { readonly state: string; readonly input: Readonly<Record<string, unknown>> };
}

interface Place {
  readonly phase: Phase;
  readonly share: number;
  /** The state that comes next. */
  readonly next: string;
  readonly nextShare: number;
  readonly facts?: Partial<Lock>;
}

const seen = { stageFrom: NOW - 50, firstShareAt: NOW - 50, alarmsSeen: {} };
const abort = { by: 'guard', reason: 'an alarm rang', at: NOW - 5 } as const;

export const PLACES: readonly (Place | undefined)[] = [
  undefined,
  { phase: 'opening', share: 0, next: 'Migrate', nextShare: 0 },
  { phase: 'deploying', share: 0, next: 'Prepare', nextShare: 50 },
  { phase: 'deploying', share: 0, next: 'Shift', nextShare: 50 },
  { phase: 'baking', share: 50, next: 'Judge', nextShare: 50, facts: seen },
  { phase: 'baking', share: 50, next: 'Shift', nextShare: 100, facts: seen },
  { phase: 'baking', share: 50, next: 'Revert', nextShare: 50, facts: { ...seen, abort } },
  { phase: 'warm', share: 100, next: 'Watch', nextShare: 100, facts: seen },
  { phase: 'warm', share: 100, next: 'Close', nextShare: 100, facts: seen },
  { phase: 'reverting', share: 0, next: 'Revert', nextShare: 0, facts: { ...seen, abort, settleFrom: NOW - 110 } },
  { phase: 'closing', share: 100, next: 'Close', nextShare: 100, facts: { ...seen, settleFrom: NOW - 110 } },
];

const RELEASE_ID = 'r-20260105-135500';
const FENCE = 8;

export function momentAt(place: Place | undefined, stable: Colour): Moment {
  const roles = rolesWhenStableIs(stable);
  const released = (releaseId: string, name: keyof typeof IMAGES): LiveRelease => ({
    releaseId,
    image: name,
    ...IMAGES[name],
  });
  const current = released('r-20260104-090000', 'v1.4.2');
  const previous = released('r-20260103-090000', 'v1.4.1');
  const earlier = [previous, current].map(
    (one): ReleaseRecord => ({ ...one, status: 'promoted', fence: 3, openedAt: one.pushedAt + 60 }),
  );
  const service = { service: SETTINGS.service, stable, current, previous };
  if (!place) {
    return {
      service: { ...service, fence: FENCE - 1 },
      records: earlier,
      weights: weightsFor(roles, 0),
      candidateUp: false,
    };
  }
  const { phase, share, next, nextShare, facts } = place;
  const lock: Lock = {
    owner: FIRST,
    releaseId: RELEASE_ID,
    ...IMAGES['v1.5.0'],
    image: 'v1.5.0',
    fence: FENCE,
    ...roles,
    plan: PLAN,
    phase,
    share,
    openedAt: NOW - 300,
    ticks: 0,
    ...(share > 0 ? { intent: share } : {}),
    ...facts,
  };
  const { releaseId, digest, image, pushedAt, openedAt } = lock;
  const record: ReleaseRecord = { releaseId, digest, image, pushedAt, status: 'open', fence: FENCE, openedAt };
  return {
    service: { ...service, fence: FENCE, lock },
    records: [...earlier, record],
    weights: weightsFor(roles, share),
    candidateUp: next !== 'Migrate' && next !== 'Prepare',
    from: {
      state: next,
      input: {
        summary: 'goes on',
        verdict: 'goes on',
        share: nextShare,
        waitSeconds: 30,
        release: { id: RELEASE_ID, fence: FENCE },
      },
    },
  };
}
