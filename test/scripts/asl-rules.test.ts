import { describe, expect, test } from 'vitest';
import { findingsIn } from '../../scripts/asl-rules.ts';
import { machineIn, policy } from '../../state-machines/policy.ts';
import { textOf } from '../repository-files.ts';

/** A state as a test may spoil it. */
// biome-ignore lint/suspicious/noExplicitAny: broken on purpose, so no type holds.
type Loose = any;

/** The real policy with one thing broken. */
function policyWhere(spoil: (states: Loose, machine: Loose) => void): unknown {
  const machine: Loose = structuredClone(policy);
  spoil(machine.States, machine);
  return machine;
}

describe('the release policy', () => {
  test('keeps every rule of ours [F59]', () => {
    expect(findingsIn(policy)).toEqual([]);
  });
});

const BROKEN: readonly (readonly [rule: string, spoil: (states: Loose, machine: Loose) => void, finding: RegExp])[] = [
  ['a Choice has a Default', (s) => delete s['Judged?'].Default, /^Judged\?: a Choice needs a Default/],
  [
    'States.ALL stands alone in Catch',
    (s) => s.Judge.Catch[2].ErrorEquals.push('NotReady'),
    /^Judge: States.ALL in Catch must stand alone/,
  ],
  [
    'States.ALL stands alone in Retry',
    (s) => s.Revert.Retry[1].ErrorEquals.push('NotReady'),
    /^Revert: States.ALL in Retry must stand alone/,
  ],
  [
    'States.ALL comes last in Catch',
    (s) => s.Judge.Catch.push({ ErrorEquals: ['NotReady'], Next: 'Revert' }),
    /^Judge: States.ALL in Catch must come last/,
  ],
  [
    'States.ALL comes last in Retry',
    (s) => s.Revert.Retry.push({ ErrorEquals: ['Transient'] }),
    /^Revert: States.ALL in Retry must come last/,
  ],
  ['a Task has TimeoutSeconds', (s) => delete s.Shift.TimeoutSeconds, /^Shift: a Task needs TimeoutSeconds/],
  ['a Task has Retry', (s) => delete s.Shift.Retry, /^Shift: a Task needs Retry/],
  ['a Task has Catch', (s) => delete s.Shift.Catch, /^Shift: a Task needs Catch/],
  ['FencedOut is caught first', (s) => s.Open.Catch.reverse(), /^Open: FencedOut must be caught first/],
  [
    'FencedOut is not retried by its name',
    (s) => s.Shift.Retry[0].ErrorEquals.push('FencedOut'),
    /^Shift: FencedOut is retried/,
  ],
  ['FencedOut is not retried by States.ALL', (s) => s.Revert.Retry.shift(), /^Revert: FencedOut is retried/],
  [
    'FencedOut is not retried by States.TaskFailed',
    (s) => s.Shift.Retry.push({ ErrorEquals: ['States.TaskFailed'] }),
    /^Shift: FencedOut is retried/,
  ],
  [
    'FencedOut leads to the Fail state of that name',
    (s) => (s.Judge.Catch[0].Next = 'Revert'),
    /^Judge: FencedOut is caught and led to 'Revert'/,
  ],
  [
    'the state FencedOut is a Fail',
    (s) => (s.FencedOut = { Type: 'Succeed' }),
    /^Judge: FencedOut is caught and led to 'FencedOut'/,
  ],
  [
    'before Close there is a way to Revert',
    (s) => {
      // Out of the loop of the warm time, only Close is left.
      s['Watched?'].Choices.pop();
    },
    /^Wait warm: Revert cannot be reached/,
  ],
  [
    'an error in Close does not lead to Revert',
    (s) => (s.Close.Catch[1].Next = 'Revert'),
    /^Close: its Catch leads to 'Revert'/,
  ],
  [
    'an error in Close leads nowhere but back to Close',
    (s) => (s.Close.Catch[1].Next = 'Stuck'),
    /^Close: its Catch leads to 'Stuck'/,
  ],
  [
    'the wait after an error in Close leads back to Close',
    (s) => (s['Wait to close'].Next = 'Revert'),
    /^Close: its Catch leads to 'Wait to close'/,
  ],
  ['every placeholder is a verb', (s) => (s.Judge.Resource = `\${Guess}`), /^Judge: \$\{Guess\} is no verb of ours/],
  [
    'a Task calls a Lambda of ours and no other service',
    (s) => (s.Judge.Resource = 'arn:aws:states:::dynamodb:putItem'),
    /^Judge: arn:aws:states:::dynamodb:putItem is no verb of ours/,
  ],
  [
    'a placeholder stands in Resource only',
    (s) => (s.Judge.Parameters.table = `\${TableName}`),
    /^Judge: \$\{TableName\} stands outside Resource/,
  ],
  ['every verb is called', (s) => (s.Migrate.Resource = `\${Prepare}`), /^Migrate: no Task calls \$\{Migrate\}/],
  ['Assign is refused', (s) => (s.Judge.Assign = { 'share.$': '$.share' }), /^Judge: Assign is refused/],
  ['Assign is refused in a Catch', (s) => (s.Judge.Catch[1].Assign = {}), /^Judge: Assign is refused/],
  ['JSONata is refused for the machine', (_, m) => (m.QueryLanguage = 'JSONata'), /^The machine: QueryLanguage/],
  ['JSONata is refused for a state', (s) => (s.Judge.QueryLanguage = 'JSONata'), /^Judge: QueryLanguage/],
  [
    'a JSONata expression is refused',
    (s) => (s['Wait a tick'].Seconds = '{% $waitSeconds %}'),
    /^Wait a tick: JSONata is refused/,
  ],
  [
    'a comparison with a path is refused',
    (s) => (s['Judged?'].Choices[0] = { Variable: '$.a', StringEqualsPath: '$.b', Next: 'Revert' }),
    /^Judged\?: StringEqualsPath is refused/,
  ],
  [
    'a comparison with a path is refused inside And',
    (s) => (s['Shifted?'].Choices[0].And[1] = { Variable: '$.share', NumericGreaterThanEqualsPath: '$.input.share' }),
    /^Shifted\?: NumericGreaterThanEqualsPath is refused/,
  ],
  [
    'no wait is longer than a tick',
    (s) => (s['Wait to settle'].Seconds = 31),
    /^Wait to settle: a Wait of 31 s is deaf/,
  ],
  [
    'no wait goes on until a moment',
    (s) => {
      delete s['Wait to settle'].Seconds;
      s['Wait to settle'].TimestampPath = '$.until';
    },
    /^Wait to settle: a Wait until a moment/,
  ],
];

describe('a broken policy is named', () => {
  test.each(BROKEN)('%s', (_, spoil, finding) => {
    expect(findingsIn(policyWhere(spoil))).toContainEqual(expect.stringMatching(finding));
  });

  test('each finding is a sentence that begins with its state', () => {
    const findings = BROKEN.flatMap(([, spoil]) => findingsIn(policyWhere(spoil)));
    for (const finding of findings) expect(finding).toMatch(/^[^:]+: .+\.$/s);
  });

  test('a file that is no state machine is a finding, not a crash', () => {
    for (const definition of [null, 5, [], {}, { States: [] }]) expect(findingsIn(definition)).toHaveLength(1);
    expect(findingsIn({ StartAt: 'A', States: { A: 5 } })).not.toEqual([]);
  });
});

test('a state that stands twice in the file is refused with its line', () => {
  const text = textOf('state-machines/release.asl.yaml');
  expect(() => machineIn(`${text}  Stuck: { Type: Succeed }\n`)).toThrow(/Map keys must be unique at line \d+/);
});

test('what the states share is written out in each of them, and its anchors are no fields of the machine', () => {
  const machine = machineIn('StartAt: A\nx-task: &task { Type: Task }\nStates: { A: { <<: *task, Next: B } }');
  expect(machine).toEqual({ StartAt: 'A', States: { A: { Type: 'Task', Next: 'B' } } });
});
