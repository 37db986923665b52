/** `npm run bench:ablation`: each term of the judge switched off in a copy of it, and what its removal costs. */
import { availableParallelism } from 'node:os';
import { cellText, circumstances, commonOptions, optionsGiven, percent, tellProgress } from './detection/command.ts';
import { cellsOf } from './detection/pool.ts';
import type { ScenarioName } from './detection/scenarios.ts';
import type { Cell } from './detection/tally.ts';
import { STRETCH, type Variant, WITHOUT } from './detection/variants.ts';

const WELL: readonly ScenarioName[] = ['healthy', 'healthy-rough', 'shared-outage', 'slow-warmup'];
const ILL: readonly ScenarioName[] = [
  'err+0.5',
  'err+2',
  'lat-x1.3',
  'lat-x2',
  'leak@20',
  'err+2@outage',
  'crash',
  'tail-4%x2s',
  'flap-8%',
];
/** A rate of false aborts is small, so it takes more releases than a time to find a fault. */
const WELL_PER_ILL = 5;
const TRAFFIC = [10, 100] as const;

const {
  runs = 1000,
  seed = 42,
  workers = availableParallelism(),
  stretch,
  json,
} = optionsGiven({
  ...commonOptions,
  runs: { ...commonOptions.runs, help: 'healthy releases a cell (1000); faulty ones a fifth of that' },
  stretch: { help: 'other balances instead of removals' },
});

const variants: readonly Variant[] = [
  { name: 'all', change: 'the judge as it is', constants: {} },
  ...(stretch ? STRETCH : WITHOUT),
];
const tables: { readonly variant: Variant; readonly cells: readonly Cell[] }[] = [];
for (const variant of variants) {
  process.stderr.write(`${variant.name}\n`);
  const cellsIn = (scenarios: readonly ScenarioName[], releases: number) =>
    cellsOf({
      scenarios,
      rps: TRAFFIC,
      // Without the hard rules: they would hide what the odds do.
      detectors: ['compare-odds'],
      runs: releases,
      seed,
      workers,
      constants: variant.constants,
      onProgress: tellProgress,
    });
  const cells = [...(await cellsIn(WELL, runs)), ...(await cellsIn(ILL, Math.ceil(runs / WELL_PER_ILL)))];
  tables.push({ variant, cells });
}

if (json) {
  const told = tables.map(({ variant: { name, change }, cells }) => ({ name, change, cells }));
  process.stdout.write(`${JSON.stringify({ schema: 'sluice.ablation/1', ...circumstances(seed), variants: told })}\n`);
} else {
  const [whole, ...others] = tables;
  process.stdout.write('| variant | change | what it costs | what it brings |\n|---|---|---|---|\n');
  for (const { variant, cells } of others) {
    const changes = cells.flatMap((cell, index) => changeOf(whole!.cells[index]!, cell) ?? []);
    const told = (worse: boolean) =>
      changes.flatMap((change) => (change.worse === worse ? [change.text] : [])).join('; ') || 'nothing measurable';
    process.stdout.write(`| ${variant.name} | ${variant.change} | ${told(true)} | ${told(false)} |\n`);
  }
}

/** A difference worth telling: intervals that do not meet, or a tenth more (or less) bad responses. */
function changeOf(was: Cell, is: Cell): { readonly worse: boolean; readonly text: string } | undefined {
  const where = `${is.scenario} at ${is.rps}/s`;
  if (is.ci95[0] > was.ci95[1] || is.ci95[1] < was.ci95[0]) {
    const rate = ({ missed, falseAborts }: Cell): number => missed ?? falseAborts;
    const what = is.missed === undefined ? 'aborts' : 'missed';
    return { worse: rate(is) > rate(was), text: `${where}: ${what} ${percent(rate(was))} -> ${percent(rate(is))}` };
  }
  if (is.meanBadResponses === undefined || was.meanBadResponses === undefined) return undefined;
  const ratio = is.meanBadResponses / was.meanBadResponses;
  if (ratio < 1.1 && ratio > 0.9) return undefined;
  return { worse: ratio > 1, text: `${where}: ${ratio.toFixed(2)} times the bad responses (${cellText(is)})` };
}
