/** The flags that stand for a release's input, understood by every command that takes one, and the input that they mean. */

import { json, type Values, type Wrong } from '../../command-line/arguments.ts';
import type { WrongField } from '../../functions/core/failures.ts';
import { type Plan, type PlanSettings, planRelease, STRATEGIES } from '../../functions/core/plan.ts';
import { type InputSettings, parseReleaseInput, type ReleaseRequest } from '../../functions/core/release.ts';
import { ALL } from '../../functions/core/share.ts';

export const requestOptions = {
  strategy: { value: 'canary|blue-green', help: 'the shares and their bakes (canary)' },
  stages: { value: '10,50,100', help: 'shares of your own' },
  bake: { value: '15m', help: 'how long each share below 100 is watched', read: time },
  'first-share': { value: 'SHARE', help: 'another first share; what it overtakes is left out' },
  'first-bake': { value: '30m', help: 'another bake of the first share', read: time },
  policy: { value: 'compare|literal', help: 'how it is judged (compare)' },
  'on-unproven': { value: 'ask|proceed|abort', help: 'what ends a bake with too few requests (ask)' },
  'warm-minutes': { value: 'N', help: 'how long the old colour stays warm (60)' },
  hotfix: { value: 'REASON', help: 'why it may start beside a broken stable' },
  force: { help: 'also an image that is live, or was released before' },
  input: { value: 'JSON', help: 'the whole execution input instead, as pasted in the console', read: json },
} as const;

type Given = Values<typeof requestOptions>;

/** The flags as they were given, for another command that takes them. */
export const flagsOf = (values: Given): readonly string[] =>
  Object.keys(requestOptions).flatMap((name) => {
    const value = values[name as keyof Given];
    if (value === undefined) return [];
    if (value === true) return [`--${name}`];
    return [`--${name}`, typeof value === 'string' ? value : JSON.stringify(value.value)];
  });

/** The execution input that the flags stand for. What is wrong with it is for the same door to say as at a start. */
export function inputOf(image: string | undefined, values: Given): unknown {
  if (values.input !== undefined) return values.input.value;
  const { strategy, policy, hotfix, force } = values;
  const stages = stagesOf(values);
  // Stages that were made from a known strategy are said instead of it; the rest is for the door to refuse.
  const isSaid = stages !== undefined && values.stages === undefined && isStrategy(strategy);
  const onUnproven = values['on-unproven'];
  const warmMinutes = values['warm-minutes'];
  return {
    ...(image === undefined ? {} : { image }),
    ...(strategy === undefined || isSaid ? {} : { strategy }),
    ...(stages ? { stages } : {}),
    ...(policy === undefined ? {} : { policy }),
    ...(onUnproven === undefined ? {} : { onUnproven }),
    ...(warmMinutes === undefined ? {} : { warmMinutes: numberOr(warmMinutes) }),
    ...(hotfix === undefined ? {} : { hotfix }),
    ...(force === undefined ? {} : { force }),
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

/** The request and its plan, or what is wrong with either: the same door as at Open. */
export function planOf(
  input: unknown,
  settings: InputSettings & PlanSettings,
  firstRelease = false,
): { readonly request: ReleaseRequest; readonly plan: Plan } | { readonly fields: readonly WrongField[] } {
  const parsed = parseReleaseInput(input, settings);
  if (!parsed.ok) return parsed;
  const planned = planRelease(parsed.request, settings, firstRelease);
  return planned.ok ? { request: parsed.request, plan: planned.plan } : planned;
}

/** What is said beside an input that says everything. `image`: where the command takes the image, when it was given. */
export const clashes = (values: Given, image: string | undefined): readonly WrongField[] =>
  values.input === undefined
    ? []
    : [
        ...(image === undefined ? [] : [image]),
        ...Object.keys(requestOptions).flatMap((name) =>
          name !== 'input' && values[name as keyof Given] !== undefined ? [`--${name}`] : [],
        ),
      ].map((field) => ({ field, message: '--input says all of the request', fix: 'write it there' }));

/** A wrong field of the input under the name of the flag that wrote it; `image`: where the command takes the image. */
export function asFlag({ field, message, fix }: WrongField, values: Given, image: string): WrongField {
  if (values.input !== undefined) return { field, message, fix };
  const [, index, part] = /^stages\[(\d+)\](?:\.(\w+))?/.exec(field) ?? [];
  const isFirstStage = index === '0';
  if (part === 'bake') {
    const flag = isFirstStage && values['first-bake'] ? 'first-bake' : 'bake';
    return { field: `--${flag}`, message, fix: 'write a time from 60s to 18h' };
  }
  if (field.startsWith('stages')) {
    if (isFirstStage && values['first-share']) return { field: '--first-share', message, fix };
    if (values.stages) return { field: '--stages', message, fix };
    return { field: values.bake ? '--bake' : '--first-bake', message, fix };
  }
  return { field: field === 'image' ? image : (FLAG_OF[field] ?? field), message, fix };
}

const FLAG_OF: Readonly<Record<string, string>> = {
  strategy: '--strategy',
  policy: '--policy',
  onUnproven: '--on-unproven',
  warmMinutes: '--warm-minutes',
  hotfix: '--hotfix',
};

/** Each thing once: one flag can stand for a field of every stage. */
export const distinct = (wrong: readonly WrongField[]): readonly WrongField[] =>
  wrong.filter(
    ({ field, message }, index) =>
      wrong.findIndex((other) => other.field === field && other.message === message) === index,
  );
