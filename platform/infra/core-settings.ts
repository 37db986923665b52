/** What production builds beneath its services. Everything has a default, and the defaults are docs/seed.md's. */
import * as z from 'zod/mini';
import type { WrongField } from '../../functions/core/failures.ts';

export interface Core {
  /** Begins the name of everything, as `conductores-db`. @default - conductores */
  readonly name: string;
  /** Ends the names of buckets and parts those of secrets, as `conductores/prod/app`. @default - prod */
  readonly stage: string;
  /** One a zone survives the loss of a zone, and costs as much again. @default - 1 */
  readonly natGateways: number;
  readonly domain: Domain;
  readonly database: Database;
  readonly cache: Cache;
  /** Who may release from GitHub. @default - nobody */
  readonly github?: Github | undefined;
}

export interface Domain {
  /** The website's; `www.` leads there too, and `api.` to the load balancer. @default - conductoresdelmundo.com */
  readonly name: string;
  /** Its zone in Route 53. @default - a new one, whose name servers the registrar is told by hand while the stack is made */
  readonly zoneId?: string | undefined;
  /** A certificate of the website's in us-east-1. @default - made beside the load balancer's; needs a stack in us-east-1 */
  readonly websiteCertificateArn?: string | undefined;
}

export interface Database {
  /**
   * Of PostgreSQL 15, to the minor: with "15" alone CloudFormation takes a standing database to RDS' default of that day
   * whenever it changes it, which is minutes without one that nobody asked for.
   * @default - 15.19, the newest in cfn-lint's list of what RDS offers, against which `npm run synth` holds it
   */
  readonly version: string;
  /** @default - db.t3.large */
  readonly instance: string;
  /** @default - 100 */
  readonly storageGb: number;
  /** @default - true */
  readonly multiAz: boolean;
  /** Snapshots of RDS are kept so long. @default - 7 */
  readonly backupDays: number;
  /** UTC. @default - 03:00-04:00 */
  readonly backupWindow: string;
  /** UTC. @default - mon:04:00-mon:05:00 */
  readonly maintenanceWindow: string;
}

export interface Cache {
  /** Of Redis 7. @default - 7.0 */
  readonly version: string;
  /** @default - cache.t3.micro */
  readonly node: string;
  /** @default - 2, in two zones */
  readonly nodes: number;
}

export interface Github {
  /**
   * As `owner/name`, or better `owner@ID/name@ID`, with the numbers that GitHub never gives to another: only its jobs in the
   * environment below may release.
   */
  readonly repository: string;
  /** @default - production */
  readonly environment: string;
  /** An account has one at most. @default - a new one */
  readonly providerArn?: string | undefined;
}

const matching = (pattern: RegExp) => z.string().check(z.regex(pattern));
const whole = (least: number, most: number) => z.int().check(z.gte(least), z.lte(most));

export const core = z.strictObject({
  name: z._default(matching(/^[a-z][a-z0-9-]{1,22}[a-z0-9]$/), 'conductores'),
  stage: z._default(matching(/^[a-z0-9]{1,12}$/), 'prod'),
  natGateways: z._default(whole(1, 2), 1),
  domain: z.prefault(
    z.strictObject({
      name: z._default(matching(/^(?:[a-z0-9-]+\.)+[a-z]{2,}$/), 'conductoresdelmundo.com'),
      zoneId: z.optional(matching(/^Z[0-9A-Z]+$/)),
      websiteCertificateArn: z.optional(matching(/^arn:[\w-]+:acm:us-east-1:\d{12}:certificate\/.+$/)),
    }),
    {},
  ),
  database: z.prefault(
    z.strictObject({
      version: z._default(matching(/^15\.\d+$/), '15.19'),
      instance: z._default(matching(/^db\.[a-z0-9]+\.[a-z0-9]+$/), 'db.t3.large'),
      storageGb: z._default(whole(20, 65_536), 100),
      multiAz: z._default(z.boolean(), true),
      backupDays: z._default(whole(1, 35), 7),
      backupWindow: z._default(matching(/^\d\d:\d\d-\d\d:\d\d$/), '03:00-04:00'),
      maintenanceWindow: z._default(matching(/^[a-z]{3}:\d\d:\d\d-[a-z]{3}:\d\d:\d\d$/), 'mon:04:00-mon:05:00'),
    }),
    {},
  ),
  cache: z.prefault(
    z.strictObject({
      version: z._default(matching(/^7\.\d+$/), '7.0'),
      node: z._default(matching(/^cache\.[a-z0-9]+\.[a-z0-9]+$/), 'cache.t3.micro'),
      nodes: z._default(whole(2, 6), 2),
    }),
    {},
  ),
  github: z.optional(
    z.strictObject({
      repository: matching(/^(?:[\w.-]+\/[\w.-]+|[\w.-]+@\d+\/[\w.-]+@\d+)$/),
      environment: z._default(matching(/^[\w-]+$/), 'production'),
      providerArn: z.optional(
        matching(/^arn:[\w-]+:iam::\d{12}:oidc-provider\/token\.actions\.githubusercontent\.com$/),
      ),
    }),
  ),
});

/** The names that follow from the settings; other stacks and workflows know them without asking. */
export const namesOf = ({ name, stage, domain }: Core) => ({
  vpc: `${name}-vpc`,
  cluster: `${name}-cluster`,
  database: `${name}-db`,
  databaseAdmin: `${identifier(name)}_admin`,
  databaseUser: `${identifier(name)}_app`,
  databaseName: identifier(name),
  cache: `${name}-redis`,
  secrets: { app: `${name}/${stage}/app`, integrations: `${name}/${stage}/integrations` },
  buckets: {
    frontend: `${name}-frontend-${stage}`,
    documents: `${name}-documents-${stage}`,
    backups: `${name}-backups-${stage}`,
  },
  api: `api.${domain.name}`,
  www: `www.${domain.name}`,
});

export type Names = ReturnType<typeof namesOf>;

/** PostgreSQL would want quotes around a hyphen. */
const identifier = (name: string): string => name.replaceAll('-', '_');

interface ReadsSecrets {
  readonly secrets: Readonly<Record<string, { readonly secret: string }>>;
}

/** What may be right in itself, and still wrong beside the region and the services. */
export function coreMistakes(
  core: Core,
  region: string | undefined,
  services: readonly ReadsSecrets[],
): readonly WrongField[] {
  const wrong: WrongField[] = [];
  if (region !== 'us-east-1' && !core.domain.websiteCertificateArn)
    wrong.push({
      field: 'core.domain.websiteCertificateArn',
      message: `is missing, and CloudFront takes no certificate of ${region}`,
      fix: 'write the ARN of one in us-east-1',
    });
  const { app, integrations } = namesOf(core).secrets;
  const read = services.flatMap(({ secrets }) => Object.values(secrets).map(({ secret }) => secret));
  if (services.length > 0 && !read.includes(app) && !read.includes(integrations))
    wrong.push({
      field: 'services',
      message: `none reads ${app} or ${integrations}, and a rotation waits until readers have what the one before made`,
      fix: 'leave "secrets" out of one, which then reads both',
    });
  return wrong;
}

/** What to write instead, by field. */
export const CORE_FIXES: Readonly<Record<string, string>> = {
  'core.name': 'write 3 to 24 lower-case letters, digits and hyphens, a letter first',
  'core.stage': 'write 1 to 12 lower-case letters and digits ("prod")',
  'core.natGateways': 'write 1 or 2',
  'core.domain.name': 'write a domain ("example.com")',
  'core.domain.zoneId': 'write the id of a hosted zone ("Z0123456789ABC")',
  'core.domain.websiteCertificateArn': 'write the ARN of a certificate in us-east-1',
  'core.database.version':
    'write a version of PostgreSQL 15 that RDS offers ("15.19"); `aws rds describe-db-engine-versions --engine postgres` lists them',
  'core.database.instance': 'write a class ("db.t3.large")',
  'core.database.storageGb': 'write GB, 20 to 65536',
  'core.database.multiAz': 'write true or false',
  'core.database.backupDays': 'write days, 1 to 35',
  'core.database.backupWindow': 'write hours in UTC ("03:00-04:00")',
  'core.database.maintenanceWindow': 'write a time of the week in UTC ("mon:04:00-mon:05:00")',
  'core.cache.version': 'write a version of Redis 7 ("7.0")',
  'core.cache.node': 'write a node type ("cache.t3.micro")',
  'core.cache.nodes': 'write 2 to 6: a node that dies has another to take its place',
  'core.github.repository': 'write owner/name ("conductores/backend"), or owner@ID/name@ID',
  'core.github.environment': 'write the name of a GitHub environment ("production")',
  'core.github.providerArn': "write the ARN of the account's provider for token.actions.githubusercontent.com",
};
