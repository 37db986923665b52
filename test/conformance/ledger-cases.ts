/** Every write of the ledger, and the states in which one clause of its condition, and no other, decides. */
import {
  type Condition,
  type LedgerWrite,
  type Lock,
  type Pending,
  type Phase,
  RECONCILER,
  type ServiceState,
  writes,
} from '../../functions/core/protocol.ts';
import { holds } from '../../rehearsal/ledger.ts';
import {
  ABORT,
  CURRENT,
  FENCE,
  IMAGES,
  lockIn,
  ME,
  NOW,
  PHASES,
  PREVIOUS,
  recordOf,
  SOMEBODY_ELSE,
} from '../steps/fixture.ts';
import { SERVICE } from './stage.ts';

export const me = { owner: ME, fence: FENCE };
export const held = (phase: Phase, facts: Partial<Lock> = {}): Lock =>
  lockIn(phase, 25, { intent: 50, settleFrom: NOW, ...facts });
export const stateWith = (lock?: Lock, facts: Partial<ServiceState> = {}): ServiceState => ({
  service: SERVICE,
  stable: 'blue',
  fence: FENCE,
  current: CURRENT,
  previous: PREVIOUS,
  ...(lock ? { lock } : {}),
  ...facts,
});
export const pending = (image: keyof typeof IMAGES): Pending => ({
  ...IMAGES[image],
  image,
  attempt: 1,
  input: { image },
});
export const command = { id: 'c-1', verb: 'advance', share: 25, fence: FENCE } as const;
export const atRest = stateWith();
export const next = { ...lockIn('opening'), fence: FENCE + 1 };

/** A service at rest, and in every phase and mark of a release. */
const STATES: readonly ServiceState[] = [
  atRest,
  stateWith(undefined, { stable: 'green' }),
  stateWith(undefined, { fence: FENCE + 1 }),
  stateWith(undefined, { pending: pending('v1.5.1') }),
  ...PHASES.map((phase) => stateWith(held(phase))),
  stateWith(held('baking', { abort: ABORT })),
  stateWith(held('baking', { hold: { by: 'maria', at: NOW }, firstHeldAt: NOW })),
  stateWith(held('baking', { askedAt: NOW, command })),
  stateWith(held('baking', { outage: { what: 'ECS could not be read', from: NOW - 60 } })),
  stateWith(held('baking', { share: 100, intent: 100 })),
  stateWith(held('reverting', { retiring: 'green', drained: NOW - 500 })),
  stateWith(held('reverting', { target: 'candidate', drained: NOW })),
  stateWith(held('closing', { retiring: 'blue' })),
  stateWith(held('baking', { owner: SOMEBODY_ELSE })),
  stateWith(held('baking', { fence: FENCE + 1 })),
  stateWith(held('baking'), { pending: pending('v1.5.1') }),
];

/** One of each, and where a write has two forms, both. */
export const WRITES: Readonly<Record<keyof typeof writes, readonly LedgerWrite[]>> = {
  open: [writes.open(atRest, next, recordOf(next), true), writes.open(atRest, next, recordOf(next), false)],
  queue: [writes.queue(pending('v1.5.1'))],
  keep: [writes.keep(pending('v1.4.2')), writes.keep(pending('v1.5.1'))],
  phase: [writes.phase(me, 'opening', 'migrating'), writes.phase(me, 'migrating', 'deploying')],
  tick: [writes.tick(me)],
  outage: [writes.outage(me, 'ECS could not be read', NOW)],
  outageAsked: [writes.outageAsked(me, NOW)],
  outageOver: [
    writes.outageOver(me, {}, NOW),
    writes.outageOver(
      me,
      { outage: { what: 'ECS', from: NOW - 60 }, waitingFor: { what: 'the candidate', from: NOW - 90 } },
      NOW,
    ),
  ],
  waitsAnew: [writes.waitsAnew(me)],
  waiting: [writes.waiting(me, 'the candidate', NOW)],
  intent: [writes.intent(me, 50, undefined), writes.intent(me, 50, command)],
  share: [writes.share(me, 50, NOW, undefined), writes.share(me, 50, NOW, { 'a-b': NOW - 1 })],
  warm: [writes.warm(me)],
  ask: [writes.ask(me, NOW)],
  paged: [writes.paged(me, 'crash')],
  blocked: [writes.blocked(me, 'a third group')],
  abort: [writes.abort(FENCE, ABORT)],
  hold: [writes.hold(FENCE, 'maria', NOW)],
  resume: [writes.resume(FENCE)],
  command: [writes.command(command)],
  closing: [writes.closing(me, NOW)],
  reverting: [
    writes.reverting(me, NOW, { onStable: true, reason: 'worse', secondsFromVerdictToStable: 3 }),
    writes.reverting(me, NOW, { onStable: false, reason: 'stable is dead' }),
  ],
  settleAgain: [writes.settleAgain(me, NOW + 1)],
  drained: [writes.drained(me, NOW)],
  target: [writes.target(me)],
  retiring: [writes.retiring(me, 'green')],
  freeAfterRevert: [writes.freeAfterRevert(me, held('reverting', { reason: 'worse' }), NOW)],
  freeAfterClose: [writes.freeAfterClose(me, { ...atRest, lock: held('closing') }, NOW)],
  moved: [writes.moved(atRest)],
  unregister: [writes.unregister(atRest)],
  takeOver: [writes.takeOver(held('baking'), NOW), writes.takeOver(held('closing'), NOW)],
  driftLock: [writes.driftLock(atRest, { ...next, owner: RECONCILER, drift: true })],
  adopt: [writes.adopt(atRest, 'green', CURRENT)],
  look: [writes.look(FENCE, { fence: FENCE, ticks: 3, still: 1, told: ['drift'] })],
  nextAttempt: [writes.nextAttempt(pending('v1.5.1'))],
  giveUpPending: [writes.giveUpPending(pending('v1.5.1'))],
  revision: [writes.revision(me, 'app-green:7')],
  stuck: [writes.stuck(me, 'nobody is healthy')],
};

/** One fact of the lock, or of the service, is another one. */
const OTHER_FACTS: readonly ((state: ServiceState) => ServiceState)[] = [
  ...(
    [
      { owner: SOMEBODY_ELSE },
      { fence: FENCE + 1 },
      { fence: FENCE + 1, command: { ...command, fence: FENCE + 1 } },
      { digest: IMAGES['v1.5.1'].digest },
      { share: 50 },
      { intent: 25 },
      { abort: ABORT },
      { hold: { by: 'maria', at: NOW } },
      { askedAt: NOW },
      { settleFrom: NOW - 1 },
      { drained: NOW },
      { retiring: 'green' },
      { target: 'candidate' },
      { command: { ...command, id: 'c-2' } },
      { command: { ...command, share: 5 } },
      { command: { ...command, fence: FENCE - 1 } },
      ...PHASES.map((phase) => ({ phase })),
    ] satisfies readonly Partial<Lock>[]
  ).map((facts) => (state: ServiceState) => (state.lock ? { ...state, lock: { ...state.lock, ...facts } } : state)),
  ...(
    [
      { fence: FENCE + 1 },
      { stable: 'green' },
      { lock: held('baking') },
      { pending: pending('v1.4.1') },
      { pending: pending('v1.4.2') },
      { pending: pending('v1.5.0') },
      { pending: { ...pending('v1.5.1'), attempt: 2 } },
      { pending: { ...pending('v1.5.1'), digest: IMAGES['v1.4.1'].digest } },
    ] satisfies readonly Partial<ServiceState>[]
  ).map((facts) => (state: ServiceState) => ({ ...state, ...facts })),
];

const isAccepted = ({ condition }: { readonly condition: Condition }, state: ServiceState): boolean =>
  holds(condition, { ...state });

/** Where a write is tried: in all states, and around the first that accepts it with one fact changed. */
export function statesFor(write: LedgerWrite): readonly ServiceState[] {
  const accepting = STATES.find((state) => isAccepted(write, state));
  const around = accepting ? OTHER_FACTS.map((other) => other(accepting)).filter((state) => state !== accepting) : [];
  return [...STATES, ...around];
}

/** The condition with one clause left out or loosened, in every way. */
function loosened(condition: Condition): readonly Condition[] {
  if ('all' in condition) return withOneLoosened(condition.all).map((all) => ({ all }));
  if ('any' in condition) return withOneLoosened(condition.any).map((any) => ({ any }));
  if ('not' in condition) return loosened(condition.not).map((not) => ({ not }));
  if ('present' in condition) return [];
  const { path } = condition;
  if ('oneOf' in condition)
    return condition.oneOf.map((left) => ({ path, oneOf: condition.oneOf.filter((value) => value !== left) }));
  if ('equals' in condition || condition.is === '=') return [{ present: path }];
  if (condition.is === '<>') return [];
  return [{ path, is: condition.is === '<' ? '<=' : '<', value: condition.value }];
}

const withOneLoosened = (clauses: readonly Condition[]): readonly (readonly Condition[])[] =>
  clauses.flatMap((clause, index) => [
    clauses.toSpliced(index, 1),
    ...loosened(clause).map((other) => clauses.with(index, other)),
  ]);

/** The loosened conditions that no state of the write tells from the right one. */
export const untold = (write: LedgerWrite): readonly Condition[] =>
  loosened(write.condition).filter((condition) =>
    statesFor(write).every((state) => isAccepted({ condition }, state) === isAccepted(write, state)),
  );
