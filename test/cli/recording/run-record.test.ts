import { expect, test } from 'vitest';
import { replay } from '../../../cli/replay.ts';
import { SCENARIOS } from '../../../rehearsal/scenarios.ts';
import { reportHtml } from '../../../report/report.ts';
import { rehearsedRecord } from '../rehearsed.ts';
import { replayed } from '../replayed.ts';

test('a rehearsal is judged again as it was rehearsed, from its record and from its report', async () => {
  const record = await rehearsedRecord('errors');
  const [again] = (await replayed([record])).answers;
  expect(record.evidence).toMatchObject({ minute: again.minute, odds: again.evidence.odds });
  expect(again).toMatchObject({ id: record.release?.id, verdict: 'abort', reason: record.reason });
  expect((await replayed([reportHtml(record)])).answers).toEqual([again]);
  expect((await replayed([record], '--policy', 'literal')).answers[0]).toMatchObject({ verdict: 'abort' });
});

test('a rehearsal that ended by what is not judged again is held, and the reason says how it ended', async () => {
  const crashed = ': a task of green crashed: Essential container in task exited (exit code 1)';
  const inBake = await rehearsedRecord('crash', { fromMinute: 8 });
  const afterBake = await rehearsedRecord('crash');
  const person = await rehearsedRecord('healthy', {
    events: [{ when: { share: 25 }, afterSeconds: 400, say: 'abort' }],
  });
  const { status, answers } = await replayed([inBake, afterBake, person]);
  expect(status).toBe(0);
  expect(answers.map(({ verdict }) => verdict)).toEqual(['hold', 'hold', 'hold']);
  const [early, late, told] = answers.map(({ reason }) => reason as string);
  expect(early).toMatch(
    /^the recording ends at 5 %, in the middle of a bake: green failed .* limit 100; the release was rolled back, by order of the guard: /,
  );
  expect(early).toContain(crashed);
  expect(late).toMatch(
    /^the recording ends at 5 %, after a bake that passed: green failed .* limit 100; the release was rolled back: /,
  );
  expect(late).toContain(crashed);
  expect(told).toMatch(
    /^the recording ends at 25 %, in the middle of a bake: .*; the release was rolled back, by order of a person: a person asked for it$/,
  );
});

test('a rehearsal that came to 100 % is promoted even if no minute there was judged, and the reason says that it went back later', async () => {
  const { release, ...rest } = await rehearsedRecord('healthy', {
    events: [{ when: { event: 'warm' }, afterSeconds: 200, say: 'abort' }],
  });
  const minutes = release!.minutes.filter(({ share }) => share < 100);
  const [answer] = (await replayed([{ ...rest, release: { ...release, minutes } }])).answers;
  expect(answer).toMatchObject({ verdict: 'promote', minute: minutes.at(-1)!.index });
  expect(answer.reason).toContain('the release was rolled back, by order of a person: ');
});

test('a share that somebody wrote by hand ends no bake and promotes nobody', async () => {
  const byHand = { when: { share: 5 }, afterSeconds: 500 } as const;
  for (const setShare of [60, 100]) {
    const [answer] = (await replayed([await rehearsedRecord('healthy', { events: [{ ...byHand, setShare }] })]))
      .answers;
    expect(answer).toMatchObject({ verdict: 'hold' });
    expect(answer.reason).toMatch(
      /^the recording ends at 5 %, in the middle of a bake: .*somebody changed the rule by hand/,
    );
  }
});

test('a bake whose time was over is judged at its end, though no share rose: over the pass bar it is aborted', async () => {
  const { release, ...record } = await rehearsedRecord('healthy');
  const minutes = release!.minutes
    .filter(({ share }) => share === 5)
    .map(({ candidate, stable, ...minute }) => ({
      ...minute,
      candidate: { ...candidate!, failures: 9 },
      stable: { ...stable!, failures: 45 },
    }));
  // Failures of this service come in bursts, so the comparison finds little in them.
  const baseline = { ...release!.baseline!, burst: { ...release!.baseline!.burst, errors: 6 } };
  const ended = (second: number) => ({
    ...record,
    release: { ...release, baseline, minutes },
    shifts: [
      { second: 64, share: 5 },
      { second, share: 0 },
    ],
    seconds: second + 120,
  });
  const { answers } = await replayed([ended(64 + 700), ended(64 + 900)]);
  expect(answers.map(({ verdict, minute }) => [verdict, minute])).toEqual([
    ['hold', 13],
    ['abort', 13],
  ]);
  expect(answers[0].reason).toContain('in the middle of a bake');
  expect(answers[1].reason).toContain("green's error rate is above the pass bar");
});

test('a rehearsal rehearsed under `literal` is held where its alarms decided: they are not in its record, and the help says so', async () => {
  const record = await rehearsedRecord('latency', {
    factor: 5,
    policy: 'literal',
    scenario: { ...SCENARIOS.latency, errorFreeUnderLiteral: true },
  });
  expect(record.reason).toContain('literal-p95');
  const [answer] = (await replayed([record], '--policy', 'literal')).answers;
  expect(answer).toMatchObject({ verdict: 'hold' });
  expect(answer.reason).toContain(`the release was rolled back, by order of the guard: ${record.reason}`);
  expect(replay.options['policy']?.help).toContain('alarms are not in its record');
});

test('null in a rehearsal is "not delivered", or "there is none"', async () => {
  const record = await rehearsedRecord('errors');
  const silent = (nothing: null | undefined) => ({
    ...record,
    release: {
      ...record.release!,
      minutes: record.release!.minutes.map((minute, index) =>
        index === 3 ? { ...minute, candidate: nothing, stable: nothing, healthyCandidate: nothing } : minute,
      ),
    },
  });
  const promoted = await rehearsedRecord('healthy');
  const { status, answers } = await replayed([silent(null), silent(undefined), { ...promoted, abort: null }, promoted]);
  expect([status, answers[0], answers[2]]).toEqual([0, answers[1], answers[3]]);
});

test('the counts of a rehearsal are held to the same limits', async () => {
  const record = await rehearsedRecord('errors');
  const changed = (changes: Readonly<Record<string, number>>) => ({
    ...record,
    release: {
      ...record.release!,
      minutes: record.release!.minutes.map((minute) => ({
        ...minute,
        candidate: { ...minute.candidate!, ...changes },
      })),
    },
  });
  const { answers } = await replayed([changed({ requests: 1e10 }), changed({ failures: 1.5 }), changed({ slow: 400 })]);
  expect(answers.map(({ error }) => error)).toEqual([
    'release.minutes[0].candidate.requests is no whole number from 0 to 1000000000',
    'release.minutes[0].candidate.failures is no whole number from 0 to 1000000000',
    'release.minutes[0].candidate.slow is no whole number from 0 to 322',
  ]);
});

test('a rehearsal of which nothing can be judged is a broken line', async () => {
  const { release: _, ...refused } = await rehearsedRecord('stable-unhealthy');
  expect((await replayed([refused, await rehearsedRecord('first-release'), '<html></html>'])).answers).toEqual([
    { line: 1, error: 'is a rehearsal that opened no release' },
    { line: 2, error: 'has no minute below 100 %, so there is nothing to judge' },
    { line: 3, error: 'is a page that carries no record of a rehearsal' },
  ]);
});
