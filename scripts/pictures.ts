/** The pictures of the README: reports of rehearsed rehearsals, as a browser shows them. Needs a Chromium and `npm run build`. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { chromiumPath, launch } from './chromium.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = join(ROOT, 'docs', 'pictures');
const BIN = join(ROOT, 'dist', 'sluice.mjs');

interface Picture {
  readonly name: string;
  readonly words: readonly string[];
  readonly colorScheme?: 'light' | 'dark';
  readonly width?: number;
}

const STUCK = join(ROOT, 'examples', 'scenarios', 'edited-while-it-closes.json');
const PICTURES: readonly Picture[] = [
  { name: 'reverted', words: ['errors', '--points', '2'] },
  { name: 'promoted', words: ['healthy'], colorScheme: 'dark' },
  { name: 'stuck', words: [STUCK] },
  { name: 'phone', words: ['leak', '--from-minute', '20'], width: 420 },
];
const HEIGHT = 1180;

const path = chromiumPath(process.env);
if (!path) throw new Error('There is no Chromium here: apt-get install -y chromium, or set CHROMIUM_PATH');
const browser = await launch(path);
const reports = mkdtempSync(join(tmpdir(), 'sluice-pictures-'));
mkdirSync(FOLDER, { recursive: true });

const newPage = ({ colorScheme = 'light', width = 1040 }: Pick<Picture, 'colorScheme' | 'width'>): Promise<Page> =>
  browser.newPage({ colorScheme, viewport: { width, height: HEIGHT } });

async function keep(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(FOLDER, `${name}.png`) });
  await page.close();
}

for (const picture of PICTURES) {
  const report = join(reports, `${picture.name}.html`);
  execFileSync(process.execPath, [BIN, 'rehearse', ...picture.words, '--json', '--report', report]);
  const page = await newPage(picture);
  await page.goto(pathToFileURL(report).href);
  const slider = page.getByRole('slider');
  await slider.focus();
  await slider.press('End');
  await slider.blur();
  await keep(page, picture.name);
}

/** A rehearsal is held only while it runs. */
async function held(): Promise<void> {
  const rehearsal = spawn(process.execPath, [BIN, 'rehearse', 'silent-metrics', '--serve', '--speed', '300'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let told = '';
  for await (const text of rehearsal.stderr.setEncoding('utf8')) {
    told += String(text);
    const url = /Watch and steer it: (\S+)/.exec(told)?.[1];
    if (url === undefined) continue;
    const page = await newPage({});
    await page.goto(url);
    await page.getByRole('heading', { level: 1, name: /^Held/ }).waitFor();
    await page.getByText('Rolled back unless answered').waitFor();
    await keep(page, 'held');
    break;
  }
  rehearsal.kill('SIGINT');
  await once(rehearsal, 'close');
}
await held();
await browser.close();
rmSync(reports, { recursive: true });
