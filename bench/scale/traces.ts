/** What a release asks of AWS and when, and what a look at a service at rest does: read off rehearsals of the real steps. */
import type { RehearsalResult } from '../../rehearsal/account.ts';
import { runRehearsal } from '../../rehearsal/rehearse.ts';
import { SCENARIOS, type ScenarioName } from '../../rehearsal/scenarios.ts';
import { awsCallsOf } from './calls.ts';

/** One invocation of a Lambda. */
export interface Invocation {
  readonly verb: string;
  /** Seconds between the end of the one before it and its own start. */
  readonly after: number;
  readonly calls: readonly string[];
  /** Users are on stable again when this one has ended. */
  readonly bringsUsersBack: boolean;
}

export interface Trace {
  readonly invocations: readonly Invocation[];
  readonly transitions: number;
  readonly seconds: number;
}

interface Made {
  readonly at: number;
  readonly call: string;
}

const REQUESTS_PER_SECOND = 100;

async function rehearsedRecord(name: ScenarioName, warmMinutes: number): Promise<RehearsalResult> {
  return runRehearsal({
    scenario: SCENARIOS[name],
    seed: 42,
    strategy: 'canary',
    policy: 'compare',
    requestsPerSecond: REQUESTS_PER_SECOND,
    at: 25,
    points: 10,
    factor: 2,
    warmMinutes,
    baselineMinutes: 60,
  });
}

/** The calls of each invocation: an actor is made anew for each. */
function invocationsOf({ setting }: RehearsalResult, isMeant: (actor: { verb?: string; by: string }) => boolean) {
  const made = new Map<object, Made[]>();
  for (const { actor, at, call } of setting.calls)
    if (isMeant(actor as { verb?: string; by: string })) made.set(actor, [...(made.get(actor) ?? []), { at, call }]);
  return [...made].map(([actor, calls]) => ({ actor: actor as { verb?: string; by: string }, calls }));
}

export async function releaseTrace(name: 'healthy' | 'errors', warmMinutes = 60): Promise<Trace> {
  const done = await rehearsedRecord(name, warmMinutes);
  const own = invocationsOf(done, ({ verb, by }) => by === 'owner' && verb !== undefined);
  const backAt = done.setting.writes.findLast(
    ({ call, share, actor }) => call === 'ModifyRule' && share === 0 && actor.verb === 'Revert',
  )?.at;
  let end = own[0]!.calls[0]!.at;
  const from = end;
  const invocations = own.map(({ actor, calls }) => {
    const after = Math.max(0, calls[0]!.at - end);
    end = calls.at(-1)!.at;
    return {
      verb: actor.verb!,
      after,
      calls: calls.flatMap(({ call }) => awsCallsOf(judged(actor.verb!, call))),
      bringsUsersBack: backAt !== undefined && calls.some(({ at }) => at === backAt),
    };
  });
  return { invocations, transitions: done.transitions, seconds: end - from };
}

/** Of ECS a judge reads crashes alone, under the same name. */
const judged = (verb: string, call: string): string =>
  call === 'DescribeServices' && verb === 'Judge' ? 'DescribeServices (crashes)' : call;

/** The calls of the reconciler's look at a service at rest, the most that one had. */
export async function lookAtRest(): Promise<readonly string[]> {
  const done = await rehearsedRecord('healthy', 1);
  const looks = invocationsOf(done, ({ by }) => by === 'reconciler')
    .filter(({ calls }) => calls.some(({ call }) => call === 'DescribeImages'))
    .map(({ calls }) => calls.flatMap(({ call }) => awsCallsOf(call)));
  return looks.toSorted((one, other) => other.length - one.length)[0]!;
}

/** Its look at a release that is in good hands. */
export async function lookAtRelease(): Promise<readonly string[]> {
  const done = await rehearsedRecord('healthy', 1);
  const look = invocationsOf(done, ({ by }) => by === 'reconciler').find(({ calls }) =>
    calls.some(({ call }) => call === 'DescribeExecution'),
  )!;
  return look.calls.flatMap(({ call }) => awsCallsOf(call));
}
