/** Every call of a service's stage in moto, asked of IAM as if it were made with the role of `orders`. */
import type { Addresses } from '../../functions/adapters/addresses.ts';
import { type Actor, sessionPolicy } from '../../functions/core/service-rights.ts';
import { ACCOUNT } from '../conformance/moto.ts';
import { SERVICE, TEMPLATE } from '../conformance/stage.ts';
import { type Policy, sessionMay } from './evaluator.ts';
import { checksOf } from './requests.ts';
import { PLACE, roleOf } from './stacks.ts';

const orders = roleOf('orders');

/** The controller's own, which no service's role is asked for. */
const ITS_OWN =
  /^(GetItem|PutItem|UpdateItem|Query|TransactWriteItems|StartExecution|DescribeExecution|Publish\w*|PutEvents)$/;

/** The parts of the stage by the names that `orders` has for them. */
function translated(input: object, at: Addresses): object {
  const { registration, taskRoles } = orders;
  const [execution = '', task = ''] = taskRoles;
  const names: readonly (readonly [string, string])[] = [
    [at.ruleArn, registration.ruleArn],
    [at.probe.ruleArn, registration.probe.ruleArn],
    [TEMPLATE.executionRoleArn, execution],
    [TEMPLATE.taskRoleArn, task],
    [ACCOUNT, PLACE.account],
    [at.families.template, registration.families.template],
    [at.services.blue, registration.services.blue],
    [at.services.green, registration.services.green],
    [SERVICE, registration.repository.name],
  ];
  return JSON.parse(names.reduce((text, [ours, theirs]) => text.replaceAll(ours, theirs), JSON.stringify(input)));
}

export interface Asked {
  readonly actor: Actor;
  readonly command: string;
  readonly allowed: boolean;
}

/** Refused where IAM would: then the release ends as it would in an account. */
export const askingIam =
  (asked: Asked[]) =>
  (verb: string, at: Addresses) =>
  (command: string, input: object): void => {
    if (ITS_OWN.test(command)) return;
    const actor = verb.toLowerCase() as Actor;
    const session = JSON.parse(sessionPolicy(actor, orders.registration)) as Policy;
    const checks = checksOf(command, translated(input, at), PLACE);
    const refused = checks.find((check) => !sessionMay(orders.may, session, check));
    asked.push({ actor, command, allowed: refused === undefined });
    if (refused) throw new Error(`${actor} may not ${refused.action} on ${refused.resource}`);
  };
