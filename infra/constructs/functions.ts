/** The controller's Lambdas, one row each: what it does, what it may, and how much of it there is. */
import type { FunctionRow } from './bundled-function.ts';
import type { Right } from './rights.ts';

/** Whether tasks of one colour crashed, and whether it is healthy. */
const WATCH_TASKS = ['ReadHealth', 'ReadServices', 'FindTasks', 'ReadTasks', 'ReadRevisions'] as const;

/** What a look at one colour's tasks asks for. */
export const LOOK_AT_TASKS = [...WATCH_TASKS, 'ReadScaling'] as const;

/** A first revision of a task definition, under the service's roles. */
const REGISTER = ['ReadRevisions', 'RegisterRevision', 'PassTaskRoles'] as const;

/** One that is a copy of the template. */
const COPY = [...REGISTER, 'TagRevision'] as const;

/** To bring a release to either end: weights, probe, the colour that sleeps, the next push. */
const END_RELEASE = [
  'KeepLedger',
  'ReadRule',
  'MoveTraffic',
  'PointProbe',
  ...LOOK_AT_TASKS,
  'ChangeService',
  'HoldScaling',
  'StartRelease',
  'FindExecution',
  'Notify',
] as const;

const RUN_MIGRATION = ['FindTasks', 'ReadTasks', ...COPY, 'RunMigration', 'StopMigration'] as const;

export const FUNCTIONS = {
  open: {
    description: 'checks the input and the moment, then takes the lock',
    memory: 512,
    // MoveTraffic: it writes the weights that stand there, so that a missing right shows now and not in a revert.
    rights: [
      'KeepLedger',
      'FindRelease',
      'ReadRule',
      'MoveTraffic',
      'ReadHealth',
      'ReadAlarms',
      'ReadNumbers',
      'FindImage',
      'StartRelease',
      'FindExecution',
      'Notify',
    ],
  },
  migrate: {
    description: 'runs the migration from the new image',
    memory: 512,
    rights: ['KeepLedger', ...RUN_MIGRATION],
  },
  prepare: {
    description: 'brings the candidate up until it is healthy, probed and numerous enough',
    memory: 512,
    rights: ['KeepLedger', 'ReadRule', 'PointProbe', 'ChangeService', 'HoldScaling', ...LOOK_AT_TASKS, ...COPY],
  },
  shift: {
    description: 'moves traffic to the next share and reads it back',
    memory: 512,
    rights: ['KeepLedger', 'ReadRule', 'MoveTraffic', ...LOOK_AT_TASKS, 'ReadAlarms', 'Notify'],
  },
  judge: {
    description: 'weighs the candidate against stable on the minutes that have closed',
    memory: 512,
    rights: ['KeepLedger', 'ReadRule', ...WATCH_TASKS, 'ReadAlarms', 'ReadNumbers', 'Notify'],
  },
  revert: {
    description: 'puts all requests back on stable, then the rest',
    memory: 512,
    // A revert may not wait until somebody else's Lambdas leave room.
    concurrency: 2,
    rights: END_RELEASE,
  },
  close: {
    description: 'swaps the roles and scales the old colour to zero',
    memory: 512,
    rights: END_RELEASE,
  },
  guard: {
    description: 'sends a release back at once, on an alarm or a crash',
    memory: 512,
    // One that hangs does not hold up the next.
    concurrency: 2,
    rights: ['KeepLedger', 'ReadRule', 'MoveTraffic', 'ReadHealth', 'KeepUndelivered'],
  },
  reconcile: {
    description: 'looks every minute whether what should be true is true, and takes over from a stopped controller',
    memory: 512,
    // A safety rule: it never overlaps itself.
    concurrency: 1,
    rights: [...END_RELEASE, 'FindImage', 'ReadAlarms', 'ReadNumbers'],
  },
  'migrate-by-hand': {
    description: 'migrates without a release, or undoes a migration, because an operator asks',
    memory: 512,
    rights: ['ReadLedger', 'FindImage', ...RUN_MIGRATION],
  },
  'weighted-rule': {
    description: 'for CloudFormation: makes, changes and removes the rules, and never touches their weights',
    memory: 256,
    rights: ['ReadLedger', 'ReadRule', 'ReadListeners', 'ReadHealth', 'OwnRules'],
  },
  'task-family': {
    description: 'for CloudFormation: gives an empty task family its first revision',
    memory: 256,
    rights: [...REGISTER],
  },
} as const satisfies Readonly<Record<string, FunctionRow<Right>>>;

export type FunctionName = keyof typeof FUNCTIONS;

/** What the state machine calls by `${Open}`, `${Migrate}` and so on. */
export const VERBS = ['open', 'migrate', 'prepare', 'shift', 'judge', 'revert', 'close'] as const;
export type Verb = (typeof VERBS)[number];
