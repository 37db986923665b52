/**
 * One release over the wire: the real steps and adapters and our engine on this side, moto's ALB, ECS, CloudWatch,
 * DynamoDB, ECR and SNS on the other. What moves by itself in AWS (tasks that start, requests that are split, numbers that
 * arrive) moves in the rehearsal's world, which is told by moto what was asked for, and tells moto what became of it. The
 * product sees moto only.
 */

import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { PutImageCommand } from '@aws-sdk/client-ecr';
import type { Addresses } from '../../functions/adapters/addresses.ts';
import { attributesOf } from '../../functions/adapters/ledger-expressions.ts';
import type { ReleaseRecord, ServiceState } from '../../functions/core/protocol.ts';
import type { Colour, Weights } from '../../functions/core/roles.ts';
import type { Clock } from '../../functions/ports/clock.ts';
import type { NotificationKind } from '../../functions/ports/notifications.ts';
import type { Signals } from '../../functions/ports/signals.ts';
import type { Ports } from '../../functions/steps/shared/step.ts';
import { chance } from '../../rehearsal/chance.ts';
import { VirtualClock } from '../../rehearsal/clock.ts';
import { type ExecutionEnd, loadMachine, startExecution } from '../../rehearsal/engine.ts';
import { functionsFor } from '../../rehearsal/functions.ts';
import { rehearsalWorld } from '../../rehearsal/rehearsal-world.ts';
import { modelledTraffic } from '../../rehearsal/traffic.ts';
import { VirtualHost } from '../../rehearsal/virtual-host.ts';
import type { World } from '../../rehearsal/world.ts';
import { policy } from '../../state-machines/policy.ts';
import {
  desiredNow,
  migrationEnds,
  obey,
  setDesired,
  stamped,
  startHealthPage,
  subscribe,
  tellMoto,
  timed,
  weightsNow,
} from './mirror.ts';
import { A_MINUTE, type Moto } from './moto.ts';
import { withScheduler } from './scheduler.ts';
import { clientsAt, hangAlarms, type OnCall, portsAt, SERVICE, setTheStage } from './stage.ts';
import { startWire } from './wire.ts';

export interface WireRehearsalOptions {
  readonly input: Readonly<Record<string, unknown>>;
  /** Added to the candidate's error probability, in points, once it has that share. */
  readonly faultFrom?: { readonly share: number; readonly points: number };
  /** Probability of an error that both versions have. @default 0.001 */
  readonly errorRate?: number;
  /** Told of every call of a verb before it is made; may refuse it. */
  readonly onCall?: (verb: string, at: Addresses) => OnCall;
}

export interface WireRehearsal {
  readonly end: ExecutionEnd;
  /** States entered but Wait and Choice, each once where it comes again at once. */
  readonly states: readonly string[];
  /** Green's weight, read from moto by the test's own client after every change of the rule. */
  readonly greenWeights: readonly number[];
  /** What the test's own clients read when it was over. */
  readonly left: {
    readonly weights: Weights;
    readonly desired: Readonly<Record<Colour, number>>;
    readonly state: ServiceState;
    readonly record: ReleaseRecord | undefined;
  };
  readonly digest: string;
  /** The kinds of the notifications that a subscriber of the topic was sent, in order. */
  readonly told: readonly NotificationKind[];
  /** Notifications that were not taken. */
  readonly troubles: readonly unknown[];
  /** What the product asked AWS, by the calls' names. */
  readonly calls: readonly string[];
}

const BASELINE_MINUTES = 12;
/** A release that is held longer than this has no end: the test then says where it stood. */
const LONGEST_FLIGHT_SECONDS = 2 * 3600;
const REQUESTS_PER_SECOND = 60;
const STABLE_TASKS = 3;
const STABLE = 'v1.4.2';
const CANDIDATE = 'v1.5.0';
const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';

export async function rehearseOverTheWire(
  moto: Moto,
  { input, faultFrom, errorRate = 0.001, onCall }: WireRehearsalOptions,
): Promise<WireRehearsal> {
  await moto.reset();
  const own = clientsAt(moto.endpoint);
  const staged = await setTheStage(moto.endpoint, own);
  await hangAlarms(own);
  const push = async (imageTag: string): Promise<string> => {
    const imageManifest = JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config: { digest: imageTag } });
    const { image } = await own.ecr.send(new PutImageCommand({ repositoryName: SERVICE, imageTag, imageManifest }));
    return image!.imageId!.imageDigest!;
  };
  const stableDigest = await push(STABLE);
  const digest = await push(CANDIDATE);

  // Everything that waits for the wire; time stands still until it has its answer.
  let underWay = 0;
  const busy = async <T>(work: Promise<T>): Promise<T> => {
    underWay += 1;
    try {
      return await work;
    } finally {
      underWay -= 1;
    }
  };
  const begin = Math.floor(Date.now() / 60_000) * 60 - 3600;
  const clock = new VirtualClock(begin);
  clock.pace = async () => {
    do {
      while (underWay > 0) await new Promise((resolve) => setTimeout(resolve, 1));
      await new Promise((resolve) => setImmediate(resolve));
    } while (underWay > 0);
  };

  const released = { releaseId: 'r-20260104-090000', digest: stableDigest, image: STABLE, pushedAt: begin - 86_400 };
  const service: ServiceState = { service: SERVICE, stable: 'blue', fence: 7, current: released };
  const isSpoilt = (): boolean => faultFrom !== undefined && world.balancer.weights.green >= faultFrom.share;
  const world: World = rehearsalWorld({
    seed: 42,
    clock,
    service,
    records: [],
    stableTasks: STABLE_TASKS,
    images: {},
    host: new VirtualHost(clock, chance(42, 'tasks'), { neverHealthy: () => false, crashes: () => false }),
    traffic: modelledTraffic(chance(42, 'traffic'), REQUESTS_PER_SECOND, (colour) => ({
      errorRate: errorRate + (colour === 'green' && isSpoilt() ? faultFrom!.points / 100 : 0),
      latencyFactor: 1,
    })),
    delivery: { latestSeconds: 60 },
    migration: () => ({ is: 'done' }),
    executions: { start: () => undefined, status: () => 'RUNNING' },
  });

  const health = await startHealthPage(() => world.tasks.healthy('green') > 0);
  const at: Addresses = { ...staged, probe: { ...staged.probe, url: health.url } };
  const greenWeights: number[] = [];
  const wire = await startWire(
    () => moto.endpoint,
    withScheduler((name) => world.tasks.running(name.endsWith('green') ? 'green' : 'blue')),
    async (call) => {
      if (call === 'ModifyRule') {
        const weights = await weightsNow(moto, at);
        if (weights.green !== world.balancer.weights.green) {
          greenWeights.push(weights.green);
          world.balancer.route(weights);
        }
      }
      if (call === 'UpdateService') await obey(own, world);
      if (call === 'RunTask') await migrationEnds(own);
    },
  );
  await own.dynamodb.send(
    new PutItemCommand({
      TableName: at.table,
      Item: { pk: { S: `SERVICE#${SERVICE}` }, sk: { S: 'STATE' }, ...attributesOf(service) },
    }),
  );
  await setDesired(own, 'blue', STABLE_TASKS);
  const received = await subscribe(moto, own, at.topicArn);
  const releaseFrom = begin + BASELINE_MINUTES * 60;
  tellMoto(own, world, at, clock, releaseFrom, busy);

  // A step that waits for the clock waits for no wire.
  const patient: Clock = {
    now: () => clock.now(),
    async sleep(seconds) {
      underWay -= 1;
      try {
        await clock.sleep(seconds);
      } finally {
        underWay += 1;
      }
    },
  };
  const troubles: unknown[] = [];
  const portsOf = (verb: string): Ports => {
    const told = (error: unknown) => troubles.push(error);
    const wired = portsAt(wire.endpoint, at, patient, told, A_MINUTE, onCall?.(verb, at));
    const signals: Signals = {
      alarms: async () => stamped(await wired.signals.alarms(), world.numbers.alarms()),
      minutes: async (asked) =>
        timed(
          await wired.signals.minutes(asked),
          world.numbers.minutes(clock.now(), asked.from, asked.to, asked.thresholdsMs),
        ),
    };
    return { ...waitedFor({ ...wired, signals }, busy), clock };
  };
  const made = new Map<string, Ports>();
  await clock.run(() => clock.now() >= releaseFrom);
  const { settings, repository, ruleArn, targetGroups } = at;
  const execution = startExecution({
    machine: loadMachine(policy),
    id: `${at.stateMachineArn.replace(':stateMachine:', ':execution:')}:release-1`,
    name: 'release-1',
    input: { image: CANDIDATE, ...input },
    functions: functionsFor(
      {
        ports: ({ verb = '' }) => {
          if (!made.has(verb)) made.set(verb, portsOf(verb));
          return made.get(verb)!;
        },
      },
      { ...settings, service: SERVICE, repository, traffic: { region: 'us-east-1', ruleArn, targetGroups } },
      `${at.stateMachineArn.replace(':stateMachine:', ':execution:')}:release-1`,
    ),
    clock,
    chance: chance(42, 'engine').uniform,
  });
  let end: ExecutionEnd | undefined;
  void execution.done.then((ended) => {
    end = ended;
  });
  try {
    await clock.run(() => end !== undefined || clock.now() > begin + LONGEST_FLIGHT_SECONDS);
    const reader = portsAt(moto.endpoint, at, patient).ledger;
    return {
      end: end!,
      states: execution.history
        .filter(({ type }) => /^(Task|Succeed|Fail)StateEntered$/.test(type))
        .map(({ details }) => details.name!)
        .filter((name, index, all) => name !== all[index - 1]),
      greenWeights,
      left: {
        weights: await weightsNow(moto, at),
        desired: await desiredNow(own),
        state: await reader.read(),
        record: await reader.record(digest),
      },
      digest,
      told: await received(),
      troubles,
      calls: wire.calls,
    };
  } finally {
    await wire.stop();
    await health.stop();
  }
}

/** The ports, each call of which time waits for. */
function waitedFor(ports: Ports, busy: <T>(work: Promise<T>) => Promise<T>): Ports {
  const waited = <Port extends object>(port: Port): Port =>
    Object.fromEntries(
      Object.entries(port).map(([name, call]) => [
        name,
        // `router.actions` calls nobody: it tells what the last reading found.
        name === 'actions'
          ? call
          : (...given: unknown[]) => busy((call as (...given: unknown[]) => Promise<unknown>)(...given)),
      ]),
    ) as Port;
  return Object.fromEntries(
    Object.entries(ports).map(([name, port]) => [name, name === 'clock' ? port : waited(port as object)]),
  ) as unknown as Ports;
}
