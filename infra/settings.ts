/**
 * What may be said of services and what they stand on; bin/settings.ts reads it, with what production builds beneath.
 * Everything has a default, and the defaults are docs/seed.md's.
 */
import * as z from 'zod/mini';
import type { WrongField } from '../functions/core/failures.ts';
import { MIGRATION_SECONDS, type OnUnproven, type Policy, PREPARE_SECONDS } from '../functions/core/plan.ts';
import { LONGEST_WARM_MINUTES } from '../functions/core/release-schema.ts';
import { LOG_DAYS, PROFILES } from './invalid-settings.ts';

/** `production`: the seed. `trial`: cheap, on its own, to be thrown away. `attach`: on what stands already. */
export type Profile = (typeof PROFILES)[number];

export interface Settings {
  readonly profile: Profile;
  /** @default - us-east-1 in production, else where the stack is deployed from */
  readonly region?: string | undefined;
  /** What stands already; for `attach` only, the other profiles build it. */
  readonly foundation?: Foundation | undefined;
  /** One releases stack each. @default - the seed's one service */
  readonly services: readonly Service[];
  /** Who gets the pages and notifications by mail. @default - nobody: subscribe to the topic yourself */
  readonly mails: readonly string[];
  /** How long logs are kept, days; a number that CloudWatch Logs knows. @default - 90 */
  readonly logDays: number;
  /** The ledger outlives its stack. @default - true, but for a trial */
  readonly keepData: boolean;
  /** When the stack is deleted, the rule and the service go, even while users are served. @default - false, but for a trial */
  readonly removeRule: boolean;
}

/** The plain ids of the network, load balancer and cluster that services run on. */
export interface Foundation {
  readonly vpcId: string;
  /** For the tasks, at least two, each in another zone. */
  readonly subnetIds: readonly string[];
  /** The tasks reach the registry through it where the subnets have no NAT. @default - false */
  readonly assignPublicIp: boolean;
  /** Groups that the tasks are in beside their own, as the one that a database admits. @default - none */
  readonly taskSecurityGroupIds: readonly string[];
  readonly loadBalancerArn: string;
  /** May send to the tasks' subnets. */
  readonly loadBalancerSecurityGroupId: string;
  readonly listenerArn: string;
  /** Where the listener answers, without a path, as `https://api.example.com`; probes go there. */
  readonly url: string;
  readonly clusterName: string;
}

export interface Service {
  /** Begins the name of everything that belongs to it. @default - conductores-backend */
  readonly name: string;
  /** In ECR, in the account and region of the stack. @default - the service's name */
  readonly repository: string;
  readonly container: Container;
  /** What is no secret. @default - none */
  readonly environment: Readonly<Record<string, string>>;
  /** By the variable's name; kept in Secrets Manager. @default - the seed's eleven in production, else none */
  readonly secrets: Readonly<Record<string, SecretField>>;
  /** Buckets that its tasks may read and write. @default - the seed's documents in production, else none */
  readonly buckets: readonly string[];
  /** The role that its tasks have, with whatever rights it has. @default - one of its own, for the buckets */
  readonly taskRoleArn?: string | undefined;
  readonly scaling: Scaling;
  readonly rule: RuleSettings;
  /** @default - compare */
  readonly policy: Policy;
  /** @default - ask */
  readonly onUnproven: OnUnproven;
  /** @default - 60 */
  readonly warmMinutes: number;
  /** Runs from the new image before any traffic moves. @default - alembic for the seed's one service, else none */
  readonly migration?: Migration | undefined;
  /** How long a candidate may take to become healthy. @default - 600 */
  readonly readyWithinSeconds: number;
  /** @default - 1800 */
  readonly migrateWithinSeconds: number;
}

export interface Container {
  /** @default - backend */
  readonly name: string;
  /** @default - 8000 */
  readonly port: number;
  /** @default - /health */
  readonly healthPath: string;
  /** Seconds after its start in which a task's failed health checks do not count. @default - 60 */
  readonly graceSeconds: number;
  /** 1024 is one vCPU. @default - 1024 */
  readonly cpu: number;
  /** MiB. @default - 2048 */
  readonly memory: number;
  /** What its image is built for. @default - X86_64 */
  readonly architecture: 'X86_64' | 'ARM64';
}

export interface SecretField {
  /** The secret's name in Secrets Manager. */
  readonly secret: string;
  /** A key of its JSON. @default - the whole secret */
  readonly field?: string | undefined;
}

export interface Scaling {
  /** @default - 2 */
  readonly minimum: number;
  /** @default - 10 */
  readonly maximum: number;
  /** @default - 70 */
  readonly cpuPercent: number;
}

/** Which requests are the service's. The probe rule stands one place before it. */
export interface RuleSettings {
  /** From 2 on; lower ones are asked first. @default - 100, and 10 more for each further service */
  readonly priority: number;
  /** @default - every path */
  readonly paths: readonly string[];
  /** @default - every host */
  readonly hosts: readonly string[];
  /** Seconds for which a client stays with its colour; a revert ends it. @default - 0: off */
  readonly stickinessSeconds: number;
}

export interface Migration {
  readonly command: readonly string[];
}

const name = z.string().check(z.regex(/^[a-z][a-z0-9-]{1,22}[a-z0-9]$/));
const text = z.string().check(z.minLength(1));
const whole = (least: number, most: number) => z.int().check(z.gte(least), z.lte(most));
const seconds = (most: number) => whole(30, most);

export const service = z.strictObject({
  name: z._default(name, 'conductores-backend'),
  repository: z.optional(z.string().check(z.regex(/^[a-z0-9]+(?:[._/-][a-z0-9]+)*$/))),
  container: z.prefault(
    z.strictObject({
      name: z._default(name, 'backend'),
      port: z._default(whole(1, 65_535), 8000),
      healthPath: z._default(z.string().check(z.regex(/^\/[\w./-]*$/)), '/health'),
      graceSeconds: z._default(whole(0, 3600), 60),
      cpu: z._default(z.literal([256, 512, 1024, 2048, 4096]), 1024),
      memory: z._default(whole(512, 30_720), 2048),
      architecture: z._default(z.enum(['X86_64', 'ARM64']), 'X86_64'),
    }),
    {},
  ),
  environment: z._default(z.record(text, z.string()), {}),
  secrets: z.optional(z.record(text, z.strictObject({ secret: text, field: z.optional(text) }))),
  buckets: z.optional(z.array(z.string().check(z.regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/)))),
  taskRoleArn: z.optional(z.string().check(z.regex(/^arn:[\w-]+:iam::\d{12}:role\/.+$/))),
  scaling: z.prefault(
    z.strictObject({
      minimum: z._default(whole(1, 100), 2),
      maximum: z._default(whole(1, 100), 10),
      cpuPercent: z._default(whole(10, 90), 70),
    }),
    {},
  ),
  rule: z.prefault(
    z.strictObject({
      priority: z.optional(whole(2, 50_000)),
      paths: z._default(z.array(text).check(z.minLength(1), z.maxLength(5)), ['/*']),
      hosts: z._default(z.array(text).check(z.maxLength(4)), []),
      stickinessSeconds: z._default(whole(0, 604_800), 0),
    }),
    {},
  ),
  policy: z._default(z.enum(['compare', 'literal']), 'compare'),
  onUnproven: z._default(z.enum(['ask', 'proceed', 'abort']), 'ask'),
  warmMinutes: z._default(whole(0, LONGEST_WARM_MINUTES), 60),
  migration: z.optional(z.strictObject({ command: z.array(text).check(z.minLength(1)) })),
  readyWithinSeconds: z._default(seconds(PREPARE_SECONDS), 600),
  migrateWithinSeconds: z._default(seconds(MIGRATION_SECONDS), MIGRATION_SECONDS),
});

/** What may be written, field by field. */
export const SETTINGS = {
  profile: z._default(z.enum(PROFILES), 'production'),
  region: z.optional(z.string().check(z.regex(/^[a-z]{2}(-[a-z]+)+-\d$/))),
  foundation: z.optional(
    z.strictObject({
      vpcId: z.string().check(z.regex(/^vpc-[0-9a-f]+$/)),
      subnetIds: z.array(z.string().check(z.regex(/^subnet-[0-9a-f]+$/))).check(z.minLength(2)),
      assignPublicIp: z._default(z.boolean(), false),
      taskSecurityGroupIds: z._default(z.array(z.string().check(z.regex(/^sg-[0-9a-f]+$/))), []),
      loadBalancerArn: z.string().check(z.regex(/^arn:[\w-]+:elasticloadbalancing:[^:]+:\d{12}:loadbalancer\/app\//)),
      loadBalancerSecurityGroupId: z.string().check(z.regex(/^sg-[0-9a-f]+$/)),
      listenerArn: z.string().check(z.regex(/^arn:[\w-]+:elasticloadbalancing:[^:]+:\d{12}:listener\/app\//)),
      url: z.string().check(z.regex(/^https?:\/\/[^/]+$/)),
      clusterName: text,
    }),
  ),
  services: z.optional(z.array(service).check(z.minLength(1))),
  mails: z._default(z.array(z.string().check(z.regex(/^[^@\s]+@[^@\s]+$/))), []),
  logDays: z._default(z.literal([...LOG_DAYS]), 90),
  keepData: z.optional(z.boolean()),
  removeRule: z.optional(z.boolean()),
};

/** What is wrong with the whole, though each field may be right. */
export const settingsMistakes = (settings: Settings): readonly WrongField[] => [
  ...profileMistakes(settings),
  ...serviceMistakes(settings.services),
];

function profileMistakes({ profile, foundation, services }: Settings): readonly WrongField[] {
  const wrong: WrongField[] = [];
  if (profile === 'attach' && !foundation)
    wrong.push({
      field: 'foundation',
      message: 'is missing',
      fix: 'write the ids of what stands (examples/attach.json)',
    });
  if (profile !== 'attach' && foundation)
    wrong.push({
      field: 'foundation',
      message: `is built by ${profile}`,
      fix: 'leave it out, or write "profile": "attach"',
    });
  if (services.length === 0)
    wrong.push({ field: 'services', message: 'is missing', fix: 'write at least one (examples/attach.json)' });
  return wrong;
}

/** What each service says may be right in itself, and still wrong beside the others. */
function serviceMistakes(services: readonly Service[]): readonly WrongField[] {
  return services.flatMap((one, index) => {
    const wrong: WrongField[] = [];
    const say = (field: string, message: string, fix: string): void => {
      wrong.push({ field: `services[${index}].${field}`, message, fix });
    };
    const others = services.slice(0, index);
    if (others.some((other) => other.name === one.name))
      say('name', `${one.name} is there already`, 'give each service a name of its own');
    // The probe rule takes the place before.
    if (others.some((other) => Math.abs(other.rule.priority - one.rule.priority) < 2))
      say('rule.priority', `${one.rule.priority} is taken, or its probe rule's place is`, 'leave 2 between priorities');
    if (others.some((other) => conditionsOf(other) === conditionsOf(one)))
      say('rule.paths', 'the same requests belong to another service', 'give each service its own paths or hosts');
    if (one.scaling.minimum > one.scaling.maximum)
      say('scaling.maximum', `${one.scaling.maximum} is under the minimum`, `write at least ${one.scaling.minimum}`);
    const { least, most } = memoryFor(one.container.cpu);
    if (one.container.memory < least || one.container.memory > most || one.container.memory % 512 !== 0)
      say(
        'container.memory',
        `${one.container.memory} MiB does not go with ${one.container.cpu} CPU units`,
        `write a multiple of 512 from ${least} to ${most}`,
      );
    if (one.taskRoleArn && one.buckets.length > 0)
      say(
        'buckets',
        'are for a role of ours, and the tasks have their own',
        'leave it out, and give that role the right',
      );
    const twice = Object.keys(one.environment).find((variable) => variable in one.secrets);
    if (twice !== undefined) say(`secrets.${twice}`, 'is in the environment too', 'leave it out of the environment');
    return wrong;
  });
}

const conditionsOf = ({ rule }: Service): string => JSON.stringify([rule.hosts.toSorted(), rule.paths.toSorted()]);

/** What Fargate allows (task size table of the ECS developer guide); 512 MiB steps are a part of it. */
const memoryFor = (cpu: number): { readonly least: number; readonly most: number } =>
  cpu === 256 ? { least: 512, most: 2048 } : { least: cpu * 2, most: Math.min(cpu * 8, 30_720) };
