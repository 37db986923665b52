/** What may happen at any moment beside the steps' own calls. Each gives its name, or nothing when it cannot happen now. */
import { isAbortable } from '../../functions/core/protocol.ts';
import { COLOURS, weightsFor } from '../../functions/core/roles.ts';
import { type GuardEvent, guard } from '../../functions/steps/safety/guard.ts';
import { type OperatorCommand, sendCommand } from '../../functions/steps/shared/operator-command.ts';
import type { Ports } from '../../functions/steps/shared/step.ts';
import type { Chance } from '../chance.ts';
import type { Auditor } from '../promises.ts';
import type { World } from '../world.ts';
import type { Actor } from '../writes.ts';
import type { Executions } from './executions.ts';
import type { GoodNumbers } from './good-numbers.ts';
import type { StillHost } from './host.ts';
import { IMAGES, SHORT } from './initial-states.ts';
import type { Live } from './live.ts';
import type { Timers } from './timers.ts';

export type Happening = string;

/** Where it happens. */
export interface Scheduler {
  readonly clock: Timers;
  readonly chance: Chance;
  readonly world: World<Timers, GoodNumbers>;
  readonly host: StillHost;
  readonly auditor: Auditor;
  readonly executions: Executions;
  readonly live: ReadonlySet<Live>;
  /** Whether people wait for the end of a release that nothing happens to any more. */
  readonly isImpatient: boolean;
  /** A colour died while no release ran: nobody watches then. */
  diedAtRest: boolean;
  /** A new run of a Lambda, with ports of its own. */
  invoke<T>(who: Actor, name: string, run: (ports: Ports) => Promise<T>): Promise<T>;
  /** Ends one at once; a call of its may land later. */
  kill(one: Live, error: Error): void;
  /** False: one runs already. */
  reconcile(): boolean;
}

type Happen = (it: Scheduler) => Happening | undefined;

const anyOf = <T>({ chance }: Scheduler, all: readonly T[]): T | undefined =>
  all.length === 0 ? undefined : all[chance.between(0, all.length - 1)];

const push: Happen = (it) => {
  const image = anyOf(it, ['v1.5.0', 'v1.5.1', 'v1.5.2', 'v1.5.1', 'v1.4.1'] as const)!;
  const name = `push-${it.executions.all.length}-${image}`;
  it.executions.start(name, { image, source: 'push', pushedAt: IMAGES[image].pushedAt, ...SHORT });
  return `push of ${image}`;
};

const rollback: Happen = (it) => {
  const to = anyOf(it, [undefined, undefined, undefined, 'v1.4.1', 'v1.4.2', 'v1.5.0'] as const);
  it.executions.start(`rollback-${it.executions.all.length}`, { action: 'rollback', ...(to ? { to } : {}) });
  return `rollback${to ? ` to ${to}` : ''}`;
};

/** Longer than from an order to the end of the warm time that follows it. */
const PEOPLE_WITHIN_SECONDS = 600;

/** Two people at two terminals, of whom neither knows what the other one does. */
const twoPeople: Happen = (it) => {
  const times = it.chance.between(2, 5);
  for (let time = 0; time < times; time++) {
    const act = anyOf(it, [rollback, rollback, holdOrResume])!;
    it.clock.after(it.chance.between(0, PEOPLE_WITHIN_SECONDS), () => act(it));
  }
  return `two people act ${times} times`;
};

const holdOrResume: Happen = (it) => {
  const word = anyOf(it, ['hold', 'resume'] as const)!;
  speak(it, word);
  return `somebody says ${word}`;
};

const stop: Happen = (it) => {
  const one = anyOf(it, it.executions.running);
  const how = anyOf(it, ['ABORTED', 'TIMED_OUT'] as const)!;
  one?.execution.stop(how);
  return one && `${one.name} is ended (${how})`;
};

const redrive: Happen = (it) => {
  const ended = it.executions.all.filter(({ execution }) => !['RUNNING', 'SUCCEEDED'].includes(execution.status()));
  const one = anyOf(it, ended);
  return one && it.executions.redrive(one) ? `${one.name} is redriven` : undefined;
};

/** The machine hears of a failure, and the Lambda lives on. */
const unheard: Happen = (it) => {
  const one = anyOf(
    it,
    [...it.live].filter(({ by }) => by === 'owner'),
  );
  one?.fail(Object.assign(new Error('connection reset'), { name: 'Lambda.SdkClientException' }));
  return one && `${one.name} is given up, and lives on`;
};

const dies: Happen = (it) => {
  const one = anyOf(it, [...it.live]);
  if (one) it.kill(one, Object.assign(new Error('exited'), { name: 'Lambda.Unknown' }));
  return one && `${one.name} dies`;
};

const send = (it: Scheduler, event: GuardEvent): void => {
  const name = `guard-${event.kind === 'alarm' ? 'alarm' : 'crash'}`;
  it.invoke({ by: 'guard' }, name, (ports) => guard(ports)(event)).catch(() => {});
};

const alarm: Happen = (it) => {
  const firing = anyOf(it, it.world.numbers.list)!;
  const since = it.clock.now() - it.chance.between(0, 100);
  it.world.numbers.list[it.world.numbers.list.indexOf(firing)] = { ...firing, state: 'ALARM', since };
  const { name, colour, kind: acts } = firing;
  const event = { kind: 'alarm', name, colour, acts, state: 'ALARM', since, reason: 'it rang' } as const;
  deliver(it, event);
  return `${name} rings`;
};

const crash: Happen = (it) => {
  const { lock } = it.world.ledger.state;
  if (!lock || it.world.tasks.healthy(lock.candidate) === 0) return undefined;
  it.world.onTaskStopped((stopped) => deliver(it, { kind: 'task stopped', ...stopped }));
  it.host.crash(lock.candidate);
  // ECS starts another one.
  it.world.tasks.second();
  return `a task of ${lock.candidate} crashes`;
};

/** At least once: soon, perhaps again, perhaps much later. */
function deliver(it: Scheduler, event: GuardEvent): void {
  send(it, event);
  if (it.chance.uniform() < 0.3) it.clock.after(it.chance.between(1, 400), () => send(it, event));
}

const HEALS_AFTER_SECONDS = 200;

const health: Happen = (it) => {
  const { lock } = it.world.ledger.state;
  if (lock?.phase === 'stuck') return undefined;
  const colour = anyOf(it, COLOURS)!;
  if (it.world.tasks.healthy(colour) === 0) return undefined;
  it.host.turn(colour, 'unhealthy');
  it.diedAtRest ||= !lock;
  if (it.chance.uniform() < 0.6)
    it.clock.after(it.chance.between(1, HEALS_AFTER_SECONDS), () => it.host.turn(colour, 'healthy'));
  return `${colour} is unhealthy`;
};

/** Not between the last reading of the rule and what is destroyed after it: no protocol can close that window. */
const hand: Happen = (it) => {
  const { lock } = it.world.ledger.state;
  if (lock?.phase === 'stuck' || (lock?.drained !== undefined && lock.drained === lock.settleFrom)) return undefined;
  const share = anyOf(it, [0, 30, 100])!;
  it.world.balancer.route(weightsFor(it.world.ledger.state.lock ?? { stable: 'blue', candidate: 'green' }, share));
  it.auditor.byHand();
  return `somebody writes ${it.world.balancer.weights.blue} and ${it.world.balancer.weights.green}`;
};

const say: Happen = (it) => {
  const word = anyOf(it, ['hold', 'resume', 'advance', 'advance', 'abort'] as const)!;
  speak(it, word);
  return `somebody says ${word}`;
};

const speak = (it: Scheduler, word: OperatorCommand): void => {
  const id = `c-${it.chance.between(1, 1000)}`;
  it.invoke({ by: 'person' }, `person-${word}`, (ports) => sendCommand(ports, { word, by: 'ana', id })).catch(() => {});
};

/** CloudFormation updates the rule: what a ModifyRule does not name stays as it is, and it does not name the weights. */
const deploy: Happen = (it) => {
  it.invoke({ by: 'deploy' }, 'deploy', async ({ router }) => {
    await router.current();
    await router.checkWritePermission();
  }).catch(() => {});
  return 'a deploy begins';
};

const look: Happen = (it) => (it.reconcile() ? 'the reconciler is told of an end' : undefined);

const ALL: readonly Happen[] = [
  push,
  push,
  rollback,
  twoPeople,
  twoPeople,
  stop,
  stop,
  redrive,
  unheard,
  dies,
  alarm,
  alarm,
  crash,
  health,
  health,
  hand,
  say,
  say,
  deploy,
  look,
];

export const happen: Happen = (it) => anyOf(it, ALL)!(it);

/**
 * When nothing more happens, nobody holds a release for hours; and in most schedules nobody waits for the rest of it
 * either, since nothing new is to be seen there.
 */
export function settleUp(it: Scheduler): void {
  const { lock } = it.world.ledger.state;
  if (!lock || lock.abort || !isAbortable(lock) || [...it.live].some(({ by }) => by === 'person')) return;
  if (lock.hold || it.isImpatient) speak(it, 'abort');
}
