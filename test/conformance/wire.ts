/**
 * Stands between a client and moto: a wire on which things go wrong, and where moto has no moving parts (no task is ever
 * started by its ECS) the answers are completed by whoever plays those parts. One call is carried at a time.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Fault =
  /** AWS refuses, by the name that most of its services have for too many calls. */
  | 'throttled'
  /** The same by its status alone, under a name that nobody knows. */
  | 'refused with 429'
  /** DynamoDB refuses: another transaction is at the item. */
  | 'in conflict'
  /** AWS fails. */
  | 'failed'
  /** The connection is cut before AWS hears of the call. */
  | 'cut before'
  /** AWS carries the call out, and the connection is cut before its answer. */
  | 'cut after'
  /** AWS carries the call out, and its answer takes longer than anybody waits. */
  | 'slow';

export interface Wire {
  readonly endpoint: string;
  /** Every call that came, by AWS' name for it. */
  readonly calls: readonly string[];
  /** What was asked in every call of that name, as it came. */
  asked(call: string): readonly string[];
  /** What happens to the next calls of that name, in order; those after them pass. */
  next(call: string, ...faults: readonly Fault[]): void;
  /** Calls to which something should have happened and that never came; they are forgotten. */
  leftOver(): readonly string[];
  stop(): Promise<void>;
}

/** Changes the answer to that call; `body` is what moto answered, as JSON. */
export type Completed = (call: string, body: never) => unknown;

/** `carriedOut`: called when moto has carried a call out, and before the caller hears of it. */
export async function startWire(
  target: () => string,
  completed?: Completed,
  carriedOut?: (call: string) => Promise<void>,
): Promise<Wire> {
  const calls: string[] = [];
  const bodies: { readonly call: string; readonly body: string }[] = [];
  const planned = new Map<string, Fault[]>();
  let turn: Promise<unknown> = Promise.resolve();
  // moto looks at a condition and writes in two steps of several threads; DynamoDB lets one writer at an item at a time.
  const server = createServer((request, response) => {
    turn = turn.then(() => carry(request, response)).catch(() => request.socket.destroy());
  });

  async function carry(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = await bodyOf(request);
    const call = callIn(request, asked);
    calls.push(call);
    bodies.push({ call, body: asked.toString() });
    const fault = planned.get(call)?.shift();
    if (fault === 'cut before') return void request.socket.destroy();
    if (fault === 'throttled') return refuse(response, 400, 'ThrottlingException');
    if (fault === 'refused with 429') return refuse(response, 429, 'NotToday');
    if (fault === 'in conflict') return refuse(response, 400, CONFLICTS[call] ?? 'TransactionConflictException');
    if (fault === 'failed') return refuse(response, 500, 'InternalFailure');
    const { host: _, connection: __, ...headers } = request.headers;
    const answer = await fetch(`${target()}${request.url}`, {
      method: request.method!,
      headers: headers as Record<string, string>,
      ...(asked.length > 0 ? { body: asked } : {}),
    });
    const told = Buffer.from(await answer.arrayBuffer());
    if (answer.ok) await carriedOut?.(call);
    if (fault === 'cut after') return void request.socket.destroy();
    if (fault === 'slow') {
      await new Promise((resolve) => setTimeout(resolve, LONGER_THAN_ANYBODY_WAITS_MS));
      return void request.socket.destroy();
    }
    const body = answer.ok && completed ? complete(completed, call, told) : told;
    const { 'content-encoding': ___, 'transfer-encoding': ____, ...kept } = Object.fromEntries(answer.headers);
    response.writeHead(answer.status, { ...kept, 'content-length': body.length });
    response.end(body);
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    asked: (name) => bodies.filter(({ call }) => call === name).map(({ body }) => body),
    next(call, ...faults) {
      planned.set(call, [...faults]);
    },
    leftOver() {
      const left = [...planned].filter(([, faults]) => faults.length > 0).map(([call]) => call);
      planned.clear();
      return left;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Longer than a request may take (functions/adapters/client.ts). */
const LONGER_THAN_ANYBODY_WAITS_MS = 2700;

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** The JSON protocols name the call in a header, the query protocol in the form, CBOR in the path. */
function callIn({ headers, url = '' }: IncomingMessage, body: Buffer): string {
  const target = headers['x-amz-target'];
  if (typeof target === 'string') return target.split('.').at(-1)!;
  return /\/operation\/(\w+)/.exec(url)?.[1] ?? new URLSearchParams(body.toString()).get('Action') ?? url;
}

/** A transaction is told likewise as one that was cancelled. */
const CONFLICTS: Readonly<Record<string, string>> = { TransactWriteItems: 'TransactionCanceledException' };

/** As JSON and as XML at once would be neither: each protocol reads the error from its own place. */
function refuse(response: ServerResponse, status: number, code: string): void {
  const isQuery = response.req.headers['content-type']?.includes('form-urlencoded') ?? false;
  const body = isQuery
    ? `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>injected</Message></Error></ErrorResponse>`
    : JSON.stringify({ __type: code, message: 'injected', CancellationReasons: [{ Code: 'TransactionConflict' }] });
  response.writeHead(status, {
    'content-type': isQuery ? 'text/xml' : 'application/x-amz-json-1.1',
    'x-amzn-errortype': code,
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

function complete(completed: Completed, call: string, told: Buffer): Buffer {
  const text = told.toString();
  if (!text.startsWith('{')) return told;
  return Buffer.from(JSON.stringify(completed(call, JSON.parse(text) as never)));
}
