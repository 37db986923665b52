import { Stack } from 'aws-cdk-lib';
import { CfnSecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { AwsSolutionsChecks } from 'cdk-nag';
import { expect, test } from 'vitest';
import { addresses, DESCRIPTION, description } from '../../functions/adapters/addresses.ts';
import { type FunctionRow, TIMEOUT_SECONDS } from '../../infra/constructs/bundled-function.ts';
import { FUNCTIONS, VERBS } from '../../infra/constructs/functions.ts';
import { ROTATION_FUNCTIONS } from '../../platform/infra/constructs/rotation-functions.ts';
import { policy } from '../../state-machines/policy.ts';
import { attach, idsOfType, ofType, pretended, stacksOf, templateOf, trial } from './fixture.ts';

const production = stacksOf({});
const template = templateOf(production.releases[0]!);
const foundation = templateOf(production.app.node.findChild('sluice-core') as Stack);

test('the template knows no weight, so that no deploy can move traffic [F05]', () => {
  expect(JSON.stringify([template, foundation])).not.toMatch(/"Weight"/);
});

test('no listener rule of CloudFormation forwards to the colours; ours is a resource that never sends its weights', () => {
  expect(ofType(template, 'AWS::ElasticLoadBalancingV2::ListenerRule')).toEqual([]);
  expect(ofType(foundation, 'AWS::ElasticLoadBalancingV2::ListenerRule')).toEqual([]);
  expect(ofType(template, 'Custom::WeightedRule').map(({ Properties }) => Properties.Priority)).toEqual([100]);
  expect(ofType(template, 'Custom::ProbeRule').map(({ Properties }) => Properties.Priority)).toEqual([99]);
});

test('what no rule wants is answered with 503 by the listener itself', () => {
  const [listener] = ofType(foundation, 'AWS::ElasticLoadBalancingV2::Listener');
  expect(listener?.Properties.DefaultActions).toMatchObject([
    { Type: 'fixed-response', FixedResponseConfig: { StatusCode: '503' } },
  ]);
});

test('each colour is a service of a bare family: no revision, no number of tasks, nothing that a release moves [S36] [S198] [S448] [S457]', () => {
  const services = ofType(template, 'AWS::ECS::Service').map(({ Properties }) => Properties);
  expect(services.map(({ ServiceName, TaskDefinition }) => [ServiceName, TaskDefinition])).toEqual([
    ['conductores-backend-blue', 'conductores-backend-blue'],
    ['conductores-backend-green', 'conductores-backend-green'],
  ]);
  expect(services.filter((service) => 'DesiredCount' in service)).toEqual([]);
});

test('a colour is exchanged without losing a task, and ECS never puts an older image back by itself [S529]', () => {
  for (const { Properties } of ofType(template, 'AWS::ECS::Service'))
    expect(Properties.DeploymentConfiguration).toEqual({
      DeploymentCircuitBreaker: { Enable: true, Rollback: false },
      MaximumPercent: 200,
      MinimumHealthyPercent: 100,
    });
});

test('both colours scale from 2 to 10 tasks at 70 % CPU, and CloudFormation suspends nothing [S36] [S203] [S221] [S230]', () => {
  const targets = ofType(template, 'AWS::ApplicationAutoScaling::ScalableTarget').map(({ Properties }) => Properties);
  expect(targets.map(({ MinCapacity, MaxCapacity }) => [MinCapacity, MaxCapacity])).toEqual([
    [2, 10],
    [2, 10],
  ]);
  expect(targets.filter((target) => 'SuspendedState' in target)).toEqual([]);
  const policies = ofType(template, 'AWS::ApplicationAutoScaling::ScalingPolicy');
  expect(policies.map(({ Properties }) => Properties.TargetTrackingScalingPolicyConfiguration.TargetValue)).toEqual([
    70, 70,
  ]);
});

test('a colour is created only when its family has a revision, its group stands in both rules, and its tasks may start [S212]', () => {
  const first: string[] = ['Custom::WeightedRule', 'Custom::ProbeRule', 'Custom::TaskFamily'].flatMap((type) =>
    idsOfType(template, type),
  );
  expect(first.length).toBe(4);
  first.push(...idsOfType(template, 'AWS::IAM::Policy').filter((id) => id.startsWith('BackendExecutionRole')));
  expect(first.length).toBe(5);
  for (const service of ofType(template, 'AWS::ECS::Service'))
    expect(service.DependsOn).toEqual(expect.arrayContaining(first));
});

test('the only task definition is the template, which no service runs [S150]', () => {
  const definitions = ofType(template, 'AWS::ECS::TaskDefinition').map(({ Properties }) => Properties.Family);
  expect(definitions).toEqual(['conductores-backend-template']);
});

test('uninstalling is no outage: rule, services, groups and roles stay; a trial leaves nothing [F60]', () => {
  const kept = [
    'AWS::ECS::Service',
    'AWS::ElasticLoadBalancingV2::TargetGroup',
    'AWS::ApplicationAutoScaling::ScalableTarget',
  ];
  const policies = (of: typeof template) =>
    new Set(kept.flatMap((type) => ofType(of, type)).map(({ DeletionPolicy }) => DeletionPolicy));
  expect(policies(template)).toEqual(new Set(['RetainExceptOnCreate']));
  expect(ofType(template, 'Custom::WeightedRule')[0]?.Properties.RemoveRule).toBe(false);
  expect(ofType(template, 'AWS::DynamoDB::GlobalTable')[0]?.DeletionPolicy).toBe('Retain');
  const thrownAway = templateOf(stacksOf(trial).releases[0]!);
  expect(policies(thrownAway)).toEqual(new Set([undefined]));
  expect(ofType(thrownAway, 'Custom::WeightedRule')[0]?.Properties.RemoveRule).toBe(true);
});

test('every placeholder of the policy is a version of its Lambda, and versions outlive a deploy [F55]', () => {
  const [machine] = ofType(template, 'AWS::StepFunctions::StateMachine');
  const { DefinitionString, DefinitionSubstitutions } = machine?.Properties ?? {};
  expect(JSON.parse(DefinitionString)).toEqual(policy);
  const placeholders = [...new Set([...DefinitionString.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name))];
  expect(placeholders.toSorted()).toEqual(Object.keys(DefinitionSubstitutions).toSorted());
  for (const [name, { Ref }] of Object.entries<{ Ref: string }>(DefinitionSubstitutions)) {
    const version = template.Resources[Ref];
    expect([version?.Type, version?.DeletionPolicy, version?.UpdateReplacePolicy]).toEqual([
      'AWS::Lambda::Version',
      'Retain',
      'Retain',
    ]);
    const played = template.Resources[version?.Properties.FunctionName.Ref];
    expect(played?.Properties.Code.ZipFile).toBe(`exports.handler = '${name.toLowerCase()}'`);
  }
});

test('a release that runs while the controller is deployed may still call the versions that it began with [F55] [F60]', () => {
  const [statement] = ofType(template, 'AWS::IAM::Policy')
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
    .filter(({ Sid }) => Sid === 'PlayVerbs');
  expect(statement.Resource.length).toBe(VERBS.length);
  for (const resource of statement.Resource)
    expect(resource['Fn::Join'][1]).toEqual([{ 'Fn::GetAtt': [expect.any(String), 'Arn'] }, ':*']);
});

test('each Lambda is what its row says: memory, reserved concurrency, and 30 s, which the drain relies on [F59]', () => {
  const lambdas = [template, foundation]
    .flatMap((one) => ofType(one, 'AWS::Lambda::Function'))
    .map(({ Properties }) => Properties)
    .filter(({ Code }) => 'ZipFile' in Code);
  const rows = lambdas.map(({ Code, MemorySize, ReservedConcurrentExecutions, Timeout, Runtime, Handler }) => [
    /'([\w-]+)'/.exec(Code.ZipFile)?.[1],
    { MemorySize, ReservedConcurrentExecutions, Timeout, Runtime, Handler },
  ]);
  expect(Object.fromEntries(rows)).toEqual(
    Object.fromEntries(
      Object.entries<FunctionRow<string>>({ ...FUNCTIONS, ...ROTATION_FUNCTIONS }).map(([name, row]) => [
        name,
        {
          MemorySize: row.memory,
          ReservedConcurrentExecutions: row.concurrency,
          Timeout: row.timeoutSeconds ?? TIMEOUT_SECONDS,
          Runtime: 'nodejs24.x',
          Handler: 'index.handler',
        },
      ]),
    ),
  );
  expect(TIMEOUT_SECONDS).toBe(30);
  expect(
    Object.entries<FunctionRow<string>>({ ...FUNCTIONS, ...ROTATION_FUNCTIONS }).flatMap(([name, row]) =>
      row.timeoutSeconds === undefined ? [] : [name],
    ),
  ).toEqual(['rotate-app']);
});

test('whoever brings users back has Lambdas of its own, and the reconciler never overlaps itself', () => {
  const reserved = ofType(template, 'AWS::Lambda::Function')
    .filter(({ Properties }) => Properties.ReservedConcurrentExecutions !== undefined)
    .map(({ Properties }) => [
      /'([\w-]+)'/.exec(Properties.Code.ZipFile)?.[1],
      Properties.ReservedConcurrentExecutions,
    ]);
  expect(Object.fromEntries(reserved)).toMatchObject({ revert: 2, guard: 2, reconcile: 1 });
});

test('a task that leaves may end its requests: 60 s in either colour', () => {
  const delays = ofType(template, 'AWS::ElasticLoadBalancingV2::TargetGroup').map(({ Properties }) =>
    Properties.TargetGroupAttributes.find(
      ({ Key }: { readonly Key: string }) => Key === 'deregistration_delay.timeout_seconds',
    ),
  );
  expect(delays.map((delay) => delay?.Value)).toEqual(['60', '60']);
});

test('the command finds in an output of the stack where everything is, and no secret', () => {
  const { Value } = (template as { Outputs?: Record<string, { Value: unknown }> }).Outputs?.[DESCRIPTION] ?? {};
  const output = pretended(template, Value);
  expect(description(output)).toMatchObject({
    service: 'conductores-backend',
    stateMachineArn: 'arn:aws:states:us-east-1:123456789012:stateMachine:sluice-conductores-backend',
  });
  expect(output).not.toContain('secret');
  // CloudFormation refuses longer ones; real ARNs are longer than pretended ones.
  expect(output.length).toBeLessThan(3000);
});

test('the verbs find in SLUICE what they look for', () => {
  const [open] = ofType(template, 'AWS::Lambda::Function').filter(({ Properties }) => 'Environment' in Properties);
  const { SLUICE } = open?.Properties.Environment.Variables ?? {};
  expect(addresses({ SLUICE: pretended(template, SLUICE) })).toMatchObject({
    service: 'conductores-backend',
    probe: { url: expect.stringMatching(/^https:\/\/api\..+\/health$/), secret: 'guid' },
    repository: { registry: '123456789012.dkr.ecr.us-east-1.amazonaws.com', name: 'conductores-backend' },
    stateMachineArn: expect.stringMatching(/:stateMachine:sluice-conductores-backend$/),
    settings: { profile: 'production', minimumTasks: 2, hasMigration: true },
  });
});

test('two services are two stacks that share no name and no priority', () => {
  const [first, second] = stacksOf(attach).releases.map(templateOf);
  const namesIn = (of: typeof template) =>
    Object.values(of.Resources).flatMap(({ Properties = {} }) =>
      Object.entries(Properties).flatMap(([key, value]) =>
        /^(\w+Name|Family|Priority)$/.test(key) && (typeof value === 'string' || typeof value === 'number')
          ? [`${key} ${value}`]
          : [],
      ),
    );
  const names = [namesIn(first!), namesIn(second!)].map((all) => all.filter((name) => !SHARED.test(name)));
  expect(names[0]).toContain('ServiceName shop-orders-blue');
  expect(names[1]).toContain('ServiceName shop-search-blue');
  expect(names[0]!.filter((name) => names[1]!.includes(name))).toEqual([]);
});

/** Names of things that are no resources of their own: metrics, headers, containers, policies inside a role. */
const SHARED = /^(MetricName|HeaderName|ContainerName|PolicyName) /;

test('cdk-nag has nothing to say of any profile, and would say it [S1]', () => {
  for (const raw of [{}, trial, attach]) {
    const { app } = stacksOf(raw);
    app.synth();
    expect(new AwsSolutionsChecks(app).validateScope(app).violations).toEqual([]);
  }
  const { app } = stacksOf(trial);
  new CfnSecurityGroup(new Stack(app, 'Careless'), 'Group', {
    groupDescription: 'open to everybody',
    securityGroupIngress: [{ cidrIp: '0.0.0.0/0', ipProtocol: 'tcp', fromPort: 22, toPort: 22 }],
  });
  const { violations } = new AwsSolutionsChecks(app).validateScope(app);
  expect(violations.map(({ ruleName }) => ruleName)).toContain('AwsSolutions-EC23');
});
