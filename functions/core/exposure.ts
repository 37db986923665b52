/** What a plan can show at the service's traffic, and what it cannot: told before it starts, because no statistics cure it. */
import type { Plan, Stage } from './plan.ts';
import { ALL, type Share } from './share.ts';

export interface StageRequests {
  readonly share: Share;
  /** Requests that the candidate answers during the bake, on average. */
  readonly requests: number;
}

/** Error-free requests that show a candidate safe: phi ln 20 / 2 points is 260 to 300 (docs/judge.md, minimum sample). */
export const PROVING_REQUESTS = 300;
/** Failed responses in one bake under which a fault is not seen: 20 points of 45 requests were, 5 points were not. */
const TELLING_FAILURES = 9;
/** The first stage is widened up to here; beyond it, a longer bake is the safer cure. */
const WIDEST_FIRST_SHARE = 25;

const requestsOf = ({ share, bakeSeconds }: Stage, requestsPerSecond: number): number =>
  (share / 100) * bakeSeconds * requestsPerSecond;

/** For each stage below 100 %; `requestsPerSecond` is all traffic of the service. */
export const requestsPerStage = ({ stages }: Plan, requestsPerSecond: number): readonly StageRequests[] =>
  stages
    .filter(({ share }) => share < ALL)
    .map((stage) => ({ share: stage.share, requests: Math.round(requestsOf(stage, requestsPerSecond)) }));

/** Sentences for the person who is about to start this plan; none means that nothing speaks against it. */
export function warnings(plan: Plan, requestsPerSecond: number): readonly string[] {
  const blind = plan.stages
    .filter((stage) => stage.share < ALL && requestsOf(stage, requestsPerSecond) < PROVING_REQUESTS)
    .map((stage) => blindness(stage, stage === plan.stages[0], requestsPerSecond));
  const literal =
    'policy "literal" goes back on a single server error: 78 to 100 % of healthy releases did in simulation';
  const schema =
    'this release is not marked schemaCompatible: once it has migrated, the previous version may not run on its database';
  return [
    ...blind,
    ...(plan.policy === 'literal' ? [literal] : []),
    ...(plan.migrates && !plan.schemaCompatible ? [schema] : []),
  ];
}

function blindness(stage: Stage, isFirst: boolean, requestsPerSecond: number): string {
  const { share, bakeSeconds } = stage;
  const requests = Math.round(requestsOf(stage, requestsPerSecond));
  if (requests === 0) return `at ${requestsPerSecond} requests/s the ${share} % stage sees none: it cannot be judged`;
  const points = Math.min(100, Math.ceil((TELLING_FAILURES / requests) * 100));
  const wider = Math.min(WIDEST_FIRST_SHARE, Math.ceil((PROVING_REQUESTS * 100) / (bakeSeconds * requestsPerSecond)));
  const longer = Math.ceil((PROVING_REQUESTS * 100) / (share * requestsPerSecond) / 60);
  const cures = [...(isFirst && wider > share ? [`a first share of ${wider} %`] : []), `a bake of ${longer} min`];
  return `at ${requestsPerSecond} requests/s the ${share} % stage sees ${requests} requests; only faults over about ${points} points can be seen there: try ${cures.join(' or ')}`;
}
