/**
 * What the controller must know of a service: where its parts are, and how it is released. One schema for whoever writes
 * it and whoever reads it.
 */
import * as z from 'zod/mini';
import type { WrongField } from './failures.ts';
import { COLOURS } from './roles.ts';
import { quoted } from './suggest.ts';

/** Part of names that AWS limits: a target group's may have 32 characters, its colour and what CDK adds included. */
export const SERVICE_NAME = /^[a-z][a-z0-9-]{1,22}[a-z0-9]$/;

const text = z.string('is no text').check(z.minLength(1, 'is empty'));
const seconds = z.number('is no number').check(z.gte(0, 'is below 0'));

export const arnOf = (what: string, pattern: RegExp) =>
  z.string(`is no ARN of a ${what}`).check(z.regex(pattern, `is no ARN of a ${what}`));

const ruleArn = arnOf('listener rule', /^arn:[\w-]+:elasticloadbalancing:.+:listener-rule\/app\/.+/);
const targetGroupArn = arnOf('target group', /^arn:[\w-]+:elasticloadbalancing:.+:targetgroup\/.+/);
const perColour = <Shape extends z.ZodMiniType>(shape: Shape) => z.strictObject({ blue: shape, green: shape });

/** Of one service; whoever runs it knows the rest (functions/adapters/addresses.ts). */
export const serviceFields = {
  service: text,
  /** Never kept in an execution's state: a new listener gives the rule a new ARN. */
  ruleArn,
  /** `url`: where a request with that header reaches the colour that the probe rule points at. */
  probe: z.strictObject({ ruleArn, url: z.url('is no URL'), header: text, secret: text }),
  targetGroups: perColour(targetGroupArn),
  loadBalancer: arnOf('load balancer', /^arn:[\w-]+:elasticloadbalancing:.+:loadbalancer\/app\/.+/),
  cluster: text,
  services: perColour(text),
  /** Task families. `template`: the one that developers edit, and that every revision is a copy of. */
  families: z.strictObject({ blue: text, green: text, template: text }),
  /** The container whose image is released. */
  container: text,
  repository: z.strictObject({ registry: text, name: text }),
  migration: z.optional(
    z.strictObject({
      command: z.array(text).check(z.minLength(1, 'is empty')),
      subnets: z.array(text).check(z.minLength(1, 'is empty')),
      securityGroups: z.array(text),
      /** Where the subnets have no NAT. @default - false */
      assignPublicIp: z.optional(z.boolean('is neither true nor false')),
    }),
  ),
  settings: z.strictObject({
    profile: z.enum(['production', 'trial', 'attach']),
    policy: z.enum(['compare', 'literal']),
    onUnproven: z.enum(['ask', 'proceed', 'abort']),
    warmMinutes: seconds,
    hasMigration: z.boolean('is neither true nor false'),
    minimumTasks: z.int('is no whole number').check(z.gte(1, 'is below 1')),
    readyWithinSeconds: seconds,
    migrateWithinSeconds: seconds,
  }),
} as const;

const shape = z.strictObject({
  ...serviceFields,
  service: z.string('is no text').check(z.regex(SERVICE_NAME, 'is no name of a service')),
  /** Assumed for every call that touches the service, so that no call touches another one. */
  role: arnOf('role', /^arn:[\w-]+:iam::\d{12}:role\/.+/),
});

export type Registration = z.infer<typeof shape>;

/** As the ledger keeps it. */
export interface Registered extends Registration {
  /** The CloudFormation stack, or whatever else wrote it: nobody else may change it. */
  readonly stack: string;
  /** 1, 2, 3, ... */
  readonly version: number;
  /** When this version was written, epoch seconds. */
  readonly registeredAt: number;
}

export type ParsedRegistration =
  | { readonly ok: true; readonly registration: Registration }
  | { readonly ok: false; readonly fields: readonly WrongField[] };

const COLOURS_APART = 'name a different one for each colour';
const OF_THIS = 'name one of the same account, region and load balancer as the others';

/** What to write instead, by field; lists without their position. */
const FIXES: Readonly<Record<string, string>> = {
  registration: 'write a JSON object; the construct writes all of it',
  service: 'write 3 to 24 lower-case letters, digits and hyphens, a letter first',
  ruleArn: 'write the ARN of the weighted rule, arn:...:listener-rule/app/...',
  probe: 'write the ARN of the probe rule, the URL, and the header with its secret value',
  'probe.ruleArn': 'write the ARN of the probe rule, arn:...:listener-rule/app/...',
  'probe.url': 'write the URL of the health check ("https://api.example.com/health")',
  targetGroups: 'write the ARN of a target group for each colour',
  loadBalancer: 'write the ARN of an application load balancer',
  cluster: 'write the name of the ECS cluster',
  services: 'write the name of an ECS service for each colour',
  families: 'write a task definition family for each colour, and the template that developers edit',
  container: 'write the name of the container whose image is released',
  repository: 'write {"registry": "<account>.dkr.ecr.<region>.amazonaws.com", "name": "orders"}',
  migration: 'write the command, subnets and security groups, or set settings.hasMigration to false',
  'migration.command': 'write the command and its arguments (["alembic", "upgrade", "head"])',
  'settings.profile': 'write production, trial or attach',
  'settings.policy': 'write compare or literal',
  'settings.onUnproven': 'write ask, proceed or abort',
  'settings.minimumTasks': 'write a number of tasks, 1 or more',
  role: 'write the ARN of the role that the controller assumes for this service',
};
const OTHERWISE = 'see API.md for what this field holds';

/** The registration in `raw`, a decoded JSON value, or everything that is wrong with it. */
export function parseRegistration(raw: unknown): ParsedRegistration {
  const parsed = z.safeParse(shape, raw, { reportInput: true });
  const fields = parsed.success ? contradictionsIn(parsed.data) : parsed.error.issues.flatMap(wrongFields);
  return parsed.success && fields.length === 0 ? { ok: true, registration: parsed.data } : { ok: false, fields };
}

function wrongFields({ path, code, input, message, ...issue }: z.core.$ZodIssue): readonly WrongField[] {
  const field = path.join('.') || 'registration';
  if (code === 'unrecognized_keys' && 'keys' in issue)
    return issue.keys.map((key) => ({
      field: path.length > 0 ? `${field}.${key}` : key,
      message: 'is a field that nobody knows',
      fix: 'leave it out',
    }));
  const fix = FIXES[path.filter((step) => typeof step === 'string').join('.')] ?? FIXES[String(path[0])] ?? OTHERWISE;
  if (input === undefined)
    return [{ field, message: 'is missing', fix: path.length > 0 ? fix : FIXES['registration']! }];
  const written = typeof input === 'object' ? '' : `${quoted(input)} `;
  return [{ field, message: `${written}${message.startsWith('is ') ? message : 'is invalid'}`, fix }];
}

/** `arn:aws:elasticloadbalancing:us-east-1:111111111111:...` -> `us-east-1:111111111111` */
const placeOf = (arn: string): string => arn.split(':').slice(3, 5).join(':');
const accountOf = (arn: string): string => arn.split(':')[4]!;

/** What is right field by field, and wrong together. */
function contradictionsIn(one: Registration): readonly WrongField[] {
  const { ruleArn: rule, probe, loadBalancer, targetGroups, services, families, role } = one;
  const balancer = loadBalancer.split(':loadbalancer/')[1]!;
  const wrong: WrongField[] = [];
  const check = (field: string, isRight: boolean, message: string, fix: string) => {
    if (!isRight) wrong.push({ field, message, fix });
  };
  check('ruleArn', rule !== probe.ruleArn, 'is the probe rule as well', FIXES['ruleArn']!);
  for (const [field, arn] of [
    ['ruleArn', rule],
    ['probe.ruleArn', probe.ruleArn],
  ] as const)
    check(field, arn.includes(`:listener-rule/${balancer}/`), 'is a rule of another load balancer', OF_THIS);
  for (const colour of COLOURS)
    check(
      `targetGroups.${colour}`,
      placeOf(targetGroups[colour]) === placeOf(loadBalancer),
      'is in another account or region than the load balancer',
      OF_THIS,
    );
  for (const [field, pair] of [
    ['targetGroups', targetGroups],
    ['services', services],
    ['families', families],
  ] as const)
    check(field, pair.blue !== pair.green, 'is the same for both colours', COLOURS_APART);
  const isOwn = families.template !== families.blue && families.template !== families.green;
  check(
    'families.template',
    isOwn,
    "is a colour's own family",
    'name the family that developers edit; no colour runs it',
  );
  check(
    'role',
    accountOf(role) === accountOf(loadBalancer),
    'is of another account than the load balancer',
    FIXES['role']!,
  );
  check(
    'migration',
    !one.settings.hasMigration || one.migration !== undefined,
    'is missing, and settings.hasMigration says that there is one',
    FIXES['migration']!,
  );
  return wrong;
}

/** What `one`, of that stack, would take from services that are registered already. */
export function takenFrom(others: readonly Registered[], one: Registration, stack: string): readonly WrongField[] {
  return others.flatMap((other) => {
    if (other.service === one.service)
      return other.stack === stack
        ? []
        : [
            {
              field: 'service',
              message: `${other.service} is registered by ${other.stack}`,
              fix: 'choose another name, or remove it there first',
            },
          ];
    const theirs = partsOf(other);
    const taken = [...partsOf(one)]
      .filter(([part]) => theirs.has(part))
      .map(([, field]) => ({
        field,
        message: `is ${other.service}'s`,
        fix: 'every service has a rule, target groups, ECS services and families of its own',
      }));
    const isSameRepository = nameOf(other.repository) === nameOf(one.repository);
    return isSameRepository && other.stack !== stack
      ? [
          ...taken,
          {
            field: 'repository',
            message: `${one.repository.name} releases ${other.service}, which is registered by ${other.stack}`,
            fix: 'use a repository of your own: a push there would release both; services of one stack may share one',
          },
        ]
      : taken;
  });
}

const nameOf = ({ registry, name }: Registration['repository']): string => `${registry}/${name}`;

/** What only one service can have, with the field that names it. */
function partsOf({ ruleArn: rule, probe, targetGroups, cluster, services, families }: Registration) {
  return new Map<string, string>([
    [rule, 'ruleArn'],
    [probe.ruleArn, 'probe.ruleArn'],
    ...COLOURS.flatMap(
      (colour) =>
        [
          [targetGroups[colour], `targetGroups.${colour}`],
          [`service/${cluster}/${services[colour]}`, `services.${colour}`],
          [`family/${families[colour]}`, `families.${colour}`],
        ] as const,
    ),
  ]);
}
