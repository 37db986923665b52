/** `sluice plan`: what a release would do, and what it could see at this traffic, before anything is started. */
import { type Cure, exposure, type StageExposure, type Warning, warnings } from '../functions/core/exposure.ts';
import type { WrongField } from '../functions/core/failures.ts';
import { ODDS_LIMIT } from '../functions/core/judge/constants.ts';
import { grouped } from '../functions/core/numerals.ts';
import { historyEvents, longestSeconds, type Plan, planRelease, STRATEGIES } from '../functions/core/plan.ts';
import { parseReleaseInput, type ReleaseRequest } from '../functions/core/release.ts';
import { ALL } from '../functions/core/share.ts';
import { SCENARIOS } from '../rehearsal/scenarios.ts';
import { serviceSettings } from '../rehearsal/setting.ts';
import { json, numberFrom, readArguments, type Values, type Wrong } from './arguments.ts';
import { duration } from './lines.ts';
import { displayOptions, type Verb } from './verb.ts';

const options = {
  rps: {
    value: 'N',
    help: 'requests a second, all traffic of the service (100)',
    read: numberFrom(0, 1_000_000, false),
  },
  tasks: { value: 'N', help: 'tasks that stable runs (2)', read: numberFrom(1, 10_000) },
  image: { value: 'IMAGE', help: 'a release tag, commit sha or digest' },
  strategy: { value: 'canary|blue-green', help: 'the shares and their bakes (canary)' },
  stages: { value: '10,50,100', help: 'shares of your own' },
  bake: { value: '15m', help: 'how long each share below 100 is watched', read: time },
  'first-share': { value: 'SHARE', help: 'another first share; what it overtakes is left out' },
  'first-bake': { value: '30m', help: 'another bake of the first share', read: time },
  policy: { value: 'compare|literal', help: 'how it is judged (compare)' },
  'on-unproven': { value: 'ask|proceed|abort', help: 'what ends a bake with too few requests (ask)' },
  'warm-minutes': { value: 'N', help: 'how long the old colour stays warm (60)' },
  input: { value: 'JSON', help: 'the whole execution input instead, as pasted in the console', read: json },
  strict: { help: 'exit 1 when there is a warning' },
  json: { help: 'one JSON object on stdout, nothing on stderr' },
  ...displayOptions,
} as const;

type Given = Values<typeof options>;

const SETTINGS = serviceSettings({ policy: 'compare', warmMinutes: 60, scenario: SCENARIOS.healthy });
const USUAL_REQUESTS_PER_SECOND = 100;
const WARNED = 1;

export const plan: Verb = {
  summary: 'what a release would do, and what it could see at your traffic; nothing is changed',
  usage: 'sluice plan [options]',
  options,
  async run(argv, terminal) {
    const { values, words, wrong } = readArguments(argv, options);
    const input = inputOf(values);
    const planned = planOf(input);
    const problems = [
      ...wrong,
      ...words.map((word) => ({ field: word, message: 'is not understood', fix: 'every value has an option' })),
      ...clashes(values),
      ...('fields' in planned ? planned.fields.flatMap((field) => asFlag(field, values)) : []),
    ].filter(({ field, message }, index, all) => isFirst(all, index, field, message));
    if (problems.length > 0 || 'fields' in planned)
      return terminal.refuse('Nothing was planned', problems, values.json === true);

    const load = {
      requestsPerSecond: values.rps ?? USUAL_REQUESTS_PER_SECOND,
      stableTasks: values.tasks ?? SETTINGS.minimumTasks,
      minimumTasks: SETTINGS.minimumTasks,
    };
    const seen: Planned = {
      request: planned.request,
      plan: planned.plan,
      stages: exposure(planned.plan, load),
      warnings: warnings(planned.plan, load),
      requestsPerSecond: load.requestsPerSecond,
      isAssumed: values.rps === undefined,
      isAnyImage: values.image === undefined && values.input === undefined,
      input,
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
  /** Nobody said which image. */
  readonly isAnyImage: boolean;
  readonly input: unknown;
}

// ---- Input ----

/** Any image has the same plan. */
const SOME_IMAGE = 'v1.0.0';

/** The execution input that the flags stand for. What is wrong with it is for the same door to say as at a start. */
function inputOf(values: Given): unknown {
  if (values.input !== undefined) return values.input.value;
  const { image = SOME_IMAGE, strategy, policy } = values;
  const stages = stagesOf(values);
  // Stages that were made from a known strategy are said instead of it; the rest is for the door to refuse.
  const isSaid = stages !== undefined && values.stages === undefined && isStrategy(strategy);
  const onUnproven = values['on-unproven'];
  const warmMinutes = values['warm-minutes'];
  return {
    image,
    ...(strategy === undefined || isSaid ? {} : { strategy }),
    ...(stages ? { stages } : {}),
    ...(policy === undefined ? {} : { policy }),
    ...(onUnproven === undefined ? {} : { onUnproven }),
    ...(warmMinutes === undefined ? {} : { warmMinutes: numberOr(warmMinutes) }),
  };
}

const isStrategy = (word: string | undefined): word is keyof typeof STRATEGIES =>
  word !== undefined && Object.hasOwn(STRATEGIES, word);

/** Stages of one's own, where a flag asks for any. */
function stagesOf(values: Given): readonly unknown[] | undefined {
  const { stages, bake, strategy, 'first-share': firstShare, 'first-bake': firstBake } = values;
  if (!stages && !bake && !firstShare && !firstBake) return undefined;
  const usual = STRATEGIES[isStrategy(strategy) ? strategy : 'canary'];
  const written = stages?.split(',').map((share) => numberOr(share.trim())) ?? usual.shares;
  const shares = firstShare === undefined ? written : startingWith(numberOr(firstShare), written);
  const usualBake = bake ?? (stages ? undefined : `${usual.bakeSeconds}s`);
  return shares.map((share, index) => {
    const own = index === 0 ? (firstBake ?? usualBake) : usualBake;
    return share === ALL || own === undefined ? { share } : { share, bake: own };
  });
}

const startingWith = (first: unknown, shares: readonly unknown[]): readonly unknown[] => [
  first,
  ...shares.slice(1).filter((share) => typeof first !== 'number' || typeof share !== 'number' || share > first),
];

const numberOr = (text: string): number | string => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text);

/** A bare number could be seconds or minutes. */
function time(text: string): string | Wrong {
  return /^\d+$/.test(text) ? { wrong: `"${text}" has no unit`, fix: `write ${text}s or ${text}m` } : text;
}

type PlannedOrNot =
  | { readonly request: ReleaseRequest; readonly plan: Plan }
  | { readonly fields: readonly WrongField[] };

/** Through the same door as at a start. */
function planOf(input: unknown): PlannedOrNot {
  const parsed = parseReleaseInput(input, SETTINGS);
  if (!parsed.ok) return parsed;
  const planned = planRelease(parsed.request, SETTINGS);
  return planned.ok ? { request: parsed.request, plan: planned.plan } : planned;
}

const OF_INPUT = [
  'image',
  'strategy',
  'stages',
  'bake',
  'first-share',
  'first-bake',
  'policy',
  'on-unproven',
  'warm-minutes',
] as const;

const clashes = (values: Given): readonly WrongField[] =>
  values.input === undefined
    ? []
    : OF_INPUT.filter((name) => values[name] !== undefined).map((name) => ({
        field: `--${name}`,
        message: '--input says all of the request',
        fix: 'write it there',
      }));

/** A wrong field of the input under the name of the flag that wrote it. */
function asFlag({ field, message, fix }: WrongField, values: Given): readonly WrongField[] {
  if (values.input !== undefined) return [{ field, message, fix }];
  const [, index, part] = /^stages\[(\d+)\](?:\.(\w+))?/.exec(field) ?? [];
  const isFirstStage = index === '0';
  if (part === 'bake') {
    const flag = isFirstStage && values['first-bake'] ? 'first-bake' : 'bake';
    return [{ field: `--${flag}`, message, fix: 'write a time from 60s to 18h' }];
  }
  if (field.startsWith('stages')) {
    if (isFirstStage && values['first-share']) return [{ field: '--first-share', message, fix }];
    if (values.stages) return [{ field: '--stages', message, fix }];
    return [{ field: values.bake ? '--bake' : '--first-bake', message, fix }];
  }
  return [{ field: FLAG_OF[field] ?? field, message, fix }];
}

const FLAG_OF: Readonly<Record<string, string>> = {
  image: '--image',
  strategy: '--strategy',
  policy: '--policy',
  onUnproven: '--on-unproven',
  warmMinutes: '--warm-minutes',
};

/** One flag can stand for a field of every stage. */
const isFirst = (all: readonly WrongField[], index: number, field: string, message: string): boolean =>
  all.findIndex((other) => other.field === field && other.message === message) === index;

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
  const { request, plan, stages, input } = seen;
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
    seen.isAnyImage
      ? 'Say --image to be given the input that starts it.'
      : `Start it with this input: ${JSON.stringify(input)}`,
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
    stages.length === 0
      ? 'Straight to 100 % once it is healthy and probed.'
      : `Points are of errors, on average counts, beside a stable that fails 0.1 %: there the odds just reach ${ODDS_LIMIT}.`,
    `${baked > 0 ? `${duration(baked)} of bakes` : 'No bake'}, then ${duration(plan.warmSeconds)} warm; ${duration(longestSeconds(plan))} if everything takes as long as it may.`,
    ...(most > 0 ? [`Tasks needed on the candidate: ${tasks}.`] : []),
  ];
}

function warningLines({ message, cures }: Warning, plan: Plan): readonly string[] {
  return [
    `WARNING  ${message}`,
    ...cures.map(
      (cure, index) =>
        `  ${index === 0 ? 'cure' : 'or  '}   ${flagOf(cure, plan).padEnd(22)} ${grouped(cure.requests)} requests at ${cure.share} %`,
    ),
  ];
}

function flagOf({ stage, share, bakeSeconds: seconds }: Cure, { stages }: Plan): string {
  if (share !== stages[stage]?.share) return `--first-share ${share}`;
  return `${stage === 0 ? '--first-bake' : '--bake'} ${seconds / 60}m`;
}
