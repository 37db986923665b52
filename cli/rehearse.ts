/** `sluice rehearse`: a release of the real state machine and steps, in virtual time or against real HTTP traffic. */

import { appendFileSync } from 'node:fs';
import { STRATEGIES } from '../functions/core/plan.ts';
import type { Account, RehearsalResult } from '../rehearsal/account.ts';
import { type Live, type LiveEnd, startLive } from '../rehearsal/live/live-parts.ts';
import { runRehearsal } from '../rehearsal/rehearse.ts';
import { SCENARIOS } from '../rehearsal/scenarios.ts';
import type { RunRecord } from '../report/record.ts';
import { reportHtml } from '../report/report.ts';
import { killEverywhere } from './kill-everywhere.ts';
import { recordOf } from './recording/rehearsed.ts';
import { type Asked, type Given, liveOptions, options, readAsked } from './rehearsal/rehearse-options.ts';
import { type ControlPage, openControlPage } from './rehearsal/serve.ts';
import { save } from './screen/file.ts';
import { errorAnnotation, jobSummary } from './screen/github.ts';
import { closing, headline, type Line, narrator } from './screen/lines.ts';
import { liveProgress, type Progress, plainProgress, silent } from './screen/progress.ts';
import type { Terminal, Verb } from './screen/verb.ts';
import { commandLine } from './screen/words.ts';

export const rehearse: Verb = {
  summary: 'rehearse a release on this machine; AWS is not touched',
  usage: `sluice rehearse [${Object.keys(SCENARIOS).join('|')}|FILE.json] [options]`,
  options,
  async run(argv, terminal) {
    const asked = readAsked(argv);
    const { values, wrong } = asked;
    const { seed = 42, json = false } = values;
    if (wrong.length > 0) return terminal.refuse(NOTHING, wrong, json);
    if (values['kill-everywhere'])
      return killEverywhere({ seed, withReconciler: values['no-reconciler'] !== true }, json, terminal);

    const story = storyOf(asked, argv, terminal);
    try {
      if (values.serve) story.controlPage = await openControlPage({ port: values.port, ...story });
    } catch (error) {
      const fix = 'leave it out for a free one';
      return terminal.refuse(NOTHING, [{ field: '--port', message: (error as Error).message, fix }], json);
    }
    const ended = await carryOut(asked, story, terminal);
    const { rehearsal } = ended;
    const lost = values.report === undefined ? undefined : save(values.report, reportHtml(story.record(rehearsal)));
    if (json) terminal.print(JSON.stringify(asJson(asked, ended)));
    else sayHowItEnded(ended, lost === undefined ? { report: values.report } : { lost }, terminal);
    if (terminal.environment['GITHUB_STEP_SUMMARY']) {
      const summary = jobSummary(rehearsal, story.lines, `sluice rehearse ${argv.join(' ')}`);
      appendFileSync(terminal.environment['GITHUB_STEP_SUMMARY'], summary);
    }
    if (story.controlPage) {
      terminal.tell(`\n${story.controlPage.url} stays as it is until Ctrl-C`);
      await UNTIL_INTERRUPTED;
    }
    return lost === undefined ? exitCode(rehearsal, values) : CANNOT_TELL;
  },
};

const NOTHING = 'Nothing was rehearsed';

const UNTIL_INTERRUPTED = new Promise<never>(() => {});

/** The file was there before the rehearsal and cannot be written after it, for instance because the disk is full. */
const CANNOT_TELL = 4;

const SERVICE = 'conductores-backend';

/** What is told of a rehearsal, wherever it is shown. */
interface Story {
  readonly progress: Progress;
  readonly lines: readonly Line[];
  readonly tell: (line: Line) => void;
  readonly record: (account: Account) => RunRecord;
  /** With `--serve`. */
  controlPage?: ControlPage;
}

function storyOf(asked: Asked, argv: readonly string[], terminal: Terminal): Story {
  const progress = progressFor(terminal, asked.values);
  const lines: Line[] = [];
  const story: Story = {
    progress,
    lines,
    tell: (line) => {
      lines.push(line);
      progress.tell(line);
    },
    record: (account) => {
      const isSteered = story.controlPage?.isSteered === true;
      const isLive = asked.values.live === true;
      return recordOf(account, asked.rehearsal, { ...againAs(asked, argv), isLive, isSteered }, lines);
    },
  };
  return story;
}

interface Ended {
  readonly rehearsal: RehearsalResult;
  readonly wallSeconds: number;
  /** What real processes and requests came to, with `--live`. */
  readonly live?: LiveEnd | undefined;
}

/** Runs it, and lets nothing of it remain: neither after its end, nor after Ctrl-C. */
async function carryOut(asked: Asked, story: Story, terminal: Terminal): Promise<Ended> {
  const { rehearsal, values } = asked;
  const { progress, controlPage } = story;
  let live: Live | undefined;
  let landing: Promise<LiveEnd> | undefined;
  const land = (): Promise<LiveEnd> | undefined => {
    landing ??= live?.close();
    return landing;
  };
  terminal.onInterrupt(async () => {
    progress.end();
    controlPage?.close();
    await land();
    return values.json ? '' : `Stopped rehearsing ${SERVICE}; nothing of it remains`;
  });
  // Only now: whoever reads where the page is can already press Ctrl-C.
  if (!values.json) terminal.tell(heading(asked, controlPage?.url));
  const narrate = narrator(values['each-minute'] === true);
  const startedAt = performance.now();
  try {
    if (values.live) live = await startLive(liveOptions(rehearsal, values));
    const rehearsed = await runRehearsal({
      ...rehearsal,
      live,
      onControls: controlPage?.board,
      onEntry: (entry, lock) => {
        const line = narrate(entry, lock);
        if (line) story.tell(line);
      },
      onSecond: progress.look,
    });
    return { rehearsal: rehearsed, wallSeconds: (performance.now() - startedAt) / 1000, live: await land() };
  } finally {
    controlPage?.land();
    await land();
    progress.end();
  }
}

function sayHowItEnded(
  { rehearsal, wallSeconds }: Ended,
  { report, lost }: { readonly report?: string | undefined; readonly lost?: string },
  { print, tell, paint, environment }: Terminal,
): void {
  const isGood = rehearsal.asExpected && rehearsal.violations.length === 0;
  if (environment['GITHUB_ACTIONS'] && !isGood) print(errorAnnotation(headline(rehearsal), rehearsal.reason));
  if (lost !== undefined) tell(`The report was not written: ${lost}`);
  print(`\n${closing(rehearsal, wallSeconds, { paint, report })}`);
}

/** The name of what was rehearsed, and the command that runs it again. */
function againAs({ name, values, rehearsal }: Asked, argv: readonly string[]) {
  const seed = values.seed === undefined ? ` --seed ${rehearsal.seed}` : '';
  const command = `sluice rehearse ${commandLine(argv, ['--report'])}${seed}`;
  return { scenario: name, command };
}

function progressFor({ isInteractive, screen, display }: Terminal, { json, live }: Given): Progress {
  if (json) return silent;
  if (!isInteractive) return plainProgress(screen, display, live === true);
  return liveProgress(screen, display, SERVICE, 'Ctrl-C stops the rehearsal; nothing of it remains');
}

function heading({ rehearsal, values: { live } }: Asked, url: string | undefined): string {
  const { scenario, strategy, policy, requestsPerSecond, seed, speed = 0, baselineMinutes } = rehearsal;
  const { shares, bakeSeconds } = STRATEGIES[strategy];
  const stages =
    (rehearsal.input ?? scenario.input) === undefined
      ? `${strategy} ${shares.join('/')} %, ${bakeSeconds / 60} min bakes`
      : 'stages as the input says';
  const pace = speed > 0 ? `; ${speed} s take one` : '';
  const how = live
    ? `The real state machine and steps, real processes and ${Math.round(requestsPerSecond * speed)} real requests a second on 127.0.0.1${pace}. AWS is not touched.\nStable alone comes first, for ${Math.ceil((baselineMinutes * 60) / speed)} s: its usual numbers are what the new version is compared with.`
    : `The real state machine and steps, in virtual time${pace}. AWS is not touched.`;
  const page = url === undefined ? '' : `Watch and steer it: ${url}\n`;
  return `Rehearsing ${SERVICE}: ${scenario.about}\n${stages}, policy ${policy}, ${requestsPerSecond} requests/s, seed ${seed}\n${how}\n${page}`;
}

function asJson(asked: Asked, { rehearsal, wallSeconds, live: end }: Ended) {
  const { seed, strategy, policy, requestsPerSecond, speed = 1 } = asked.rehearsal;
  const { asExpected, expected, outcome, setting: _, release: __, orphaned: ___, ...rest } = rehearsal;
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

function exitCode({ asExpected, outcome, violations, timeline }: RehearsalResult, { input }: Given): number {
  if (violations.length > 0) return 1;
  if (asExpected) return 0;
  const isRefusedInput = input !== undefined && outcome === 'refused' && timeline.length > 0;
  return isRefusedInput ? 2 : 1;
}
