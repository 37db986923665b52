/** The pictures of the README: reports of rehearsed flights, as a browser shows them. Needs a Chromium and `npm run build`. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromiumPath, launch } from './chromium.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = join(ROOT, 'docs', 'pictures');

const PICTURES = [
  { name: 'reverted', words: ['errors', '--points', '2'], colorScheme: 'light', width: 1040, height: 1180 },
  { name: 'promoted', words: ['healthy'], colorScheme: 'dark', width: 1040, height: 1180 },
  { name: 'held', words: ['silent-metrics'], colorScheme: 'light', width: 1040, height: 1180 },
  { name: 'phone', words: ['leak', '--from-minute', '20'], colorScheme: 'light', width: 420, height: 1180 },
] as const;

const path = chromiumPath(process.env);
if (!path) throw new Error('There is no Chromium here: apt-get install -y chromium, or set CHROMIUM_PATH');
const browser = await launch(path);
const reports = mkdtempSync(join(tmpdir(), 'sluice-pictures-'));
mkdirSync(FOLDER, { recursive: true });
for (const { name, words, colorScheme, width, height } of PICTURES) {
  const report = join(reports, `${name}.html`);
  execFileSync(process.execPath, [
    join(ROOT, 'dist', 'sluice.mjs'),
    'rehearse',
    ...words,
    '--json',
    '--report',
    report,
  ]);
  const page = await browser.newPage({ colorScheme, viewport: { width, height } });
  await page.goto(pathToFileURL(report).href);
  const slider = page.getByRole('slider');
  await slider.focus();
  await slider.press('End');
  await slider.blur();
  await page.screenshot({ path: join(FOLDER, `${name}.png`) });
  await page.close();
}
await browser.close();
rmSync(reports, { recursive: true });
