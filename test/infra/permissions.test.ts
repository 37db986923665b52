import type { Stack } from 'aws-cdk-lib';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import { expect, test } from 'vitest';
import { everywhere, ONLY_EVERYWHERE, roleFor } from '../../infra/constructs/permission.ts';
import { allowedIn, listOf, permissionsPage, type Template } from '../../scripts/permissions-table.ts';
import { textOf } from '../repository-files.ts';
import { attach, ofType, production as plan, stacksOf, type TemplateJson, templateOf, trial } from './fixture.ts';

const { app, releases } = stacksOf(plan);
const production = templateOf(releases[0]!);
const core = templateOf(app.node.findChild('sluice-core') as Stack);
const PROFILES = [
  ['production', production],
  ['trial', templateOf(stacksOf(trial).releases[0]!)],
  ['attach', templateOf(stacksOf(attach).releases[0]!)],
] as const;

/** What is wrong with the rights in a template, a sentence each. */
const findingsIn = (template: TemplateJson): readonly string[] =>
  allowedIn(template as Template).flatMap(
    ({ who = 'somebody', why, statement: { Sid = 'a statement', Action, Resource } }) => {
      const actions = listOf(Action);
      const wide = actions.filter((action) => action.includes('*'));
      const everywhere = listOf(Resource).includes('*') ? actions.filter((action) => !(action in ONLY_EVERYWHERE)) : [];
      return [
        ...(why ? [] : [`${who}: ${Sid} (${actions.join(', ')}) has no reason`]),
        ...wide.map((action) => `${who}: ${Sid} allows ${action}`),
        ...everywhere.map((action) => `${who}: ${Sid} allows ${action} on every resource`),
      ];
    },
  );

test.each(PROFILES)(
  'in %s every right has its reason, no action is a wildcard, and * is for listed actions only',
  (_, template) => {
    expect(allowedIn(template as Template).length).toBeGreaterThan(50);
    expect(findingsIn(template)).toEqual([]);
  },
);

test('in the core every right has its reason too', () => {
  expect(allowedIn(core as Template).length).toBeGreaterThan(15);
  expect(findingsIn(core)).toEqual([]);
});

test.each(PROFILES)('in %s no role has rights from elsewhere: no managed policy, nothing inline', (_, template) => {
  for (const { Properties } of ofType(template, 'AWS::IAM::Role')) {
    expect(Properties.ManagedPolicyArns ?? []).toEqual([]);
    expect(Properties.Policies ?? []).toEqual([]);
  }
  expect(ofType(template, 'AWS::IAM::ManagedPolicy')).toEqual([]);
});

test('docs/permissions.md is what the template allows (npm run synth && npm run permissions)', () => {
  expect(textOf('docs/permissions.md')).toBe(permissionsPage([core, production] as Template[]));
});

/** The production's stack, with one more statement for the judge. */
function withStatement(actions: string[], resources: string[]) {
  const [stack] = stacksOf({}).releases;
  const role = stack!.node.findChild('Verbs').node.findChild('judge').node.findChild('Role') as Role;
  role.addToPrincipalPolicy(new PolicyStatement({ actions, resources }));
  return stack!;
}

test('a statement that somebody adds by hand is found, however narrow it is', () => {
  const template = templateOf(withStatement(['ecs:StopTask'], ['arn:aws:ecs:us-east-1:123456789012:task/one/two']));
  expect(findingsIn(template)).toEqual(['somebody: a statement (ecs:StopTask) has no reason']);
  expect(permissionsPage([template] as Template[])).not.toBe(permissionsPage([production] as Template[]));
});

test('a wildcard that somebody adds by hand does not even synthesise', () => {
  expect(() => templateOf(withStatement(['ecs:*'], ['*']))).toThrow('IAM5[Action::ecs:*]');
});

test('a right of ours on every resource does not synthesise either, unless the list says why', () => {
  const [stack] = stacksOf({}).releases;
  roleFor(stack!, 'Careless', {
    isOf: 'lambda',
    who: 'somebody careless',
    may: { Stop: { actions: ['ecs:StopTask'], resources: everywhere, why: 'it was easy' } },
  });
  expect(() => templateOf(stack!)).toThrow('Stop allows ecs:StopTask on every resource; name the resource');
});

test('who moves traffic, and who does not', () => {
  const rights = (action: string) =>
    allowedIn(production as Template)
      .filter(({ statement }) => listOf(statement.Action).includes(action))
      .map(({ who, statement: { Sid } }) => `${who}: ${Sid}`)
      .toSorted();
  expect(rights('elasticloadbalancing:ModifyRule')).toEqual([
    'close: MoveTraffic',
    'close: PointProbe',
    'guard: MoveTraffic',
    'open: MoveTraffic',
    'prepare: PointProbe',
    'reconcile: MoveTraffic',
    'reconcile: PointProbe',
    'revert: MoveTraffic',
    'revert: PointProbe',
    'shift: MoveTraffic',
    'weighted-rule: OwnRules',
  ]);
  expect(rights('ecs:UpdateService')).toEqual([
    'close: ChangeService',
    'prepare: ChangeService',
    'reconcile: ChangeService',
    'revert: ChangeService',
    'rotate-refresh: ChangeService',
  ]);
  expect(rights('iam:PassRole')).toEqual([
    'migrate-by-hand: PassTaskRoles',
    'migrate: PassTaskRoles',
    'prepare: PassTaskRoles',
    'task-family: PassTaskRoles',
  ]);
});
