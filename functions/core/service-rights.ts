/**
 * What each verb may do to a service, as actions of AWS. The role of a service allows all of it, on exactly its own parts
 * (infra/constructs/rights.ts); a session narrows that to what one verb needs. Held to the code by test/infra/rights.test.ts.
 */
import type { Registration } from './registration.ts';

export const SERVICE_RIGHTS = {
  ChangeService: ['ecs:UpdateService'],
  FindImage: ['ecr:DescribeImages'],
  FindTasks: ['ecs:ListTasks'],
  HoldScaling: ['application-autoscaling:RegisterScalableTarget'],
  MoveTraffic: ['elasticloadbalancing:ModifyRule'],
  PassTaskRoles: ['iam:PassRole'],
  PointProbe: ['elasticloadbalancing:ModifyRule'],
  ReadAlarms: ['cloudwatch:DescribeAlarms'],
  ReadHealth: ['elasticloadbalancing:DescribeTargetHealth'],
  ReadNumbers: ['cloudwatch:GetMetricData', 'cloudwatch:ListMetrics'],
  ReadRevisions: ['ecs:DescribeTaskDefinition'],
  ReadRule: ['elasticloadbalancing:DescribeRules'],
  ReadScaling: ['application-autoscaling:DescribeScalableTargets'],
  ReadServices: ['ecs:DescribeServices'],
  ReadTasks: ['ecs:DescribeTasks'],
  RegisterRevision: ['ecs:RegisterTaskDefinition'],
  RunMigration: ['ecs:RunTask'],
  StopMigration: ['ecs:StopTask'],
  TagRevision: ['ecs:TagResource'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type ServiceRight = keyof typeof SERVICE_RIGHTS;

/** Whether tasks of one colour crashed, and whether it is healthy. */
const WATCH_TASKS = ['ReadHealth', 'ReadServices', 'FindTasks', 'ReadTasks', 'ReadRevisions'] as const;

/** What a look at one colour's tasks asks for. */
const LOOK_AT_TASKS = [...WATCH_TASKS, 'ReadScaling'] as const;

/** A revision that is a copy of the template, under the service's roles. */
const COPY = ['ReadRevisions', 'RegisterRevision', 'PassTaskRoles', 'TagRevision'] as const;

/** To bring a release to either end: weights, probe, the colour that is scaled to zero. */
const END_RELEASE = [
  'ReadRule',
  'MoveTraffic',
  'PointProbe',
  ...LOOK_AT_TASKS,
  'ChangeService',
  'HoldScaling',
] as const;

const RUN_MIGRATION = ['FindTasks', 'ReadTasks', ...COPY, 'RunMigration', 'StopMigration'] as const;

/** By the name of the Lambda. */
export const RIGHTS_OF = {
  // MoveTraffic: it writes the weights that stand there, so that a missing right shows now and not in a rollback.
  open: ['ReadRule', 'MoveTraffic', 'ReadHealth', 'ReadAlarms', 'ReadNumbers', 'FindImage'],
  migrate: RUN_MIGRATION,
  prepare: ['ReadRule', 'PointProbe', 'ChangeService', 'HoldScaling', ...LOOK_AT_TASKS, ...COPY],
  shift: ['ReadRule', 'MoveTraffic', ...LOOK_AT_TASKS, 'ReadAlarms'],
  judge: ['ReadRule', ...WATCH_TASKS, 'ReadAlarms', 'ReadNumbers'],
  revert: END_RELEASE,
  close: END_RELEASE,
  guard: ['ReadRule', 'MoveTraffic', 'ReadHealth'],
  reconcile: [...END_RELEASE, 'FindImage', 'ReadAlarms', 'ReadNumbers'],
  'migrate-by-hand': ['FindImage', ...RUN_MIGRATION],
  'rotate-refresh': [...LOOK_AT_TASKS, 'ChangeService'],
  /** Whether the rule forwards to both target groups, and the role can be assumed at all. */
  registrar: ['ReadRule'],
} as const satisfies Readonly<Record<string, readonly ServiceRight[]>>;

export type Actor = keyof typeof RIGHTS_OF;

/** IAM's limit for a policy that is handed over with AssumeRole; what is packed of it counts as well. */
export const LONGEST_SESSION_POLICY = 2048;

const MODIFY_RULE = 'elasticloadbalancing:ModifyRule';

/**
 * What the session of one verb may do. The role's own policy names the resources, and both must allow a call; so this one
 * names actions alone, and stays short however long the names are. Only rules are named: the role may write two of them,
 * and not every verb may write both.
 */
export function sessionPolicy(actor: Actor, { ruleArn, probe }: Pick<Registration, 'ruleArn' | 'probe'>): string {
  const rights: readonly ServiceRight[] = RIGHTS_OF[actor];
  const actions = new Set<string>(rights.flatMap((right) => SERVICE_RIGHTS[right]));
  const rules = [
    ...(rights.includes('MoveTraffic') ? [ruleArn] : []),
    ...(rights.includes('PointProbe') ? [probe.ruleArn] : []),
  ];
  actions.delete(MODIFY_RULE);
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: [...actions].toSorted(), Resource: '*' },
      ...(rules.length > 0 ? [{ Effect: 'Allow', Action: MODIFY_RULE, Resource: rules }] : []),
    ],
  });
}

/** 2 to 64 letters, digits and `=,.@-_`. CloudTrail shows it with every call: who did this, for which release. */
export const sessionName = (actor: Actor, release: string | undefined): string =>
  `${actor}@${release ?? 'no-release'}`.replace(/[^\w=,.@-]/g, '-').slice(0, 64);
