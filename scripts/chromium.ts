/** Finds a Chromium on this machine, and starts it so that it asks nobody for anything. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const USUAL_PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'] as const;

/** CHROMIUM_PATH, the places where packages put it, or the one that playwright has installed; undefined if there is none. */
export const chromiumPath = (environment: Readonly<Record<string, string | undefined>>): string | undefined =>
  [environment['CHROMIUM_PATH'], ...USUAL_PLACES, chromium.executablePath()].find(
    (path) => path !== undefined && path !== '' && existsSync(path),
  );

const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
] as const;

/** Headless, with an empty user data folder of its own. */
export const launch = (executablePath: string): Promise<Browser> =>
  chromium.launch({ executablePath, headless: true, args: [...QUIET] });
