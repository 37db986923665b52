/** The evaluator against what AWS's documentation says in words and examples. */
import { describe, expect, test } from 'vitest';
import { type Check, decide, mayAssume, type Policy, type Statement, sessionMay } from './evaluator.ts';

const policy = (...Statement: readonly Statement[]): Policy => ({ Version: '2012-10-17', Statement });
const allow = (
  Action: string | string[],
  Resource: string | string[],
  Condition?: Statement['Condition'],
): Statement => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...(Condition ? { Condition } : {}),
});
const check = (action: string, resource: string, context?: Check['context']): Check => ({
  action,
  resource,
  ...(context ? { context } : {}),
});

const SERVICE = 'arn:aws:ecs:us-east-1:111111111111:service/main/orders-blue';

test.each<[what: string, statement: Statement, asked: Check, answer: ReturnType<typeof decide>]>([
  ['the very action and resource', allow('ecs:UpdateService', SERVICE), check('ecs:UpdateService', SERVICE), 'allowed'],
  ['actions in any letter case', allow('ECS:updateservice', SERVICE), check('ecs:UpdateService', SERVICE), 'allowed'],
  ['another action', allow('ecs:UpdateService', SERVICE), check('ecs:DeleteService', SERVICE), 'not allowed'],
  ['a wildcard in the action', allow('ecs:*Service', '*'), check('ecs:DeleteService', SERVICE), 'allowed'],
  ['another resource', allow('ecs:UpdateService', SERVICE), check('ecs:UpdateService', `${SERVICE}s`), 'not allowed'],
  [
    'resources in another letter case',
    allow('ecs:*', SERVICE),
    check('ecs:UpdateService', SERVICE.toUpperCase()),
    'not allowed',
  ],
  [
    'a wildcard at the end',
    allow('ecs:*', 'arn:aws:ecs:*:*:service/main/*'),
    check('ecs:UpdateService', SERVICE),
    'allowed',
  ],
  ['one letter', allow('ecs:*', SERVICE.replace('blue', 'blu?')), check('ecs:UpdateService', SERVICE), 'allowed'],
  [
    'a wildcard within a segment does not leave it',
    allow('s3:*', 'arn:aws:s3:::a*b:c'),
    check('s3:GetObject', 'arn:aws:s3:::a:x:b:c'),
    'not allowed',
  ],
  [
    'a wildcard at the end of a segment may',
    allow('ecs:*', 'arn:aws:ecs:us-east-1:111111111111:task-definition/orders:*'),
    check('ecs:RunTask', 'arn:aws:ecs:us-east-1:111111111111:task-definition/orders:7'),
    'allowed',
  ],
  [
    'an action that knows no resources, where one is named',
    allow('ecs:*', SERVICE),
    check('ecs:RegisterTaskDefinition', '*'),
    'not allowed',
  ],
  [
    'everything but',
    { Effect: 'Allow', NotAction: 'iam:*', Resource: '*' },
    check('ecs:UpdateService', SERVICE),
    'allowed',
  ],
  [
    'all but that resource',
    { Effect: 'Allow', Action: '*', NotResource: SERVICE },
    check('ecs:UpdateService', SERVICE),
    'not allowed',
  ],
])('%s', (_, statement, asked, answer) => {
  expect(decide([policy(statement)], asked)).toBe(answer);
});

test('a deny wins over any number of allowances', () => {
  const denies: Statement = { Effect: 'Deny', Action: 'ecs:Delete*', Resource: '*' };
  expect(decide([policy(allow('*', '*')), policy(denies)], check('ecs:DeleteService', SERVICE))).toBe('denied');
  expect(decide([policy(allow('*', '*')), policy(denies)], check('ecs:UpdateService', SERVICE))).toBe('allowed');
});

describe('conditions', () => {
  const may = (Condition: Statement['Condition'], context: Check['context']): boolean =>
    decide([policy(allow('*', '*', Condition))], check('ecs:RunTask', '*', context)) === 'allowed';
  const cluster = (name: string) => `arn:aws:ecs:us-east-1:111111111111:cluster/${name}`;

  test.each<[what: string, condition: Statement['Condition'], context: Check['context'], holds: boolean]>([
    ['equal text', { StringEquals: { 'aws:a': 'x' } }, { 'aws:a': 'x' }, true],
    ['keys in any letter case', { StringEquals: { 'AWS:A': 'x' } }, { 'aws:a': 'x' }, true],
    ['values in another letter case', { StringEquals: { 'aws:a': 'X' } }, { 'aws:a': 'x' }, false],
    ['one of several', { StringEquals: { 'aws:a': ['w', 'x'] } }, { 'aws:a': 'x' }, true],
    [
      'two keys, one of which differs',
      { StringEquals: { 'aws:a': 'x', 'aws:b': 'y' } },
      { 'aws:a': 'x', 'aws:b': 'z' },
      false,
    ],
    [
      'two operators, one of which fails',
      { StringEquals: { 'aws:a': 'x' }, Bool: { 'aws:b': 'true' } },
      { 'aws:a': 'x', 'aws:b': 'false' },
      false,
    ],
    ['a key that is absent', { StringEquals: { 'aws:a': 'x' } }, {}, false],
    ['a key that may be absent', { StringEqualsIfExists: { 'aws:a': 'x' } }, {}, true],
    ['a key that may be absent and is not', { StringEqualsIfExists: { 'aws:a': 'x' } }, { 'aws:a': 'y' }, false],
    ['a negation, and the key is absent', { StringNotEquals: { 'aws:a': 'x' } }, {}, true],
    ['a negation of several', { StringNotEquals: { 'aws:a': ['x', 'y'] } }, { 'aws:a': 'y' }, false],
    ['a pattern', { StringLike: { 'aws:a': 'v1.*' } }, { 'aws:a': 'v1.5.0' }, true],
    ['a pattern where text must be equal', { StringEquals: { 'aws:a': 'v1.*' } }, { 'aws:a': 'v1.5.0' }, false],
    ['an ARN', { ArnEquals: { 'ecs:cluster': cluster('main') } }, { 'ecs:cluster': cluster('main') }, true],
    [
      'a pattern of ARNs, also for ArnEquals',
      { ArnEquals: { 'ecs:cluster': cluster('m*') } },
      { 'ecs:cluster': cluster('main') },
      true,
    ],
    [
      'an ARN of another cluster',
      { ArnEquals: { 'ecs:cluster': cluster('main') } },
      { 'ecs:cluster': cluster('mainly') },
      false,
    ],
    ['a key that must be absent', { Null: { 'aws:a': 'true' } }, {}, true],
    ['a key that must be there', { Null: { 'aws:a': 'false' } }, {}, false],
    ['any of the values', { 'ForAnyValue:StringEquals': { 'aws:a': ['x'] } }, { 'aws:a': ['w', 'x'] }, true],
    ['all of the values', { 'ForAllValues:StringEquals': { 'aws:a': ['x'] } }, { 'aws:a': ['w', 'x'] }, false],
    ['all of none', { 'ForAllValues:StringEquals': { 'aws:a': ['x'] } }, {}, true],
  ])('%s', (_, condition, context, holds) => {
    expect(may(condition, context)).toBe(holds);
  });

  test('what is not known here is an error, and never an allowance', () => {
    expect(() => may({ NumericLessThan: { 'aws:a': '1' } }, { 'aws:a': '0' })).toThrow(/NumericLessThan is not known/);
    expect(() => decide([policy(allow('*', ['arn:$', '{aws:a}'].join('')))], check('ecs:RunTask', 'arn:x'))).toThrow(
      /variables/,
    );
  });
});

test('a session may what both the role and the policy of the session allow', () => {
  const role = [policy(allow(['ecs:UpdateService', 'ecs:RunTask'], SERVICE))];
  const session = policy(allow(['ecs:UpdateService', 'ecs:DeleteService'], '*'));
  const may = (action: string, resource = SERVICE) => sessionMay(role, session, check(action, resource));
  expect(may('ecs:UpdateService')).toBe(true);
  expect(may('ecs:RunTask')).toBe(false);
  expect(may('ecs:DeleteService')).toBe(false);
  expect(may('ecs:UpdateService', `${SERVICE}s`)).toBe(false);
  expect(sessionMay(role, undefined, check('ecs:RunTask', SERVICE))).toBe(true);
});

describe('who may assume a role', () => {
  const role = 'arn:aws:iam::111111111111:role/sluice-orders';
  const shift = 'arn:aws:iam::111111111111:role/controller-shift';
  const may = [policy(allow('sts:AssumeRole', 'arn:aws:iam::111111111111:role/sluice-*'))];
  const trust = (arns: string[]) =>
    policy({
      Effect: 'Allow',
      Action: 'sts:AssumeRole',
      Principal: { AWS: 'arn:aws:iam::111111111111:root' },
      Condition: { ArnEquals: { 'aws:PrincipalArn': arns } },
    });

  test('whom it trusts, if they may themselves', () => {
    expect(mayAssume(trust([shift]), { arn: shift, may }, role)).toBe(true);
    expect(mayAssume(trust([shift]), { arn: shift, may: [] }, role)).toBe(false);
    expect(mayAssume(trust([shift]), { arn: shift, may }, role.replace('sluice-', 'other-'))).toBe(false);
  });

  test('nobody else of the account, and nobody of another one', () => {
    const stranger = 'arn:aws:iam::111111111111:role/stranger';
    expect(mayAssume(trust([shift]), { arn: stranger, may: [policy(allow('*', '*'))] }, role)).toBe(false);
    const far = shift.replace('111111111111', '222222222222');
    expect(mayAssume(trust([far]), { arn: far, may: [policy(allow('*', '*'))] }, role)).toBe(false);
  });
});
