/**
 * What a role may do, one named statement each, with its reason. docs/permissions.md is made of what this writes into
 * the template; a statement that came another way has no reason there, and a test says so.
 */
import { type Duration, Stack, Validations } from 'aws-cdk-lib';
import { type CfnPolicy, type IPrincipal, Policy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { flattenCfnReference } from 'cdk-nag/lib/utils/flatten-cfn-reference.js';
import type { Construct } from 'constructs';

export interface Permission {
  readonly actions: readonly string[];
  /** ARNs; `everywhere` for actions that know no narrower resource. */
  readonly resources: readonly string[];
  readonly why: string;
  /** Why a resource ends in a wildcard. */
  readonly wide?: string;
  /** IAM conditions, by operator. */
  readonly when?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** By the statement's name (its Sid: letters and digits). */
export type Permissions = Readonly<Record<string, Permission>>;

export const everywhere = ['*'] as const;

const NO_RESOURCE = 'IAM knows no resource for it';
const NO_INTERFACE = 'Lambda makes and removes the interface itself, and takes no narrower role';

/**
 * The only actions that may be allowed on every resource, and why
 * (https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html).
 */
export const ONLY_EVERYWHERE: Readonly<Record<string, string>> = {
  'application-autoscaling:DescribeScalableTargets': NO_RESOURCE,
  'application-autoscaling:RegisterScalableTarget':
    "a target's ARN holds an id that nobody chooses; a condition keeps it to ECS",
  'cloudwatch:DescribeAlarms': 'asked by name, it is authorised for all alarms',
  'cloudwatch:GetMetricData': NO_RESOURCE,
  'cloudwatch:ListMetrics': NO_RESOURCE,
  'ec2:AssignPrivateIpAddresses': NO_INTERFACE,
  'ec2:CreateNetworkInterface': NO_INTERFACE,
  'ec2:DeleteNetworkInterface': NO_INTERFACE,
  'ec2:DescribeNetworkInterfaces': NO_RESOURCE,
  'ec2:DescribeSubnets': NO_RESOURCE,
  'ec2:UnassignPrivateIpAddresses': NO_INTERFACE,
  'ecr:GetAuthorizationToken': NO_RESOURCE,
  'ecs:DescribeTaskDefinition': NO_RESOURCE,
  'ecs:ListTasks':
    'its only resource is a container instance, and Fargate has none; a condition keeps it to the cluster',
  'ecs:RegisterTaskDefinition': NO_RESOURCE,
  'elasticloadbalancing:DescribeListeners': NO_RESOURCE,
  'elasticloadbalancing:DescribeRules': NO_RESOURCE,
  'elasticloadbalancing:DescribeTargetHealth': NO_RESOURCE,
  'logs:CreateLogDelivery': NO_RESOURCE,
  'logs:DeleteLogDelivery': NO_RESOURCE,
  'logs:DescribeLogGroups': NO_RESOURCE,
  'logs:DescribeResourcePolicies': NO_RESOURCE,
  'logs:GetLogDelivery': NO_RESOURCE,
  'logs:ListLogDeliveries': NO_RESOURCE,
  'logs:PutResourcePolicy': NO_RESOURCE,
  'logs:UpdateLogDelivery': NO_RESOURCE,
  'xray:GetSamplingRules': NO_RESOURCE,
  'xray:GetSamplingTargets': NO_RESOURCE,
  'xray:PutTelemetryRecords': NO_RESOURCE,
  'xray:PutTraceSegments': NO_RESOURCE,
};

export interface RoleProps {
  /** Who takes it on; a service of AWS by its name, as `lambda`. */
  readonly isOf: string | IPrincipal;
  /** Who that is, for people. */
  readonly who: string;
  readonly may: Permissions;
  /** @default - one of CloudFormation's */
  readonly named?: string;
  /** How long it may be kept on. @default - an hour */
  readonly lasts?: Duration;
}

/**
 * A role that may do exactly this. Give it to constructs `withoutPolicyUpdates`: then what CDK would allow by itself is
 * not added. The app does not synthesise where a wildcard has no reason.
 */
export function roleFor(scope: Construct, id: string, { isOf, named, who, may, lasts }: RoleProps): Role {
  const role = new Role(scope, id, {
    assumedBy: typeof isOf === 'string' ? new ServicePrincipal(`${isOf}.amazonaws.com`) : isOf,
    ...(named === undefined ? {} : { roleName: named }),
    ...(lasts ? { maxSessionDuration: lasts } : {}),
  });
  const entries = Object.entries(may);
  const policy = new Policy(role, 'Permissions', {
    roles: [role],
    statements: entries.map(
      ([sid, { actions, resources, when }]) =>
        new PolicyStatement({
          sid,
          actions: [...actions],
          resources: [...resources],
          ...(when ? { conditions: when } : {}),
        }),
    ),
  });
  const reasons = Object.fromEntries(entries.map(([sid, { why }]) => [sid, why]));
  const written = policy.node.defaultChild as CfnPolicy;
  written.addMetadata('Who', who);
  written.addMetadata('Why', reasons);
  // Only when the app is synthesised does a reference to another stack read as it will in the template.
  policy.node.addValidation({
    validate: () => entries.flatMap(([sid, permission]) => acknowledgeWildcards(policy, sid, permission)),
  });
  return role;
}

/** What has a wildcard and no reason for it. */
function acknowledgeWildcards(
  policy: Policy,
  sid: string,
  { actions, resources, wide }: Permission,
): readonly string[] {
  return resources.flatMap((written) => {
    const resource = flattenCfnReference(Stack.of(policy).resolve(written));
    if (!resource.includes('*')) return [];
    const unreasoned = resource === '*' ? actions.filter((action) => !(action in ONLY_EVERYWHERE)) : [];
    if (unreasoned.length > 0) return [`${sid} allows ${unreasoned.join(', ')} on every resource; name the resource`];
    const reason =
      resource === '*' ? actions.map((action) => `${action}: ${ONLY_EVERYWHERE[action]}`).join('; ') : wide;
    if (!reason) return [`${sid} allows ${resource}; say in "wide" why no narrower one will do`];
    Validations.of(policy).acknowledge({ id: `AwsSolutions-IAM5[Resource::${resource}]`, reason });
    return [];
  });
}
