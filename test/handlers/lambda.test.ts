import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FUNCTIONS } from '../../infra/constructs/functions.ts';
import { ROTATION_FUNCTIONS } from '../../platform/infra/constructs/rotation-functions.ts';
import { type Bundle, bundleLambdas, bundleLikeLambda } from '../../scripts/lambda-bundles.ts';
import { SLUICE } from '../adapters/sluice.ts';
import { lambdaNode } from '../lambda/node.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-lambdas-'));
let bundles: readonly Bundle[];
beforeAll(async () => {
  bundles = await bundleLambdas(folder);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Invoked {
  /** What the handler answered, or the name and message that Lambda would report. */
  readonly answer?: unknown;
  readonly errorType?: string;
  readonly errorMessage?: string;
  /** Lines of output that are JSON: logs, and metrics in CloudWatch's embedded format. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
}

const node = lambdaNode();
const testWithNode = test.skipIf(!node);

/** A module's handler in a fresh process of Lambda's own Node. */
function invoke(file: string, payload: unknown, environment: Readonly<Record<string, string>> = {}): Invoked {
  const code = `
    const { handler } = await import(${JSON.stringify(file)});
    const told = await handler(${JSON.stringify(payload)}, {}).then(
      (answer) => ({ answer }),
      ({ name, message }) => ({ errorType: name, errorMessage: message }),
    );
    console.log(JSON.stringify({ told }));`;
  const env = { PATH: process.env['PATH'], AWS_REGION: 'us-east-1', SLUICE: JSON.stringify(SLUICE), ...environment };
  const { stdout, stderr } = spawnSync(node!, ['--input-type=module', '--no-warnings', '--eval', code], {
    encoding: 'utf8',
    env,
  });
  // Errors are logged to stderr, everything else to stdout; CloudWatch keeps both.
  const lines = `${stderr}${stdout}`
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { ...(lines.at(-1)?.['told'] as object), lines: lines.slice(0, -1) };
}

const fileOf = (name: string): string => bundles.find((bundle) => bundle.name === name)!.file;

const VERBS = ['close', 'judge', 'migrate', 'open', 'prepare', 'revert', 'shift'];

test('every Lambda of the releases stack has its bundle', () => {
  expect(bundles.map(({ name }) => name)).toEqual(
    expect.arrayContaining(Object.keys({ ...FUNCTIONS, ...ROTATION_FUNCTIONS })),
  );
});

testWithNode.each(VERBS)('%s says what it was called without, under a name that the state machine catches', (verb) => {
  const { errorType, errorMessage, lines } = invoke(fileOf(verb), {});
  expect(errorType).toBe('ReleaseRefused');
  expect(errorMessage).toMatch(/was called without "execution" and "(state|input)"/);
  expect(lines).toContainEqual(expect.objectContaining({ level: 'ERROR', service: SLUICE.service }));
  expect(lines).toContainEqual(expect.objectContaining({ failures: 1, failure: 'ReleaseRefused' }));
});

testWithNode.each([null, {}, { id: 'one', action: 'upgrade', image: 'latest; rm' }])(
  'a migration by hand that is asked for wrongly is refused, and logged: %j',
  (payload) => {
    const { errorType, errorMessage, lines } = invoke(fileOf('migrate-by-hand'), payload);
    expect([errorType, errorMessage]).toEqual(['ReleaseRefused', expect.stringMatching(/^No migration was started/)]);
    expect(lines).toContainEqual(expect.objectContaining({ level: 'ERROR', verb: 'MigrateByHand' }));
  },
);

testWithNode('a stack whose variable is broken needs a person, and says so', () => {
  const { errorType, errorMessage } = invoke(fileOf('judge'), { execution: 'x', state: {} }, { SLUICE: '{}' });
  expect([errorType, errorMessage]).toEqual(['Stuck', expect.stringContaining('ruleArn is missing')]);
});

/** The clients that a cold start loads: those of the ports that the verb asks for, and no other. */
const CLIENTS: Readonly<Record<string, readonly string[]>> = {
  migrate: ['application-auto-scaling', 'dynamodb', 'ecs', 'elastic-load-balancing-v2'],
  judge: [
    'application-auto-scaling',
    'cloudwatch',
    'dynamodb',
    'ecs',
    'elastic-load-balancing-v2',
    'eventbridge',
    'sns',
  ],
  guard: ['application-auto-scaling', 'dynamodb', 'ecs', 'elastic-load-balancing-v2'],
  'weighted-rule': ['dynamodb', 'elastic-load-balancing-v2'],
  'task-family': ['ecs'],
};

test.each(Object.entries(CLIENTS))('%s loads only what it needs', (name, clients) => {
  const loaded = bundles.find((bundle) => bundle.name === name)!.clients;
  expect(loaded).toEqual(clients.map((client) => `@aws-sdk/client-${client}`));
});

/** A verb whose step is `step`, with everything else as it is. */
async function verbWith(step: string): Promise<string> {
  const file = join(folder, `verb-${Math.abs(step.length)}.mjs`);
  const source = `
    import { verb } from './functions/handlers/lambda.ts';
    import { Transient } from './functions/core/failures.ts';
    export const handler = verb('Shift', ['execution', 'state'], (at, settings) => async (input) => { ${step} });`;
  await bundleLikeLambda(source, file);
  return file;
}

const PAYLOAD = { execution: 'arn:execution', state: { release: { id: 'r-20260105-135500', fence: 8 } } };

testWithNode('an invocation is one line of log and three metrics', async () => {
  const step = `return { summary: '25 % on green', verdict: 'shifted', share: 25, waitSeconds: 30, release: input.state.release };`;
  const { answer, lines } = invoke(await verbWith(step), PAYLOAD);
  expect(answer).toMatchObject({ verdict: 'shifted', share: 25 });
  const [log, metrics, ...more] = lines;
  expect(more).toEqual([]);
  expect(log).toMatchObject({
    level: 'INFO',
    message: '25 % on green',
    service: SLUICE.service,
    verb: 'Shift',
    release: 'r-20260105-135500',
    verdict: 'shifted',
    share: 25,
    seconds: expect.any(Number),
  });
  expect(metrics).toMatchObject({
    _aws: { CloudWatchMetrics: [{ Namespace: 'Sluice', Dimensions: [['service', 'verb', 'verdict']] }] },
    verb: 'Shift',
    verdict: 'shifted',
    verdicts: 1,
    share: 25,
    seconds: expect.any(Number),
  });
});

testWithNode('a failure keeps its name, and is logged with the release that it belongs to', async () => {
  const { errorType, lines } = invoke(
    await verbWith(`throw new Transient('the rule lags: ' + input.execution);`),
    PAYLOAD,
  );
  expect(errorType).toBe('Transient');
  expect(lines[0]).toMatchObject({
    level: 'ERROR',
    message: 'the rule lags: arn:execution',
    release: 'r-20260105-135500',
    error: { name: 'Transient' },
  });
  expect(lines[1]).toMatchObject({ failures: 1, failure: 'Transient' });
});

testWithNode('the steps find what their service is, and where, in the settings', async () => {
  const { answer } = invoke(await verbWith('return { summary: "s", verdict: "v", share: 0, ...settings };'), PAYLOAD);
  expect(answer).toMatchObject({
    service: SLUICE.service,
    repository: SLUICE.repository,
    traffic: { region: 'us-east-1', ruleArn: SLUICE.ruleArn, targetGroups: SLUICE.targetGroups },
    ...SLUICE.settings,
  });
});
