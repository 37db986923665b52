/** Where the controller of a service is, as its stack says it. */
import { type CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DESCRIPTION, type Description, description } from './addresses.ts';
import { isCalled } from './failures.ts';

/** The name that bin/stacks.ts gives the stack of a service. */
const stackOf = (service: string): string => `sluice-${service}`;

/** Undefined when there is no stack of that service in this account and region. */
export async function describedBy(
  cloudformation: Pick<CloudFormationClient, 'send'>,
  service: string,
): Promise<Description | undefined> {
  try {
    const { Stacks: [stack] = [] } = await cloudformation.send(
      new DescribeStacksCommand({ StackName: stackOf(service) }),
    );
    return description(stack?.Outputs?.find(({ OutputKey }) => OutputKey === DESCRIPTION)?.OutputValue);
  } catch (error) {
    // CloudFormation has no error of its own for a stack that is not there.
    if (isCalled(error, 'ValidationError') && /does not exist/.test((error as Error).message)) return undefined;
    throw error;
  }
}
