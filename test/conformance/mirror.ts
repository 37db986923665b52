/**
 * Between the rehearsal's world and moto: what moves by itself in AWS moves in the world, which reads in moto what was asked
 * for, and writes into it what became of that.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeServicesCommand, ListTasksCommand, StopTaskCommand, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { DeregisterTargetsCommand, RegisterTargetsCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { SubscribeCommand } from '@aws-sdk/client-sns';
import type { Addresses } from '../../functions/adapters/addresses.ts';
import type { GroupMinute } from '../../functions/core/judge/readings.ts';
import { COLOURS, type Colour, type Weights } from '../../functions/core/roles.ts';
import type { Instant } from '../../functions/ports/clock.ts';
import type { NotificationKind } from '../../functions/ports/notifications.ts';
import type { AlarmReading, MinuteReading } from '../../functions/ports/signals.ts';
import type { VirtualClock } from '../../rehearsal/clock.ts';
import type { World } from '../../rehearsal/world.ts';
import { putMinute, putWhole, together } from './backends.ts';
import { ACCOUNT, json, type Moto, query, REGION, valuesIn } from './moto.ts';
import type { OwnClients } from './stage.ts';

const ELB_VERSION = '2015-12-01';

/** By the query protocol, without the SDK: whoever is to be believed about weights is nobody of ours. */
export async function weightsNow({ endpoint }: Moto, { ruleArn, targetGroups }: Addresses): Promise<Weights> {
  const asked = { Action: 'DescribeRules', 'RuleArns.member.1': ruleArn };
  const rule = await query(endpoint, 'elasticloadbalancing', ELB_VERSION, asked);
  const [forward = ''] = /<ForwardConfig>.*?<\/ForwardConfig>/s.exec(rule) ?? [];
  const groups = [...forward.matchAll(/<member>(.*?)<\/member>/gs)].map(([, group]) => group!);
  const weightOf = (colour: Colour): number => {
    const group = groups.find((one) => valuesIn(one, 'TargetGroupArn')[0] === targetGroups[colour]);
    return Number(valuesIn(group ?? '', 'Weight')[0] ?? 0);
  };
  return { blue: weightOf('blue'), green: weightOf('green') };
}

async function servicesNow({ ecs }: OwnClients) {
  const { services = [] } = await ecs.send(
    new DescribeServicesCommand({ cluster: 'main', services: ['app-blue', 'app-green'] }),
  );
  return COLOURS.map((colour) => {
    const { taskDefinition = '', desiredCount = 0 } = services.find(
      ({ serviceName }) => serviceName === `app-${colour}`,
    )!;
    return { colour, taskDefinition, desiredCount };
  });
}

export async function desiredNow(own: OwnClients): Promise<Record<Colour, number>> {
  const services = await servicesNow(own);
  return Object.fromEntries(services.map(({ colour, desiredCount }) => [colour, desiredCount])) as never;
}

export async function setDesired({ ecs }: OwnClients, colour: Colour, desiredCount: number): Promise<void> {
  await ecs.send(new UpdateServiceCommand({ cluster: 'main', service: `app-${colour}`, desiredCount }));
}

/** The world does what the services say. */
export async function obey(own: OwnClients, { tasks }: World): Promise<void> {
  for (const { colour, taskDefinition, desiredCount } of await servicesNow(own)) {
    const side = tasks.side(colour);
    // The bare family of its bootstrap is no release.
    const isNew = taskDefinition.startsWith('arn:') && side.digest !== taskDefinition && colour === 'green';
    if (isNew) tasks.deploy(colour, taskDefinition, desiredCount);
    else if (side.desired !== desiredCount) tasks.resize(colour, desiredCount);
  }
}

/** The migration's container exits with 0, which is what moto's containers always do. */
export async function migrationEnds({ ecs }: OwnClients): Promise<void> {
  const { taskArns = [] } = await ecs.send(new ListTasksCommand({ cluster: 'main' }));
  for (const task of taskArns) await ecs.send(new StopTaskCommand({ cluster: 'main', task }));
}

/**
 * Targets as they become healthy, minutes as they are delivered, alarms as they change. Zones are told up to
 * `zonesUntil`: the judge learns from them before a release only, and moto reads every number for every query.
 */
export function tellMoto(
  { elb, cloudwatch }: OwnClients,
  world: World,
  at: Addresses,
  clock: VirtualClock,
  zonesUntil: Instant,
  busy: <T>(work: Promise<T>) => Promise<T>,
): void {
  const registered: Record<Colour, number> = { blue: 0, green: 0 };
  let told = 0;
  const addressOf = (colour: Colour, index: number) => ({ Id: `10.0.${colour.length}.${index + 1}` });
  const targetsFollow = async (colour: Colour, healthy: number): Promise<void> => {
    const before = registered[colour];
    registered[colour] = healthy;
    const TargetGroupArn = at.targetGroups[colour];
    const between = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) => addressOf(colour, from + index));
    if (healthy > before)
      await elb.send(new RegisterTargetsCommand({ TargetGroupArn, Targets: between(before, healthy) }));
    if (healthy < before)
      await elb.send(new DeregisterTargetsCommand({ TargetGroupArn, Targets: between(healthy, before) }));
  };
  clock.everySecond((second) => {
    for (const colour of COLOURS) {
      const healthy = world.tasks.healthy(colour);
      if (healthy !== registered[colour]) void busy(targetsFollow(colour, healthy));
    }
    const { rows } = world.numbers;
    const row = rows[told];
    if (!row || Math.max(row.deliveredAt.blue, row.deliveredAt.green) > second) return;
    told += 1;
    const zonesOf = (colour: Colour) =>
      row.zones[colour].map((counts, zone) => ({ ...counts, ...row.hosts[colour][zone]! }));
    const [blue, green] = [zonesOf('blue'), zonesOf('green')];
    void busy(
      row.minute < zonesUntil
        ? putMinute(cloudwatch, at, row.minute, { blue, green })
        : putWhole(cloudwatch, at, row.minute, { blue: together(blue), green: together(green) }),
    );
  });
  world.onAlarm(({ name, state, reason }) => {
    const change = { AlarmName: name, StateValue: state, StateReason: reason };
    void busy(cloudwatch.send(new SetAlarmStateCommand(change)));
  });
}

/** moto knows neither percentiles nor PR: response times are added to its counts as the world has them. */
export const timed = (
  counted: readonly MinuteReading[],
  modelled: readonly MinuteReading[],
): readonly MinuteReading[] =>
  counted.map(({ minute, colours, zones }) => {
    const times = modelled.find((one) => one.minute === minute);
    const withTimes = (reading: GroupMinute, of: GroupMinute | undefined): GroupMinute => ({
      ...reading,
      ...(of?.p95Ms === undefined ? {} : { p95Ms: of.p95Ms }),
      withinPercent: of?.withinPercent ?? reading.withinPercent,
    });
    const zonesOf = (colour: Colour) =>
      zones[colour].map((reading, zone) => withTimes(reading, times?.zones[colour][zone]));
    return {
      minute,
      colours: Object.fromEntries(
        Object.entries(colours).map(([colour, reading]) => [
          colour,
          withTimes(reading, times?.colours[colour as Colour]),
        ]),
      ),
      zones: { blue: zonesOf('blue'), green: zonesOf('green') },
    };
  });

/** moto says what each alarm's state is, but stamps it with this machine's time: since when is told by the world's. */
export const stamped = (told: readonly AlarmReading[], modelled: readonly AlarmReading[]): readonly AlarmReading[] =>
  told.map((alarm) => ({ ...alarm, since: modelled.find(({ name }) => name === alarm.name)?.since ?? alarm.since }));

/** Somebody subscribes to the notifications; the kinds of all that came, in order. */
export async function subscribe(
  moto: Moto,
  { sns }: OwnClients,
  TopicArn: string,
): Promise<() => Promise<readonly NotificationKind[]>> {
  const sqs = (operation: string, input: object) => json(moto, 'sqs', `AmazonSQS.${operation}`, input);
  const { QueueUrl } = await sqs('CreateQueue', { QueueName: 'people' });
  const Endpoint = `arn:aws:sqs:${REGION}:${ACCOUNT}:people`;
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint }));
  return async () => {
    const answer = await sqs('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 });
    const { Messages = [] } = answer as { readonly Messages?: readonly { readonly Body: string }[] };
    return Messages.map(({ Body }) => kindOf(Body));
  };
}

function kindOf(body: string): NotificationKind {
  const { Message } = JSON.parse(body) as { readonly Message: string };
  const { metadata } = JSON.parse(Message) as { readonly metadata: { readonly eventType: string } };
  return metadata.eventType.replace(/^sluice-/, '') as NotificationKind;
}

/** What the probe asks: the candidate's health page behind the probe rule. */
export async function startHealthPage(isHealthy: () => boolean) {
  const server = createServer(({ headers }, response) => {
    response.statusCode = headers['x-sluice-probe'] === 'guid' && isHealthy() ? 200 : 503;
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
