/**
 * Our own rules for the release policy, for what asl-validator does not see. Each finding is a sentence to whoever
 * wrote the line. Why these rules: docs/architecture.md and state-machines/README.md.
 */
import { listOf, reachableFrom, targetsOf } from '../rehearsal/engine-graph.ts';

const VERBS = ['Open', 'Migrate', 'Prepare', 'Shift', 'Judge', 'Revert', 'Close'] as const;
const PLACEHOLDERS: readonly string[] = VERBS.map((verb) => `\${${verb}}`);

/** One tick: invariant 7, every wait listens. */
const LONGEST_WAIT_SECONDS = 30;

type Fields = Readonly<Record<string, unknown>>;
type States = Readonly<Record<string, Fields>>;
type StateRule = (state: Fields, states: States) => readonly string[];
type MachineRule = (states: States, startAt: string) => readonly string[];

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const errorsOf = (rule: Fields): readonly unknown[] =>
  Array.isArray(rule['ErrorEquals']) ? (rule['ErrorEquals'] as unknown[]) : [];

const isFencedOut = (catcher: Fields): boolean => errorsOf(catcher).includes('FencedOut');

const playedBy = (states: States, verb: (typeof VERBS)[number]): readonly string[] =>
  Object.keys(states).filter((name) => states[name]?.['Resource'] === `\${${verb}}`);

const choiceHasDefault: StateRule = (state) =>
  state['Type'] === 'Choice' && state['Default'] === undefined
    ? ['a Choice needs a Default, the safe way; without one an unknown verdict ends the execution uncaught.']
    : [];

const statesAllStandsAloneAndLast: StateRule = (state) =>
  ['Retry', 'Catch'].flatMap((list) => {
    const rules = listOf(state[list]);
    return rules.flatMap((rule, place) => {
      if (!errorsOf(rule).includes('States.ALL')) return [];
      return [
        ...(errorsOf(rule).length > 1
          ? [`States.ALL in ${list} must stand alone; it takes every other name with it.`]
          : []),
        ...(place < rules.length - 1 ? [`States.ALL in ${list} must come last; what follows it is never asked.`] : []),
      ];
    });
  });

const taskHasItsSafetyNet: StateRule = (state) => {
  if (state['Type'] !== 'Task') return [];
  const missing: readonly string[] = [
    ...(state['TimeoutSeconds'] === undefined
      ? ['TimeoutSeconds: without it a lost Lambda is waited for for ever.']
      : []),
    ...(listOf(state['Retry']).length === 0 ? ['Retry: without it one throttled call ends the release.'] : []),
    ...(listOf(state['Catch']).length === 0 ? ['Catch: without it an error leaves users split.'] : []),
  ];
  return missing.map((what) => `a Task needs ${what}`);
};

const fencedOutIsCaughtFirst: StateRule = (state) => {
  const [first] = listOf(state['Catch']);
  return state['Type'] === 'Task' && (!first || !isFencedOut(first))
    ? ['FencedOut must be caught first; a later catcher would send an execution that owns nothing to Revert.']
    : [];
};

const fencedOutEndsInItsOwnFail: StateRule = (state, states) => {
  const wrong = listOf(state['Catch'])
    .filter(isFencedOut)
    .map((catcher) => String(catcher['Next']));
  return wrong
    .filter((next) => next !== 'FencedOut' || states[next]?.['Type'] !== 'Fail')
    .map((next) => `FencedOut is caught and led to '${next}'; it may only lead to the Fail state FencedOut.`);
};

const fencedOutIsNotRetried: StateRule = (state) => {
  const takesIt = (retrier: Fields): boolean =>
    ['FencedOut', 'States.ALL', 'States.TaskFailed'].some((name) => errorsOf(retrier).includes(name));
  const retrier = listOf(state['Retry']).find(takesIt);
  return retrier && retrier['MaxAttempts'] !== 0
    ? ['FencedOut is retried; put a retrier of FencedOut with MaxAttempts 0 before the one that takes it.']
    : [];
};

const waitListens: StateRule = (state) => {
  if (state['Type'] !== 'Wait') return [];
  if (state['Timestamp'] !== undefined || state['TimestampPath'] !== undefined)
    return [
      `a Wait until a moment may be longer than ${LONGEST_WAIT_SECONDS} s; wait in ticks, so that every wait listens.`,
    ];
  return Number(state['Seconds'] ?? 0) > LONGEST_WAIT_SECONDS
    ? [
        `a Wait of ${state['Seconds']} s is deaf for too long; ${LONGEST_WAIT_SECONDS} s is the longest, every wait listens.`,
      ]
    : [];
};

const taskIsOneOfTheVerbs: StateRule = (state) =>
  state['Type'] === 'Task' && !PLACEHOLDERS.includes(String(state['Resource']))
    ? [`${state['Resource']} is no verb of ours; a Task calls one of ${PLACEHOLDERS.join(', ')}.`]
    : [];

const PATH_COMPARISON = /^(String|Numeric|Boolean|Timestamp)(Equals|LessThan|GreaterThan)\w*Path$/;
const JSONATA_FIELDS: readonly string[] = ['Arguments', 'Output', 'QueryLanguage'];

/** What an independent engine could not run from the same file. */
function unportableIn(value: unknown): readonly string[] {
  if (typeof value === 'string')
    return value.startsWith('{%') ? ['JSONata is refused; an independent engine must be able to run this file.'] : [];
  if (Array.isArray(value)) return value.flatMap(unportableIn);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([field, inner]) => {
    if (field === 'Assign') return ['Assign is refused; what the next state needs is returned by the Lambda.'];
    if (PATH_COMPARISON.test(field)) return [`${field} is refused; let the Lambda compare, and return a verdict.`];
    if (JSONATA_FIELDS.includes(field))
      return [`${field} belongs to JSONata, which is refused; an independent engine must be able to run this file.`];
    return field === 'Parameters' || field === 'Result' ? [] : unportableIn(inner);
  });
}

/** Placeholders outside Resource would be filled in at deployment, unseen by any rehearsal. */
function placeholdersIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.match(/\$\{[^}]*\}/g) ?? [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(placeholdersIn) : [];
}

const placeholdersAreKnown: StateRule = ({ Resource: _, ...state }) =>
  placeholdersIn(state).map((found) => `${found} stands outside Resource, where no rehearsal fills it in.`);

const revertIsAlwaysReachable: MachineRule = (states, startAt) => {
  const closes = playedBy(states, 'Close');
  const reverts = playedBy(states, 'Revert');
  const before = [...reachableFrom(startAt, states, [...closes, ...reverts])];
  return before
    .filter((name) => !closes.includes(name) && targetsOf(states[name]).length > 0)
    .filter((name) => {
      const ahead = reachableFrom(name, states, closes);
      return !reverts.some((revert) => ahead.has(revert));
    })
    .map(
      (name) =>
        `${name}: Revert cannot be reached from here without Close; before Close a rollback is always possible.`,
    );
};

const closeIsAnsweredByClose: MachineRule = (states) => {
  const closes = playedBy(states, 'Close');
  const comesBack = (target: string): boolean =>
    closes.includes(target) || (states[target]?.['Type'] === 'Wait' && closes.includes(String(states[target]['Next'])));
  return closes.flatMap((close) =>
    listOf(states[close]?.['Catch'])
      .filter((catcher) => !isFencedOut(catcher) || errorsOf(catcher).length > 1)
      .map((catcher) => String(catcher['Next']))
      .filter((target) => !comesBack(target))
      .map(
        (target) =>
          `${close}: its Catch leads to '${target}'; an error in Close is answered by Close again, never else.`,
      ),
  );
};

const everyVerbIsThere: MachineRule = (states) =>
  VERBS.filter((verb) => playedBy(states, verb).length === 0).map((verb) => `${verb}: no Task calls \${${verb}}.`);

const STATE_RULES: readonly StateRule[] = [
  choiceHasDefault,
  statesAllStandsAloneAndLast,
  taskHasItsSafetyNet,
  taskIsOneOfTheVerbs,
  fencedOutIsCaughtFirst,
  fencedOutEndsInItsOwnFail,
  fencedOutIsNotRetried,
  waitListens,
  placeholdersAreKnown,
  unportableIn,
];

const MACHINE_RULES: readonly MachineRule[] = [everyVerbIsThere, revertIsAlwaysReachable, closeIsAnsweredByClose];

/** What is wrong with a release policy, one sentence each, begun with the state's name; empty when all is well. */
export function findingsIn(definition: unknown): readonly string[] {
  if (!isObject(definition) || !isObject(definition['States'])) return ['The definition has no States.'];
  const { States: raw, ...machine } = definition;
  const states = Object.fromEntries(Object.entries(raw).map(([name, state]) => [name, isObject(state) ? state : {}]));
  return [
    ...unportableIn(machine).map((finding) => `The machine: ${finding}`),
    ...Object.entries(states).flatMap(([name, state]) =>
      STATE_RULES.flatMap((rule) => rule(state, states)).map((finding) => `${name}: ${finding}`),
    ),
    ...MACHINE_RULES.flatMap((rule) => rule(states, String(definition['StartAt']))),
  ];
}
