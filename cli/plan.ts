/** `sluice plan`: what a release would do, and what it could see at this traffic, before anything is started. */

import { numberFrom, readArguments, type Values } from '../command-line/arguments.ts';
import { typed } from '../functions/core/commands.ts';
import { ODDS_LIMIT } from '../functions/core/judge/constants.ts';
import { duration, grouped } from '../functions/core/numerals.ts';
import { historyEvents, longestSeconds, type Plan } from '../functions/core/plan.ts';
import type { ReleaseRequest } from '../functions/core/release.ts';
import { ALL } from '../functions/core/share.ts';
import { SCENARIOS } from '../rehearsal/scenarios.ts';
import { serviceSettings } from '../rehearsal/setting.ts';
import { exposure, type Fix, type StageExposure, type Warning, warnings } from '../report/exposure.ts';
import { asFlag, clashes, distinct, flagsOf, inputOf, planOf, requestOptions } from './controller/request.ts';
import { displayOptions, type Verb } from './screen/verb.ts';
import { commandLine } from './screen/words.ts';

const options = {
  rps: {
    value: 'N',
    help: 'requests a second, all traffic of the service (100)',
    read: numberFrom(0, 1_000_000, false),
  },
  tasks: { value: 'N', help: 'tasks that stable runs (2)', read: numberFrom(1, 10_000) },
  image: { value: 'IMAGE', help: 'a release tag, commit sha or digest' },
  ...requestOptions,
  strict: { help: 'exit 1 when there is a warning' },
  json: { help: 'one JSON object on stdout, nothing on stderr' },
  ...displayOptions,
} as const;

const SETTINGS = serviceSettings({ policy: 'compare', warmMinutes: 60, scenario: SCENARIOS.healthy });
const USUAL_REQUESTS_PER_SECOND = 100;
const WARNED = 1;

export const plan: Verb = {
  summary: 'what a release would do, and what it could see at your traffic; nothing is changed',
  usage: 'sluice plan [options]',
  options,
  async run(argv, terminal) {
    const { values, words, wrong } = readArguments(argv, options);
    const input = inputOf(values.image ?? SOME_IMAGE, values);
    const planned = planOf(input, SETTINGS);
    const problems = distinct([
      ...wrong,
      ...words.map((word) => ({ field: word, message: 'is not understood', fix: 'every value has an option' })),
      ...clashes(values, values.image === undefined ? undefined : '--image'),
      ...('fields' in planned ? planned.fields.map((field) => asFlag(field, values, '--image')) : []),
    ]);
    if (problems.length > 0 || 'fields' in planned)
      return terminal.refuse('Nothing was planned', problems, values.json === true);

    const load = {
      requestsPerSecond: values.rps ?? USUAL_REQUESTS_PER_SECOND,
      stableTasks: values.tasks ?? SETTINGS.minimumTasks,
      minimumTasks: SETTINGS.minimumTasks,
    };
    const { request } = planned;
    const service = terminal.environment['SLUICE_SERVICE'] || 'NAME';
    const seen: Planned = {
      request,
      plan: planned.plan,
      stages: exposure(planned.plan, load),
      warnings: warnings(planned.plan, load),
      requestsPerSecond: load.requestsPerSecond,
      isAssumed: values.rps === undefined,
      start:
        values.image === undefined && values.input === undefined
          ? undefined
          : typed(commandLine(wordsOf(request, values)), service),
    };
    terminal.print(values.json ? JSON.stringify(asJson(seen)) : asText(seen));
    return values.strict && seen.warnings.length > 0 ? WARNED : 0;
  },
};

interface Planned {
  readonly request: ReleaseRequest;
  readonly plan: Plan;
  readonly stages: readonly StageExposure[];
  readonly warnings: readonly Warning[];
  readonly requestsPerSecond: number;
  /** Nobody said how much traffic there is. */
  readonly isAssumed: boolean;
  /** The command that starts it; nobody can be given one who did not say which image. */
  readonly start: string | undefined;
}

/** The command that asks for just this. */
const wordsOf = (request: ReleaseRequest, { image, ...values }: Values<typeof options>): readonly string[] =>
  request.action === 'rollback'
    ? [
        'rollback',
        ...(request.to === undefined ? [] : ['--to', request.to]),
        ...(request.reason === undefined ? [] : ['--reason', request.reason]),
        ...(request.acceptSchema ? ['--accept-schema'] : []),
      ]
    : ['start', ...(image === undefined ? [] : [image]), ...flagsOf(values)];

/** Any image has the same plan. */
const SOME_IMAGE = 'v1.0.0';

// ---- Output ----

function asJson({ request, plan, stages, requestsPerSecond, warnings: told }: Planned) {
  const { stages: _, ...rest } = plan;
  return {
    schema: 'sluice.plan/1',
    request,
    ...rest,
    requestsPerSecond,
    stages: [...stages, { share: ALL, bakeSeconds: 0 }],
    bakeSeconds: bakeSeconds(stages),
    longestSeconds: longestSeconds(plan),
    historyEvents: historyEvents(plan),
    warnings: told,
  };
}

const bakeSeconds = (stages: readonly StageExposure[]): number =>
  stages.reduce((sum, stage) => sum + stage.bakeSeconds, 0);

function asText(seen: Planned): string {
  const { request, plan, stages, start } = seen;
  const image = request.action === 'release' ? `image ${request.image}` : `rollback to ${request.to ?? 'the previous'}`;
  const shares = plan.stages.map(({ share }) => share).join('/');
  const assumed = seen.isAssumed ? ' (assumed; say it with --rps)' : '';
  return [
    'Nothing is changed by this command.',
    `${plan.strategy} ${shares} %, policy ${plan.policy}, ${image}`,
    `Traffic: ${seen.requestsPerSecond} requests/s${assumed}`,
    '',
    ...tableOf(seen),
    ...duringIt(plan, stages),
    ...seen.warnings.flatMap((warning) => ['', ...warningLines(warning, plan)]),
    '',
    start === undefined ? 'Say --image to be given the command that starts it.' : `Start it: ${start}`,
  ].join('\n');
}

const HEADINGS = ['share', 'bake', 'requests on it', 'a fault shows when it adds', 'healthy release proven by then'];
const WIDTHS = [7, 12, 16, 28, 32];

function tableOf({ plan, stages }: Planned): readonly string[] {
  const rows = stages.map((stage) => [
    `${stage.share} %`,
    duration(stage.bakeSeconds),
    grouped(stage.requests),
    plan.policy === 'literal' ? 'one server error' : pointsInWords(stage.faultPoints),
    plan.policy === 'literal' ? '-' : `${percent(stage.proven)} %`,
  ]);
  const full = [`${ALL} %`, plan.warmSeconds > 0 ? `warm ${duration(plan.warmSeconds)}` : '-', 'all', ONLY_HARD_RULES];
  return [HEADINGS, ...rows, full].map((cells) =>
    cells
      .map((cell, column) => cell.padStart(WIDTHS[column]!))
      .join('')
      .trimEnd(),
  );
}

/** At 100 % there is no stable traffic to compare with. */
const ONLY_HARD_RULES = 'crashes, hard limits';

const pointsInWords = (points: number | undefined): string => {
  if (points === undefined) return 'nothing in time';
  return `${points >= 10 ? Math.ceil(points) : points.toPrecision(2)} points`;
};

/** 99.8 is not 100. */
const percent = (part: number): string =>
  part > 0.99 && part < 1 ? (Math.floor(part * 1000) / 10).toFixed(1) : String(Math.round(part * 100));

function duringIt(plan: Plan, stages: readonly StageExposure[]): readonly string[] {
  const most = Math.max(0, ...stages.map(({ tasks }) => tasks));
  const baked = bakeSeconds(stages);
  const tasks = stages.map(({ share, tasks: needed }) => `${needed} at ${share} %`).join(', ');
  return [
    '',
    ...(stages.length === 0 ? ['Straight to 100 % once it is healthy and probed.'] : []),
    ...(stages.length > 0 && plan.policy === 'compare'
      ? [
          `Points are of errors, on average counts, beside a stable that fails 0.1 %: there the odds just reach ${ODDS_LIMIT}.`,
        ]
      : []),
    `${baked > 0 ? `${duration(baked)} of bakes` : 'No bake'}, then ${duration(plan.warmSeconds)} warm; ${duration(longestSeconds(plan))} if everything takes as long as it may.`,
    ...(most > 0 ? [`Tasks needed on the candidate: ${tasks}.`] : []),
  ];
}

function warningLines({ message, cures }: Warning, plan: Plan): readonly string[] {
  return [
    `WARNING  ${message}`,
    ...cures.map(
      (cure, index) =>
        `  ${index === 0 ? 'fix ' : 'or  '}   ${flagOf(cure, plan).padEnd(22)} ${grouped(cure.requests)} requests at ${cure.share} %`,
    ),
  ];
}

function flagOf({ stage, share, bakeSeconds: seconds }: Fix, { stages }: Plan): string {
  if (share !== stages[stage]?.share) return `--first-share ${share}`;
  return `${stage === 0 ? '--first-bake' : '--bake'} ${seconds / 60}m`;
}
