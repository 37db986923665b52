import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunRecord } from '../../report/record.ts';
import { reportHtml } from '../../report/report.ts';
import { launch } from '../../scripts/chromium.ts';
import { chromiumForTests } from '../chromium.ts';
import { inFlight, rehearsedRecord, stableDies } from '../cli/rehearsed.ts';

const chromium = chromiumForTests();

describe.skipIf(chromium === undefined)('the report in a browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-browser-'));
  let browser: Browser;
  let records: Readonly<Record<string, RunRecord>>;

  beforeAll(async () => {
    browser = await launch(chromium!);
    records = {
      promoted: await rehearsedRecord('healthy'),
      reverted: await rehearsedRecord('errors'),
      held: await inFlight('silent-metrics', ({ outcome }) => outcome === 'held'),
      flying: await inFlight('healthy', ({ shares }) => shares.at(-1) === 50),
      unanswered: await rehearsedRecord('silent-metrics'),
      stuck: await rehearsedRecord('errors', stableDies),
      killed: await rehearsedRecord('healthy', { killAt: 40, withReconciler: false }),
      literal: await rehearsedRecord('healthy', { policy: 'literal' }),
      first: await rehearsedRecord('first-release'),
      refused: await rehearsedRecord('stable-unhealthy'),
      misspelt: await rehearsedRecord('healthy', { input: { imgae: 'v1.5.0', strategy: 'canari' } }),
    };
    for (const [name, record] of Object.entries(records)) writeFileSync(fileOf(name), reportHtml(record));
  }, 120_000);

  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  const fileOf = (name: string): string => join(folder, `${name}.html`);

  /** A page, and everything that it asked for or complained about. */
  async function open(name: string, options: BrowserContextOptions = {}) {
    const page = await browser.newPage(options);
    const requests: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(pathToFileURL(fileOf(name)).href);
    return { page, requests, complaints };
  }

  const WITH_CHART = [
    'promoted',
    'reverted',
    'held',
    'flying',
    'unanswered',
    'stuck',
    'killed',
    'literal',
    'first',
  ] as const;
  const NAMES = [...WITH_CHART, 'refused', 'misspelt'] as const;

  test.each(NAMES)('%s: one request, no complaint, and no sideways scroll on a phone', async (name) => {
    const { page, requests, complaints } = await open(name, { viewport: { width: 420, height: 900 } });
    expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([pathToFileURL(fileOf(name)).href]);
    expect(complaints).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(420);
    await page.close();
  });

  test.each(['light', 'dark'] as const)(
    'every word can be read in %s: contrast is at least 4.5',
    async (colorScheme) => {
      const backgrounds = new Set<string>();
      for (const name of NAMES) {
        const { page } = await open(name, { colorScheme });
        backgrounds.add(await page.evaluate<string>('getComputedStyle(document.body).backgroundColor'));
        expect(await page.evaluate(FAINT_TEXT)).toEqual([]);
        await page.close();
      }
      expect([...backgrounds]).toEqual([colorScheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(16, 21, 28)']);
    },
  );

  test('on paper it is light, with every minute in sight and no controls', async () => {
    const { page } = await open('reverted', { colorScheme: 'dark' });
    const table = page.locator('table.minutes');
    expect(await table.isVisible()).toBe(false);
    await page.emulateMedia({ media: 'print' });
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
    expect(await table.isVisible()).toBe(true);
    expect((await table.boundingBox())!.height).toBeGreaterThan(100);
    expect(await page.getByRole('slider').isVisible()).toBe(false);
    await page.close();
  });

  test('without script it is the same page, without the cursor', async () => {
    const { page, complaints } = await open('reverted', { javaScriptEnabled: false });
    expect(await page.locator('h1').textContent()).toContain('Reverted');
    expect(await page.locator('svg').isVisible()).toBe(true);
    expect(await page.getByRole('slider').isVisible()).toBe(false);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('the arrow keys move over the minutes, and each is read aloud as it stands in the table', async () => {
    const { page } = await open('reverted');
    const { release, start } = records['reverted']!;
    const status = page.getByRole('status');
    await page.getByRole('slider').focus();
    for (const [index, { minute, candidate, stable }] of release!.minutes.entries()) {
      if (index > 0) await page.keyboard.press('ArrowRight');
      const said = await status.textContent();
      const row = await rowOf(page, index);
      expect(said).toMatch(new RegExp(`^${row[0]}, `));
      expect(row[0]).toBe(new Date(minute * 1000).toISOString().slice(11, 16));
      expect(said).toContain(`green: ${row[3]} errors in ${row[2]} requests`);
      expect(said).toContain(`blue: ${row[7]} errors in ${row[6]} requests`);
      expect([candidate!.failures, stable!.failures].map(String)).toEqual([row[3], row[7]]);
      expect(minute).toBeGreaterThanOrEqual(start);
    }
    await page.close();
  });

  test('a pointer finds the minute under it', async () => {
    const { page } = await open('reverted');
    await page.locator('.column').last().hover();
    const last = await rowOf(page, records['reverted']!.release!.minutes.length - 1);
    expect(await page.getByRole('status').textContent()).toMatch(new RegExp(`^${last[0]}, `));
    expect(await page.locator('#cursor').getAttribute('visibility')).toBe('visible');
    await page.close();
  });

  test('the bars are as high as the numbers of the table say', async () => {
    const { page } = await open('reverted');
    const { release, start } = records['reverted']!;
    for (const role of ['candidate', 'stable'] as const) {
      const bars = await page.evaluate<readonly { readonly second: number; readonly height: number }[]>(
        `[...document.querySelectorAll('[aria-labelledby="errors-${role}-title"] .bar')]
          .map((bar) => ({ second: Number(bar.dataset.second), height: Number(bar.getAttribute('height')) }))`,
      );
      const failures = new Map(release!.minutes.map((minute) => [minute.minute - start, minute[role]!.failures]));
      expect(bars.length).toBe([...failures.values()].filter((count) => count > 0).length);
      const highest = Math.max(...bars.map(({ height }) => height));
      const most = Math.max(...failures.values());
      for (const { second, height } of bars)
        expect(Math.abs(height - (highest * failures.get(second)!) / most)).toBeLessThan(0.02);
    }
    await page.close();
  });

  test('each panel is a picture with a name and a description', async () => {
    const { page } = await open('reverted');
    const pictures = page.getByRole('img');
    const names = await pictures.locator('title:first-child').allTextContents();
    const descriptions = await pictures.locator('desc').allTextContents();
    expect(names.filter((name) => name.length > 0).length).toBeGreaterThanOrEqual(6);
    expect(descriptions.length).toBe(6);
    expect(descriptions.every((text) => text.length > 10)).toBe(true);
    expect(await page.getByRole('img', { name: /^Evidence/ }).count()).toBe(1);
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
    await page.close();
  });

  test('no two labels of the chart lie on each other', async () => {
    for (const name of WITH_CHART) {
      const { page } = await open(name);
      expect(await page.evaluate(OVERLAPS), name).toEqual([]);
      await page.close();
    }
  });
});

const rowOf = (page: Page, index: number): Promise<readonly string[]> =>
  page.locator('table.minutes tbody tr').nth(index).locator('th, td').allTextContents();

/** Texts whose contrast with what is behind them is under 4.5 (https://www.w3.org/TR/WCAG22/#contrast-minimum). */
const FAINT_TEXT = `(() => {
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = parse(colour).map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at);
      if (parse(backgroundColor)[3] !== 0) return backgroundColor;
    }
    return 'rgb(255, 255, 255)';
  };
  const faint = [];
  for (const element of document.querySelectorAll('main *')) {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join('');
    if (text === '' || element.closest('title, desc')) continue;
    const style = getComputedStyle(element);
    const [one, other] = [light(element.closest('svg') ? style.fill : style.color), light(behind(element))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (contrast < 4.5) faint.push(text.slice(0, 40) + ' ' + contrast.toFixed(2));
  }
  return faint;
})()`;

/** Pairs of texts in the chart whose boxes overlap by more than a hair. */
const OVERLAPS = `(() => {
  const boxes = [...document.querySelectorAll('svg text:not(.sign)')].map((text) => ({ text: text.textContent, box: text.getBBox() }));
  const found = [];
  for (const [index, one] of boxes.entries())
    for (const other of boxes.slice(index + 1)) {
      const wide = Math.min(one.box.x + one.box.width, other.box.x + other.box.width) - Math.max(one.box.x, other.box.x);
      const high = Math.min(one.box.y + one.box.height, other.box.y + other.box.height) - Math.max(one.box.y, other.box.y);
      if (wide > 1 && high > 3) found.push(one.text + ' / ' + other.text);
    }
  return found;
})()`;
