/**
 * The release policy on an engine that is not ours: moto's Step Functions plays the same file from the same script, and
 * goes the same way. Only the fixed waits are shorter there, because its time is real.
 */
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../rehearsal/clock.ts';
import { type ExecutionEnd, loadMachine, startExecution } from '../../rehearsal/engine.ts';
import { policy } from '../../state-machines/policy.ts';
import { type Answer, type Lambdas, OUT_OF_SCRIPT, prompter, type Script, startLambdas } from './lambdas.ts';
import { A_MINUTE, ACCOUNT, type Moto, motoForTests, placeAt, REGION, startMoto } from './moto.ts';

const programs = motoForTests();

const say = (verdict: string, share?: number): Answer => ({ verdict, ...(share === undefined ? {} : { share }) });
const fail = (error: string): Answer => ({ error });
const SHARES = [5, 25, 50, 100] as const;

/** A good version, from the door to the close. */
const HEALTHY: Script = {
  Open: [say('opened')],
  Migrate: [say('wait'), say('done')],
  Prepare: [say('wait'), ...SHARES.map((share) => say('ready', share))],
  Shift: SHARES.map((share) => say('shifted', share)),
  Judge: [
    ...[5, 25, 50].flatMap((share) => [say('continue', share), say('hold', share), say('advance', share)]),
    say('continue', 100),
    say('advance', 100),
  ],
  Close: [say('wait'), say('closed')],
  Revert: [say('wait'), say('reverted')],
};

const withAnswers = (changes: Script): Script => ({ ...HEALTHY, ...changes });
/** The judge's answers up to the abort at that share. */
const abortAt = (share: number): Script => {
  const judged = HEALTHY['Judge']!;
  const index = judged.findIndex((answer) => 'share' in answer && answer.share === share);
  return withAnswers({ Judge: [...judged.slice(0, index), say('abort', share)] });
};
/** That verb answers so before anything else; nothing reverts without an abort. */
const first = (verb: (typeof VERBS)[number], answer: Answer): Script => ({
  ...(verb === 'Revert' ? abortAt(25) : HEALTHY),
  [verb]: [answer, ...HEALTHY[verb]!],
});
const VERBS = ['Open', 'Migrate', 'Prepare', 'Shift', 'Judge', 'Close', 'Revert'] as const;
const RETRIED = ['Open', 'Migrate', 'Prepare', 'Shift', 'Judge', 'Close'] as const;
/** How many of the judge's answers come before the warm time. */
const BAKED = 9;
const judged = HEALTHY['Judge']!;
const firstInTheWarmTime = (answer: Answer): Script =>
  withAnswers({ Judge: [...judged.slice(0, BAKED), answer, ...judged.slice(BAKED)] });
/** Tries of Revert, the first one among them, before a person is called. */
const TRIES_OF_REVERT = 27;

/** Tries of a Lambda that dies, the first one among them, before the policy waits. */
const TRIES = 3;

const STORIES: Readonly<Record<string, Script>> = {
  'a good version': HEALTHY,
  'a rollback, straight to everybody': withAnswers({
    Migrate: [say('done')],
    Prepare: [say('ready', 100)],
    Shift: [say('shifted', 100)],
    Judge: [say('advance', 100)],
  }),
  'a push that waits': withAnswers({ Open: [say('nothing')] }),
  'an input that is refused': withAnswers({ Open: [fail('ReleaseRefused')] }),
  'an Open that failed before it owned anything': withAnswers({
    Open: [fail('TypeError')],
    Revert: [say('nothing')],
  }),
  'a person’s hold': withAnswers({
    Shift: [say('held', 0), ...HEALTHY['Shift']!],
    Judge: [say('hold', 0), say('advance', 5), ...judged],
    Prepare: [say('ready', 5), ...HEALTHY['Prepare']!],
  }),
  'too few tasks for the next share': withAnswers({
    Shift: [say('not ready', 5), ...HEALTHY['Shift']!],
    Prepare: [say('ready', 5), ...HEALTHY['Prepare']!],
  }),
  'too few tasks for the first share': withAnswers({
    Shift: [say('wait', 5), ...HEALTHY['Shift']!],
    Prepare: [say('ready', 5), ...HEALTHY['Prepare']!],
  }),
  'a candidate that grows while users are on it': withAnswers({
    Prepare: [
      say('wait'),
      say('ready', 5),
      say('not ready', 25),
      ...SHARES.slice(1).map((share) => say('ready', share)),
    ],
    Judge: [...judged.slice(0, 3), say('advance', 25), ...judged.slice(3)],
  }),
  'an outage in Migrate': outageIn('Migrate'),
  'an outage in Prepare': outageIn('Prepare', say('advance', 5)),
  'an outage in Shift, which then finishes': outageIn('Shift', say('finish', 5)),
  'an outage in Judge': outageIn('Judge'),
  ...Object.fromEntries(SHARES.map((share) => [`an abort at ${share} %`, abortAt(share)])),
  ...Object.fromEntries(
    VERBS.map((verb) => [`an error that nobody planned in ${verb}`, first(verb, fail('TypeError'))]),
  ),
  'an error while the warm time is watched': firstInTheWarmTime(fail('TypeError')),
  'a revert that never succeeds': { ...abortAt(25), Revert: Array(TRIES_OF_REVERT).fill(fail('TypeError')) },
  ...Object.fromEntries(RETRIED.map((verb) => [`${verb} is retried, and succeeds`, first(verb, fail('Transient'))])),
  ...Object.fromEntries(VERBS.map((verb) => [`${verb} is fenced out`, { ...abortAt(50), ...fencedOut(verb) }])),
  'the warm time is fenced out': firstInTheWarmTime(fail('FencedOut')),
  ...Object.fromEntries(VERBS.map((verb) => [`${verb} says what nobody knows`, first(verb, say('perhaps'))])),
  'the warm time says what nobody knows': firstInTheWarmTime(say('perhaps', 100)),
  'a close that an abort overtook': withAnswers({ Close: [say('revert')] }),
  'a revert that must go forward': { ...abortAt(100), Revert: [say('close')] },
  'a close that is stuck': withAnswers({ Close: [say('stuck')] }),
  'a revert that is stuck': { ...abortAt(25), Revert: [say('stuck')] },
};

/** The Lambda fails as often as it is tried; then it answers, after what the judge says meanwhile. */
function outageIn(verb: (typeof VERBS)[number], ...meanwhile: readonly Answer[]): Script {
  const Judge = [...meanwhile, ...judged];
  return withAnswers({
    Judge,
    [verb]: [...Array(TRIES).fill(fail('Lambda.Unknown')), ...(verb === 'Judge' ? Judge : HEALTHY[verb]!)],
  });
}

function fencedOut(verb: (typeof VERBS)[number]): Script {
  return { ...(verb === 'Close' ? HEALTHY : {}), [verb]: [fail('FencedOut')] };
}

interface Played {
  readonly states: readonly string[];
  readonly end: ExecutionEnd;
}

async function playOurs(script: Script): Promise<Played> {
  const machine = loadMachine(policy);
  const clock = new VirtualClock(0);
  const answer = prompter(script);
  const execution = startExecution({
    machine,
    id: 'arn:aws:states:us-east-1:123456789012:execution:release:ours',
    name: 'ours',
    input: { image: 'v1.5.0' },
    functions: Object.fromEntries(machine.placeholders.map((verb) => [verb, async () => answer(verb)])),
    clock,
    chance: () => 0,
  });
  let end: ExecutionEnd | undefined;
  void execution.done.then((ended) => {
    end = ended;
  });
  await clock.run(() => end !== undefined);
  const entered = execution.history.filter(({ type }) => type.endsWith('StateEntered'));
  return { states: entered.map(({ details }) => details.name!), end: end! };
}

/** Functions by version-qualified ARNs, no wait or first pause of more than a second, and a Revert that is soon given up. */
const forMoto = (): string =>
  JSON.stringify(policy)
    .replace(/\$\{(\w+)\}/g, `arn:aws:lambda:${REGION}:${ACCOUNT}:function:$1:1`)
    .replace(/"Seconds":30/g, '"Seconds":1')
    .replace(/"IntervalSeconds":2/g, '"IntervalSeconds":1')
    .replace(/"MaxAttempts":26/, '"MaxAttempts":2');

test('the stories go every way that leads from one state to another', async () => {
  const plays = await Promise.all(Object.values(STORIES).map(playOurs));
  const gone = plays.flatMap(({ states }) => states.slice(1).map((to, index) => `${states[index]} -> ${to}`));
  expect([...new Set(gone)].toSorted()).toEqual(waysIn(policy.States));
});

/** Where the file says a state may lead, by whatever rule. */
function waysIn(states: Readonly<Record<string, Leads>>): readonly string[] {
  const ways = Object.entries(states).flatMap(([from, { Choices = [], Catch = [], Next, Default }]) =>
    [...[...Choices, ...Catch].map((rule) => rule.Next), Next, Default]
      .filter((to) => to !== undefined)
      .map((to) => `${from} -> ${to}`),
  );
  return [...new Set(ways)].toSorted();
}

interface Leads {
  readonly Type: string;
  readonly Next?: string;
  readonly Default?: string;
  readonly Choices?: readonly { readonly Next: string }[];
  readonly Catch?: readonly { readonly Next: string }[];
}

describe.skipIf(!programs)('the same file on moto’s own engine', () => {
  let moto: Moto;
  let lambdas: Lambdas;
  const played = new Map<string, Played>();

  beforeAll(async () => {
    lambdas = await startLambdas();
    // moto's engine calls Lambda at this port of localhost.
    moto = await startMoto(programs!, { MOTO_PORT: String(lambdas.port) });
    await moto.configure({ stepfunctions: { execute_state_machine: true } });
    const sfn = new SFNClient({ ...placeAt(moto.endpoint), maxAttempts: 3 });
    const { stateMachineArn } = await sfn.send(
      new CreateStateMachineCommand({
        name: 'release',
        definition: forMoto(),
        roleArn: `arn:aws:iam::${ACCOUNT}:role/machine`,
      }),
    );
    const executions = await Promise.all(
      Object.entries(STORIES).map(async ([story, script], index) => {
        const name = `story-${index}`;
        lambdas.casts.set(name, prompter(script));
        const { executionArn } = await sfn.send(
          new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify({ image: 'v1.5.0' }) }),
        );
        return { story, executionArn };
      }),
    );
    for (const { story, executionArn } of executions) played.set(story, await playedBy(sfn, executionArn!));
  }, 4 * A_MINUTE);
  afterAll(async () => {
    await moto?.stop();
    await lambdas?.stop();
  });

  test.each(Object.keys(STORIES))('%s', async (story) => {
    const theirs = played.get(story)!;
    const ours = await playOurs(STORIES[story]!);
    expect(JSON.stringify(ours)).not.toContain(OUT_OF_SCRIPT);
    expect(theirs.states).toEqual(ours.states);
    expect(theirs.end).toEqual(ours.end);
  });
});

async function playedBy(sfn: SFNClient, executionArn: string): Promise<Played> {
  for (;;) {
    const { status, output, error, cause } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    if (status === 'RUNNING') {
      await new Promise((resolve) => setTimeout(resolve, 200));
      continue;
    }
    const states: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await sfn.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1000, nextToken }));
      for (const { stateEnteredEventDetails } of page.events ?? [])
        if (stateEnteredEventDetails) states.push(stateEnteredEventDetails.name!);
      nextToken = page.nextToken;
    } while (nextToken);
    const end = {
      status: status as ExecutionEnd['status'],
      ...(output === undefined ? {} : { output: JSON.parse(output) }),
      ...(error ? { error } : {}),
      ...(cause ? { cause } : {}),
    };
    return { states, end };
  }
}
