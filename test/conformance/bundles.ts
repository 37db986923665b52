/** The built bundles, each in a fresh process of Lambda's own Node, with AWS where a test says. */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { REGION } from './moto.ts';

export interface Bundles {
  /** The program that runs them (test/lambda/node.ts). */
  readonly node: string;
  readonly folder: string;
  /** Where AWS is. */
  readonly endpoint: string;
  /** The variables of the function, by name. */
  readonly variables: Readonly<Record<string, string>>;
}

export type Answered = { readonly answer: unknown } | { readonly error: string; readonly message: string };

const FIRST_OF_LINE = 'ANSWER ';
/** What Lambda's runtime does: imports the handler, hands it the event, and reports a failure by its name. */
const RUNTIME = `
const { handler } = await import(process.argv[1]);
const context = { getRemainingTimeInMillis: () => 30000 };
const answered = await handler(JSON.parse(process.argv[2]), context).then(
  (answer) => ({ answer }),
  ({ name, message }) => ({ error: name, message }),
);
console.log('\\n${FIRST_OF_LINE}' + JSON.stringify(answered));
process.exit(0);
`;

/** The handler's answer to that event, or the name of its failure. */
export async function invoke(
  { node, folder, endpoint, variables }: Bundles,
  name: string,
  event: unknown,
): Promise<Answered> {
  const file = pathToFileURL(resolve(folder, name, 'index.mjs')).href;
  const lambda = spawn(node, ['--input-type=module', '--eval', RUNTIME, file, JSON.stringify(event)], {
    env: {
      PATH: process.env['PATH'],
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      ...variables,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  for (const stream of [lambda.stdout, lambda.stderr]) stream.on('data', (part: Buffer) => said.push(part.toString()));
  await new Promise((ended) => lambda.on('close', ended));
  const line = said
    .join('')
    .split('\n')
    .find((one) => one.startsWith(FIRST_OF_LINE));
  if (!line) throw new Error(`${name} answered nothing: ${said.join('').slice(-2000)}`);
  return JSON.parse(line.slice(FIRST_OF_LINE.length)) as Answered;
}
