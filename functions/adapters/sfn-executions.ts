/** Executions of the release state machine. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { DescribeExecutionCommand, type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { Stuck } from '../core/failures.ts';
import type { Executions } from '../ports/executions.ts';
import type { Addresses } from './addresses.ts';
import { isCalled } from './failures.ts';

export const sfnExecutions = (
  sfn: Pick<SFNClient, 'send'>,
  { stateMachineArn }: Pick<Addresses, 'stateMachineArn'>,
): Executions => {
  const describe = (execution: string) =>
    sfn.send(
      new DescribeExecutionCommand({
        executionArn: executionArn(stateMachineArn, execution),
      }),
    );
  return {
    async start(name, input) {
      try {
        await sfn.send(
          new StartExecutionCommand({ stateMachineArn, name: executionName(name), input: JSON.stringify(input) }),
        );
      } catch (error) {
        if (!isCalled(error, 'ExecutionAlreadyExists')) throw error;
        // It has ended under this name already. With the same input, it was this one.
        const { input: before = '{}', executionArn: arn } = await describe(name);
        if (!isDeepStrictEqual(JSON.parse(before), JSON.parse(JSON.stringify(input))))
          throw new Stuck(`${arn} was started with another input`, { cause: error });
      }
    },

    async status(execution) {
      try {
        return (await describe(execution)).status === 'RUNNING' ? 'RUNNING' : 'ended';
      } catch (error) {
        if (isCalled(error, 'ExecutionDoesNotExist', 'InvalidArn')) return 'unknown';
        throw error;
      }
    },
  };
};

const LONGEST_NAME = 80;

/**
 * A name that Step Functions takes: at most 80 characters, none of the reserved ones
 * (https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html). Names stay different.
 */
export function executionName(wanted: string): string {
  const legal = wanted.replace(/[^\w.+=@-]/g, '-');
  if (legal === wanted && wanted.length <= LONGEST_NAME) return wanted;
  const print = createHash('sha256').update(wanted).digest('hex').slice(0, 16);
  return `${legal.slice(0, LONGEST_NAME - print.length - 1)}-${print}`;
}

/**
 * `arn:…:stateMachine:<machine>`, with or without a version or alias, to `arn:…:execution:<machine>:<name>`; what is an
 * ARN already stays one.
 */
export function executionArn(stateMachineArn: string, name: string): string {
  if (name.startsWith('arn:')) return name;
  const [arn, partition, states, region, account, , machine] = stateMachineArn.split(':');
  return [arn, partition, states, region, account, 'execution', machine, executionName(name)].join(':');
}
