/** A real browser for tests. */
import { chromiumPath } from '../scripts/chromium.ts';
import { toolForTests } from './tool.ts';

/** The path of a Chromium (CHROMIUM_PATH, if it is in no usual place); undefined after telling how to get one. */
export const chromiumForTests = (): string | undefined =>
  toolForTests('Chromium', ['chromium', 'fonts-liberation'], () => chromiumPath(process.env));
