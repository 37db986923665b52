import { expect, test } from 'vitest';
import { readSettings } from '../../bin/settings.ts';
import { UPGRADE } from '../../functions/core/migration.ts';
import { InvalidSettings } from '../../infra/invalid-settings.ts';
import { namesOf } from '../../platform/infra/core-settings.ts';
import { attach } from '../infra/fixture.ts';

test('nothing written means the seed: production, one service of 2 to 10 tasks at 70 % CPU, with its migration [S221] [S457]', () => {
  const { profile, services, keepData, removeRule } = readSettings({});
  expect([profile, keepData, removeRule]).toEqual(['production', true, false]);
  expect(services).toMatchObject([
    {
      name: 'conductores-backend',
      repository: 'conductores-backend',
      container: { name: 'backend', port: 8000, healthPath: '/health', cpu: 1024, memory: 2048 },
      scaling: { minimum: 2, maximum: 10, cpuPercent: 70 },
      policy: 'compare',
      onUnproven: 'ask',
      warmMinutes: 60,
    },
  ]);
  expect(services[0]?.migration?.command).toEqual(UPGRADE);
});

test('a trial is small, has no migration, and leaves nothing behind', () => {
  const { services, keepData, removeRule } = readSettings({ profile: 'trial' });
  expect([services[0]?.migration, services[0]?.container.cpu, keepData, removeRule]).toEqual([
    undefined,
    256,
    false,
    true,
  ]);
});

test('services that say nothing of priorities get their own, with room for a probe rule before each', () => {
  const { services } = readSettings(attach);
  expect(services.map(({ name, rule }) => [name, rule.priority])).toEqual([
    ['shop-orders', 100],
    ['shop-search', 110],
  ]);
});

test('a service has one rule: two rules, or two listeners, are refused before anything is built [F34]', () => {
  const withRule = (rule: unknown) => () => readSettings({ services: [{ rule }] });
  expect(withRule([{ paths: ['/a'] }, { paths: ['/b'] }])).toThrow(InvalidSettings);
  expect(withRule({ paths: ['/a'], listeners: ['web', 'api'] })).toThrow(InvalidSettings);
  expect(withRule({ paths: ['/a'] })).not.toThrow();
});

test('the core of the plan has its names and sizes, and takes others', () => {
  const { core } = readSettings({});
  expect(core).toMatchObject({
    name: 'conductores',
    stage: 'prod',
    natGateways: 1,
    domain: { name: 'conductoresdelmundo.com' },
    database: { version: '15.19', instance: 'db.t3.large', storageGb: 100, multiAz: true, backupDays: 7 },
    cache: { version: '7.0', node: 'cache.t3.micro', nodes: 2 },
  });
  const mine = readSettings({ core: { name: 'my-shop', stage: 'live', domain: { name: 'shop.example.com' } } });
  expect(namesOf(mine.core!)).toMatchObject({
    database: 'my-shop-db',
    databaseUser: 'my_shop_app',
    databaseName: 'my_shop',
    secrets: { app: 'my-shop/live/app' },
    buckets: { backups: 'my-shop-backups-live' },
    api: 'api.shop.example.com',
  });
  expect(mine.services[0]?.secrets['SECRET_KEY']).toEqual({ secret: 'my-shop/live/app', field: 'SECRET_KEY' });
});

const one = (service: object) => ({ services: [service] });
const two = (first: object, second: object) => ({
  services: [first, { name: 'other', rule: { paths: ['/o'] }, ...second }],
});

const WRONG: readonly (readonly [says: RegExp, written: unknown])[] = [
  [/^settings: is no JSON object; write/, 'trial'],
  [/^profile: "test" is invalid; write production, trial, attach/, { profile: 'test' }],
  [/^colour: is no setting; leave it out/, { colour: 'red' }],
  [/^region: "Ireland" is invalid; write a region/, { region: 'Ireland' }],
  [/^services: \[\] is invalid; write at least one/, { services: [] }],
  [/^mails\[0\]: "me" is invalid; write a mail address/, { mails: ['me'] }],
  [/^logDays: 91 is invalid; write one of 1, 3, /, { logDays: 91 }],
  [/^foundation: is missing; write the ids/, { profile: 'attach', services: [{}] }],
  [/^foundation: is built by trial; leave it out/, { ...attach, profile: 'trial' }],
  [/^core: is not built by trial; leave it out/, { profile: 'trial', core: {} }],
  [/^core\.name: "Shop" is invalid; write 3 to 24/, { core: { name: 'Shop' } }],
  [/^core\.natGateways: 0 is invalid; write 1 or 2/, { core: { natGateways: 0 } }],
  [/^core\.database\.version: "15" is invalid; write a version/, { core: { database: { version: '15' } } }],
  [/^core\.cache\.nodes: 1 is invalid; write 2 to 6/, { core: { cache: { nodes: 1 } } }],
  ...['me', 'me/*', 'me@1/shop', 'me@x/shop@y'].map(
    (repository) =>
      [
        /^core\.github\.repository: "me.*" is invalid; write owner\/name/,
        { core: { github: { repository } } },
      ] as const,
  ),
  [
    /^core\.domain\.websiteCertificateArn: is missing, and CloudFront takes no certificate of eu-west-1; write/,
    { region: 'eu-west-1' },
  ],
  [/^services\[0\]\.buckets\[0\]: "My Bucket" is invalid; write the name/, one({ buckets: ['My Bucket'] })],
  [
    /^services\[0\]\.taskRoleArn: "orders" is invalid; write the ARN of a role/,
    one({ taskRoleArn: 'orders', buckets: [] }),
  ],
  [
    /^services\[0\]\.buckets: are for a role of ours, and the tasks have their own; leave it out/,
    one({ taskRoleArn: 'arn:aws:iam::123456789012:role/orders', buckets: ['shop-documents'] }),
  ],
  [
    /^services\[0\]\.container\.architecture: "arm" is invalid; write X86_64 or ARM64/,
    one({ container: { architecture: 'arm' } }),
  ],
  [
    /^services: none reads conductores\/prod\/app or conductores\/prod\/integrations, and .*; leave "secrets" out/,
    one({ secrets: { KEY: { secret: 'mine' } } }),
  ],
  [/^services: is missing; write at least one/, { ...attach, services: undefined }],
  [
    /^foundation\.vpcId: "vpc" is invalid; write "vpc-"/,
    { ...attach, foundation: { ...Object(attach['foundation']), vpcId: 'vpc' } },
  ],
  [
    /^foundation\.url: is missing; write where it answers/,
    { ...attach, foundation: { ...Object(attach['foundation']), url: undefined } },
  ],
  [/^services\[0\]\.name: "Shop" is invalid; write 3 to 24 lower-case/, one({ name: 'Shop' })],
  [/^services\[0\]\.nmae: is no setting/, one({ nmae: 'shop' })],
  [/^services\[0\]\.repository: "a:b" is invalid; write the name of an ECR/, one({ repository: 'a:b' })],
  [/^services\[0\]\.container\.port: 0 is invalid; write a port/, one({ container: { port: 0 } })],
  [/^services\[0\]\.container\.cpu: 300 is invalid; write 256, 512/, one({ container: { cpu: 300 } })],
  [/^services\[0\]\.container\.memory: 8192 MiB does not go with 256/, one({ container: { cpu: 256, memory: 8192 } })],
  [
    /^services\[0\]\.container\.healthPath: "health" is invalid; write a path/,
    one({ container: { healthPath: 'health' } }),
  ],
  [
    /^services\[0\]\.scaling\.maximum: 2 is under the minimum; write at least 3/,
    one({ scaling: { minimum: 3, maximum: 2 } }),
  ],
  [/^services\[0\]\.scaling\.minimum: 0 is invalid; write 1 to/, one({ scaling: { minimum: 0 } })],
  [/^services\[0\]\.rule\.priority: 1 is invalid; write 2 to 50000/, one({ rule: { priority: 1 } })],
  [/^services\[0\]\.rule\.paths: \[\] is invalid; write one to five/, one({ rule: { paths: [] } })],
  [/^services\[0\]\.policy: "strict" is invalid; write compare or literal/, one({ policy: 'strict' })],
  [/^services\[0\]\.onUnproven: "wait" is invalid; write ask/, one({ onUnproven: 'wait' })],
  [/^services\[0\]\.warmMinutes: 721 is invalid; write minutes, 0 to 720/, one({ warmMinutes: 721 })],
  [/^services\[0\]\.migration\.command: \[\] is invalid; write the command/, one({ migration: { command: [] } })],
  [/^services\[0\]\.readyWithinSeconds: 901 is invalid; write seconds, 30 to 900/, one({ readyWithinSeconds: 901 })],
  [
    /^services\[0\]\.migrateWithinSeconds: 1801 is invalid; write seconds, 30 to 1800/,
    one({ migrateWithinSeconds: 1801 }),
  ],
  [
    /^services\[0\]\.secrets\.KEY: is in the environment too/,
    one({ environment: { KEY: 'x' }, secrets: { KEY: { secret: 'conductores/prod/app' } } }),
  ],
  [/^services\[1\]\.name: other is there already; give each/, two({ name: 'other' }, {})],
  [
    /^services\[1\]\.rule\.priority: 101 is taken, or its probe rule's place is; leave 2/,
    two({}, { rule: { priority: 101, paths: ['/o'] } }),
  ],
  [/^services\[1\]\.rule\.paths: the same requests belong to another service/, two({}, { rule: {} })],
];

test.each(WRONG)('refused before anything is built, with the field and what to write: %s', (says, written) => {
  const wrong = errorOf(() => readSettings(written));
  expect(wrong).toBeInstanceOf(InvalidSettings);
  expect((wrong as Error).message.split('\n').slice(1).join('\n')).toMatch(says);
});

test('everything that is wrong is told at once, and nothing else is', () => {
  const wrong = errorOf(() =>
    readSettings({ profile: 'test', logDays: 2, ...one({ warmMinutes: -1 }) }),
  ) as InvalidSettings;
  expect(wrong.fields.map(({ field }) => field)).toEqual(['profile', 'services[0].warmMinutes', 'logDays']);
});

function errorOf(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}
