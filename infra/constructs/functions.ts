/** The controller's Lambdas, one row each: what it does, what it may, and how much of it there is. */
import { RIGHTS_OF } from '../../functions/core/service-rights.ts';
import type { FunctionRow } from './bundled-function.ts';
import type { Right } from './rights.ts';

/** Beside what the service's own parts ask for: the next push is started, and people are notified. */
const ENDING = ['StartRelease', 'FindExecution', 'Notify'] as const;

export const FUNCTIONS = {
  open: {
    description: 'checks the input and the moment, then takes the lock',
    memory: 512,
    // MoveTraffic: it writes the weights that stand there, so that a missing right shows now and not in a revert.
    rights: ['KeepLedger', 'FindRelease', ...RIGHTS_OF.open, ...ENDING],
  },
  migrate: {
    description: 'runs the migration from the new image',
    memory: 512,
    rights: ['KeepLedger', ...RIGHTS_OF.migrate],
  },
  prepare: {
    description: 'brings the candidate up until it is healthy, probed and numerous enough',
    memory: 512,
    rights: ['KeepLedger', ...RIGHTS_OF.prepare],
  },
  shift: {
    description: 'moves traffic to the next share and reads it back',
    memory: 512,
    rights: ['KeepLedger', ...RIGHTS_OF.shift, 'Notify'],
  },
  judge: {
    description: 'weighs the candidate against stable on the minutes that have closed',
    memory: 512,
    rights: ['KeepLedger', ...RIGHTS_OF.judge, 'Notify'],
  },
  revert: {
    description: 'puts all requests back on stable, then the rest',
    memory: 512,
    // A revert may not wait until somebody else's Lambdas leave room.
    concurrency: 2,
    rights: ['KeepLedger', ...RIGHTS_OF.revert, ...ENDING],
  },
  close: {
    description: 'swaps the roles and scales the old colour to zero',
    memory: 512,
    rights: ['KeepLedger', ...RIGHTS_OF.close, ...ENDING],
  },
  guard: {
    description: 'sends a release back at once, on an alarm or a crash',
    memory: 512,
    // One that hangs does not hold up the next.
    concurrency: 2,
    rights: ['KeepLedger', ...RIGHTS_OF.guard, 'KeepUndelivered'],
  },
  reconcile: {
    description: 'looks every minute whether what should be true is true, and takes over from a stopped controller',
    memory: 512,
    // A safety rule: it never overlaps itself.
    concurrency: 1,
    rights: ['KeepLedger', ...RIGHTS_OF.reconcile, ...ENDING],
  },
  'migrate-by-hand': {
    description: 'migrates without a release, or undoes a migration, because an operator asks',
    memory: 512,
    rights: ['ReadLedger', ...RIGHTS_OF['migrate-by-hand']],
  },
  'weighted-rule': {
    description: 'for CloudFormation: makes, changes and removes the rules, and never touches their weights',
    memory: 256,
    rights: ['ReadLedger', 'ReadRule', 'ReadListeners', 'ReadHealth', 'OwnRules'],
  },
  'task-family': {
    description: 'for CloudFormation: gives an empty task family its first revision',
    memory: 256,
    rights: ['ReadRevisions', 'RegisterRevision', 'PassTaskRoles'],
  },
} as const satisfies Readonly<Record<string, FunctionRow<Right>>>;

export type FunctionName = keyof typeof FUNCTIONS;

/** What the state machine calls by `${Open}`, `${Migrate}` and so on. */
export const VERBS = ['open', 'migrate', 'prepare', 'shift', 'judge', 'revert', 'close'] as const;
export type Verb = (typeof VERBS)[number];
