import { expect, test } from 'vitest';
import { isCalled, named } from '../../functions/adapters/failures.ts';
import { Stuck, Transient } from '../../functions/core/failures.ts';
import { refusal } from './answering.ts';

/** As AWS and Node call it, what it is to us. */
const TABLE: readonly (readonly [name: string, is: 'Transient' | 'Stuck' | 'itself', facts: object])[] = (
  [
    ['ThrottlingException', 'Transient'],
    ['Throttling', 'Transient'],
    ['TooManyRequestsException', 'Transient'],
    ['RequestLimitExceeded', 'Transient'],
    ['ProvisionedThroughputExceededException', 'Transient'],
    ['InternalServerError', 'Transient'],
    ['ServerException', 'Transient'],
    ['ServiceUnavailableException', 'Transient'],
    ['NobodyKnows', 'Transient', { $metadata: { httpStatusCode: 503 } }],
    ['NobodyKnows', 'Transient', { $metadata: { httpStatusCode: 429 } }],
    ['NobodyKnows', 'itself', { $metadata: { httpStatusCode: 400 } }],
    ['TimeoutError', 'Transient'],
    ['AbortError', 'Transient'],
    ['Error', 'Transient', { code: 'ECONNRESET' }],
    ['Error', 'Transient', { code: 'EAI_AGAIN' }],
    ['RuleNotFoundException', 'Stuck'],
    ['TargetGroupNotFoundException', 'Stuck'],
    ['ServiceNotFoundException', 'Stuck'],
    ['ServiceNotActiveException', 'Stuck'],
    ['ClusterNotFoundException', 'Stuck'],
    ['ResourceNotFoundException', 'Stuck'],
    ['StateMachineDoesNotExist', 'Stuck'],
    ['RepositoryNotFoundException', 'Stuck'],
    ['TargetGroupAssociationLimitException', 'Stuck'],
    ['TooManyActionsException', 'Stuck'],
    ['InvalidLoadBalancerActionException', 'Stuck'],
    ['OperationNotPermittedException', 'Stuck'],
    ['AccessDeniedException', 'Stuck'],
    ['AccessDenied', 'Stuck'],
    ['ValidationException', 'itself'],
    ['ConditionalCheckFailedException', 'itself'],
    ['Error', 'itself'],
  ] as const
).map(([name, is, facts = {}]) => [name, is, facts]);

test.each(TABLE)('%s is %s', (name, is, facts) => {
  const error = refusal(name, 'because', facts);
  const ours = named('ModifyRule', error);
  if (is === 'itself') return expect(ours).toBe(error);
  expect(ours).toBeInstanceOf(is === 'Stuck' ? Stuck : Transient);
  expect(ours).toMatchObject({ cause: error, message: expect.stringContaining('ModifyRule') });
});

test('a refused right is named, with what it was wanted for [F57]', () => {
  const message =
    'User: arn:aws:sts::1:assumed-role/x is not authorized to perform: ecs:UpdateService on resource: arn:aws:ecs:us-east-1:1:service/c/green because no identity-based policy allows it';
  expect((named('UpdateService', refusal('AccessDeniedException', message)) as Error).message).toBe(
    'UpdateService: the right ecs:UpdateService is missing on arn:aws:ecs:us-east-1:1:service/c/green; docs/permissions.md says who needs it',
  );
});

test('what AWS called it is still known under our name', () => {
  expect(isCalled(named('DescribeRules', refusal('RuleNotFoundException')), 'RuleNotFound')).toBe(true);
  expect(isCalled(named('DescribeRules', refusal('RuleNotFoundException')), 'ImageNotFound')).toBe(false);
  expect(isCalled('RuleNotFound', 'RuleNotFound')).toBe(false);
});
