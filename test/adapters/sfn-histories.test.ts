import { SFNClient } from '@aws-sdk/client-sfn';
import { expect, test } from 'vitest';
import { sfnHistories } from '../../functions/adapters/sfn-histories.ts';
import { answering, type Call, PLACE, refusal } from './answering.ts';

const MACHINE = 'arn:aws:states:us-east-1:111111111111:stateMachine:sluice-backend';
const EXECUTION = 'arn:aws:states:us-east-1:111111111111:execution:sluice-backend:one';
const PAGE = 2;

/** An execution that told this, asked for two events at a time. */
function history(events: readonly object[]) {
  const calls: Call[] = [];
  const client = answering(
    new SFNClient(PLACE),
    {
      GetExecutionHistory: ({ executionArn, reverseOrder, nextToken }: Record<string, string | boolean>) => {
        if (executionArn !== EXECUTION) throw refusal('ExecutionDoesNotExist');
        if (!reverseOrder) throw new Error('asked for another history');
        const left = events.toReversed().slice(Number(nextToken ?? 0));
        const next = Number(nextToken ?? 0) + PAGE;
        return { events: left.slice(0, PAGE), ...(left.length > PAGE ? { nextToken: String(next) } : {}) };
      },
    },
    calls,
  );
  return { calls, histories: sfnHistories(client, { stateMachineArn: MACHINE }) };
}

const at = (second: number): Date => new Date(1_767_621_600_000 + second * 1000);
const EVENTS = [
  { id: 1, type: 'ExecutionStarted', timestamp: at(0) },
  { id: 2, type: 'TaskStateEntered', timestamp: at(1), stateEnteredEventDetails: { name: 'Open', input: '{"a":1}' } },
  {
    id: 3,
    type: 'LambdaFunctionSucceeded',
    timestamp: at(2),
    lambdaFunctionSucceededEventDetails: { output: '{"verdict":"opened"}' },
  },
  { id: 4, type: 'TaskStateExited', timestamp: at(2.5), stateExitedEventDetails: { name: 'Open', output: '{}' } },
  {
    id: 5,
    type: 'LambdaFunctionFailed',
    timestamp: at(3),
    lambdaFunctionFailedEventDetails: { error: 'Stuck', cause: 'no' },
  },
];

test('all that happened is told in order, decoded, whatever the pages are', async () => {
  const { histories } = history(EVENTS);
  expect(await histories.after('one', 0)).toEqual([
    { id: 1, type: 'ExecutionStarted', timestamp: 1_767_621_600, details: {} },
    { id: 2, type: 'TaskStateEntered', timestamp: 1_767_621_601, details: { name: 'Open', input: { a: 1 } } },
    {
      id: 3,
      type: 'LambdaFunctionSucceeded',
      timestamp: 1_767_621_602,
      details: { output: { verdict: 'opened' } },
    },
    { id: 4, type: 'TaskStateExited', timestamp: 1_767_621_602.5, details: { name: 'Open', output: {} } },
    { id: 5, type: 'LambdaFunctionFailed', timestamp: 1_767_621_603, details: { error: 'Stuck', cause: 'no' } },
  ]);
});

test('a later look tells only what is new, and reads no further back than that', async () => {
  const { histories, calls } = history(EVENTS);
  expect((await histories.after(EXECUTION, 3)).map(({ id }) => id)).toEqual([4, 5]);
  expect(calls).toHaveLength(1);
  expect(await histories.after(EXECUTION, 5)).toEqual([]);
});

test('an execution that is forgotten tells nothing', async () => {
  expect(await history(EVENTS).histories.after('another', 0)).toEqual([]);
});
