import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { commandLine } from '../../cli/screen/words.ts';
import { axisOf, columnsOf } from '../../report/axis.ts';
import { html } from '../../report/markup.ts';
import type { RunRecord } from '../../report/record.ts';
import { reportHtml } from '../../report/report.ts';
import { roundUp } from '../../report/scale.ts';
import { sluice } from '../cli/bin.ts';
import { rehearsedRecord, stableDies } from '../cli/rehearsed.ts';

/** What a reader sees of a piece of the page. */
const textIn = (markup: string): string =>
  markup
    .replaceAll(/<(style|script)\b[\s\S]*?<\/\1>/g, '')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .replaceAll(/\s+/g, ' ')
    .trim();
const element = (page: string, name: string): string =>
  new RegExp(`<${name}\\b[^>]*>([\\s\\S]*?)</${name}>`).exec(page)?.[1] ?? '';
const headline = (record: RunRecord): string => textIn(element(reportHtml(record), 'h1'));
const embedded = (page: string): unknown => JSON.parse(/id="record">([\s\S]*?)<\/script>/.exec(page)![1]!);

/** The body of the table of all minutes, cell by cell. */
const minuteRows = (page: string): readonly (readonly string[])[] =>
  [
    ...(/<table class="minutes">[\s\S]*?<tbody>([\s\S]*?)<\/tbody>/.exec(page)?.[1] ?? '').matchAll(
      /<tr>([\s\S]*?)<\/tr>/g,
    ),
  ].map(([, row]) => [...row!.matchAll(/<t[hd][^>]*>([\s\S]*?)<\/t[hd]>/g)].map(([, cell]) => textIn(cell!)));

let promoted: RunRecord;
let reverted: RunRecord;
let held: RunRecord;
beforeAll(async () => {
  promoted = await rehearsedRecord('healthy');
  reverted = await rehearsedRecord('errors');
  held = await rehearsedRecord('silent-metrics');
});

describe('the headline says how it ended and why', () => {
  test('a good release is promoted', () => {
    expect(headline(promoted)).toBe('Promoted: v1.5.0 is live on green');
  });

  test('a bad one is reverted, with the finding; the sentence under it has the counts and the way back', () => {
    expect(headline(reverted)).toBe('Reverted at 25 %: green has more errors than blue');
    const { candidate } = reverted.evidence as { readonly candidate: { readonly failures: number } };
    const page = textIn(reportHtml(reverted));
    expect(page).toContain(`Green failed ${candidate.failures} of `);
    expect(page).toContain(
      `All requests were back on blue ${reverted.secondsFromVerdictToStable} s after the verdict.`,
    );
  });

  test('a crash is called a crash', async () => {
    expect(headline(await rehearsedRecord('crash'))).toBe('Reverted at 25 %: a task of green crashed');
  });

  test('a person who ends it is named as the one who gave the order', async () => {
    const record = await rehearsedRecord('healthy', {
      events: [{ when: { share: 25 }, afterSeconds: 120, say: 'abort' }],
    });
    expect(headline(record)).toMatch(/^Reverted at 25 %: /);
    expect(textIn(reportHtml(record))).toContain('An operator gave the order.');
  });

  test('a limit of the plan is called so under policy literal, with its number', async () => {
    const record = await rehearsedRecord('errors', { policy: 'literal', withGuard: false });
    expect(headline(record)).toMatch(/^Reverted at \d+ %: green crossed a limit$/);
    expect(textIn(reportHtml(record))).toMatch(/literal-\S+ [\d.]+ .* ✕ crossed/);
  });

  test('an alarm that rang is named, and so is the guard that heard it', async () => {
    const record = await rehearsedRecord('errors', { policy: 'literal' });
    expect(headline(record)).toMatch(/^Reverted at 5 %: alarm \S+-green-literal-/);
    const page = textIn(reportHtml(record));
    expect(page).toContain('The guard gave the order.');
    expect(page).toContain(`It was rolled back for this: ${record.reason}.`);
  });

  test('a release that never met a user says that users stayed where they were', async () => {
    const record = await rehearsedRecord('never-healthy');
    expect(headline(record)).toMatch(/^Reverted before any user met it: green had 0 of 2 healthy tasks/);
    expect(textIn(reportHtml(record))).toContain('Users stayed on blue all the time.');
  });

  test('an unanswered question is the reason, when nobody answered', () => {
    expect(headline(held)).toBe('Reverted at 25 %: nobody gave an answer within 4 hours');
    expect(textIn(reportHtml(held))).toContain('an operator is asked');
  });

  test('a stuck release says where users are, and that it needs a person', async () => {
    const record = await rehearsedRecord('errors', stableDies);
    expect(headline(record)).toBe('STUCK at 100 %: an operator must decide');
    expect(textIn(reportHtml(record))).toContain('Users now 100 % green');
  });

  test('a refusal is its fields and nothing else', async () => {
    const record = await rehearsedRecord('healthy', { input: { image: 'v1.5.0', strategy: 'canari', bake: 1 } });
    const page = reportHtml(record);
    expect(headline(record)).toBe('Refused: nothing was changed');
    expect(record.reason).toMatch(
      /^The release was refused; nothing was changed: 2 fields are wrong, strategy and bake$/,
    );
    expect(element(page, 'main').match(/<li>/g)!.length).toBe(2);
    expect(textIn(element(page, 'main'))).toContain('did you mean "canary"?');
    expect(page).not.toContain('<svg');
  });

  test('a broken promise stands before everything else', async () => {
    const record = await rehearsedRecord('healthy', { killAt: 40, withReconciler: false });
    const page = reportHtml(record);
    expect(headline(record)).toBe('Left at 5 %: the controller stopped');
    expect(record.violations.map(({ invariant }) => invariant)).toContain(4);
    expect(page.indexOf('Broken promises')).toBeLessThan(page.indexOf('The rule still sends'));
    expect(textIn(page)).toContain('✕ Broken: A stopped controller leaves nobody split');
  });
});

describe('the numbers are those of the record', () => {
  test.each([
    ['errors', 42],
    ['errors', 7],
    ['leak', 42],
    ['silent-metrics', 3],
    ['healthy', 1],
  ] as const)('the table of %s with seed %i has every judged minute', async (scenario, seed) => {
    const record = await rehearsedRecord(scenario, { seed });
    const { minutes } = record.release!;
    const cell = (count: number | undefined): string => (count === undefined ? '–' : count.toLocaleString('en-US'));
    const rows = minuteRows(reportHtml(record));
    expect(rows.map((row) => row.slice(2, 11))).toEqual(
      minutes.map(({ candidate, stable, healthyCandidate }) =>
        [
          ...[candidate, stable].flatMap((one) => [one?.requests, one?.failures, one?.slow, one?.verySlow]),
          healthyCandidate,
        ].map(cell),
      ),
    );
    expect(rows.map(([, share]) => share)).toEqual(minutes.map(({ share }) => `${share} %`));
  });

  test('the counts behind the answer are the ones that the judge decided on', () => {
    const { candidate, stable } = reverted.evidence as Extract<RunRecord['evidence'], { readonly odds: number }>;
    const page = textIn(reportHtml(reverted));
    for (const { requests, failures, slow } of [candidate, stable]) {
      for (const count of [failures, slow])
        expect(page).toContain(`${count.toLocaleString('en-US')} of ${requests.toLocaleString('en-US')} (`);
    }
  });

  test('the page carries its record, and the same seed gives the same page', async () => {
    const page = reportHtml(reverted);
    expect(embedded(page)).toEqual(reverted);
    expect(reportHtml(await rehearsedRecord('errors'))).toBe(page);
    expect(reportHtml(await rehearsedRecord('errors', { seed: 43 }))).not.toBe(page);
  });

  test('every minute is in one column, and a rehearsal of 18 hours has no more columns than fit', () => {
    const { minutes } = held.release!;
    const first = minutes[0]!.minute;
    const long: RunRecord = {
      ...held,
      seconds: 18 * 3600,
      release: {
        ...held.release!,
        minutes: Array.from({ length: 1075 }, (_, index) => ({
          ...minutes[index % minutes.length]!,
          index,
          minute: first + 60 * index,
        })),
      },
    };
    for (const record of [promoted, reverted, held, long]) {
      const columns = columnsOf(record, axisOf(record, 700));
      expect(columns.flatMap((column) => column.minutes)).toEqual(record.release!.minutes);
      expect(columns.length).toBeLessThanOrEqual(121);
    }
    expect(reportHtml(long).match(/class="column"/g)!.length).toBeGreaterThan(100);
  });
});

describe('one time axis', () => {
  test('the warm time is drawn narrow, so that the bakes have most of the width', () => {
    const axis = axisOf(promoted, 700);
    const full = promoted.shifts.find(({ share }) => share === 100)!.second;
    expect(promoted.seconds).toBeGreaterThan(2 * full);
    expect(axis.x(full)).toBeGreaterThan(0.7 * 700);
  });

  test('a later second is never further left, and all of it fits', () => {
    for (const record of [promoted, reverted, held]) {
      const { x, to } = axisOf(record, 700);
      fc.assert(
        fc.property(fc.integer({ min: 0, max: to }), fc.integer({ min: 0, max: to }), (one, other) => {
          expect(x(Math.min(one, other))).toBeLessThanOrEqual(x(Math.max(one, other)));
        }),
      );
      expect([x(0), Math.round(x(to) * 1e6) / 1e6]).toEqual([0, 700]);
    }
  });

  test('a scale ends at or above what it must show, and not far above', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 1e9, noNaN: true }), (value) => {
        expect(roundUp(value, 0.01)).toBeGreaterThanOrEqual(value * (1 - 1e-9));
        expect(roundUp(value, 0.01)).toBeLessThanOrEqual(value * 2 * (1 + 1e-9));
      }),
    );
  });
});

describe('nothing gets in, and nothing gets out', () => {
  const HOSTILE = `</script><script>alert(1)</script><img src=x onerror="alert(1)">'&amp;\u2028`;

  test('words from outside are words', () => {
    const record: RunRecord = {
      ...reverted,
      service: HOSTILE,
      reason: `${HOSTILE}: ${HOSTILE}`,
      release: { ...reverted.release!, id: HOSTILE, image: HOSTILE },
      decisions: reverted.decisions.map((decision) => ({ ...decision, text: HOSTILE })),
      violations: [{ invariant: 4, second: 1, state: HOSTILE, detail: HOSTILE }],
      rehearsal: { ...reverted.rehearsal!, command: HOSTILE },
    };
    const page = reportHtml(record);
    expect(page.match(/<script\b/g)!.length).toBe(2);
    expect(page).not.toMatch(/<img\b/);
    expect(embedded(page)).toEqual(record);
  });

  test('whatever is put into a template comes out as text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const { markup } = html`<p title="${text}">${text}</p>`;
        expect(markup.match(/[<>]/g)!.length).toBe(4);
        expect(markup.match(/"/g)!.length).toBe(2);
      }),
    );
  });

  test('only this very style and this very script are allowed', () => {
    const page = reportHtml(reverted);
    const policy = /Content-Security-Policy" content="([^"]+)"/.exec(page)![1]!.replaceAll('&#39;', "'");
    const fingerprint = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    const script = /<script>([\s\S]*?)<\/script>/.exec(page)![1]!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`style-src ${fingerprint(element(page, 'style'))};`);
    expect(policy).toContain(`script-src ${fingerprint(script)};`);
    expect(policy).not.toContain('unsafe');
    expect(page.replace(/<style>[\s\S]*?<\/style>/, '')).not.toMatch(/\sstyle="|\son\w+="|\ssrc=/);
    expect(page).not.toMatch(/https?:\/\//);
  });

  test('headings are in order', () => {
    for (const record of [promoted, reverted, held]) {
      const levels = [...reportHtml(record).matchAll(/<h(\d)/g)].map(([, level]) => Number(level));
      expect(levels[0]).toBe(1);
      expect(levels.slice(1).every((level) => level === 2)).toBe(true);
      expect(levels.length).toBe(8);
    }
  });

  test('the command that runs it again is read by a shell as it was written', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme', minLength: 1 }).filter((word) => !word.includes('\0'))),
        (words) => {
          const { stdout } = spawnSync('sh', ['-c', `printf '%s\\0' ${commandLine(['x', ...words], ['--report'])}`], {
            encoding: 'utf8',
          });
          expect(stdout.split('\0').slice(1, -1)).toEqual(words);
        },
      ),
      { numRuns: 20 },
    );
    expect(commandLine(['errors', '--report', 'a b.html', '--seed', '7', '--report=c'], ['--report'])).toBe(
      'errors --seed 7',
    );
  });
});

describe('sluice rehearse --report FILE', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-report-'));

  test('writes the page, makes its folder, and says where it is', async () => {
    const file = join(folder, 'new', 'rehearsal.html');
    const { code, stdout } = await sluice(['rehearse', 'errors', '--report', file]);
    expect(code).toBe(0);
    expect(stdout).toContain(`Report  ${file}`);
    const page = readFileSync(file, 'utf8');
    expect(embedded(page)).toEqual(reverted);
    expect(page).toBe(reportHtml(reverted));
  });

  test('a file that cannot be written is told before anything is rehearsed', async () => {
    const file = join(folder, 'new', 'rehearsal.html', 'below-a-file.html');
    const { code, stderr } = await sluice(['rehearse', 'errors', '--report', file]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/Nothing was rehearsed[\s\S]*--report/);
    expect(existsSync(file)).toBe(false);
  });

  test.skipIf(!existsSync('/dev/full'))('a disk that is full afterwards is told, with exit code 4', async () => {
    const { code, stderr } = await sluice(['rehearse', 'errors', '--report', '/dev/full']);
    expect(code).toBe(4);
    expect(stderr).toMatch(/The report was not written: .*ENOSPC/);
  });
});
