/**
 * What EventBridge tells the guard, in the guard's words. Sources of the shapes:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html and
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
 */
import * as z from 'zod/mini';
import type { Addresses } from '../adapters/addresses.ts';
import { whyStopped } from '../adapters/ecs-tasks.ts';
import { COLOURS } from '../core/roles.ts';
import { ACTING_ALARMS } from '../core/thresholds.ts';
import type { GuardEvent } from '../steps/safety/guard.ts';

const alarmChange = z.object({
  'detail-type': z.literal('CloudWatch Alarm State Change'),
  detail: z.object({
    alarmName: z.string(),
    state: z.object({
      value: z.enum(['OK', 'ALARM', 'INSUFFICIENT_DATA']),
      reason: z._default(z.string(), 'no reason given'),
      timestamp: z.string().check(z.refine((text) => !Number.isNaN(Date.parse(text)))),
    }),
  }),
});

const taskChange = z.object({
  'detail-type': z.literal('ECS Task State Change'),
  detail: z.object({
    clusterArn: z.string(),
    group: z.string(),
    lastStatus: z.literal('STOPPED'),
    stopCode: z.string(),
    stoppedReason: z.optional(z.string()),
    taskDefinitionArn: z.string(),
    containers: z.array(z.object({ name: z.string(), exitCode: z.optional(z.int()), reason: z.optional(z.string()) })),
  }),
});

/** Undefined for an event that is neither, or not about this service. */
export function guardEvent(
  event: unknown,
  at: Pick<Addresses, 'service' | 'services' | 'cluster' | 'container'>,
): GuardEvent | undefined {
  const { data } = z.safeParse(z.union([alarmChange, taskChange]), event);
  if (!data) return undefined;
  return 'alarmName' in data.detail ? alarmOf(data.detail, at) : taskOf(data.detail, at);
}

function alarmOf(
  { alarmName: name, state: { value: state, reason, timestamp } }: z.infer<typeof alarmChange>['detail'],
  { service }: Pick<Addresses, 'service'>,
): GuardEvent | undefined {
  const since = Date.parse(timestamp) / 1000;
  for (const colour of COLOURS) {
    const alarm = ACTING_ALARMS.find((one) => name === `${service}-${colour}-${one.name}`);
    if (alarm) return { kind: 'alarm', name, colour, acts: alarm.acts, state, since, reason };
  }
  return undefined;
}

function taskOf(
  { clusterArn, group, stopCode, stoppedReason, taskDefinitionArn, containers }: z.infer<typeof taskChange>['detail'],
  { services, cluster, container }: Pick<Addresses, 'services' | 'cluster' | 'container'>,
): GuardEvent | undefined {
  const colour = COLOURS.find((one) => group === `service:${services[one]}`);
  if (!colour || !clusterArn.endsWith(`:cluster/${cluster}`)) return undefined;
  // The released container alone: which of the others are essential stands in the task definition, and reading that
  // would delay the order. The next look at the tasks tells of them, half a minute later (adapters/ecs-tasks.ts).
  const exitCode = containers.find(({ name }) => name === container)?.exitCode;
  return {
    kind: 'task stopped',
    colour,
    revision: taskDefinitionArn,
    stopCode,
    ...(exitCode === undefined ? {} : { exitCode }),
    reason: whyStopped({ stoppedReason, containers }) ?? stopCode,
  };
}
