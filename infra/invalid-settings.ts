/** What is said of settings that is invalid: the field, what is wrong, and what to write instead. */
import type * as z from 'zod/mini';
import type { WrongField } from '../functions/core/failures.ts';
import { MIGRATION_SECONDS, PREPARE_SECONDS } from '../functions/core/plan.ts';
import { LONGEST_WARM_MINUTES } from '../functions/core/release-schema.ts';

export const PROFILES = ['production', 'trial', 'attach'] as const;

/** CloudWatch Logs knows these and no others (PutRetentionPolicy). */
export const LOG_DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827] as const;

/** Wrong settings: everything that is wrong, one line a field. Nothing was built. */
export class InvalidSettings extends Error {
  override readonly name = 'InvalidSettings';
  readonly fields: readonly WrongField[];
  constructor(fields: readonly WrongField[]) {
    super(
      [
        'The settings are wrong; nothing was built.',
        ...fields.map(({ field, message, fix }) => `${field}: ${message}; ${fix}`),
      ].join('\n'),
    );
    this.fields = fields;
  }
}

/** What to write instead, by field; lists without their position. */
const FIXES: Readonly<Record<string, string>> = {
  profile: `write ${PROFILES.join(', ')}`,
  region: 'write a region ("us-east-1")',
  'foundation.vpcId': 'write "vpc-" and its hex digits',
  'foundation.subnetIds': 'write at least two, "subnet-" and their hex digits',
  'foundation.subnetIds[]': 'write "subnet-" and its hex digits',
  'foundation.taskSecurityGroupIds[]': 'write "sg-" and its hex digits',
  'foundation.loadBalancerSecurityGroupId': 'write "sg-" and its hex digits',
  'foundation.loadBalancerArn': 'write the ARN of an application load balancer',
  'foundation.listenerArn': 'write the ARN of a listener of that load balancer',
  'foundation.url': 'write where it answers, without a path ("https://api.example.com")',
  services: 'write at least one',
  'services[].name': 'write 3 to 24 lower-case letters, digits and hyphens, a letter first',
  'services[].repository': 'write the name of an ECR repository of this account, without its registry',
  'services[].container.name': 'write 3 to 24 lower-case letters, digits and hyphens',
  'services[].container.port': 'write a port, 1 to 65535',
  'services[].container.healthPath': 'write a path ("/health")',
  'services[].container.graceSeconds': 'write seconds, 0 to 3600',
  'services[].container.cpu': 'write 256, 512, 1024, 2048 or 4096',
  'services[].container.memory': 'write MiB, 512 to 30720',
  'services[].container.architecture': 'write X86_64 or ARM64',
  'services[].taskRoleArn': 'write the ARN of a role that ecs-tasks.amazonaws.com may assume',
  'services[].scaling.minimum': 'write 1 to 100 tasks',
  'services[].scaling.maximum': 'write 1 to 100 tasks',
  'services[].scaling.cpuPercent': 'write 10 to 90 percent',
  'services[].buckets[]': 'write the name of a bucket',
  'services[].rule.priority': 'write 2 to 50000',
  'services[].rule.paths': 'write one to five paths (["/api/*"])',
  'services[].rule.hosts': 'write at most four hosts (["api.example.com"])',
  'services[].rule.stickinessSeconds': 'write seconds, 0 (off) to 604800',
  'services[].policy': 'write compare or literal',
  'services[].onUnproven': 'write ask, proceed or abort',
  'services[].warmMinutes': `write minutes, 0 to ${LONGEST_WARM_MINUTES}`,
  'services[].migration.command': 'write the command and its arguments (["alembic", "upgrade", "head"])',
  'services[].readyWithinSeconds': `write seconds, 30 to ${PREPARE_SECONDS}`,
  'services[].migrateWithinSeconds': `write seconds, 30 to ${MIGRATION_SECONDS}`,
  'mails[]': 'write a mail address',
  logDays: `write one of ${LOG_DAYS.join(', ')}`,
  keepData: 'write true or false',
  removeRule: 'write true or false',
};

/** `fixes`: what to write instead in fields that are somebody else's. */
export function wrongFields(
  issue: z.core.$ZodIssue,
  fixes: Readonly<Record<string, string>> = {},
): readonly WrongField[] {
  const field = issue.path.reduce<string>(
    (path, step) => (typeof step === 'number' ? `${path}[${step}]` : path ? `${path}.${String(step)}` : String(step)),
    '',
  );
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      field: field ? `${field}.${key}` : key,
      message: 'is no setting',
      fix: 'leave it out; bin/settings.ts lists them all',
    }));
  const place = field.replace(/\d+(?=\])/g, '');
  const fix = FIXES[place] ?? fixes[place] ?? 'see bin/settings.ts';
  if (field === '') return [{ field: 'settings', message: 'is no JSON object', fix: 'write {"profile": "trial"}' }];
  return [
    { field, message: issue.input === undefined ? 'is missing' : `${JSON.stringify(issue.input)} is invalid`, fix },
  ];
}
