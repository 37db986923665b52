/** What the SDK throws, in the named failures that the state machine catches. */
import { Stuck, Transient } from '../core/failures.ts';

/**
 * Error codes without their "Exception", as AWS and Node write them. A call that ended so may have had its effect.
 * Sources: the common errors of each API's reference, and `errors.js` of the SDK clients.
 */
const WORTH_ANOTHER_TRY = new Set([
  'Throttling',
  'Throttled',
  'TooManyRequests',
  'RequestLimitExceeded',
  'RequestThrottled',
  'ProvisionedThroughputExceeded',
  'ConcurrentUpdate',
  'Conflict',
  'TransactionConflict',
  'TransactionInProgress',
  'UpdateInProgress',
  'Unavailable',
  'ServiceUnavailable',
  'Server',
  'InternalError',
  'InternalFailure',
  'InternalServer',
  'InternalServerError',
  'InternalService',
  'RequestTimeout',
  'TimeoutError',
  'AbortError',
  'NetworkingError',
  'ECONNRESET',
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
]);

/** What is not there, or may not be done, will not be there at the next try either. */
const BEYOND_US =
  /(NotFound|DoesNotExist|NotActive|AssociationLimit|InvalidLoadBalancerAction|OperationNotPermitted|PriorityInUse)$|^TooMany/;

const DENIED = /^(AccessDenied|Authorization|AuthorizationError|UnauthorizedOperation|NotAuthorized)$/;

/** The error in our words, with what was thrown as its cause; what has no name of ours stays as it is. */
export function named(call: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof Transient || error instanceof Stuck) return error;
  const code = codeOf(error);
  const told = `${call}: ${code}, ${error.message}`;
  if (WORTH_ANOTHER_TRY.has(code) || isPassing(statusOf(error))) return new Transient(told, { cause: error });
  if (DENIED.test(code)) return new Stuck(`${call}: ${missingRight(error.message)}`, { cause: error });
  if (BEYOND_US.test(code)) return new Stuck(told, { cause: error });
  return error;
}

/** Whether AWS answered with one of these codes (without "Exception"), whatever we made of it since. */
export function isCalled(error: unknown, ...codes: readonly string[]): boolean {
  if (!(error instanceof Error)) return false;
  return codes.includes(codeOf(error)) || isCalled(error.cause, ...codes);
}

function codeOf(error: Error): string {
  const { name, code } = error as { name: string; code?: unknown };
  return (name === 'Error' && typeof code === 'string' ? code : name).replace(/Exception$/, '');
}

/** AWS is at fault (5xx) or was asked too much (429, RFC 6585), whatever name it gave that. */
const isPassing = (status: number): boolean => status === 429 || status >= 500;

const statusOf = (error: Error): number =>
  (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 0;

/** "User: ... is not authorized to perform: ecs:UpdateService on resource: arn:... because ..." */
function missingRight(message: string): string {
  const [, action, resource] = /perform: (\S+)(?: on resource: (\S+))?/.exec(message) ?? [];
  return action
    ? `the right ${action} is missing${resource ? ` on ${resource}` : ''}; docs/permissions.md says who needs it`
    : `a right is missing (${message})`;
}
