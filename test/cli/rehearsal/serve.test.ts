import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openControlPage } from '../../../cli/rehearsal/serve.ts';
import { Transient } from '../../../functions/core/failures.ts';
import { runRehearsal } from '../../../rehearsal/rehearse.ts';
import { launch } from '../../../scripts/chromium.ts';
import { chromiumForTests } from '../../chromium.ts';
import { usualOptions } from '../../rehearsal/rehearsals.ts';
import { BIN, environment } from '../bin.ts';
import { rehearsedRecord } from '../rehearsed.ts';

interface Served {
  readonly url: string;
  readonly child: ChildProcess;
}

let served: Served | undefined;

/** A rehearsal with its page. */
async function serve(...words: readonly string[]): Promise<Served> {
  const child = spawn(process.execPath, [BIN, 'rehearse', ...words, '--serve'], {
    env: environment(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let told = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      told += text;
      const found = /Watch and steer it: (\S+)/.exec(told)?.[1];
      if (found) resolve(found);
    });
    child.once('close', () => reject(new Error(told)));
  });
  served = { url, child };
  return served;
}

async function interrupt({ child }: Served): Promise<number | null> {
  child.kill('SIGINT');
  return ((await once(child, 'close')) as [number | null])[0];
}

afterEach(async () => {
  if (served && served.child.exitCode === null && served.child.signalCode === null) await interrupt(served);
  served = undefined;
});

/** Whatever a program on this machine, or a page that a browser shows, could send. */
function ask(
  url: string,
  { method = 'GET', ...headers }: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly text: string; readonly headers: Readonly<Record<string, unknown>> }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text, headers: response.headers }));
    });
    sent.on('error', reject).end();
  });
}

describe('who may press a button', () => {
  test('the page itself; no other page, and nobody under another name', async () => {
    const { url } = await serve('healthy');
    const host = url.replace('http://', '');
    const status = async (path: string, more: Readonly<Record<string, string>>) =>
      (await ask(`${url}${path}`, more)).status;
    expect(await status('/', {})).toBe(200);
    expect(await status('/', { host: 'evil.example' })).toBe(403);
    expect(await status('/', { host: `evil.example:${host.split(':')[1]}` })).toBe(403);
    expect(await status('/', { origin: 'http://evil.example' })).toBe(403);
    for (const origin of ['http://evil.example', 'null', 'http://127.0.0.1:1', `https://${host}`])
      expect(await status('/fault/errors', { method: 'POST', origin })).toBe(403);
    expect(await status('/fault/errors', { method: 'POST' })).toBe(403);
    expect(await status('/fault/errors', {})).toBe(404);
    expect((await ask(url)).text).not.toContain('aria-pressed="true"');
    expect(await status('/fault/errors', { method: 'POST', origin: url })).toBe(200);
    expect((await ask(url)).text.match(/aria-pressed="true"/g)).toHaveLength(1);
  });

  test('what is no button does nothing', async () => {
    const { url } = await serve('healthy');
    for (const path of ['/', '/say/', '/say/please', '/fault/constructor', '/fault', '/say/hold/now'])
      expect((await ask(`${url}${path}`, { method: 'POST', origin: url })).status, path).toBe(404);
  });

  test('the page cannot be framed, kept, or read by another one', async () => {
    const { url } = await serve('healthy');
    expect((await ask(url)).headers).toMatchObject({
      'content-security-policy': "frame-ancestors 'none'",
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    });
  });

  test('only this machine reaches it', async () => {
    const { url, child } = await serve('healthy');
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(child.exitCode).toBe(null);
    await expect(ask(url.replace('127.0.0.1', '127.0.0.2'))).rejects.toThrow('ECONNREFUSED');
  });

  test('a word that comes too early or too late is refused in words', async () => {
    const { url } = await serve('never-healthy', '--speed', '600');
    const say = () => ask(`${url}/say/hold`, { method: 'POST', origin: url });
    await until(async () => (await ask(url)).text.includes('Reverted before any user met it'));
    const { status, text } = await say();
    expect(status).toBe(409);
    expect(text).toMatch(
      /^(Nothing is being released on conductores-backend; nothing was changed|The rehearsal is over)\.$/,
    );
  });
});

test('what cannot be shown or done is answered in words, and the rehearsal goes on', async () => {
  const end = await rehearsedRecord('stable-unhealthy');
  let isBroken = true;
  const answered = <T>(what: T): T => {
    if (isBroken) throw new Transient('the ledger did not answer');
    return what;
  };
  const controlPage = await openControlPage({ port: undefined, record: () => answered(end), tell() {} });
  await runRehearsal({
    ...usualOptions('healthy'),
    onControls: (controls) => controlPage.board({ ...controls, say: async (word) => answered(controls).say(word) }),
  });
  const press = () => ask(`${controlPage.url}/say/hold`, { method: 'POST', origin: controlPage.url });
  const wrong = { status: 500, text: 'That did not work: the ledger did not answer. The rehearsal goes on.' };
  expect(await ask(controlPage.url)).toMatchObject(wrong);
  expect(await press()).toMatchObject(wrong);
  isBroken = false;
  expect((await ask(controlPage.url)).status).toBe(200);
  controlPage.close();
});

test('a word that the rehearsal did not live to hear is answered when it has ended', async () => {
  const controlPage = await openControlPage({ port: undefined, record: () => expect.fail('nobody looks'), tell() {} });
  let hear = (): void => {};
  const heard = new Promise<void>((resolve) => {
    hear = resolve;
  });
  await runRehearsal({
    ...usualOptions('never-healthy'),
    onControls: (controls) =>
      controlPage.board({
        ...controls,
        say(word) {
          hear();
          return controls.say(word);
        },
      }),
  });
  // Its time stands still, so the ledger answers nobody any more.
  const pressed = ask(`${controlPage.url}/say/hold`, { method: 'POST', origin: controlPage.url });
  await heard;
  controlPage.land();
  expect(await pressed).toMatchObject({ status: 409, text: 'The rehearsal is over.' });
  controlPage.close();
});

describe('its address', () => {
  test('is the port that was asked for, and one that is taken is told before anything is rehearsed', async () => {
    const { url } = await serve('healthy');
    const port = url.split(':').at(-1)!;
    await expect(serve('healthy', '--port', port)).rejects.toThrow(
      /Nothing was rehearsed: 1 field is wrong\.\n {2}--port .*EADDRINUSE.*leave it out for a free one/,
    );
  });

  test('Ctrl-C ends page and rehearsal, also after the rehearsal is over', async () => {
    const running = await serve('healthy');
    expect(await interrupt(running)).toBe(130);
    await expect(ask(running.url)).rejects.toThrow('ECONNREFUSED');
    const ended = await serve('stable-unhealthy');
    await until(async () => (await ask(ended.url)).text.includes('The rehearsal is over'));
    expect((await ask(ended.url)).text).toContain('Refused: nothing was changed');
    expect(await interrupt(ended)).toBe(130);
    await expect(ask(ended.url)).rejects.toThrow('ECONNREFUSED');
  });
});

async function until(what: () => Promise<boolean>): Promise<void> {
  while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 100));
}

const chromium = chromiumForTests();

describe.skipIf(chromium === undefined)('in a browser', { timeout: 120_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch(chromium!);
  });
  afterAll(() => browser.close());

  async function open(url: string) {
    const page = await browser.newPage();
    const complaints: string[] = [];
    const elsewhere: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (one) => {
      if (!one.url().startsWith(url) && !one.url().startsWith('data:')) elsewhere.push(one.url());
    });
    await page.goto(url);
    return { page, complaints, elsewhere };
  }

  const headline = (page: Page, text: RegExp) => page.getByRole('heading', { level: 1, name: text }).waitFor();
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

  test('"errors" is pressed, and the share falls to 0 and the page says why', async () => {
    const { url } = await serve('healthy', '--speed', '120');
    const { page, complaints, elsewhere } = await open(url);
    await headline(page, /^Running at 5 %: green is watched$/);
    await press(page, 'errors');
    await page.getByRole('button', { name: 'errors', pressed: true }).waitFor();
    await headline(page, /^Reverted at (5|25) %: green has more errors than blue$/);
    await page.getByText(/Green failed [\d,]+ of [\d,]+ requests/).waitFor();
    await page.getByRole('cell', { name: 'errors switched on by hand' }).waitFor();
    await page.getByText('The rehearsal is over').waitFor();
    const record = JSON.parse((await page.request.get(url).then((answer) => answer.text())).match(RECORD)![1]!);
    expect(record).toMatchObject({
      outcome: 'reverted',
      world: { share: 0 },
      violations: [],
      rehearsal: { steered: true },
    });
    expect([complaints, elsewhere]).toEqual([[], []]);
    for (const button of await page.getByRole('button').all()) expect(await button.isDisabled()).toBe(true);
    await page.close();
  });

  test('"hold" keeps it where it is, and "promote" sends it on', async () => {
    const { url } = await serve('healthy', '--speed', '120');
    const { page, complaints } = await open(url);
    await headline(page, /^Running at 5 %: green is watched$/);
    await press(page, 'hold');
    await headline(page, /^Held at 5 %: an operator must decide$/);
    await press(page, 'promote');
    await page.getByText('"promote" is written; it is held, so that acts after "resume".').waitFor();
    await headline(page, /^Held at 5 %: an operator must decide$/);
    await press(page, 'resume');
    await headline(page, /^Running at 25 %: green is watched$/);
    await page.getByRole('cell', { name: 'an operator ended this bake' }).waitFor();
    await press(page, 'abort');
    await headline(page, /^Reverted at \d+ %: a person asked for it$/);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('whoever reads a minute keeps it while the page goes on', async () => {
    const { url } = await serve('healthy', '--speed', '240');
    const { page } = await open(url);
    await headline(page, /^Running at \d+ %: green is watched$/);
    const slider = page.getByRole('slider');
    await slider.focus();
    await slider.press('ArrowRight');
    const said = await page.locator('#told').textContent();
    await headline(page, /^Running at 100 %/);
    expect(await page.locator('#told').textContent()).toBe(said);
    expect(await slider.evaluate('document.activeElement.id')).toBe('minute');
    await page.close();
  });

  test('on a phone it has no sideways scroll', async () => {
    const { url } = await serve('healthy');
    const page = await browser.newPage({ viewport: { width: 420, height: 900 } });
    await page.goto(url);
    await headline(page, /^Running/);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(420);
    await page.close();
  });
});

const RECORD = /id="record">([\s\S]*?)<\/script>/;
