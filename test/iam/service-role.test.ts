/** The role of one service, and what a session of it may: its own parts, and nothing of the service beside it. */
import { describe, expect, test } from 'vitest';
import { COLOURS } from '../../functions/core/roles.ts';
import { type Actor, RIGHTS_OF, sessionPolicy } from '../../functions/core/service-rights.ts';
import { mayAssume, type Policy, sessionMay } from './evaluator.ts';
import { checksOf } from './requests.ts';
import { CONTROLLER_ROLES, PLACE, type RoleOf, roleOf } from './stacks.ts';

const orders = roleOf('orders');
const cart = roleOf('cart');
const ACTORS = Object.keys(RIGHTS_OF) as readonly Actor[];

/** Whether a verb, with a session of the role of `own`, may make that call. */
function may(own: RoleOf, actor: Actor, command: string, input: object): boolean {
  const session = JSON.parse(sessionPolicy(actor, own.registration)) as Policy;
  return checksOf(command, input, PLACE).every((check) => sessionMay(own.may, session, check));
}

/** Every call that changes something of a service. */
const writesTo = ({ registration, taskRoles }: RoleOf): readonly (readonly [command: string, input: object])[] => {
  const { ruleArn, probe, cluster, services, families } = registration;
  return [
    ['ModifyRule', { RuleArn: ruleArn }],
    ['ModifyRule', { RuleArn: probe.ruleArn }],
    ...COLOURS.map((colour) => ['UpdateService', { cluster, service: services[colour] }] as const),
    ...taskRoles.map((taskRoleArn) => ['RegisterTaskDefinition', { family: 'x', taskRoleArn }] as const),
    ...[...COLOURS.map((colour) => families[colour]), `${families.template}-migration`].map(
      (family) => ['RegisterTaskDefinition', { family, tags: [{}] }] as const,
    ),
    ['RunTask', { cluster, taskDefinition: `${families.template}-migration:3` }],
  ];
};

describe('with the credentials of one service', () => {
  test.each(ACTORS)('%s can change nothing of the service beside it', (actor) => {
    const allowed = writesTo(cart).filter(([command, input]) => may(orders, actor, command, input));
    expect(allowed).toEqual([]);
  });

  test('everything that a release changes of its own can be changed, by the verbs that do it', () => {
    const everybody = writesTo(orders).map(([command, input]) =>
      ACTORS.some((actor) => may(orders, actor, command, input)),
    );
    expect(everybody).toEqual(everybody.map(() => true));
  });

  test.each<[actor: Actor, command: string, input: object]>([
    ['judge', 'ModifyRule', { RuleArn: orders.registration.ruleArn }],
    ['judge', 'UpdateService', { cluster: 'main', service: 'orders-blue' }],
    ['guard', 'ModifyRule', { RuleArn: orders.registration.probe.ruleArn }],
    ['prepare', 'ModifyRule', { RuleArn: orders.registration.ruleArn }],
    ['shift', 'UpdateService', { cluster: 'main', service: 'orders-blue' }],
    ['revert', 'RegisterTaskDefinition', { family: 'orders-blue' }],
    ['open', 'RunTask', { cluster: 'main', taskDefinition: 'orders-template-migration:1' }],
    ['registrar', 'ModifyRule', { RuleArn: orders.registration.ruleArn }],
  ])('%s is refused %s, which the role may and the verb does not need', (actor, command, input) => {
    expect(may(orders, actor, command, input)).toBe(false);
    const byRole = checksOf(command, input, PLACE).every((check) => sessionMay(orders.may, undefined, check));
    expect(byRole).toBe(true);
  });

  test('no role but those of its tasks is handed to a task, and to nothing but a task', () => {
    const stranger = `arn:aws:iam::${PLACE.account}:role/admin`;
    expect(may(orders, 'prepare', 'RegisterTaskDefinition', { family: 'x', taskRoleArn: stranger })).toBe(false);
    const toLambda = { 'iam:PassedToService': 'lambda.amazonaws.com' };
    const [resource = ''] = orders.taskRoles;
    expect(sessionMay(orders.may, undefined, { action: 'iam:PassRole', resource, context: toLambda })).toBe(false);
  });

  test('another cluster is out of reach', () => {
    expect(may(orders, 'revert', 'UpdateService', { cluster: 'other', service: 'orders-blue' })).toBe(false);
    expect(may(orders, 'migrate', 'RunTask', { cluster: 'other', taskDefinition: 'orders-template-migration:1' })).toBe(
      false,
    );
  });
});

describe('the role of a service', () => {
  const whoMay = [
    { Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: 'arn:aws:iam::*:role/sluice-*' }] },
  ];

  test.each(CONTROLLER_ROLES)('is assumed by the controller: %s', (arn) => {
    expect(mayAssume(orders.trust, { arn, may: whoMay }, orders.arn)).toBe(true);
  });

  test.each([
    `arn:aws:iam::${PLACE.account}:role/admin`,
    `arn:aws:iam::${PLACE.account}:user/somebody`,
    `arn:aws:iam::${PLACE.account}:role/sluice-cart`,
    'arn:aws:iam::222222222222:role/sluice-controller-open',
  ])('is assumed by nobody else: %s', (arn) => {
    expect(
      mayAssume(
        orders.trust,
        { arn, may: [{ Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }] },
        orders.arn,
      ),
    ).toBe(false);
  });
});
