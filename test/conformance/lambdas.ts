/** Lambdas that answer from a script, behind the Invoke call of AWS' API: for a state machine that somebody else plays. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Answer = { readonly verdict: string; readonly share?: number } | { readonly error: string };

/** By verb, in the order in which they are given; after the last there is none. */
export type Script = Readonly<Record<string, readonly Answer[]>>;

/** What a verb answers from here on: each call takes the next answer. */
export type Prompter = (verb: string) => unknown;

export const OUT_OF_SCRIPT = 'OutOfScript';

/** Throws the error that the script says, under its name. */
export function prompter(script: Script): Prompter {
  const left = new Map(Object.entries(script).map(([verb, answers]) => [verb, [...answers]]));
  return (verb) => {
    const answer = left.get(verb)?.shift();
    if (!answer) throw Object.assign(new Error(`${verb} has no answer left`), { name: OUT_OF_SCRIPT });
    if ('error' in answer) throw Object.assign(new Error(`${verb} says so`), { name: answer.error });
    const { verdict, share = 0 } = answer;
    return { summary: `${share} %: ${verdict}`, verdict, share, waitSeconds: 0, release: { id: 'r-1', fence: 8 } };
  };
}

export interface Lambdas {
  readonly port: number;
  /** Who answers the executions of that name. */
  readonly casts: Map<string, Prompter>;
  stop(): Promise<void>;
}

/** The API: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
export async function startLambdas(): Promise<Lambdas> {
  const casts = new Map<string, Prompter>();
  const server = createServer(async (request, response) => {
    const verb = /functions\/[^/]*function(?::|%3A)(\w+)/i.exec(request.url ?? '')?.[1] ?? '';
    const { execution } = JSON.parse(await textOf(request)) as { execution: string };
    try {
      const answer = casts.get(execution.split(':').at(-1)!)!(verb);
      response.end(JSON.stringify(answer));
    } catch (thrown) {
      const { name: errorType, message: errorMessage } = thrown as Error;
      response.setHeader('x-amz-function-error', 'Unhandled');
      response.end(JSON.stringify({ errorType, errorMessage, trace: [] }));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    casts,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
