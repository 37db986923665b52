/** What the pages promise of templates, workflows and commands, held against those; a title is the sentence, or nearly. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stack } from 'aws-cdk-lib';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readSettings } from '../bin/settings.ts';
import { keysByHand } from '../platform/rotation/core/rotation.ts';
import { allowedIn, listOf, type Template } from '../scripts/permissions-table.ts';
import {
  attach,
  ofType,
  pretended,
  production,
  stacksOf,
  type TemplateJson,
  templateOf,
  trial,
} from './infra/fixture.ts';
import { repositoryFiles, textOf } from './repository-files.ts';

const releasesOf = (raw: unknown): TemplateJson => templateOf(stacksOf(raw).releases[0]!);
const plan = stacksOf(production);
const PLAN: Readonly<Record<string, TemplateJson>> = {
  'sluice-core': templateOf(plan.app.node.findChild('sluice-core') as Stack),
  'sluice-conductores-backend': templateOf(plan.releases[0]!),
};
const attached = releasesOf(attach);
const workflows = repositoryFiles().filter((path) => path.startsWith('.github/workflows/'));

describe('docs/adoption.md', () => {
  const page = textOf('docs/adoption.md');
  const rows = [...page.matchAll(/^ *\| `([A-Z_]+)` \| (.+) \|$/gm)].map(([, name, is]) => ({ name: name!, is: is! }));

  test('every variable that a workflow of the service reads is in the table, and no other', () => {
    const read = workflows
      .filter((path) => !/infrastructure|ci\.yml/.test(path))
      .flatMap((path) => [...textOf(path).matchAll(/\bvars\.(\w+)/g)].map(([, name]) => name));
    expect(rows.map(({ name }) => name).toSorted()).toEqual([...new Set(read)].toSorted());
    const infrastructure = [...textOf('.github/workflows/infrastructure.yml').matchAll(/\bvars\.(\w+)/g)];
    for (const [, name] of infrastructure) expect(page).toContain(`\`${name}\``);
  });

  test('an output that a variable is put together from is an output of that stack', () => {
    let stack = '';
    let outputs = 0;
    for (const { is } of rows) {
      stack = /output `\w+` of `([\w-]+)`/.exec(is)?.[1] ?? stack;
      const output = /output `(\w+)`/.exec(is)?.[1];
      if (output === undefined) continue;
      expect(Object.keys(PLAN[stack]?.Outputs ?? {}), `${stack}: ${output}`).toContain(output);
      outputs += 1;
    }
    expect(outputs).toBe(6);
    expect(pretended(PLAN[stack]!, PLAN[stack]!.Outputs?.['StateMachineArn']?.Value)).toMatch(
      /:stateMachine:sluice-conductores-backend$/,
    );
  });

  test('variables are the repository’s, since jobs outside the environment ask for them too', () => {
    const outside = workflows.flatMap((path) => {
      const { jobs } = parse(textOf(path)) as { jobs: Record<string, { if?: string; environment?: string }> };
      return Object.values(jobs).filter((job) => !job.environment && job.if?.includes('vars.'));
    });
    expect(outside.length).toBeGreaterThan(0);
  });

  test('the eight keys of third parties are named by the secret’s description', () => {
    const secret = ofType(PLAN['sluice-core']!, 'AWS::SecretsManager::Secret').find(
      ({ Properties }) => Properties.Name === 'conductores/prod/integrations',
    );
    expect(keysByHand.length).toBe(8);
    for (const key of keysByHand) expect(secret?.Properties.Description).toContain(key);
  });

  test('attach: the rules of the example are such that nobody matches them yet', () => {
    for (const { rule } of readSettings(attach).services) {
      expect(rule.hosts.length).toBeGreaterThan(0);
      for (const host of rule.hosts) expect(host).toMatch(/^preview/);
    }
  });

  test('attach: your service is not in the template and is not touched', () => {
    const { foundation } = attach as { foundation: Record<string, string | string[]> };
    const theirs = Object.values(foundation).flat();
    // What is theirs is only named where ours stands on it; these properties would change it.
    const TARGETS = ['GroupId', 'ListenerArns', 'RouteTableIds', 'SecurityGroupIds', 'LoadBalancerAttributes'];
    for (const { Type, Properties } of Object.values(attached.Resources)) {
      expect(Type).not.toMatch(/::(LoadBalancer|Listener|ListenerRule|Cluster|VPC|Subnet|Repository)$/);
      for (const property of TARGETS)
        for (const value of [Properties?.[property]].flat()) expect(theirs).not.toContain(value);
    }
    const services = ofType(attached, 'AWS::ECS::Service').map(({ Properties }) => Properties.ServiceName);
    expect(services).toEqual(['shop-orders-blue', 'shop-orders-green']);
  });

  test('six Lambdas are kept free for the controller, and a trial keeps five', () => {
    const kept = (templates: readonly TemplateJson[]) =>
      templates
        .flatMap((template) => ofType(template, 'AWS::Lambda::Function'))
        .reduce((sum, { Properties }) => sum + (Properties.ReservedConcurrentExecutions ?? 0), 0);
    expect([kept(Object.values(PLAN)), kept([releasesOf(trial)])]).toEqual([6, 5]);
  });

  test('attach: the settings say what a task definition says, its role and architecture too', () => {
    const [first] = attach['services'] as readonly object[];
    const taskRoleArn = 'arn:aws:iam::123456789012:role/orders';
    const template = releasesOf({
      ...attach,
      services: [
        {
          ...first,
          container: { name: 'orders', port: 9000, healthPath: '/up', cpu: 512, memory: 1024, architecture: 'ARM64' },
          environment: { LOG_LEVEL: 'debug' },
          secrets: { TOKEN: { secret: 'shop/orders', field: 'TOKEN' } },
          taskRoleArn,
        },
      ],
    });
    const [definition] = ofType(template, 'AWS::ECS::TaskDefinition').map(({ Properties }) => Properties);
    expect(definition).toMatchObject({
      Cpu: '512',
      Memory: '1024',
      RuntimePlatform: { CpuArchitecture: 'ARM64' },
      TaskRoleArn: taskRoleArn,
      ContainerDefinitions: [
        {
          Name: 'orders',
          PortMappings: [{ ContainerPort: 9000 }],
          Environment: [{ Name: 'LOG_LEVEL', Value: 'debug' }],
          Secrets: [{ Name: 'TOKEN' }],
        },
      ],
    });
    // Or a release could not register a copy of it.
    const passed = allowedIn(template as Template).filter(({ statement: { Sid } }) => Sid === 'PassTaskRoles');
    expect(passed.length).toBeGreaterThan(1);
    for (const { statement } of passed) expect(statement.Resource).toContain(taskRoleArn);
    // No right of ours is put into a role of theirs.
    for (const { Properties } of ofType(template, 'AWS::IAM::Policy'))
      expect(JSON.stringify(Properties.Roles)).not.toContain('orders');
  });

  test.each([
    ['production', PLAN['sluice-conductores-backend']!],
    ['attach', attached],
  ])('uninstall (%s): services, target groups, scaling and roles stay, and so does the ledger', (_, template) => {
    const gone = Object.entries(template.Resources)
      .filter(([, { DeletionPolicy = '' }]) => !DeletionPolicy.startsWith('Retain'))
      .map(([id, { Type }]) => `${Type} ${id}`);
    const STAYS = /::(Service|TargetGroup|ScalableTarget|ScalingPolicy|GlobalTable|TaskDefinition|SecurityGroup) /;
    expect(gone.length).toBeGreaterThan(50);
    expect(gone.filter((one) => STAYS.test(one) || / (Backend|MachineRole)/.test(one))).toEqual([]);
    expect(ofType(template, 'Custom::WeightedRule').map(({ Properties }) => Properties.RemoveRule)).toEqual([false]);
  });

  test('a trial is made to be thrown away: what stays is the role of the state machine, and versions of what is gone', () => {
    const { app, releases } = stacksOf(trial);
    const templates = [app.node.findChild('sluice-trial-foundation') as Stack, ...releases].map(templateOf);
    const left = templates.flatMap(({ Resources }) =>
      Object.entries(Resources).flatMap(([id, { Type, DeletionPolicy = '' }]) =>
        DeletionPolicy.startsWith('Retain') && Type !== 'AWS::Lambda::Version' ? [id.replace(/[0-9A-F]{8}$/, '')] : [],
      ),
    );
    expect(left).toEqual(['MachineRole', 'MachineRolePermissions']);
  });

  test('upgrade: a release keeps the versions that it began with; they are retained', () => {
    const versions = ofType(PLAN['sluice-conductores-backend']!, 'AWS::Lambda::Version');
    expect(versions.length).toBe(7);
    for (const { DeletionPolicy, UpdateReplacePolicy } of versions)
      expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(['Retain', 'Retain']);
  });
});

describe('docs/terraform.md', () => {
  const page = textOf('docs/terraform.md');

  /** The object that Terraform would encode: its own references as text. */
  const written = JSON.parse(
    page
      .split('jsonencode(')[1]!
      .split('\n  })')[0]!
      .concat('}')
      .replace(/^\s*#.*$/gm, '')
      .replace(/\b(aws_[\w.]+(?:\[\*\])?[\w.]*)/g, '"$1"')
      .replace(/(\w+)\s*= /g, '"$1": ')
      .replace(/(["\]}\d])\s*\n\s*(?=")/g, '$1,\n'),
  );

  test('what Terraform writes are settings, once its ids are there', () => {
    const { foundation } = attach as { foundation: Record<string, unknown> };
    const ids: Record<string, unknown> = {
      ...foundation,
      taskSecurityGroupIds: ['sg-0123456789abcdef0'],
      taskRoleArn: 'arn:aws:iam::123456789012:role/orders',
      repository: 'orders',
    };
    const known = JSON.parse(JSON.stringify(written), (key, value) =>
      JSON.stringify(value).includes('"aws_') && key in ids ? ids[key] : value,
    );
    expect(JSON.stringify(known)).not.toContain('aws_');
    const { profile, services } = readSettings(known);
    expect([profile, services[0]?.name, services[0]?.rule.hosts]).toEqual([
      'attach',
      'orders-api',
      ['preview.example.com'],
    ]);
    expect(ofType(releasesOf(known), 'Custom::WeightedRule')[0]?.Properties.Priority).toBe(50);
  });

  test('an id that is none is refused at synth, with the field', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-settings-'));
    const file = join(folder, 'settings.json');
    writeFileSync(file, JSON.stringify({ ...attach, foundation: { ...Object(attach['foundation']), vpcId: 'main' } }));
    const { status, stderr } = spawnSync('npx', ['tsx', 'bin/app.ts'], {
      encoding: 'utf8',
      env: { ...process.env, CDK_CONTEXT_JSON: JSON.stringify({ settings: file }) },
    });
    rmSync(folder, { recursive: true });
    expect(status).toBe(1);
    expect(stderr).toContain('\nfoundation.vpcId: "main" is invalid; write "vpc-" and its hex digits');
    expect(stderr).not.toMatch(/^ +at /m);
  });
});

describe('docs/security.md', () => {
  test('no job of a pull request has id-token: write', () => {
    const jobs = workflows.flatMap((path) => {
      const { on, jobs: all } = parse(textOf(path)) as {
        on: Record<string, unknown>;
        jobs: Record<string, { if?: string; permissions?: Record<string, string> }>;
      };
      return 'pull_request' in on ? Object.values(all) : [];
    });
    const runs = jobs.filter((job) => !job.if?.includes("github.event_name == 'workflow_dispatch'"));
    expect(runs.length).toBe(2);
    for (const { permissions = {} } of runs) expect(permissions).not.toHaveProperty('id-token');
  });

  test('actions are few, GitHub’s and AWS’s own, by major version', () => {
    const used = workflows.flatMap((path) => [...textOf(path).matchAll(/uses: (\S+)/g)].map(([, action]) => action));
    expect(used.filter((action) => !/^(actions|aws-actions)\/[\w-]+@v\d+$/.test(action!))).toEqual([]);
    expect(new Set(used).size).toBeLessThan(10);
  });

  test('a Lambda passes no role but the service’s two', () => {
    const template = PLAN['sluice-conductores-backend']!;
    const passed = allowedIn(template as Template).filter(({ statement: { Action } }) =>
      listOf(Action).includes('iam:PassRole'),
    );
    const [definition] = ofType(template, 'AWS::ECS::TaskDefinition').map(({ Properties }) => Properties);
    for (const { statement } of passed)
      expect(statement.Resource).toEqual([definition.ExecutionRoleArn, definition.TaskRoleArn]);
  });

  test('wider than we like are these rights to write, and no others', () => {
    const template = PLAN['sluice-conductores-backend']!;
    const own = /conductores-backend/;
    const wide = allowedIn(template as Template).flatMap(({ who, statement: { Sid, Action, Resource } }) => {
      const writes = listOf(Action).filter((action) => !/:(Describe|Get|List|BatchGet|BatchCheck)/.test(action));
      const anything = listOf(Resource)
        .map((one) => pretended(template, one))
        .filter((arn) => arn.endsWith('*') && !own.test(arn));
      return writes.length > 0 && anything.length > 0 ? [`${who}: ${Sid}`] : [];
    });
    const ofLambdas = wide.filter((one) => !/^(a task|the start|the state machine)/.test(one));
    expect(ofLambdas.filter((one) => !/: (HoldScaling|StopMigration|RegisterRevision)$/.test(one))).toEqual([
      'weighted-rule: OwnRules',
    ]);
  });

  test('a task is reached through the load balancer only', () => {
    for (const template of [PLAN['sluice-conductores-backend']!, attached, releasesOf(trial)]) {
      const ingress = ofType(template, 'AWS::EC2::SecurityGroupIngress').map(({ Properties }) => Properties);
      expect(ingress.length).toBe(1);
      expect(ingress[0].SourceSecurityGroupId ?? ingress[0].CidrIp).toBe(ingress[0].SourceSecurityGroupId);
      for (const { Properties } of ofType(template, 'AWS::EC2::SecurityGroup'))
        expect(Properties.SecurityGroupIngress ?? []).toEqual([]);
    }
  });
});
