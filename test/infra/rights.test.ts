/**
 * Least privilege, derived: from a handler to its step and what that reaches, from there to the ports' methods, and from
 * those to the calls of the adapters. What a Lambda may do is exactly what it can do.
 */
import { posix } from 'node:path';
import type { Stack } from 'aws-cdk-lib';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { FUNCTIONS } from '../../infra/constructs/functions.ts';
import { ROTATION_FUNCTIONS } from '../../platform/infra/constructs/rotation-functions.ts';
import { allowedIn, listOf, type Template } from '../../scripts/permissions-table.ts';
import { repositoryFiles, textOf } from '../repository-files.ts';
import { attach, pretended, stacksOf, templateOf } from './fixture.ts';

const { app, releases } = stacksOf({});
const templates = [releases[0]!, app.node.findChild('sluice-core') as Stack].map(
  (stack) => templateOf(stack) as Template,
);

/** IAM's names of a service's actions begin so. */
const PREFIXES: Readonly<Record<string, string>> = {
  'client-application-auto-scaling': 'application-autoscaling',
  'client-cloudwatch': 'cloudwatch',
  'client-dynamodb': 'dynamodb',
  'client-ecr': 'ecr',
  'client-ecs': 'ecs',
  'client-elastic-load-balancing-v2': 'elasticloadbalancing',
  'client-elasticache': 'elasticache',
  'client-eventbridge': 'events',
  'client-secrets-manager': 'secretsmanager',
  'client-sfn': 'states',
  'client-sns': 'sns',
};

const REGISTER = ['ecs:DescribeTaskDefinition', 'ecs:RegisterTaskDefinition', 'ecs:TagResource', 'iam:PassRole'];
const SCALE = ['application-autoscaling:DescribeScalableTargets', 'application-autoscaling:RegisterScalableTarget'];
const ROUTE = ['elasticloadbalancing:DescribeRules', 'elasticloadbalancing:ModifyRule'];
const CHANGE_TOKEN = ['elasticache:DescribeReplicationGroups', 'elasticache:ModifyReplicationGroup'];
const LABEL = ['secretsmanager:DescribeSecret', 'secretsmanager:UpdateSecretVersionStage'];
const FIND_TASKS = ['ecs:ListTasks', 'ecs:DescribeTasks'];

/** What each method of a port comes to in AWS. */
const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  'router.current': ['elasticloadbalancing:DescribeRules'],
  // What `current` read.
  'router.actions': [],
  'router.route': ROUTE,
  'router.checkWritePermission': ROUTE,
  'router.probe': ROUTE,
  'router.resetProbe': ROUTE,
  'fleet.observe': [
    'ecs:DescribeServices',
    'ecs:DescribeTaskDefinition',
    ...FIND_TASKS,
    'elasticloadbalancing:DescribeTargetHealth',
    'application-autoscaling:DescribeScalableTargets',
  ],
  'fleet.crashes': ['ecs:DescribeServices', 'ecs:DescribeTaskDefinition', ...FIND_TASKS],
  'fleet.health': ['elasticloadbalancing:DescribeTargetHealth'],
  'fleet.deploy': [...REGISTER, 'ecs:UpdateService'],
  'fleet.resize': ['ecs:UpdateService'],
  'fleet.suspendScaling': SCALE,
  'fleet.resumeScaling': SCALE,
  'fleet.migrationOf': FIND_TASKS,
  'fleet.migrate': [...REGISTER, ...FIND_TASKS, 'ecs:RunTask'],
  'fleet.stopMigration': [...FIND_TASKS, 'ecs:StopTask'],
  'signals.minutes': ['cloudwatch:ListMetrics', 'cloudwatch:GetMetricData'],
  'signals.alarms': ['cloudwatch:DescribeAlarms'],
  'ledger.read': ['dynamodb:GetItem'],
  // A service's first write puts the state; a transaction needs the rights of what is in it.
  'ledger.write': ['dynamodb:UpdateItem', 'dynamodb:PutItem'],
  'ledger.record': ['dynamodb:GetItem'],
  'ledger.newestRecord': ['dynamodb:Query', 'dynamodb:GetItem'],
  'ledger.judging': ['dynamodb:GetItem'],
  'ledger.saveJudging': ['dynamodb:UpdateItem', 'dynamodb:PutItem'],
  'ledger.evidence': ['dynamodb:Query'],
  'registry.resolve': ['ecr:DescribeImages'],
  'registry.newest': ['ecr:DescribeImages'],
  'executions.start': ['states:StartExecution', 'states:DescribeExecution'],
  'executions.status': ['states:DescribeExecution'],
  'notifications.send': ['sns:Publish', 'events:PutEvents'],
  'secrets.labels': ['secretsmanager:DescribeSecret'],
  'secrets.read': ['secretsmanager:GetSecretValue'],
  'secrets.write': ['secretsmanager:PutSecretValue'],
  'secrets.move': LABEL,
  'secrets.drop': LABEL,
  'restarts.restart': ['ecs:DescribeServices', 'ecs:UpdateService'],
  'cache.keepOnly': CHANGE_TOKEN,
  'cache.admit': CHANGE_TOKEN,
  // Both are asked over the network, by logging in.
  'cache.accepts': [],
  'database.accepts': [],
  // As the user that may make others, whose secret RDS keeps.
  'database.admit': ['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue'],
};

/** What a Lambda asks for beside its ports. */
const BESIDE_PORTS: Readonly<Record<string, readonly string[]>> = {
  'weighted-rule': ['dynamodb:GetItem'],
  'task-family': ['iam:PassRole'],
  // It has an address beside the database.
  'rotate-app': [
    'ec2:AssignPrivateIpAddresses',
    'ec2:CreateNetworkInterface',
    'ec2:DeleteNetworkInterface',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSubnets',
    'ec2:UnassignPrivateIpAddresses',
  ],
  // Its failed events are sent on under its own role.
  guard: ['sqs:SendMessage'],
};
const LOG = ['logs:CreateLogStream', 'logs:PutLogEvents'];

const METHOD =
  /\b(router|fleet|signals|ledger|registry|executions|notifications|secrets|restarts|cache|database|runs)\d*\.(\w+)\(/g;

/** As a bundler leaves it: only what is reached. */
async function bundled(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, loader: 'ts', resolveDir: '.' },
    bundle: true,
    format: 'esm',
    packages: 'external',
    write: false,
  });
  return outputFiles[0]!.text;
}

const HANDLERS = ['functions/handlers', 'platform/rotation/handlers'];

/** The steps and adapters that a handler imports, exported from the root. */
function importsOf(handler: string): readonly string[] {
  const room = HANDLERS.find((folder) => repositoryFiles().includes(`${folder}/${handler}.ts`))!;
  const imports = textOf(`${room}/${handler}.ts`).matchAll(
    /^import (\{[^}]*\}) from '(\.\.\/[^']*\b(?:steps|adapters)\/[^']*)';$/gm,
  );
  return [...imports].map(([, names, path]) => `export ${names} from './${posix.join(room, path!)}';`);
}

async function actionsOf(handler: string): Promise<readonly string[]> {
  const code = await bundled(importsOf(handler).join('\n'));
  const methods = [...code.matchAll(METHOD)]
    .map(([, port, method]) => `${port}.${method}`)
    // A migration by hand has its fleet by another name.
    .map((method) => method.replace(/^runs\./, 'fleet.'));
  const actions = methods.flatMap((method) => {
    if (!ACTIONS[method]) throw new Error(`${handler} calls ${method}; say in ACTIONS what that asks of AWS`);
    return ACTIONS[method];
  });
  return [...new Set([...actions, ...commandsIn(code), ...(BESIDE_PORTS[handler] ?? []), ...LOG])].toSorted();
}

/** The calls to AWS in a module's code. */
const commandsIn = (code: string): readonly string[] =>
  [...code.matchAll(/^import (?!type )\{([^}]*)\} from ['"]@aws-sdk\/([\w-]+)['"];/gm)].flatMap(([, names, client]) =>
    [...names!.matchAll(/(?<!\btype )\b(\w+)Command\b/g)].map(([, command]) =>
      actionOf(`${PREFIXES[client!]}:${command}`),
    ),
  );

/** Calls that IAM knows by another name. */
function actionOf(call: string): string {
  return call === 'sns:PublishBatch' ? 'sns:Publish' : call;
}

test.each(Object.keys({ ...FUNCTIONS, ...ROTATION_FUNCTIONS }))('%s may do exactly what it can do', async (name) => {
  const allowed = templates
    .flatMap(allowedIn)
    .filter(({ who }) => who === name)
    .flatMap(({ statement: { Action } }) => listOf(Action));
  expect([...new Set(allowed)].toSorted()).toEqual(await actionsOf(name));
});

test('the table of what a port asks of AWS is what its adapters call', async () => {
  const adapters = [
    'functions/handlers/ports',
    'platform/rotation/handlers/rotation-ports',
    'platform/rotation/adapters/ecs-restarts',
  ];
  const code = await bundled(adapters.map((file) => `export * from './${file}.ts';`).join('\n'));
  const called = new Set(commandsIn(code));
  // A transaction is authorised as what is in it; tags and roles come along with a revision.
  called.delete('dynamodb:TransactWriteItems');
  const implied = ['ecs:TagResource', 'iam:PassRole'];
  expect([...new Set(Object.values(ACTIONS).flat())].toSorted()).toEqual([...called, ...implied].toSorted());
});

test('the rules are ours on every listener of the own load balancer, for a rule that moves and for a stack that rolls back', () => {
  const attached = templateOf(stacksOf(attach).releases[0]!);
  const own = allowedIn(attached as Template).find(({ statement: { Sid } }) => Sid === 'OwnRules')!;
  const balancer = 'app/shop/0123456789abcdef';
  expect(listOf(own.statement.Resource).map((one) => pretended(attached, one))).toEqual([
    `arn:aws:elasticloadbalancing:us-east-1:123456789012:listener-rule/${balancer}/*`,
    `arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/${balancer}/*`,
  ]);
});
