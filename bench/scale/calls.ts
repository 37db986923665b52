/**
 * From a call of a port, as the rehearsal writes it down, to the calls of AWS that its adapter makes for it. Held to the
 * adapters by test/bench/scale.test.ts.
 */
import type { QuotaName } from './quotas.ts';

/** One look at a colour. A task that stopped is one `DescribeTasks` more. */
const OBSERVE = [
  'DescribeServices',
  'DescribeTargetHealth',
  'DescribeTaskDefinition',
  'DescribeScalableTargets',
  'ListTasks',
] as const;

export const CALLS_OF = {
  DescribeRules: ['DescribeRules'],
  ModifyRule: ['DescribeRules', 'ModifyRule'],
  'ModifyRule (no change)': ['DescribeRules', 'ModifyRule'],
  Probe: ['DescribeRules', 'ModifyRule', 'DescribeRules', 'ModifyRule'],
  'Probe (rests)': ['DescribeRules', 'ModifyRule'],
  DescribeServices: OBSERVE,
  'DescribeServices (crashes)': ['DescribeServices', 'ListTasks'],
  DescribeTargetHealth: ['DescribeTargetHealth', 'DescribeTargetHealth'],
  /** A new revision, which is the most that it comes to. */
  UpdateService: ['DescribeTaskDefinition', 'DescribeTaskDefinition', 'RegisterTaskDefinition', 'UpdateService'],
  RegisterScalableTarget: ['DescribeScalableTargets', 'RegisterScalableTarget'],
  ListTasks: ['ListTasks', 'ListTasks'],
  RunTask: ['ListTasks', 'ListTasks', 'RunTask'],
  StopTask: ['ListTasks', 'ListTasks', 'StopTask'],
  GetMetricData: ['ListMetrics', 'GetMetricData'],
  DescribeAlarms: ['DescribeAlarms'],
  'Ledger read': ['GetItem'],
  'Ledger write': ['UpdateItem'],
  DescribeImages: ['DescribeImages'],
  StartExecution: ['StartExecution'],
  DescribeExecution: ['DescribeExecution'],
  Publish: ['PublishBatch', 'PutEvents'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type PortCall = keyof typeof CALLS_OF;

/** What a call is counted against; what is not here has a quota that nothing of ours comes near. */
export const QUOTA_OF: Readonly<Record<string, QuotaName>> = {
  DescribeRules: 'ELBv2 reads',
  DescribeTargetHealth: 'ELBv2 reads',
  ModifyRule: 'ELBv2 writes',
  DescribeServices: 'ECS service reads',
  DescribeTaskDefinition: 'ECS service reads',
  ListTasks: 'ECS task reads',
  DescribeTasks: 'ECS task reads',
  UpdateService: 'ECS changes',
  RegisterTaskDefinition: 'ECS changes',
  DescribeAlarms: 'DescribeAlarms',
  GetMetricData: 'GetMetricData',
  ListMetrics: 'ListMetrics',
  DescribeExecution: 'DescribeExecution',
  StartExecution: 'StartExecution',
  GetItem: 'DynamoDB reads',
  UpdateItem: 'DynamoDB writes',
};

export const awsCallsOf = (call: string): readonly string[] => {
  const known = CALLS_OF[call as PortCall];
  if (!known) throw new Error(`Say in bench/scale/calls.ts what ${call} comes to in AWS`);
  return known;
};
