/** What `sluice rehearse` is asked for: its options, what is wrong with them, and the rehearsal that they mean. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { json, numberFrom, oneOf, readArguments, type Values } from '../../command-line/arguments.ts';
import type { WrongField } from '../../functions/core/failures.ts';
import { STRATEGIES } from '../../functions/core/plan.ts';
import { closest } from '../../functions/core/suggest.ts';
import type { startLive } from '../../rehearsal/live/live-parts.ts';
import type { RehearsalOptions } from '../../rehearsal/options.ts';
import { SCENARIOS, type Scenario, scenarioNamed } from '../../rehearsal/scenarios.ts';
import { whyUnwritable } from '../screen/file.ts';
import { displayOptions } from '../screen/verb.ts';
import { isScenarioFile, readScenarioFile, type ScenarioFile } from './scenario-file.ts';

/** The options that a scenario file may set too. */
const rehearsalOptions = {
  strategy: {
    value: 'canary|blue-green',
    help: 'the shares and their bakes (canary)',
    read: oneOf('canary', 'blue-green'),
  },
  policy: { value: 'compare|literal', help: 'how it is judged (compare)', read: oneOf('compare', 'literal') },
  seed: { value: 'N', help: 'the same seed gives the same rehearsal (42)', read: numberFrom(0, 2 ** 32 - 1) },
  rps: {
    value: 'N',
    help: 'requests a second, all traffic (100; 10 with --live)',
    read: numberFrom(0.1, 10_000, false),
  },
  at: { value: 'SHARE', help: 'the fault begins in the first second of this share (25)', read: numberFrom(1, 100) },
  'from-minute': { value: 'M', help: 'the fault begins M minutes after the first share', read: numberFrom(0, 1000) },
  points: { value: 'P', help: 'errors: points added to the candidate (5)', read: numberFrom(0, 100, false) },
  seconds: { value: 'S', help: 'outages: how long (600)', read: numberFrom(1, 86_400) },
  factor: { value: 'F', help: 'latency: times as slow (2)', read: numberFrom(0.1, 100, false) },
  'warm-minutes': { value: 'N', help: 'how long the old colour stays warm (60)', read: numberFrom(0, 720) },
  'kill-at': { value: 'N', help: 'end the execution before its Nth state', read: numberFrom(1, 100_000) },
} as const;

export const options = {
  ...rehearsalOptions,
  input: { value: 'JSON', help: 'a raw execution input, as pasted in the console', read: json },
  'kill-everywhere': { help: 'end short releases at every transition and call, and the reconciler too' },
  'no-reconciler': { help: 'nobody repairs what a stopped controller left behind' },
  live: { help: 'real processes, real HTTP traffic; a minute takes a second' },
  serve: { help: 'watch and control it in a browser on this machine while it runs; Ctrl-C ends it' },
  port: { value: 'N', help: 'with --serve: the port of the page (a free one)', read: numberFrom(1, 65_535) },
  speed: {
    value: 'N',
    help: 'virtual seconds a wall second (60 with --live or --serve, else as fast as it goes)',
    read: numberFrom(1, 600),
  },
  stable: { value: 'CMD', help: 'with --live: your own stable version; it finds its port in PORT' },
  candidate: { value: 'CMD', help: 'with --live: your own new version' },
  report: { value: 'FILE', help: 'also write the rehearsal report, one HTML file that needs no network' },
  json: { help: 'one JSON object on stdout, nothing on stderr' },
  'each-minute': { help: 'show quiet minutes too' },
  ...displayOptions,
} as const;

export type Given = Values<typeof options>;

/** What a command line means, or everything that is wrong with it. */
export interface Asked {
  readonly values: Given;
  readonly wrong: readonly WrongField[];
  /** The scenario, as it was named: one of ours, or a file. */
  readonly name: string;
  readonly rehearsal: RehearsalOptions;
}

export function readAsked(argv: readonly string[]): Asked {
  const command = readArguments(argv, options);
  const { words } = command;
  const { file, values: written = {}, wrong: inFile = [] } = words.length === 1 ? fileNamed(words[0]!) : {};
  const values: Given = { ...written, ...command.values };
  const name = words[0] ?? 'healthy';
  const base = scenarioNamed(file?.scenario ?? name) ?? SCENARIOS.healthy;
  const wrong = [...command.wrong, ...inFile, ...problemsWith(values, words, base)];
  return {
    values,
    wrong: wrong.length > 0 ? wrong : problemsWithFile(values),
    name,
    rehearsal: rehearsalOf(settled(base, values, file), values, file),
  };
}

interface FromFile {
  readonly file?: ScenarioFile;
  readonly values?: Given;
  readonly wrong?: readonly WrongField[];
}

function fileNamed(word: string): FromFile {
  if (!isScenarioFile(word)) return {};
  const read = readScenarioFile(word);
  if ('wrong' in read) return read;
  const { file } = read;
  const argv = Object.entries(file.options).map(([option, value]) => `--${option}=${value}`);
  const { values, wrong } = readArguments(argv, rehearsalOptions);
  return { file, values, wrong: wrong.map(({ field, ...more }) => ({ field: `${word}: ${field}`, ...more })) };
}

/** A report that cannot be written is told before the rehearsal, and nothing is rehearsed. */
function problemsWithFile({ report }: Given): readonly WrongField[] {
  const why = report === undefined ? undefined : whyUnwritable(report);
  return why === undefined ? [] : [{ field: '--report', message: why, fix: 'name a file that can be written' }];
}

function problemsWith(values: Given, [name, ...more]: readonly string[], base: Scenario): readonly WrongField[] {
  const wrong: WrongField[] = [];
  const add = (field: string, message: string, fix: string): void => void wrong.push({ field, message, fix });
  if (name !== undefined && !scenarioNamed(name) && !isScenarioFile(name)) {
    const near = closest(name, Object.keys(SCENARIOS));
    const names = Object.keys(SCENARIOS).join(', ');
    add('SCENARIO', `"${name}" is none`, near ? `did you mean "${near}"?` : `write one of ${names}, or a file.json`);
  }
  if (more.length > 0) add('SCENARIO', `${more.length + 1} were given`, 'give one');
  if (values['kill-everywhere']) {
    const alone = ['kill-everywhere', 'no-reconciler', 'seed', 'json', ...Object.keys(displayOptions)];
    const others = Object.keys(values).filter((given) => !alone.includes(given));
    for (const field of [...others.map((option) => `--${option}`), ...(name === undefined ? [] : ['SCENARIO'])])
      add(field, 'belongs to one rehearsal', 'leave it out, or --kill-everywhere');
  }
  if (!values.live) {
    for (const field of ['stable', 'candidate'] as const) {
      if (values[field] !== undefined) add(`--${field}`, 'belongs to a live rehearsal', 'add --live');
    }
  }
  if (values.port !== undefined && !values.serve) add('--port', 'belongs to a page', 'add --serve');
  if (values.serve && values.json)
    add('--json', 'has no place for the address of the page', 'leave out --json or --serve');
  if ((values.stable === undefined) !== (values.candidate === undefined))
    add(values.stable === undefined ? '--stable' : '--candidate', 'is missing', 'give both commands');
  if (values.stable !== undefined && name !== undefined && name !== 'healthy') {
    const fix = 'leave it out: what they do is the scenario';
    add('SCENARIO', `"${name}" cannot be played on your own versions`, fix);
  }
  const strategy = values.strategy ?? base.strategy ?? 'canary';
  const shares: readonly number[] = STRATEGIES[strategy].shares;
  if (values.at !== undefined && !shares.includes(values.at))
    add('--at', `${values.at} is no share of ${strategy}`, `write one of ${shares.join(', ')}`);
  return wrong;
}

/** With the user's own versions nothing is played and nothing expected but a good end. */
function settled(scenario: Scenario, { stable }: Given, file: ScenarioFile | undefined): Scenario {
  if (stable !== undefined) return { about: 'your own two versions', expected: () => ({ outcome: 'promoted' }) };
  return file ? { ...scenario, about: file.about, expected: () => file.expected } : scenario;
}

/** Ten that count: the newest is still on its way when the judge begins. */
const LIVE_BASELINE_MINUTES = 11;
const WATCHED_SPEED = 60;

function rehearsalOf(scenario: Scenario, values: Given, file: ScenarioFile | undefined): RehearsalOptions {
  const strategy = values.strategy ?? scenario.strategy ?? 'canary';
  const input = values.input ?? (file?.input === undefined ? undefined : { value: file.input });
  return {
    scenario,
    seed: values.seed ?? 42,
    strategy,
    policy: values.policy ?? 'compare',
    requestsPerSecond: values.rps ?? scenario.requestsPerSecond ?? (values.live ? 10 : 100),
    at: values.at ?? (strategy === 'canary' ? 25 : 50),
    fromMinute: values['from-minute'],
    points: values.points ?? scenario.points ?? 5,
    factor: values.factor ?? 2,
    seconds: values.seconds,
    warmMinutes: values['warm-minutes'] ?? 60,
    ...(input ? { input: input.value } : {}),
    events: file?.events,
    killAt: values['kill-at'],
    withReconciler: values['no-reconciler'] !== true,
    baselineMinutes: values.live ? LIVE_BASELINE_MINUTES : 60,
    speed: values.speed ?? (values.live || values.serve ? WATCHED_SPEED : undefined),
  };
}

export function liveOptions(
  { seed, requestsPerSecond, scenario, speed = WATCHED_SPEED }: RehearsalOptions,
  { stable, candidate }: Given,
): Parameters<typeof startLive>[0] {
  const own = { stable, candidate };
  const sample = [process.execPath, join(projectFolder(), 'examples', 'sample-backend.mjs')];
  return {
    seed,
    perSecond: requestsPerSecond * speed,
    stableColour: 'blue',
    command: (role) => own[role] ?? sample,
    environment: (role) => ({ VERSION: role === 'stable' ? 'v1.4.2' : 'v1.5.0' }),
    neverHealthy: scenario.neverHealthy === true,
  };
}

/** The folder that this file was installed in, bundled or not. */
function projectFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}
