/**
 * What the controller must know of a service: where its parts are, and how it is released. One schema for whoever writes
 * it and whoever reads it.
 */
import * as z from 'zod/mini';

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
