/**
 * `npm run bench`: how fast users are back, what a cold start loads, what a release's transitions cost, and how fast the
 * rehearsal runs. As ratios, both sides in one run; nothing is asserted. `--json` for one object.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chance } from '../rehearsal/chance.ts';
import { VirtualClock } from '../rehearsal/clock.ts';
import { runRehearsal } from '../rehearsal/rehearse.ts';
import { Tasks } from '../rehearsal/tasks.ts';
import { VirtualHost } from '../rehearsal/virtual-host.ts';
import { type FaultName, rehearsalOf } from './closed-loop/conditions.ts';
import { circumstances, commonOptions, optionsGiven } from './detection/command.ts';

/** `ratio` is value / baseline. */
export interface BenchRow {
  readonly name: string;
  readonly unit: 's' | 'ms' | 'releases/s' | 'transitions';
  readonly value: number;
  readonly baseline?: number;
  readonly ratio?: number;
  readonly betterIs: 'lower' | 'higher';
  readonly samples: number;
  readonly p50: number;
  /** Absent where only the median is known. */
  readonly p95?: number;
}

/** Step Functions, Standard: 0.025 for a thousand transitions (https://aws.amazon.com/step-functions/pricing/). */
const USD_A_TRANSITION = 0.025 / 1000;

const rehearsalWith = (fault: FaultName, seed: number) =>
  runRehearsal({ ...rehearsalOf('usual', fault, 'compare', seed), warmMinutes: 60 });

/**
 * Seconds from the order to go back to the reading that shows all requests on stable. Beside it the other way, that of the
 * plan's first command (`aws ecs update-service --task-definition ...`) and of every controller that rolls an
 * in-place deployment back: until tasks of the old version are healthy again, in the same simulated fleet.
 */
export async function reversal(runs: number, seed: number): Promise<BenchRow> {
  const [ours, redeployed]: [number[], number[]] = [[], []];
  for (let run = 0; run < runs; run++) {
    const { secondsFromVerdictToStable } = await rehearsalWith('errors +10', seed + run);
    ours.push(secondsFromVerdictToStable!);
    redeployed.push(await redeploySeconds(seed + run));
  }
  return compared('order to go back until all requests are on stable', 's', 'lower', ours, redeployed);
}

const TASKS = 4;

async function redeploySeconds(seed: number): Promise<number> {
  const clock = new VirtualClock(0);
  const isNever = () => false;
  const host = new VirtualHost(clock, chance(seed, 'tasks'), { neverHealthy: isNever, crashes: isNever });
  const tasks = new Tasks(host, () => clock.now());
  tasks.alreadyUp('green', 'new', TASKS);
  clock.everySecond(() => tasks.second());
  tasks.deploy('green', 'old', TASKS);
  await clock.run(() => tasks.healthy('green') === TASKS);
  return clock.now();
}

/** Whole releases a second on this machine: half of them good ones, through the warm hour, half of them caught. */
export async function rehearsals(runs: number, seed: number): Promise<BenchRow> {
  const perSecond: number[] = [];
  for (let run = 0; run < runs; run++) {
    const startedAt = performance.now();
    await rehearsalWith('healthy', seed + run);
    await rehearsalWith('errors +10', seed + run);
    perSecond.push(2000 / (performance.now() - startedAt));
  }
  return row('rehearsed releases', 'releases/s', 'higher', perSecond);
}

export async function transitions(seed: number) {
  const cost = async (fault: FaultName) => {
    const rehearsed = await rehearsalWith(fault, seed);
    return {
      transitions: rehearsed.transitions,
      usd: Math.round(1e4 * rehearsed.transitions * USD_A_TRANSITION) / 1e4,
    };
  };
  return { promoted: await cost('healthy'), reverted: await cost('errors +10') };
}

interface BundleSizes {
  readonly worstRatio: number;
  readonly runs: number;
  readonly bundles: readonly {
    readonly name: string;
    readonly ours: { readonly importMs: number };
    readonly bare: { readonly importMs: number };
    readonly ratio: number;
  }[];
}

/** The slowest bundle beside the SDK clients in it, as a fresh process imports them. */
function startup(runs: number): { readonly worstRatio: number; readonly rows: readonly BenchRow[] } {
  const command = ['--import', 'tsx', 'scripts/bundle-sizes.ts', '--json', '--runs', String(runs)];
  const root = fileURLToPath(new URL('../', import.meta.url));
  const told = JSON.parse(execFileSync(process.execPath, command, { cwd: root, encoding: 'utf8' })) as BundleSizes;
  const rows = told.bundles.map(({ name, ours, bare, ratio }): BenchRow => {
    const { importMs: value } = ours;
    const medians = { value, baseline: bare.importMs, ratio, samples: told.runs, p50: value };
    return { name: `start-up of ${name}`, unit: 'ms', betterIs: 'lower', ...medians };
  });
  return { worstRatio: told.worstRatio, rows };
}

function compared(
  name: string,
  unit: BenchRow['unit'],
  betterIs: BenchRow['betterIs'],
  ours: readonly number[],
  others: readonly number[],
): BenchRow {
  const mine = row(name, unit, betterIs, ours);
  const baseline = quantile(others, 0.5);
  return { ...mine, baseline, ratio: rounded(mine.value / baseline) };
}

function row(
  name: string,
  unit: BenchRow['unit'],
  betterIs: BenchRow['betterIs'],
  values: readonly number[],
): BenchRow {
  const [p50, p95] = [quantile(values, 0.5), quantile(values, 0.95)];
  return { name, unit, value: p50, betterIs, samples: values.length, p50, p95 };
}

const quantile = (values: readonly number[], part: number): number =>
  rounded(values.toSorted((one, other) => one - other)[Math.ceil(part * values.length) - 1]!);

const rounded = (value: number): number => Math.round(100 * value) / 100;

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const {
    runs = 9,
    seed = 42,
    json,
  } = optionsGiven({
    runs: { ...commonOptions.runs, help: 'samples of each number (9)' },
    seed: commonOptions.seed,
    json: commonOptions.json,
  });
  const say = (what: string) => process.stderr.write(`${what}\n`);
  say('rehearsals');
  const back = await reversal(runs, seed);
  const rehearsed = await rehearsals(runs, seed);
  const cost = await transitions(seed);
  say('bundles');
  const started = startup(runs);
  const results = [back, rehearsed, ...started.rows];
  if (json) {
    const told = {
      reversal: { ratio: back.ratio },
      startup: { worstRatio: started.worstRatio },
      rehearsal: { releasesPerSecond: rehearsed.value },
      cost,
      results,
    };
    process.stdout.write(`${JSON.stringify({ schema: 'sluice.bench/1', ...circumstances(seed), ...told })}\n`);
  } else {
    for (const { name, value, unit, baseline, ratio } of results) {
      const beside = baseline === undefined ? '' : `, beside ${baseline} ${unit}: ${ratio}`;
      process.stdout.write(`${name}: ${value} ${unit}${beside}\n`);
    }
    const { promoted, reverted } = cost;
    process.stdout.write(
      `transitions: ${promoted.transitions} promoted (${promoted.usd} USD), ${reverted.transitions} reverted (${reverted.usd} USD)\n`,
    );
  }
}
