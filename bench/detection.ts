/** `npm run bench:detection`: how well each detector tells a good release from a bad one, in the world of the bench. */
import { availableParallelism } from 'node:os';
import {
  cellText,
  circumstances,
  commonOptions,
  optionsGiven,
  someOf,
  TRAFFIC,
  tellProgress,
  USUAL_TRAFFIC,
} from './detection/command.ts';
import { DETECTORS, DETECTORS_AT_100, type DetectorName } from './detection/detectors.ts';
import { cellsOf } from './detection/pool.ts';
import { SCENARIOS, type Scenario, WARM_SCENARIOS } from './detection/scenarios.ts';

const isWarm = process.argv.includes('--warm');
const NAMES = (isWarm ? WARM_SCENARIOS : SCENARIOS).map(({ name }) => name);
const EVERYBODY = Object.keys(isWarm ? DETECTORS_AT_100 : DETECTORS) as readonly DetectorName[];

const {
  runs = 200,
  seed = 42,
  rps = USUAL_TRAFFIC,
  scenarios = NAMES,
  detectors = EVERYBODY,
  workers = availableParallelism(),
  json,
} = optionsGiven({
  ...commonOptions,
  warm: { help: 'bake and warm time together: what happens at 100 %' },
  rps: { value: 'LIST', help: 'requests a second (1,10,100,1000)', read: someOf(TRAFFIC) },
  scenarios: { value: 'LIST', help: 'what happens (all)', read: someOf(NAMES) },
  detectors: { value: 'LIST', help: 'who judges (all)', read: someOf(EVERYBODY) },
});

const cells = await cellsOf({ scenarios, rps, detectors, runs, seed, workers, onProgress: tellProgress });

if (json) process.stdout.write(`${JSON.stringify({ schema: 'sluice.bench/1', ...circumstances(seed), cells })}\n`);
else process.stdout.write(`${rps.map(tableOf).join('\n\n')}\n`);

/** As it stands in docs/judge.md, appendix D. */
function tableOf(traffic: number): string {
  const row = (scenario: Scenario['name']) =>
    cells.filter((cell) => cell.rps === traffic && cell.scenario === scenario).map(cellText);
  const requests = traffic === 1 ? 'request' : 'requests';
  return [
    `#### ${traffic.toLocaleString('en-US')} ${requests} a second`,
    '',
    `| scenario | ${detectors.map((name) => `\`${name}\``).join(' | ')} |`,
    `|${'---|'.repeat(detectors.length + 1)}`,
    ...scenarios.map((scenario) => `| ${scenario} | ${row(scenario).join(' | ')} |`),
  ].join('\n');
}
