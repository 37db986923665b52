/** What executions of the release state machine told. */
import {
  GetExecutionHistoryCommand,
  type GetExecutionHistoryCommandInput,
  type GetExecutionHistoryCommandOutput,
  type SFNClient,
  type HistoryEvent as SfnEvent,
} from '@aws-sdk/client-sfn';
import type { Histories, HistoryEvent } from '../ports/histories.ts';
import type { Addresses } from './addresses.ts';
import { isCalled } from './failures.ts';
import { executionArn } from './sfn-executions.ts';

/** Most that one answer holds, and enough for what happens between two looks. */
const ALL_AT_ONCE = 1000;
const SINCE_THE_LAST_LOOK = 100;

export const sfnHistories = (
  sfn: Pick<SFNClient, 'send'>,
  { stateMachineArn }: Pick<Addresses, 'stateMachineArn'>,
): Histories => {
  /** Step Functions forgets an execution 90 days after its end. */
  const asked = (
    input: GetExecutionHistoryCommandInput,
  ): Promise<Pick<GetExecutionHistoryCommandOutput, 'events' | 'nextToken'>> =>
    sfn.send(new GetExecutionHistoryCommand(input)).catch((error: unknown) => {
      if (isCalled(error, 'ExecutionDoesNotExist')) return { events: [] };
      throw error;
    });
  return {
    async after(execution, id) {
      const found: SfnEvent[] = [];
      let nextToken: string | undefined;
      // Newest first, so that a look at a long execution need not read all of it again.
      do {
        const page = await asked({
          executionArn: executionArn(stateMachineArn, execution),
          reverseOrder: true,
          maxResults: id === 0 ? ALL_AT_ONCE : SINCE_THE_LAST_LOOK,
          nextToken,
        });
        found.push(...(page.events ?? []));
        nextToken = (found.at(-1)?.id ?? 0) > id + 1 ? page.nextToken : undefined;
      } while (nextToken);
      return found
        .filter((event) => event.id! > id)
        .map(eventIn)
        .reverse();
    },
  };
};

function eventIn(event: SfnEvent): HistoryEvent {
  const { id, timestamp, type } = event;
  const entered = event.stateEnteredEventDetails;
  const left = event.stateExitedEventDetails;
  const output = event.lambdaFunctionSucceededEventDetails?.output ?? left?.output;
  const failed =
    event.lambdaFunctionFailedEventDetails ??
    event.lambdaFunctionTimedOutEventDetails ??
    event.executionFailedEventDetails ??
    event.executionAbortedEventDetails;
  const name = entered?.name ?? left?.name;
  return {
    id: id!,
    timestamp: timestamp!.getTime() / 1000,
    type: type!,
    details: {
      ...(name === undefined ? {} : { name }),
      ...(entered?.input === undefined ? {} : { input: JSON.parse(entered.input) as unknown }),
      ...(output === undefined ? {} : { output: JSON.parse(output) as unknown }),
      ...(failed?.error === undefined ? {} : { error: failed.error }),
      ...(failed?.cause === undefined ? {} : { cause: failed.cause }),
    },
  };
}
