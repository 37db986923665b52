/** `sluice why`: why a release ended as it did, or stands where it stands, in numbers; as text, as a record, as a report. */

import { readArguments } from '../command-line/arguments.ts';
import { typed } from '../functions/core/commands.ts';
import { ReleaseRefused } from '../functions/core/failures.ts';
import { eventsOf } from '../functions/core/judge/baseline.ts';
import { type Metric, ODDS_LIMIT } from '../functions/core/judge/constants.ts';
import type { Counts } from '../functions/core/judge/readings.ts';
import { clock, duration, grouped, oddsInWords } from '../functions/core/numerals.ts';
import type { ReleaseRecord, ServiceState } from '../functions/core/protocol.ts';
import { lastComparedStage, sumOfSome } from '../report/axis.ts';
import { headlineOf } from '../report/headline.ts';
import type { RunRecord } from '../report/record.ts';
import { reportHtml } from '../report/report.ts';
import {
  CANNOT_TELL,
  type Controller,
  controllerOptions,
  type Reach,
  withController,
} from './controller/controller.ts';
import { type Opened, rehearsalOf } from './recording/released.ts';
import { save, whyUnwritable } from './screen/file.ts';
import { REVERT_BUDGET_SECONDS } from './screen/lines.ts';
import type { Verb } from './screen/verb.ts';
import { percentOf, printable } from './screen/words.ts';

const options = {
  ...controllerOptions,
  report: { value: 'FILE', help: 'also write the rehearsal report, one HTML file that needs no network' },
  json: { help: 'the record on one line, as sluice replay takes it; nothing on stderr' },
} as const;

export const why = (reach: Reach): Verb => ({
  summary: 'why a release ended as it did, or stands where it stands, in numbers',
  usage: 'sluice why [RELEASE] --service NAME [options]   RELEASE: an id, tag, sha or digest; the newest one otherwise',
  options,
  async run(argv, terminal) {
    const { values, words, wrong } = readArguments(argv, options);
    const [wanted, ...more] = words;
    const { report } = values;
    const unwritable = report === undefined ? undefined : whyUnwritable(report);
    const problems = [
      ...wrong,
      ...more.map((word) => ({ field: word, message: 'is one release too many', fix: 'name one' })),
      ...(unwritable === undefined
        ? []
        : [{ field: '--report', message: unwritable, fix: 'name a file that can be written' }]),
    ];
    return withController(
      reach,
      values,
      terminal,
      { otherwise: 'Nothing was explained', problems },
      async (controller, service) => {
        const { record, state } = await find(controller, wanted);
        const { lock } = state;
        const rehearsal = await rehearsalOf(
          controller,
          record,
          lock?.releaseId === record.releaseId ? lock : undefined,
        );
        const lost = report === undefined ? undefined : save(report, reportHtml(rehearsal));
        if (values.json) terminal.print(JSON.stringify(rehearsal));
        else {
          terminal.print(asText(rehearsal, service, lost === undefined ? report : undefined).join('\n'));
          if (lost !== undefined) terminal.tell(`The report was not written: ${lost}`);
        }
        return lost === undefined ? 0 : CANNOT_TELL;
      },
    );
  },
});

async function find(
  { ledger }: Controller,
  wanted: string | undefined,
): Promise<{ readonly record: Opened; readonly state: ServiceState }> {
  const state = await ledger.read();
  const reference = wanted ?? state.lock?.digest;
  const record = reference === undefined ? await ledger.newestRecord() : await ledger.record(reference);
  if (!record)
    throw unknown(reference === undefined ? 'nothing was released yet' : `${reference} is no release of this service`);
  if (wanted?.startsWith('r-') && record.releaseId !== wanted)
    throw unknown(
      `${wanted} was the same image as ${record.releaseId}, and only the newest release of an image is kept`,
    );
  if (!isOpened(record)) throw unknown(`${record.releaseId} (${record.status}) left no minutes to explain it with`);
  return { record, state };
}

const isOpened = (record: ReleaseRecord): record is Opened => record.opened !== undefined;

const unknown = (message: string): ReleaseRefused =>
  new ReleaseRefused('Nothing was explained.', [
    { field: 'RELEASE', message, fix: 'sluice status names those that are known' },
  ]);

/** The page's words join their numbers with spaces that do not break; a terminal breaks nothing. */
const plain = (text: string): string => printable(text.replaceAll('\u00a0', ' '));

function asText(rehearsal: RunRecord, service: string, report: string | undefined): readonly string[] {
  const { release, outcome, secondsFromVerdictToStable: back, seconds, abort, decisions } = rehearsal;
  const reason =
    (outcome === 'promoted' && decisions.findLast(({ word }) => word === 'advance')?.text) || rehearsal.reason;
  const lines = [
    `${release!.image}, ${release!.id}. ${plain(headlineOf(rehearsal))}`,
    `  ${plain(reason)}`,
    ...(abort ? [`  The order to roll back was the ${abort.by}'s, ${duration(abort.second)} after the start.`] : []),
    ...(back === undefined
      ? []
      : [`  All requests were on ${release!.stable} ${back} s later (budget ${REVERT_BUDGET_SECONDS} s).`]),
    ...tableOf(rehearsal),
    `Release: ${duration(seconds)}.${report === undefined ? '' : ` Report: ${report}`}`,
    `Judge it again: ${typed(`why ${release!.id} --json`, service)} | sluice replay -`,
  ];
  return lines;
}

const WIDTHS = [20, 26, 26, 9] as const;

const row = (cells: readonly string[]): string =>
  `  ${cells.map((cell, column) => cell.padEnd(WIDTHS[column] ?? 0)).join('')}`.trimEnd();

/** The judge's questions at the last share that had a stable beside it, with the four counts of each. */
function tableOf({ release }: RunRecord): readonly string[] {
  const stage = lastComparedStage(release!);
  const last = stage.at(-1);
  const { baseline, candidate, stable, minutes } = release!;
  if (release!.plan.policy === 'literal') return ['  Policy literal compares nothing with the other colour.'];
  if (!last || !baseline) return ['  No minute was compared with the other colour.'];
  const of = {
    candidate: sumOfSome(stage.map((minute) => minute.candidate)),
    stable: sumOfSome(stage.map((minute) => minute.stable)),
  };
  const question = (metric: Metric, words: string): string =>
    row([words, counted(of.candidate, metric), counted(of.stable, metric), oddsInWords(last.parts[metric])]);
  const sign = minutes.find(({ odds }) => odds > 1);
  const over = minutes.find(({ odds }) => odds >= ODDS_LIMIT);
  return [
    '',
    row([`at ${last.share} %`, candidate, stable, 'odds']),
    question('errors', 'errors'),
    question('slow', `slow, > ${grouped(baseline.slowMs)} ms`),
    question('verySlow', `slower, > ${grouped(baseline.verySlowMs)} ms`),
    row(['together', '', '', `${oddsInWords(last.odds)} (limit ${ODDS_LIMIT})`]),
    `  minutes ${clock(stage[0]!.minute)} to ${clock(last.minute)}${sign ? `; first sign in minute ${clock(sign.minute)}` : ''}${over ? `, limit passed in minute ${clock(over.minute)}` : ''}`,
    '',
  ];
}

function counted(counts: Counts | undefined, metric: Metric): string {
  const events = counts && eventsOf(counts, metric);
  if (!counts || events === undefined) return 'no numbers';
  return `${grouped(events)} of ${grouped(counts.requests)}  ${percentOf(events, counts.requests)}`;
}
