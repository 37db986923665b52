/** Events as EventBridge delivers them. Sources: see functions/handlers/guard-events.ts, and the Step Functions developer guide, "Events" */

const envelope = {
  version: '0',
  id: 'c4c1c1c9-6542-e61b-6ef0-8c4d36933a92',
  account: '123456789012',
  time: '2026-01-05T14:00:00Z',
  region: 'us-east-1',
} as const;

/** `since`: when it entered its state, epoch seconds. */
export const alarmEvent = (alarmName: string, since: number, state: object = {}) => ({
  ...envelope,
  'detail-type': 'CloudWatch Alarm State Change',
  source: 'aws.cloudwatch',
  resources: [`arn:aws:cloudwatch:us-east-1:123456789012:alarm:${alarmName}`],
  detail: {
    alarmName,
    configuration: { description: 'far worse than the other colour', alarmRule: 'ALARM(one) OR ALARM(two)' },
    previousState: {
      value: 'OK',
      reason: 'arn:aws:cloudwatch:us-east-1:123456789012:alarm:one transitioned to OK',
      timestamp: clockedAt(since - 900),
    },
    state: {
      value: 'ALARM',
      reason: 'arn:aws:cloudwatch:us-east-1:123456789012:alarm:one transitioned to ALARM',
      reasonData: '{"triggeringAlarms":[{"arn":"arn:aws:cloudwatch:us-east-1:123456789012:alarm:one"}]}',
      timestamp: clockedAt(since),
      ...state,
    },
  },
});

/** As CloudWatch writes it. */
const clockedAt = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('Z', '+0000');

interface StoppedTask {
  readonly cluster: string;
  readonly service: string;
  readonly revision: string;
}

export const taskEvent = ({ cluster, service, revision }: StoppedTask, detail: object = {}) => ({
  ...envelope,
  'detail-type': 'ECS Task State Change',
  source: 'aws.ecs',
  resources: [`arn:aws:ecs:us-east-1:123456789012:task/${cluster}/0f5d6b1c`],
  detail: {
    attachments: [{ id: '1789bcae', type: 'eni', status: 'DELETED', details: [] }],
    availabilityZone: 'us-east-1a',
    clusterArn: `arn:aws:ecs:us-east-1:123456789012:cluster/${cluster}`,
    connectivity: 'CONNECTED',
    containers: [
      {
        containerArn: 'arn:aws:ecs:us-east-1:123456789012:container/cf159fd6',
        exitCode: 1,
        lastStatus: 'STOPPED',
        name: 'backend',
        image: '123456789012.dkr.ecr.us-east-1.amazonaws.com/conductores-backend@sha256:9f',
        taskArn: `arn:aws:ecs:us-east-1:123456789012:task/${cluster}/0f5d6b1c`,
        networkInterfaces: [],
        cpu: '0',
      },
    ],
    cpu: '1024',
    createdAt: '2026-01-05T13:55:00.123Z',
    desiredStatus: 'STOPPED',
    group: `service:${service}`,
    launchType: 'FARGATE',
    lastStatus: 'STOPPED',
    memory: '2048',
    platformVersion: '1.4.0',
    startedBy: 'ecs-svc/9223370545345641169',
    stopCode: 'EssentialContainerExited',
    stoppedAt: '2026-01-05T13:59:58.000Z',
    stoppedReason: 'Essential container in task exited',
    taskArn: `arn:aws:ecs:us-east-1:123456789012:task/${cluster}/0f5d6b1c`,
    taskDefinitionArn: revision,
    updatedAt: '2026-01-05T13:59:59.000Z',
    version: 5,
    ...detail,
  },
});

/** Every way in which a task may end (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html, stopCode). */
export const STOP_CODES = [
  'EssentialContainerExited',
  'TaskFailedToStart',
  'UserInitiated',
  'ServiceSchedulerInitiated',
  'SpotInterruption',
  'TerminationNotification',
] as const;

export const endEvent = (machine: string, detail: object = {}) => ({
  ...envelope,
  'detail-type': 'Step Functions Execution Status Change',
  source: 'aws.states',
  resources: [`arn:aws:states:us-east-1:123456789012:execution:${machine}:one`],
  detail: {
    executionArn: `arn:aws:states:us-east-1:123456789012:execution:${machine}:one`,
    stateMachineArn: `arn:aws:states:us-east-1:123456789012:stateMachine:${machine}`,
    name: 'one',
    status: 'ABORTED',
    startDate: 1767621300000,
    stopDate: 1767621600000,
    input: '{}',
    inputDetails: { included: true },
    output: null,
    ...detail,
  },
});
