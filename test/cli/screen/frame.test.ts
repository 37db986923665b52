import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { recordOf } from '../../../cli/recording/rehearsed.ts';
import { frame, type View } from '../../../cli/screen/frame.ts';
import { type Display, type Line, narrator } from '../../../cli/screen/lines.ts';
import { ASCII, paint, UNICODE, unpainted } from '../../../cli/screen/paint.ts';
import { oddsInWords } from '../../../functions/core/numerals.ts';
import type { RehearsalResult } from '../../../rehearsal/account.ts';
import type { Look, RehearsalOptions } from '../../../rehearsal/options.ts';
import type { ScenarioName } from '../../../rehearsal/scenarios.ts';
import { reportHtml } from '../../../report/report.ts';
import { rehearsal, usualOptions } from '../../rehearsal/rehearsals.ts';

const display: Display = { paint: unpainted, glyphs: UNICODE };
const large = { rows: 40, columns: 120 };

/** What a live view could have shown in each minute of a rehearsal. */
async function watched(name: ScenarioName, changes: Partial<RehearsalOptions> = {}) {
  const narrate = narrator(false);
  const lines: Line[] = [];
  const views: View[] = [];
  let second = 0;
  const rehearsed: RehearsalResult = await rehearsal(name, {
    ...changes,
    onEntry: (entry, lock) => {
      const line = narrate(entry, lock);
      if (line) lines.push(line);
    },
    onSecond: (read) => {
      if (second++ % 20 === 0) views.push(viewOf(read(), lines));
    },
  });
  return { views, rehearsed };
}

const viewOf = (look: Look | undefined, lines: readonly Line[]): View => ({
  service: 'conductores-backend',
  look,
  lines: [...lines],
  footer: 'Ctrl-C stops the rehearsal',
});

let views: readonly View[];
let reverted: Awaited<ReturnType<typeof watched>>;
beforeAll(async () => {
  reverted = await watched('leak');
  const others = [
    await watched('healthy'),
    await watched('low-traffic'),
    await watched('errors', { policy: 'literal' }),
    await watched('first-release'),
  ];
  views = [reverted, ...others].flatMap((one) => one.views);
});

const inShare = (share: number): View =>
  reverted.views.findLast(({ look }) => look?.lock.share === share && look.lock.phase === 'baking')!;

describe('the live view', () => {
  test('is never wider or higher than its window, in any minute of any rehearsal', () => {
    const colours = paint({ isTTY: true }, { TERM: 'xterm' }, false);
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 200 }),
        fc.constantFrom(UNICODE, ASCII),
        fc.constantFrom(unpainted, colours),
        (which, rows, columns, glyphs, painted) => {
          const shown = frame(views[which % views.length]!, { rows, columns }, { paint: painted, glyphs });
          expect(shown.length).toBeLessThanOrEqual(rows);
          for (const line of shown) expect([...stripVTControlCharacters(line)].length).toBeLessThanOrEqual(columns);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('is at most about fifteen lines high', () => {
    expect(Math.max(...views.map((view) => frame(view, { rows: 100, columns: 100 }, display).length))).toBe(15);
  });

  test('says in two lines what is released and where it stands', () => {
    const [first, second] = frame(inShare(25), large, display);
    expect(first).toMatch(/^conductores-backend {2}v1\.5\.0 {2}r-20260105-\d{6} {2}policy compare$/);
    expect(second).toMatch(/^canary {2}● 5 {2}● 25 {2}○ 50 {2}○ 100 +25 % on green +bake \d+:\d\d of 15:00 {2}█+░+$/);
  });

  test('these two lines stay however low the window is; the history goes first, then the table', () => {
    const view = inShare(25);
    const all = frame(view, large, display);
    for (let rows = 2; rows < all.length; rows++) {
      const shown = frame(view, { ...large, rows }, display);
      expect(shown.slice(0, 2)).toEqual(all.slice(0, 2));
    }
    const low = frame(view, { ...large, rows: 11 }, display).join('\n');
    expect(low).toContain('requests');
    expect(low).not.toContain('shift');
    const lower = frame(view, { ...large, rows: 7 }, display).join('\n');
    expect(lower).toContain('worse?');
    expect(lower).not.toContain('/min');
  });

  test('in a narrow window the numbers are worth more than the pictures', () => {
    expect(frame(inShare(25), { rows: 40, columns: 40 }, display)[1]).toMatch(
      /^25 % on green +bake \d+:\d\d of 15:00$/,
    );
  });

  test('shows the numbers of the newest judged minute as the ledger has them', () => {
    const view = inShare(25);
    const { candidate, stable } = view.look!.minutes.at(-1)!;
    const text = frame(view, large, display).join('\n');
    expect(text).toContain(`${candidate!.requests.toLocaleString('en-US')}/min`);
    expect(text).toContain(`${stable!.requests.toLocaleString('en-US')}/min`);
    expect(text).toContain(`slow (over ${view.look!.judging!.state.baseline.slowMs} ms)`);
  });

  test('and these are the numbers of that minute in the report', () => {
    const { minute } = inShare(25).look!.minutes.at(-1)!;
    const options = { ...usualOptions('leak'), points: 10 };
    const page = reportHtml(
      recordOf(reverted.rehearsed, options, { scenario: 'leak', command: 'sluice rehearse leak' }),
    );
    const time = new Date(minute * 1000).toISOString().slice(11, 16);
    const [, row] = new RegExp(`<tr><th scope="row">${time}</th>(.*?)</tr>`).exec(page)!;
    const [, , requests, errors, , , stableRequests, stableErrors] = ['', ...row!.split(/<\/?td>/).filter(Boolean)];
    const text = frame(inShare(25), large, display).join('\n');
    expect(text).toMatch(new RegExp(`green +${requests}/min +${errors}  `));
    expect(text).toMatch(new RegExp(`blue +${stableRequests}/min +${stableErrors}  `));
  });

  test('at 80 columns nothing of the table and the odds is cut', () => {
    for (const view of views) {
      const rows = frame(view, { rows: 40, columns: 79 }, display);
      const start = rows.findIndex((row) => row.includes('requests') && row.includes('errors'));
      for (const row of start < 0 ? [] : rows.slice(start, start + 7)) expect(row).not.toMatch(/\.\.\.$/);
    }
  });

  test('shows the odds that the verdict speaks of', () => {
    const { odds } = reverted.rehearsed.evidence as { readonly odds: number };
    const last = reverted.views.findLast(({ look }) => look !== undefined)!;
    const row = frame(last, large, display).find((line) => line.includes('worse?'));
    expect(row).toContain(`odds ${oddsInWords(odds)}, reverts at 100`);
    expect(reverted.rehearsed.reason).toContain(`odds ${oddsInWords(odds)}, limit 100`);
  });

  test('says that nothing is known before the first minute, and nothing of odds under the literal policy', async () => {
    const early = reverted.views.find(({ look }) => look !== undefined)!;
    expect(frame(early, large, display).join('\n')).toContain('no minute is judged yet');
    const { views: literal } = await watched('healthy', { policy: 'literal' });
    const view = literal.find(({ look }) => look?.lock.share === 25)!;
    expect(frame(view, large, display).join('\n')).toContain('policy literal');
  });

  test('says when it waits for an operator, and how that ends', async () => {
    const { views: slow } = await watched('low-traffic');
    const asked = slow.find(({ look }) => look?.lock.askedAt !== undefined)!;
    expect(frame(asked, large, display)[1]).toMatch(
      /waits for an operator \(since \d\d:\d\d, ends \d\d:\d\d by revert\)/,
    );
  });

  test('is ASCII where the terminal has no more', () => {
    for (const view of views) expect(frame(view, large, { ...display, glyphs: ASCII }).join('')).toMatch(/^[ -~]*$/);
  });
});
