/** `sluice why`: the reason of a real release in its numbers, its record for a replay, and its report. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readRecording } from '../../cli/recording/read.ts';
import { rejudge } from '../../cli/recording/rejudge.ts';
import { start } from '../../cli/start.ts';
import { why } from '../../cli/why.ts';
import type { RunRecord } from '../../report/record.ts';
import { reportHtml } from '../../report/report.ts';
import { type Deployed, deployed } from './deployed.ts';
import { rehearsedRecord } from './rehearsed.ts';

const SHORT = '{"image":"v1.5.0","stages":[{"share":25,"bake":600},{"share":100}],"warmMinutes":3}';

/** Sent back by the comparison, and by no alarm. */
async function reverted(): Promise<Deployed> {
  const it = await deployed({ points: 5, requestsPerSecond: 100 }, 'errors');
  await it.type(start, '--input', SHORT, '--follow');
  return it;
}

const recordOf = async (it: Deployed): Promise<RunRecord> => JSON.parse((await it.type(why, '--json')).out);

describe('why', () => {
  test('names what was found, who gave the order, and four counts for each question', async () => {
    const it = await reverted();
    const { code, out } = await it.type(why);
    const { reason, releaseId } = it.world.ledger.record('v1.5.0')!;
    expect(code).toBe(0);
    expect(out.split('\n')[0]).toBe(`v1.5.0, ${releaseId}. Reverted at 25 %: green has more errors than blue`);
    expect(out).toContain(`\n  ${reason}\n`);
    expect(out).toMatch(/The order to roll back was the owner's, \d+ min/);
    expect(out).toMatch(
      /at 25 % +green +blue +odds\n {2}errors +[\d,]+ of [\d,]+ {2}[\d.]+ % +[\d,]+ of [\d,]+ {2}[\d.]+ % +\d+/,
    );
    expect(out).toMatch(/together +[\d,]+ \(limit 100\)/);
    expect(out).toMatch(/first sign in minute 14:\d\d, limit passed in minute 14:\d\d/);
  });

  test('finds a release by nothing, its id, its tag and its digest', async () => {
    const it = await reverted();
    const { releaseId, digest } = it.world.ledger.record('v1.5.0')!;
    const [newest, ...others] = await Promise.all(
      [[], [releaseId], ['v1.5.0'], [digest]].map(async (words) => (await it.type(why, ...words)).out),
    );
    expect(new Set([newest, ...others]).size).toBe(1);
  });

  test('of a release that runs says what the judge knows so far', async () => {
    const it = await deployed();
    await it.type(start, '--input', SHORT);
    await it.until(() => it.world.ledger.state.lock?.share === 25);
    await it.wait(400);
    const { out } = await it.type(why);
    expect(out).toMatch(/^v1\.5\.0, r-\d+-\d+\. Running at 25 %: green is watched\n {2}the bake goes on: green failed/);
    expect(out).toMatch(/errors +\d+ of [\d,]+/);
  });

  test('of one that was promoted says on which numbers it advanced', async () => {
    const it = await deployed();
    await it.type(start, '--input', SHORT, '--follow');
    expect((await it.type(why)).out).toMatch(
      /Promoted: v1\.5\.0 is live on green\n {2}no sign of harm, and green is shown to add/,
    );
  });

  test('under policy literal names the rule that was crossed, and no comparison', async () => {
    const it = await deployed({}, 'errors');
    await it.type(start, 'v1.5.0', '--policy', 'literal', '--stages', '25,100', '--bake', '10m', '--follow');
    const { out } = await it.type(why);
    expect(out).toContain(it.world.ledger.record('v1.5.0')!.reason);
    expect(out).toContain('Policy literal compares nothing with the other colour.');
    expect(out).not.toContain('together');
  });

  test('what nobody can explain is refused', async () => {
    const it = await deployed();
    for (const [words, says] of [
      [['v7.7.7'], /v7\.7\.7 is no release of this service/],
      [['a', 'b'], /b +is one release too many/],
      [['--report', '/proc/none/report.html'], /--report/],
      [['v1.4.2'], /left no minutes to explain it with/],
    ] as const) {
      const { code, err } = await it.type(why, ...words);
      expect(code).toBe(2);
      expect(err).toMatch(says);
    }
    const first = await deployed({}, 'first-release');
    expect((await first.type(why)).err).toMatch(/nothing was released yet/);
  });
});

describe('the record of a real release', () => {
  test('is judged again by a replay, to the same verdict', async () => {
    const it = await reverted();
    const { out, err } = await it.type(why, '--json');
    expect([err, out.trim().split('\n').length]).toEqual(['', 1]);
    const recording = readRecording(out);
    expect(recording.id).toBe(it.world.ledger.record('v1.5.0')!.releaseId);
    expect(rejudge(recording, 'compare')).toMatchObject({ verdict: 'abort' });

    const good = await deployed({ requestsPerSecond: 50 });
    await good.type(start, '--input', SHORT, '--follow');
    expect(rejudge(readRecording((await good.type(why, '--json')).out), 'compare')).toMatchObject({
      verdict: 'promote',
    });
  });

  test('says what the record of its rehearsal says: the same shares, the same order, the same reason', async () => {
    const it = await reverted();
    const real = await recordOf(it);
    expect(real).toMatchObject({ schema: 'sluice.flight/1', outcome: 'reverted', policy: 'compare' });
    expect(real.shifts.map(({ share }) => share)).toEqual([25, 0]);
    expect(real.reason).toBe(it.world.ledger.record('v1.5.0')!.reason);
    expect(real.evidence).toMatchObject({ limit: 100, rule: 'more errors than stable' });
    expect(real.abort?.by).toBe('owner');
    expect(real.world).toMatchObject({ share: 0, stable: 'blue', lock: null });
    const rehearsed = await rehearsedRecord('errors', { requestsPerSecond: 100, baselineMinutes: 12 });
    expect(Object.keys(rehearsed)).toEqual(expect.arrayContaining(Object.keys(real)));
    const words = (record: RunRecord) => [...new Set(record.decisions.map(({ word }) => word))].toSorted();
    expect(words(rehearsed)).toEqual(expect.arrayContaining(words(real)));
  });

  test('is still there when the execution is forgotten: the minutes, the reason and the order', async () => {
    const it = await reverted();
    const { decisions: _, shifts, ...kept } = await recordOf(it);
    Object.assign(it.plane.executions[0]!.execution.history, { length: 0 });
    const { decisions, shifts: left, ...after } = await recordOf(it);
    expect(after).toEqual(kept);
    expect(decisions).toEqual([]);
    expect(left.map(({ share }) => share)).toEqual(shifts.map(({ share }) => share));
    expect((await it.type(why)).out).toContain('Reverted at 25 %');
  });

  test('makes the same kind of report, which says nothing of promises that nobody watched', async () => {
    const it = await reverted();
    const file = join(mkdtempSync(join(tmpdir(), 'sluice-why-')), 'rehearsal.html');
    const { out } = await it.type(why, '--report', file);
    expect(out).toContain(`Report: ${file}`);
    const page = readFileSync(file, 'utf8');
    expect(page).toBe(reportHtml(await recordOf(it)));
    expect(page).toContain('Reverted at 25\u00a0%');
    expect(page).not.toMatch(/Safety checks|Not watched|Rehearse it again|NaN|undefined/);
    expect(readRecording(page).id).toBe(it.world.ledger.record('v1.5.0')!.releaseId);
  });
});
