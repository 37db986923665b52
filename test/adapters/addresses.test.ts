import { expect, test } from 'vitest';
import {
  addresses,
  DESCRIPTION,
  description,
  loadBalancerDimension,
  settingsOf,
  targetGroupDimension,
} from '../../functions/adapters/addresses.ts';
import { Stuck } from '../../functions/core/failures.ts';
import { GROUPS, LOAD_BALANCER } from './balancer.ts';
import { SLUICE } from './sluice.ts';

const read = (written: unknown) => addresses({ SLUICE: JSON.stringify(written) });

test('what the stack wrote is what the Lambdas read', () => {
  expect(read(SLUICE)).toEqual(SLUICE);
  const { migration: _, eventBus: __, ...less } = SLUICE;
  expect(read({ ...less, settings: { ...less.settings, hasMigration: false } })).not.toHaveProperty('migration');
});

/** What is wrong with the variable, and what is said of it. */
const WRONG: readonly (readonly [what: string, written: string | undefined, says: RegExp])[] = [
  ['missing', undefined, /SLUICE is missing/],
  ['no JSON', '{', /SLUICE is no JSON/],
  ['a list', '[]', /SLUICE is invalid/],
  ['empty', '{}', /service is missing; table is missing; ruleArn is missing/],
  ['a listener instead of a rule', { ...SLUICE, ruleArn: SLUICE.loadBalancer }, /ruleArn is no ARN of a listener rule/],
  ['one group', { ...SLUICE, targetGroups: { blue: GROUPS.blue } }, /targetGroups\.green is missing/],
  [
    'an unknown policy',
    { ...SLUICE, settings: { ...SLUICE.settings, policy: 'brave' } },
    /settings\.policy is "brave"/,
  ],
  ['a misspelt field', { ...SLUICE, evnetBus: 'default' }, /it has a field that nobody knows/],
  ['no command to migrate with', { ...SLUICE, migration: undefined }, /migration is missing/],
].map(([what, written, says]) => [
  what as string,
  typeof written === 'object' ? JSON.stringify(written) : (written as string | undefined),
  says as RegExp,
]);

test.each(WRONG)('a variable that is %s stops everything, with a sentence', (_, written, says) => {
  const reading = () => addresses({ SLUICE: written });
  expect(reading).toThrow(Stuck);
  expect(reading).toThrow(says);
});

test('the command is given the same without what it need not know, and refuses anything else as clearly', () => {
  const { probe: _, topicArn: __, eventBus: ___, migration: ____, ...described } = SLUICE;
  expect(description(JSON.stringify(described))).toEqual(described);
  expect(() => description(undefined)).toThrow(`The output ${DESCRIPTION} of the stack is missing`);
  expect(() => description('{}')).toThrow(/service is missing; table is missing/);
  expect(() => description(JSON.stringify(SLUICE))).toThrow(/a field that nobody knows/);
  expect(settingsOf(SLUICE).traffic.region).toBe('us-east-1');
});

test('CloudWatch knows the load balancer and the groups by the ends of their ARNs', () => {
  expect(loadBalancerDimension(LOAD_BALANCER)).toBe('app/conductores/50dc');
  expect(targetGroupDimension(GROUPS.blue)).toBe('targetgroup/blue/73e2');
});
