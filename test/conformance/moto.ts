/**
 * moto, an AWS API that we did not write, on a free port of this machine. What it is known to do otherwise than AWS stands
 * in docs/conformance.md.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pythonWith } from '../python.ts';

export const ACCOUNT = '123456789012';
export const REGION = 'us-east-1';

/** How long a hook may take on a machine that is busy; nothing is asserted about it. */
export const A_MINUTE = 60_000;

/** How every client of a test finds it. */
export const placeAt = (endpoint: string) =>
  ({ endpoint, region: REGION, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } }) as const;

export interface Moto {
  readonly endpoint: string;
  /** Everything that was made in it is gone. */
  reset(): Promise<void>;
  /** Its own settings, as `{ stepfunctions: { execute_state_machine: true } }`. */
  configure(settings: object): Promise<void>;
  /** Ends the process that was started, and waits until it has ended. */
  stop(): Promise<void>;
}

/** Python's programs with moto among them; undefined after telling why not (with CI set that is an error). */
export const motoForTests = (): string | undefined => pythonWith('moto', 'test/conformance/requirements.txt');

/** It takes a free port: one that was free before it started could be another one's by then. It ends with whoever started it. */
const SERVER = `
import os, sys, threading
from moto.server import main
def end_with_parent():
    sys.stdin.read()
    os._exit(0)
threading.Thread(target=end_with_parent, daemon=True).start()
main(['--host', '127.0.0.1', '--port', '0'])
`;

let shared: Promise<Moto> | undefined;

/**
 * One for all files of this process, which run one after the other: each finds it empty. With settings of its own, or a
 * state machine that goes on, a file starts one for itself.
 */
export async function sharedMoto(programs: string): Promise<Moto> {
  shared ??= startMoto(programs);
  const moto = await shared;
  await moto.reset();
  return { ...moto, stop: async () => undefined };
}

export async function startMoto(programs: string, environment: NodeJS.ProcessEnv = {}): Promise<Moto> {
  const server = spawn(`${programs}/python`, ['-c', SERVER], {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { ...process.env, ...environment },
  });
  const endpoint = await new Promise<string>((resolve, reject) => {
    let told = '';
    server.stderr.on('data', (part: Buffer) => {
      told += part.toString();
      const [, address] = /Running on (http:\S+)/.exec(told) ?? [];
      if (address) resolve(address);
    });
    server.on('exit', () => reject(new Error(`moto did not start: ${told}`)));
  });
  // What it says of every call is nobody's business, but must be read.
  server.stderr.removeAllListeners('data').resume();
  server.removeAllListeners('exit').unref();
  const post = async (path: string, body?: object): Promise<void> => {
    const answer = await fetch(`${endpoint}/moto-api/${path}`, {
      method: 'POST',
      ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}),
    });
    if (!answer.ok) throw new Error(`moto answered ${path} with ${answer.status}`);
    await answer.body?.cancel();
  };
  return {
    endpoint,
    reset: () => post('reset'),
    configure: (settings) => post('config', settings),
    async stop() {
      // It keeps nothing, and the threads of its state machines outlive a SIGTERM.
      server.kill('SIGKILL');
      if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
    },
  };
}

/** The header of a call without any SDK: moto looks at no signature, only at whom it is meant for. */
export const authorizationFor = (service: string): string =>
  `AWS4-HMAC-SHA256 Credential=test/20260101/${REGION}/${service}/aws4_request, SignedHeaders=host, Signature=none`;

/** One call in AWS' query protocol, by the test's own client. The answer is XML, and `valuesIn` reads it. */
export async function query(
  endpoint: string,
  service: string,
  version: string,
  parameters: Readonly<Record<string, string>>,
): Promise<string> {
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: authorizationFor(service),
    },
    body: new URLSearchParams({ Version: version, ...parameters }).toString(),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${service} answered ${parameters['Action']} with ${answer.status}: ${text}`);
  return text;
}

/** One call to a service with paths of its own, as S3, likewise. */
export async function rest({ endpoint }: Moto, service: string, path: string, init: RequestInit = {}): Promise<string> {
  const answer = await fetch(`${endpoint}/${path}`, { ...init, headers: { authorization: authorizationFor(service) } });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${service} answered ${answer.status} for ${path}: ${text}`);
  return text;
}

/** One call in AWS' JSON protocol, likewise. */
export async function json(
  { endpoint }: Moto,
  service: string,
  operation: string,
  input: object,
): Promise<Readonly<Record<string, string>>> {
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: {
      authorization: authorizationFor(service),
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': operation,
    },
    body: JSON.stringify(input),
  });
  if (!answer.ok) throw new Error(`${operation} was answered with ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as Readonly<Record<string, string>>;
}

/** The texts of every element of that name, in order. */
export const valuesIn = (xml: string, element: string): readonly string[] =>
  [...xml.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, 'g'))].map(([, text]) => text!);

/** A queue for what somebody hears: its ARN, and the messages that it was given since the last look. */
export async function queueAt(endpoint: string, name: string) {
  const sqs = (Action: string, more: Readonly<Record<string, string>>) =>
    query(endpoint, 'sqs', '2012-11-05', { Action, ...more });
  const [QueueUrl] = valuesIn(await sqs('CreateQueue', { QueueName: name }), 'QueueUrl');
  return {
    arn: `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}`,
    async received(): Promise<readonly unknown[]> {
      const answer = await sqs('ReceiveMessage', { QueueUrl: QueueUrl!, MaxNumberOfMessages: '10' });
      return valuesIn(answer, 'Body').map((body) =>
        JSON.parse(body.replaceAll('&quot;', '"').replaceAll('&amp;', '&')),
      );
    },
  };
}
