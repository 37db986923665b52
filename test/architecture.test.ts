import { expect, test } from 'vitest';
import { findingsIn, read } from './architecture-rules.ts';
import { dependencies, isSource, repositoryFiles, textOf } from './repository-files.ts';

const packages = Object.keys(dependencies);

test('every file keeps to the arrows, and to the rules that no compiler holds', async () => {
  const paths = repositoryFiles().filter(isSource);
  const sources = await Promise.all(paths.map((path) => read(path, textOf(path))));
  expect(paths).toContain('functions/core/roles.ts');
  expect(findingsIn(sources, packages)).toEqual([]);
});

/** What the rules must find: file, line, and a word of the sentence. */
const OFFENDERS: readonly (readonly [path: string, text: string, says: RegExp])[] = [
  ['functions/core/share.ts', `import { step } from '../steps/shared/step.ts'; step();`, /only functions\/core/],
  ['functions/core/share.ts', `import type { Clock } from '../ports/clock.ts';`, /only functions\/core/],
  [
    'functions/core/share.ts',
    `export const at = (clock: import('../ports/clock.ts').Clock) => clock;`,
    /only functions/,
  ],
  ['functions/core/share.ts', `import { z } from 'zod';`, /no such package: the core is pure/],
  ['functions/core/share.ts', `import { readFileSync } from 'node:fs';`, /no such package/],
  ['functions/ports/fleet.ts', `import type { Task } from '@aws-sdk/client-ecs';`, /no such package/],
  [
    'functions/steps/verbs/shift.ts',
    `import { router } from '../../adapters/alb-traffic-router.ts';`,
    /through its ports/,
  ],
  [
    'functions/steps/verbs/shift.ts',
    `const { router } = await import('../../adapters/alb-traffic-router.ts');`,
    /its ports/,
  ],
  ['functions/adapters/ecs-fleet.ts', `import { shift } from '../steps/shift.ts';`, /decides nothing/],
  ['rehearsal/world.ts', `import type { EcsFleet } from '../functions/adapters/ecs-fleet.ts';`, /needs no account/],
  ['report/record.ts', `import type { Account } from '../rehearsal/account.ts';`, /a record comes in, a page goes out/],
  [
    'report/report.ts',
    `import { printable } from '../cli/screen/words.ts';`,
    /only report, functions\/ports, functions\/core/,
  ],
  ['report/report.ts', `import { writeFileSync } from 'node:fs';`, /no such package/],
  ['bench/bench.ts', `import { printable } from '../cli/screen/words.ts';`, /a bench measures the product/],
  ['command-line/arguments.ts', `import { openTerminal } from '../cli/screen/terminal.ts';`, /only command-line/],
  ['cli/status.ts', `import { handler } from '../functions/handlers/shift.ts';`, /through the adapters/],
  ['infra/settings.ts', `import type { Core } from '../platform/infra/core-settings.ts';`, /only infra, functions/],
  ['platform/infra/core-stack.ts', `import { rotate } from '../rotation/steps/rotate.ts';`, /handlers by path only/],
  [
    'platform/rotation/steps/rotate.ts',
    `import { secretsManager } from '../adapters/secrets-manager.ts';`,
    /its ports/,
  ],
  ['platform/rotation/core/rotation.ts', 'export const at = Date.now();', /time comes in/],
  ['infra/app.ts', `import { shift } from '../functions/steps/verbs/shift.ts';`, /by path only/],
  ['scripts/build.mjs', `import { World } from '../rehearsal/world.ts';`, /no part of the product/],
  ['misc/misc.ts', 'export const misc = 1;', /without arrows/],
  ['functions/core/index.ts', 'export const all = 1;', /barrel/],
  ['functions/core/share.ts', `export * from './roles.ts';`, /re-exports functions\/core\/roles/],
  ['functions/core/share.ts', `export type { Colour } from './roles.ts';`, /re-exports functions\/core\/roles/],
  ['functions/core/share.ts', 'export default 1;', /default export/],
  [
    'functions/steps/verbs/shift.ts',
    `export const isBlue = (it: string) => it === 'blue';`,
    /decided in functions\/core\/roles/,
  ],
  ['functions/steps/verbs/shift.ts', `export const OTHER = { blue: 'green' };`, /decided in functions\/core\/roles/],
  ['functions/steps/verbs/shift.ts', 'export const swap = (w: W) => ({ blue: w.green, green: w.blue });', /decided in/],
  ['functions/core/share.ts', 'export const at = Date.now();', /time comes in/],
  ['functions/core/share.ts', 'export const at = new Date();', /time comes in/],
  ['functions/core/share.ts', 'export const at = new Date;', /time comes in/],
  ['functions/steps/verbs/shift.ts', 'export const luck = Math.random();', /chance comes in/],
  ['functions/steps/verbs/shift.ts', 'export const region = process.env.AWS_REGION;', /environment comes in/],
  ['functions/steps/verbs/shift.ts', 'export const wait = (next: () => void) => setTimeout(next, 1);', /waiting/],
  ['functions/adapters/ecs-fleet.ts', `import { chunk } from 'lodash/fp';`, /lodash, which package.json does not name/],
  ['functions/adapters/ecs-fleet.ts', `import { a } from '@some/thing/deep';`, /@some\/thing, which package/],
];

test.each(OFFENDERS)('%s may not say: %s', async (path, text, says) => {
  const findings = findingsIn([await read(path, text)], packages);
  expect(findings.join('\n')).toMatch(says);
  expect(findings.every((finding) => finding.includes(path))).toBe(true);
});

test('two files that know each other are a cycle, even if by types alone', async () => {
  const plan = await read('functions/core/plan.ts', `import type { Lock } from './protocol.ts';`);
  const protocol = await read('functions/core/protocol.ts', `import { share } from './plan.ts'; share();`);
  expect(findingsIn([plan, protocol], packages)).toEqual([
    expect.stringMatching(/^functions\/core\/plan.ts -> functions\/core\/protocol.ts -> functions\/core\/plan.ts is a/),
  ]);
});

/** What looks alike and is right. */
const INNOCENTS: readonly (readonly [path: string, text: string])[] = [
  ['functions/core/share.ts', `import * as z from 'zod/mini'; export const share = z.int();`],
  ['functions/core/roles.ts', `export const OTHER = { blue: 'green', green: 'blue' };`],
  ['functions/core/share.ts', '/** Date.now() and new Date() are refused here, also "blue". */ export const a = 1;'],
  ['functions/steps/verbs/open.ts', 'export const iso = (seconds: number) => new Date(seconds * 1000).toISOString();'],
  ['functions/steps/verbs/shift.ts', 'export const same = (a: W, b: W) => a.blue === b.blue && a.green === b.green;'],
  ['functions/adapters/alb.ts', `import { ElasticLoadBalancingV2Client } from 'zod'; export const a = Date.now();`],
  ['rehearsal/rehearse.ts', `import { policy } from '../state-machines/policy.ts'; policy;`],
  ['vitest.config.ts', 'export default {};'],
];

test.each(INNOCENTS)('%s may say: %s', async (path, text) => {
  expect(findingsIn([await read(path, text)], packages)).toEqual([]);
});
