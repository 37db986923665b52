/** The real adapters with moto on the other end of the wire, as a backend; and both backends for one test file. */
import {
  type CloudWatchClient,
  type MetricDatum,
  PutMetricDataCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { PutImageCommand } from '@aws-sdk/client-ecr';
import { ListTasksCommand, StopTaskCommand } from '@aws-sdk/client-ecs';
import {
  DescribeRulesCommand,
  ModifyRuleCommand,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { StopExecutionCommand } from '@aws-sdk/client-sfn';
import { SubscribeCommand } from '@aws-sdk/client-sns';
import { afterAll, beforeAll } from 'vitest';
import type { Addresses } from '../../functions/adapters/addresses.ts';
import { attributesOf } from '../../functions/adapters/ledger-expressions.ts';
import { NAMESPACE } from '../../functions/adapters/metric-data.ts';
import { COLOURS, type Colour } from '../../functions/core/roles.ts';
import { ALARMS } from '../../functions/core/thresholds.ts';
import type { Clock, Instant } from '../../functions/ports/clock.ts';
import type { Ports } from '../../functions/steps/shared/step.ts';
import type { Backend, Counted } from './backend.ts';
import { A_MINUTE, type Moto, motoForTests, queueAt, REGION, sharedMoto } from './moto.ts';
import { rehearsed } from './rehearsed.ts';
import { clientsAt, hangAlarms, type OwnClients, portsAt, SERVICE, setTheStage } from './stage.ts';
import { startWire, type Wire } from './wire.ts';

export const ZONE_NAMES = [`${REGION}a`, `${REGION}b`] as const;

/**
 * Our world, and moto where Python has it, for one test file: its moto and its wire are there while the file runs.
 * `tamper`: what stands on the wire.
 */
export function bothBackends(tamper?: Parameters<typeof startWire>[1]) {
  const programs = motoForTests();
  let moto: Moto;
  let wire: Wire;
  beforeAll(async () => {
    if (!programs) return;
    moto = await sharedMoto(programs);
    wire = await startWire(() => moto.endpoint, tamper);
  }, A_MINUTE);
  afterAll(async () => {
    await wire?.stop();
    await moto?.stop();
  });
  const toMoto = overTheWire(
    () => moto,
    () => wire.endpoint,
  );
  const backends: readonly Backend[] = [rehearsed(), ...(programs ? [toMoto] : [])];
  return { backends, toMoto, hasMoto: programs !== undefined, motoEndpoint: () => moto.endpoint };
}

/** `endpoint`: where the product finds AWS, which is whatever stands before moto. */
export function overTheWire(moto: () => Moto, endpoint: () => string): Backend & WireFacts {
  let at: Addresses;
  let ports: Ports;
  const troubles: unknown[] = [];
  let clients: OwnClients | undefined;
  const own = (): OwnClients => (clients ??= clientsAt(moto().endpoint));
  return {
    name: 'moto',
    /** moto stamps with this machine's time. */
    now: Math.floor(Date.now() / 60_000) * 60,
    service: SERVICE,
    troubles,
    addresses: () => at,
    async begin() {
      troubles.length = 0;
      await moto().reset();
      at = await setTheStage(moto().endpoint, own());
      ports = portsAt(endpoint(), at, NO_PATIENCE, (error) => troubles.push(error));
    },
    ask: (call) => call(ports),
    async ledgerHolds(state) {
      const Item = { pk: { S: `SERVICE#${SERVICE}` }, sk: { S: 'STATE' }, ...attributesOf(state) };
      await own().dynamodb.send(new PutItemCommand({ TableName: at.table, Item }));
    },
    async weightsAre(weights) {
      const TargetGroups = COLOURS.map((colour) => ({
        TargetGroupArn: at.targetGroups[colour],
        Weight: weights[colour],
      }));
      await own().elb.send(
        new ModifyRuleCommand({ RuleArn: at.ruleArn, Actions: [{ Type: 'forward', ForwardConfig: { TargetGroups } }] }),
      );
    },
    async targetsAre(colour, healthy) {
      const TargetGroupArn = at.targetGroups[colour];
      const Targets = Array.from({ length: healthy }, (_, index) => ({ Id: `10.0.${colour.length}.${index + 1}` }));
      if (healthy > 0) await own().elb.send(new RegisterTargetsCommand({ TargetGroupArn, Targets }));
    },
    async probeLeadsTo() {
      const { Rules: [rule] = [] } = await own().elb.send(new DescribeRulesCommand({ RuleArns: [at.probe.ruleArn] }));
      const { TargetGroups = [] } = rule!.Actions![0]!.ForwardConfig!;
      const led = COLOURS.filter((colour) =>
        TargetGroups.some(({ TargetGroupArn, Weight = 0 }) => TargetGroupArn === at.targetGroups[colour] && Weight > 0),
      );
      return led.length === 1 ? led[0]! : 'both';
    },
    async migrationsEnd() {
      const { taskArns = [] } = await own().ecs.send(new ListTasksCommand({ cluster: at.cluster }));
      for (const task of taskArns) await own().ecs.send(new StopTaskCommand({ cluster: at.cluster, task }));
    },
    async push(tag) {
      // moto stamps whole seconds.
      await new Promise((resolve) => setTimeout(resolve, 1000 - (Date.now() % 1000)));
      const imageManifest = JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config: { digest: tag } });
      const { image } = await own().ecr.send(
        new PutImageCommand({ repositoryName: SERVICE, imageTag: tag, imageManifest }),
      );
      return image!.imageId!.imageDigest!;
    },
    minuteIs: (minute, zones) => putMinute(own().cloudwatch, at, minute, zones),
    async errorAlarmsAre(colours, state) {
      await hangAlarms(own());
      const looking = ALARMS.filter(({ metric }) => metric === 'error-percent' || metric === 'server-errors');
      for (const AlarmName of colours.flatMap((colour) => looking.map(({ name }) => `${SERVICE}-${colour}-${name}`)))
        await own().cloudwatch.send(
          new SetAlarmStateCommand({ AlarmName, StateValue: state, StateReason: `it is ${state}` }),
        );
    },
    async executionEnds(name) {
      const executionArn = `${at.stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
      await own().sfn.send(new StopExecutionCommand({ executionArn }));
    },
    async subscriber() {
      const queue = await queueAt(moto().endpoint, 'people');
      await own().sns.send(new SubscribeCommand({ TopicArn: at.topicArn, Protocol: 'sqs', Endpoint: queue.arn }));
      const heading = `${SERVICE}: `;
      return async () => {
        const subjects = (await queue.received()).map((message) => (message as { readonly Subject: string }).Subject);
        return subjects.map((subject) => subject.replace(heading, ''));
      };
    },
  };
}

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';

export interface WireFacts {
  /** Notifications that were not taken. */
  readonly troubles: readonly unknown[];
  addresses(): Addresses;
}

/** Nobody waits for a load balancer that has no nodes. */
const NO_PATIENCE: Clock = { now: () => Date.now() / 1000, sleep: async () => undefined };

/** As an Application Load Balancer reports: per target group, as a whole and in each zone, and no zero counts. */
export async function putMinute(
  cloudwatch: CloudWatchClient,
  at: BalancerAddresses,
  minute: Instant,
  zones: Readonly<Record<Colour, readonly Counted[]>>,
): Promise<void> {
  await putWhole(cloudwatch, at, minute, { blue: together(zones.blue), green: together(zones.green) });
  const data = COLOURS.flatMap((colour) =>
    zones[colour].flatMap((counted, zone) =>
      metricsOf({ ...groupOf(at, colour), AvailabilityZone: ZONE_NAMES[zone]! }, minute, counted),
    ),
  );
  await cloudwatch.send(new PutMetricDataCommand({ Namespace: NAMESPACE, MetricData: data }));
}

/** The same without zones. */
export async function putWhole(
  cloudwatch: CloudWatchClient,
  at: BalancerAddresses,
  minute: Instant,
  counted: Readonly<Record<Colour, Counted>>,
): Promise<void> {
  const data = COLOURS.flatMap((colour) => metricsOf(groupOf(at, colour), minute, counted[colour]));
  await cloudwatch.send(new PutMetricDataCommand({ Namespace: NAMESPACE, MetricData: data }));
}

type BalancerAddresses = Pick<Addresses, 'loadBalancer' | 'targetGroups'>;

/** Written out here once more: the product's own must not be right by agreeing with itself. */
const groupOf = ({ loadBalancer, targetGroups }: BalancerAddresses, colour: Colour) => ({
  LoadBalancer: loadBalancer.split(':')[5]!.replace('loadbalancer/', ''),
  TargetGroup: targetGroups[colour].split(':')[5]!,
});

export const together = (zones: readonly Counted[]): Counted => {
  const sum = (of: keyof Counted) => zones.reduce((total, zone) => total + zone[of], 0);
  return {
    requests: sum('requests'),
    errors5xx: sum('errors5xx'),
    connectionErrors: sum('connectionErrors'),
    healthy: sum('healthy'),
    unhealthy: sum('unhealthy'),
  };
};

function metricsOf(
  dimensions: Readonly<Record<string, string>>,
  minute: Instant,
  { requests, errors5xx, connectionErrors, healthy, unhealthy }: Counted,
): MetricDatum[] {
  const counts: readonly (readonly [name: string, value: number])[] = [
    ['RequestCount', requests],
    ['HTTPCode_Target_2XX_Count', requests - errors5xx - connectionErrors],
    ['HTTPCode_Target_5XX_Count', errors5xx],
    ['TargetConnectionErrorCount', connectionErrors],
  ];
  const hosts = [
    ['HealthyHostCount', healthy],
    ['UnHealthyHostCount', unhealthy],
  ] as const;
  return [...counts.filter(([, value]) => value > 0), ...hosts].map(([MetricName, Value]) => ({
    MetricName,
    Value,
    Timestamp: new Date(minute * 1000),
    Dimensions: Object.entries(dimensions).map(([Name, value]) => ({ Name, Value: value })),
  }));
}
