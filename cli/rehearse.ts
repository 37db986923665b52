/** `sluice rehearse`: a release of the real state machine and steps, in virtual time or against real HTTP traffic. */
import { appendFileSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WrongField } from '../functions/core/failures.ts';
import { STRATEGIES } from '../functions/core/plan.ts';
import { closest } from '../functions/core/suggest.ts';
import { type Flight, type Flown, fly } from '../rehearsal/flight.ts';
import { type LiveEnd, startLive } from '../rehearsal/live/live-parts.ts';
import type { FlightOptions } from '../rehearsal/options.ts';
import { SCENARIOS, type Scenario, scenarioNamed } from '../rehearsal/scenarios.ts';
import { json, numberFrom, oneOf, readArguments, type Values } from './arguments.ts';
import { errorAnnotation, jobSummary } from './github.ts';
import { killEverywhere } from './kill-everywhere.ts';
import { closing, headline, type Line, narrator } from './lines.ts';
import { liveProgress, type Progress, plainProgress, silent } from './progress.ts';
import { save, whyUnwritable } from './report/file.ts';
import { commandLine, recordOf } from './report/record.ts';
import { reportHtml } from './report/report.ts';
import { displayOptions, type Terminal, type Verb } from './verb.ts';

const options = {
  strategy: {
    value: 'canary|blue-green',
    help: 'the shares and their bakes (canary)',
    read: oneOf('canary', 'blue-green'),
  },
  policy: { value: 'compare|literal', help: 'how it is judged (compare)', read: oneOf('compare', 'literal') },
  seed: { value: 'N', help: 'the same seed gives the same flight (42)', read: numberFrom(0, 2 ** 32 - 1) },
  rps: {
    value: 'N',
    help: 'requests a second, all traffic (100; 10 with --live)',
    read: numberFrom(0.1, 10_000, false),
  },
  at: { value: 'SHARE', help: 'the fault begins in the first second of this share (25)', read: numberFrom(1, 100) },
  'from-minute': { value: 'M', help: 'the fault begins M minutes after the first share', read: numberFrom(0, 1000) },
  points: { value: 'P', help: 'errors: points added to the candidate (5)', read: numberFrom(0, 100, false) },
  factor: { value: 'F', help: 'latency: times as slow (2)', read: numberFrom(0.1, 100, false) },
  'warm-minutes': { value: 'N', help: 'how long the old colour stays warm (60)', read: numberFrom(0, 720) },
  input: { value: 'JSON', help: 'a raw execution input, as pasted in the console', read: json },
  'kill-at': { value: 'N', help: 'end the execution before its Nth state', read: numberFrom(1, 100_000) },
  'kill-everywhere': { help: 'end short releases at every transition and call, and the reconciler too' },
  'no-reconciler': { help: 'nobody puts right what a dead controller left behind' },
  live: { help: 'real processes, real HTTP traffic; a minute takes a second' },
  speed: { value: 'N', help: 'with --live: virtual seconds a wall second (60)', read: numberFrom(1, 600) },
  stable: { value: 'CMD', help: 'with --live: your own stable version; it finds its port in PORT' },
  candidate: { value: 'CMD', help: 'with --live: your own new version' },
  report: { value: 'FILE', help: 'also write the flight report, one HTML file that needs no network' },
  json: { help: 'one JSON object on stdout, nothing on stderr' },
  'each-minute': { help: 'tell quiet minutes too' },
  ...displayOptions,
} as const;

type Given = Values<typeof options>;

export const rehearse: Verb = {
  summary: 'rehearse a release on this machine; AWS is not touched',
  usage: `sluice rehearse [${Object.keys(SCENARIOS).join('|')}] [options]`,
  options,
  async run(argv, terminal) {
    const { values, words, wrong } = readArguments(argv, options);
    const problems: WrongField[] = [...wrong, ...problemsWith(values, words)];
    if (problems.length === 0) problems.push(...problemsWithFile(values));
    if (problems.length > 0) return terminal.refuse('Nothing was rehearsed', problems, values.json === true);

    if (values['kill-everywhere']) {
      const { seed = 42, json: isJson = false } = values;
      return killEverywhere({ seed, withReconciler: values['no-reconciler'] !== true }, isJson, terminal);
    }

    const name = words[0] ?? 'healthy';
    const scenario = settled(scenarioNamed(name)!, values);
    const flightOptions = optionsFor(scenario, values);
    if (!values.json) terminal.tell(heading(flightOptions, values));
    const startedAt = performance.now();
    const progress = progressFor(terminal, values);
    const narrate = narrator(values['each-minute'] === true);
    const lines: Line[] = [];
    const live = values.live ? await startLive(liveOptions(flightOptions, values)) : undefined;
    terminal.onInterrupt(async () => {
      progress.end();
      await live?.close();
      return values.json ? '' : `Stopped rehearsing ${SERVICE}; nothing of it remains`;
    });
    let end: LiveEnd | undefined;
    let flight: Flown;
    try {
      flight = await fly({
        ...flightOptions,
        live,
        onEntry: (entry, lock) => {
          const line = narrate(entry, lock);
          if (!line) return;
          lines.push(line);
          progress.tell(line);
        },
        onSecond: progress.look,
      });
    } finally {
      end = await live?.close();
      progress.end();
    }
    const wallSeconds = (performance.now() - startedAt) / 1000;
    const { GITHUB_STEP_SUMMARY, GITHUB_ACTIONS } = terminal.environment;
    if (GITHUB_STEP_SUMMARY)
      appendFileSync(GITHUB_STEP_SUMMARY, jobSummary(flight, lines, `sluice rehearse ${argv.join(' ')}`));
    let lost: string | undefined;
    if (values.report !== undefined) {
      const command = `sluice rehearse ${commandLine(argv, ['--report'])}${values.seed === undefined ? ` --seed ${flightOptions.seed}` : ''}`;
      const record = recordOf(flight, { ...flightOptions, live }, { scenario: name, command }, lines);
      lost = save(values.report, reportHtml(record));
    }
    if (values.json) terminal.print(JSON.stringify(asJson(name, flightOptions, flight, wallSeconds, end, values)));
    else {
      const isGood = flight.asExpected && flight.violations.length === 0;
      if (GITHUB_ACTIONS && !isGood) terminal.print(errorAnnotation(headline(flight), flight.reason));
      if (lost !== undefined) terminal.tell(`The report was not written: ${lost}`);
      const report = lost === undefined ? values.report : undefined;
      terminal.print(`\n${closing(flight, wallSeconds, { paint: terminal.paint, report })}`);
    }
    return lost === undefined ? exitCode(flight, values) : CANNOT_TELL;
  },
};

/** The file was there before the flight and cannot be written after it, for instance because the disk is full. */
const CANNOT_TELL = 4;

const SERVICE = 'conductores-backend';
/** Ten that count: the newest is still on its way when the judge begins. */
const LIVE_BASELINE_MINUTES = 11;

function progressFor({ isInteractive, screen, display }: Terminal, { json, live }: Given): Progress {
  if (json) return silent;
  if (!isInteractive) return plainProgress(screen, display, live === true);
  return liveProgress(screen, display, SERVICE, 'Ctrl-C stops the rehearsal; nothing of it remains');
}

/** A report that cannot be written is told before the flight, and nothing is flown. */
function problemsWithFile({ report }: Given): readonly WrongField[] {
  const why = report === undefined ? undefined : whyUnwritable(report);
  return why === undefined ? [] : [{ field: '--report', message: why, fix: 'name a file that can be written' }];
}

function problemsWith(values: Given, words: readonly string[]): readonly WrongField[] {
  const wrong: WrongField[] = [];
  const [name, ...more] = words;
  if (name !== undefined && !scenarioNamed(name)) {
    const near = closest(name, Object.keys(SCENARIOS));
    wrong.push({
      field: 'SCENARIO',
      message: `"${name}" is none`,
      fix: near ? `did you mean "${near}"?` : `write one of ${Object.keys(SCENARIOS).join(', ')}`,
    });
  }
  if (more.length > 0) wrong.push({ field: 'SCENARIO', message: `${more.length + 1} were given`, fix: 'give one' });
  if (values['kill-everywhere']) {
    const alone = ['kill-everywhere', 'no-reconciler', 'seed', 'json', ...Object.keys(displayOptions)];
    for (const field of Object.keys(values).filter((given) => !alone.includes(given)))
      wrong.push({
        field: `--${field}`,
        message: 'belongs to one rehearsal',
        fix: 'leave it out, or --kill-everywhere',
      });
    if (name !== undefined)
      wrong.push({ field: 'SCENARIO', message: 'belongs to one rehearsal', fix: 'leave it out, or --kill-everywhere' });
  }
  if (!values.live) {
    for (const field of ['speed', 'stable', 'candidate'] as const) {
      if (values[field] !== undefined)
        wrong.push({ field: `--${field}`, message: 'belongs to a live rehearsal', fix: 'add --live' });
    }
  }
  if ((values.stable === undefined) !== (values.candidate === undefined)) {
    wrong.push({
      field: values.stable === undefined ? '--stable' : '--candidate',
      message: 'is missing',
      fix: 'give both commands',
    });
  }
  if (values.stable !== undefined && name !== undefined && name !== 'healthy') {
    wrong.push({
      field: 'SCENARIO',
      message: `"${name}" cannot be played on your own versions`,
      fix: 'leave it out: what they do is the scenario',
    });
  }
  const strategy = values.strategy ?? (name ? scenarioNamed(name)?.strategy : undefined) ?? 'canary';
  const { shares } = STRATEGIES[strategy];
  if (values.at !== undefined && !shares.some((share) => share === values.at)) {
    wrong.push({
      field: '--at',
      message: `${values.at} is no share of ${strategy}`,
      fix: `write one of ${shares.join(', ')}`,
    });
  }
  return wrong;
}

/** With the user's own versions nothing is played and nothing expected but a good end. */
const settled = (scenario: Scenario, { stable }: Given): Scenario =>
  stable === undefined ? scenario : { about: 'your own two versions', expected: () => ({ outcome: 'promoted' }) };

function optionsFor(scenario: Scenario, values: Given): FlightOptions {
  const strategy = values.strategy ?? scenario.strategy ?? 'canary';
  return {
    scenario,
    seed: values.seed ?? 42,
    strategy,
    policy: values.policy ?? 'compare',
    requestsPerSecond: values.rps ?? scenario.requestsPerSecond ?? (values.live ? 10 : 100),
    at: values.at ?? (strategy === 'canary' ? 25 : 50),
    fromMinute: values['from-minute'],
    points: values.points ?? 5,
    factor: values.factor ?? 2,
    warmMinutes: values['warm-minutes'] ?? 60,
    ...(values.input === undefined ? {} : { input: values.input.value }),
    killAt: values['kill-at'],
    withReconciler: values['no-reconciler'] !== true,
    baselineMinutes: values.live ? LIVE_BASELINE_MINUTES : 60,
  };
}

function liveOptions(
  { seed, requestsPerSecond, scenario }: FlightOptions,
  { speed = 60, stable, candidate }: Given,
): Parameters<typeof startLive>[0] {
  const own = { stable, candidate };
  const sample = [process.execPath, join(projectFolder(), 'examples', 'sample-backend.mjs')];
  return {
    seed,
    perSecond: requestsPerSecond * speed,
    speed,
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

function heading(
  { scenario, strategy, policy, requestsPerSecond, seed }: FlightOptions,
  { live, speed = 60 }: Given,
): string {
  const { shares, bakeSeconds } = STRATEGIES[strategy];
  const how = live
    ? `The real state machine and steps, real processes and ${Math.round(requestsPerSecond * speed)} real requests a second on 127.0.0.1; ${speed} s take one. AWS is not touched.\nStable alone comes first, for ${Math.ceil((LIVE_BASELINE_MINUTES * 60) / speed)} s: its usual numbers are what the new version is compared with.`
    : 'The real state machine and steps, in virtual time. AWS is not touched.';
  return `Rehearsing ${SERVICE}: ${scenario.about}\n${strategy} ${shares.join('/')} %, ${bakeSeconds / 60} min bakes, policy ${policy}, ${requestsPerSecond} requests/s, seed ${seed}\n${how}\n`;
}

function asJson(
  name: string,
  { seed, strategy, policy, requestsPerSecond }: FlightOptions,
  flight: Flown,
  wallSeconds: number,
  end: LiveEnd | undefined,
  { speed = 60, stable }: Given,
) {
  const { asExpected, expected, outcome, setting: _, release: __, orphaned: ___, ...rest } = flight;
  return {
    schema: 'sluice.rehearsal/1',
    scenario: stable === undefined ? name : 'own versions',
    seed,
    strategy,
    policy,
    outcome,
    expected,
    asExpected,
    ...rest,
    wallSeconds: Number(wallSeconds.toFixed(3)),
    ...(end
      ? {
          live: {
            speed,
            rps: requestsPerSecond * speed,
            counted: end.counted,
            candidateAfterRevert: end.candidateAfterRevert,
            planned: end.load.planned,
            answered: end.load.answered,
            unanswered: end.load.unanswered,
          },
        }
      : {}),
  };
}

function exitCode({ asExpected, outcome, violations, timeline }: Flight, { input }: Given): number {
  if (violations.length > 0) return 1;
  if (asExpected) return 0;
  const isRefusedInput = input !== undefined && outcome === 'refused' && timeline.length > 0;
  return isRefusedInput ? 2 : 1;
}
