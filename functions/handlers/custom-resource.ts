/**
 * The other side of a CloudFormation custom resource. Whatever happens, an answer is put to the event's URL: without one
 * the stack hangs until its timeout. Source of the shapes: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
 */
import { Logger } from '@aws-lambda-powertools/logger';
import middy from '@middy/core';
import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import { Transient } from '../core/failures.ts';
import { beginInvocation } from './deadline.ts';

/** Properties arrive as CloudFormation writes them: numbers and booleans as strings. */
export type Properties = Readonly<Record<string, unknown>>;

/** A property that must be there. */
export function text(properties: Properties, name: string): string {
  const value = properties[name];
  if (typeof value === 'string' && value) return value;
  throw new Error(`The custom resource has no ${name}`);
}

export interface Asked {
  readonly to: 'Create' | 'Update' | 'Delete';
  readonly wanted: Properties;
  /** What the template said before an update. */
  readonly before: Properties;
  /** What it is known by since its creation. */
  readonly physicalId?: string;
}

/** The physical id: of another thing than before, and CloudFormation deletes that one when the update has succeeded. */
export type CarryOut = (asked: Asked) => Promise<string>;

const TRIES = 3;
/** Less than a verb has: of 30 s, the last nine belong to the answer. */
const CALLS_BEGIN_WITHIN_MS = 10_000;
const ANSWER_TAKEN_WITHIN_MS = 3000;
/** CloudFormation takes 4,096 bytes of answer. */
const LONGEST_REASON = 1000;

export const customResource = (carryOut: CarryOut) =>
  middy<CloudFormationCustomResourceEvent, void>().handler(async function answerCloudFormation(
    event: CloudFormationCustomResourceEvent,
  ): Promise<void> {
    beginInvocation(CALLS_BEGIN_WITHIN_MS);
    const { StackId, RequestId, LogicalResourceId, ResponseURL } = event;
    const outcome = await outcomeOf(carryOut, event);
    await put(ResponseURL, JSON.stringify({ StackId, RequestId, LogicalResourceId, ...outcome }));
  });

async function outcomeOf(carryOut: CarryOut, event: CloudFormationCustomResourceEvent) {
  const logger = new Logger({ serviceName: 'sluice' });
  const physicalId = 'PhysicalResourceId' in event ? event.PhysicalResourceId : undefined;
  try {
    const id = await tried(carryOut, {
      to: event.RequestType,
      wanted: event.ResourceProperties,
      before: event.RequestType === 'Update' ? event.OldResourceProperties : {},
      ...(physicalId === undefined ? {} : { physicalId }),
    });
    logger.info(`${event.RequestType} of ${event.LogicalResourceId}: ${id}`);
    return { Status: 'SUCCESS', PhysicalResourceId: id };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    logger.error(reason, error as Error);
    return {
      Status: 'FAILED',
      Reason: reason.slice(0, LONGEST_REASON),
      // It must have one, also where nothing was made; Delete is told this one then.
      PhysicalResourceId: physicalId ?? `${event.LogicalResourceId}-was-not-made`,
    };
  }
}

async function tried(carryOut: CarryOut, asked: Asked): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await carryOut(asked);
    } catch (error) {
      if (!(error instanceof Transient) || attempt === TRIES) throw error;
    }
  }
}

async function put(url: string, body: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const signal = AbortSignal.timeout(ANSWER_TAKEN_WITHIN_MS);
      const answer = await fetch(url, { method: 'PUT', body, headers: { 'content-type': '' }, signal });
      if (answer.ok) return;
      throw new Error(`CloudFormation did not take the answer: ${answer.status}`);
    } catch (error) {
      if (attempt === TRIES) throw error;
    }
  }
}
