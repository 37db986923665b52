import { SFNClient } from '@aws-sdk/client-sfn';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withDeadline } from '../../functions/adapters/client.ts';
import { executionName, sfnExecutions } from '../../functions/adapters/sfn-executions.ts';
import { Stuck } from '../../functions/core/failures.ts';
import { answering, PLACE, refusal } from './answering.ts';

const MACHINE = 'arn:aws:states:us-east-1:111111111111:stateMachine:sluice-backend';

/** Step Functions: a name that has ended is taken for 90 days. */
function machine() {
  const runs = new Map<string, { input: string; status: string }>();
  const arnOf = (name: string) => `arn:aws:states:us-east-1:111111111111:execution:sluice-backend:${name}`;
  const client = answering(withDeadline(new SFNClient(PLACE)), {
    StartExecution: ({ name, input }: { name: string; input: string }) => {
      const known = runs.get(arnOf(name));
      if (known && (known.status !== 'RUNNING' || known.input !== input)) throw refusal('ExecutionAlreadyExists');
      runs.set(arnOf(name), { input, status: 'RUNNING' });
      return {};
    },
    DescribeExecution: ({ executionArn }: { executionArn: string }) => {
      const run = runs.get(executionArn);
      if (!run) throw refusal('ExecutionDoesNotExist');
      return { executionArn, ...run };
    },
  });
  return { runs, arnOf, executions: sfnExecutions(client, { stateMachineArn: `${MACHINE}:7` }) };
}

test('a push that is started twice is one execution', async () => {
  const { runs, executions } = machine();
  await executions.start('pending-5-1', { image: 'v1.5.0', pushedAt: 3 });
  await executions.start('pending-5-1', { image: 'v1.5.0', pushedAt: 3 });
  expect([...runs.values()]).toEqual([{ input: '{"image":"v1.5.0","pushedAt":3}', status: 'RUNNING' }]);
});

test('one that has ended under that name is not started again, and its input must be the same', async () => {
  const { runs, arnOf, executions } = machine();
  runs.set(arnOf('pending-5-1'), { input: '{"pushedAt":3,"image":"v1.5.0"}', status: 'FAILED' });
  await executions.start('pending-5-1', { image: 'v1.5.0', pushedAt: 3 });
  await expect(executions.start('pending-5-1', { image: 'v1.5.1' })).rejects.toThrow(Stuck);
  expect([...runs.values()].map(({ status }) => status)).toEqual(['FAILED']);
});

test('an execution is known by its name and by its ARN, and one that nobody knows is unknown', async () => {
  const { runs, arnOf, executions } = machine();
  await executions.start('one', {});
  expect(await executions.status('one')).toBe('RUNNING');
  expect(await executions.status(arnOf('one'))).toBe('RUNNING');
  for (const status of ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED']) {
    runs.set(arnOf('one'), { input: '{}', status });
    expect(await executions.status('one')).toBe('ended');
  }
  expect(await executions.status('another')).toBe('unknown');
});

test('any name becomes one that Step Functions takes, and two names never become one', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200, unit: 'grapheme' }), fc.string({ maxLength: 200 }), (one, other) => {
      const [first, second] = [executionName(one), executionName(other)];
      expect(first).toMatch(/^[\w.+=@-]{0,80}$/);
      expect(first === second).toBe(one === other);
      expect(executionName(first)).toBe(first);
    }),
  );
  expect(executionName('pending-5555555555555555-1767621300-1')).toBe('pending-5555555555555555-1767621300-1');
});
