/** `sluice rehearse`: a release of the real state machine and steps, in virtual time or against real HTTP traffic. */
import { appendFileSync } from 'node:fs';
import { STRATEGIES } from '../functions/core/plan.ts';
import type { Account, Flown } from '../rehearsal/account.ts';
import { fly } from '../rehearsal/flight.ts';
import { type Live, type LiveEnd, startLive } from '../rehearsal/live/live-parts.ts';
import { SCENARIOS } from '../rehearsal/scenarios.ts';
import { errorAnnotation, jobSummary } from './github.ts';
import { killEverywhere } from './kill-everywhere.ts';
import { closing, headline, type Line, narrator } from './lines.ts';
import { liveProgress, type Progress, plainProgress, silent } from './progress.ts';
import { type Asked, type Given, liveOptions, options, readAsked } from './rehearse-options.ts';
import { save } from './report/file.ts';
import { type FlightRecord, recordOf } from './report/record.ts';
import { reportHtml } from './report/report.ts';
import { type Cockpit, openCockpit } from './serve.ts';
import type { Terminal, Verb } from './verb.ts';
import { commandLine } from './words.ts';

export const rehearse: Verb = {
  summary: 'rehearse a release on this machine; AWS is not touched',
  usage: `sluice rehearse [${Object.keys(SCENARIOS).join('|')}|FILE.json] [options]`,
  options,
  async run(argv, terminal) {
    const asked = readAsked(argv);
    const { values, wrong } = asked;
    if (wrong.length > 0) return terminal.refuse('Nothing was rehearsed', wrong, values.json === true);
    if (values['kill-everywhere']) {
      const { seed = 42, json: isJson = false } = values;
      return killEverywhere({ seed, withReconciler: values['no-reconciler'] !== true }, isJson, terminal);
    }

    const progress = progressFor(terminal, values);
    const narrate = narrator(values['each-minute'] === true);
    const lines: Line[] = [];
    const tell = (line: Line): void => {
      lines.push(line);
      progress.tell(line);
    };
    const record = (account: Account): FlightRecord =>
      recordOf(
        account,
        { ...asked.flight, live },
        { ...againAs(asked, argv), isSteered: cockpit?.isSteered === true },
        lines,
      );
    let cockpit: Cockpit | undefined;
    if (values.serve) {
      try {
        cockpit = await openCockpit({ port: values.port, record, tell });
      } catch (error) {
        const fix = 'leave it out for a free one';
        return terminal.refuse(
          'Nothing was rehearsed',
          [{ field: '--port', message: (error as Error).message, fix }],
          false,
        );
      }
    }
    let live: Live | undefined;
    let landing: Promise<LiveEnd> | undefined;
    const land = (): Promise<LiveEnd> | undefined => {
      landing ??= live?.close();
      return landing;
    };
    terminal.onInterrupt(async () => {
      progress.end();
      cockpit?.close();
      await land();
      return values.json ? '' : `Stopped rehearsing ${SERVICE}; nothing of it remains`;
    });
    if (!values.json) terminal.tell(heading(asked, cockpit?.url));
    const startedAt = performance.now();
    if (values.live) live = await startLive(liveOptions(asked.flight, values));
    let end: LiveEnd | undefined;
    let flight: Flown;
    try {
      flight = await fly({
        ...asked.flight,
        live,
        onScene: cockpit?.board,
        onEntry: (entry, lock) => {
          const line = narrate(entry, lock);
          if (line) tell(line);
        },
        onSecond: progress.look,
      });
    } finally {
      cockpit?.land();
      end = await land();
      progress.end();
    }
    const wallSeconds = (performance.now() - startedAt) / 1000;
    const { GITHUB_STEP_SUMMARY, GITHUB_ACTIONS } = terminal.environment;
    if (GITHUB_STEP_SUMMARY)
      appendFileSync(GITHUB_STEP_SUMMARY, jobSummary(flight, lines, `sluice rehearse ${argv.join(' ')}`));
    const lost = values.report === undefined ? undefined : save(values.report, reportHtml(record(flight)));
    if (values.json) terminal.print(JSON.stringify(asJson(asked, flight, wallSeconds, end)));
    else {
      const isGood = flight.asExpected && flight.violations.length === 0;
      if (GITHUB_ACTIONS && !isGood) terminal.print(errorAnnotation(headline(flight), flight.reason));
      if (lost !== undefined) terminal.tell(`The report was not written: ${lost}`);
      const report = lost === undefined ? values.report : undefined;
      terminal.print(`\n${closing(flight, wallSeconds, { paint: terminal.paint, report })}`);
    }
    if (cockpit) {
      terminal.tell(`\n${cockpit.url} stays as it is until Ctrl-C`);
      await UNTIL_INTERRUPTED;
    }
    return lost === undefined ? exitCode(flight, values) : CANNOT_TELL;
  },
};

const UNTIL_INTERRUPTED = new Promise<never>(() => {});

/** The file was there before the flight and cannot be written after it, for instance because the disk is full. */
const CANNOT_TELL = 4;

const SERVICE = 'conductores-backend';

/** The name of what was flown, and the command that flies it again. */
function againAs({ name, values, flight }: Asked, argv: readonly string[]) {
  const seed = values.seed === undefined ? ` --seed ${flight.seed}` : '';
  const command = `sluice rehearse ${commandLine(argv, ['--report'])}${seed}`;
  return { scenario: name, command };
}

function progressFor({ isInteractive, screen, display }: Terminal, { json, live }: Given): Progress {
  if (json) return silent;
  if (!isInteractive) return plainProgress(screen, display, live === true);
  return liveProgress(screen, display, SERVICE, 'Ctrl-C stops the rehearsal; nothing of it remains');
}

function heading({ flight, values: { live } }: Asked, url: string | undefined): string {
  const { scenario, strategy, policy, requestsPerSecond, seed, speed = 0, baselineMinutes } = flight;
  const { shares, bakeSeconds } = STRATEGIES[strategy];
  const stages =
    flight.input === undefined
      ? `${strategy} ${shares.join('/')} %, ${bakeSeconds / 60} min bakes`
      : 'stages as the input says';
  const pace = speed > 0 ? `; ${speed} s take one` : '';
  const how = live
    ? `The real state machine and steps, real processes and ${Math.round(requestsPerSecond * speed)} real requests a second on 127.0.0.1${pace}. AWS is not touched.\nStable alone comes first, for ${Math.ceil((baselineMinutes * 60) / speed)} s: its usual numbers are what the new version is compared with.`
    : `The real state machine and steps, in virtual time${pace}. AWS is not touched.`;
  const page = url === undefined ? '' : `Watch and steer it: ${url}\n`;
  return `Rehearsing ${SERVICE}: ${scenario.about}\n${stages}, policy ${policy}, ${requestsPerSecond} requests/s, seed ${seed}\n${how}\n${page}`;
}

function asJson(asked: Asked, flight: Flown, wallSeconds: number, end: LiveEnd | undefined) {
  const { seed, strategy, policy, requestsPerSecond, speed = 1 } = asked.flight;
  const { asExpected, expected, outcome, setting: _, release: __, orphaned: ___, ...rest } = flight;
  return {
    schema: 'sluice.rehearsal/1',
    scenario: asked.values.stable === undefined ? asked.name : 'own versions',
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

function exitCode({ asExpected, outcome, violations, timeline }: Flown, { input }: Given): number {
  if (violations.length > 0) return 1;
  if (asExpected) return 0;
  const isRefusedInput = input !== undefined && outcome === 'refused' && timeline.length > 0;
  return isRefusedInput ? 2 : 1;
}
