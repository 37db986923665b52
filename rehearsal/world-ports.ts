/** The ports over the world. Each call is carried out by `perform`, which decides when, and whether it fails. */
import { Transient } from '../functions/core/failures.ts';
import { type Colour, otherColour } from '../functions/core/roles.ts';
import type { Ports } from '../functions/steps/shared/step.ts';
import type { Effect } from './effects.ts';
import type { Perform, WorldParts } from './world-parts.ts';

/** One actor's calls. */
export interface Calls {
  readonly perform: Perform;
  readonly tell: (effect: Effect) => void;
}

export const portsOver = (world: WorldParts, calls: Calls): Ports => ({
  clock: world.clock,
  router: routerOver(world, calls),
  fleet: { ...fleetOver(world, calls), ...migrationsOver(world, calls) },
  signals: {
    minutes: ({ from, to, thresholdsMs }) =>
      calls.perform('GetMetricData', () => world.numbers.minutes(world.clock.now(), from, to, thresholdsMs)),
    alarms: () => calls.perform('DescribeAlarms', () => world.numbers.alarms()),
  },
  ledger: ledgerOver(world, calls),
  registry: {
    resolve: (reference) => calls.perform('DescribeImages', () => world.resolve(reference)),
    newest: () => calls.perform('DescribeImages', () => world.newest()),
  },
  executions: {
    start: (name, input) =>
      calls.perform('StartExecution', () => {
        world.executions.start(name, input);
        calls.tell({ is: 'start' });
      }),
    status: (execution) => calls.perform('DescribeExecution', () => world.executions.status(execution)),
  },
  notifications: {
    // People are told what can be told; a release does not depend on who is listening.
    send: (notification) =>
      calls
        .perform('Publish', () => calls.tell({ is: 'notification', notification }))
        .catch((error: unknown) => {
          if (!(error instanceof Transient)) throw error;
        }),
  },
});

function routerOver(world: WorldParts, { perform, tell }: Calls): Ports['router'] {
  const { balancer, tasks } = world;
  let hasRead = false;
  return {
    actions: () => (hasRead ? balancer.actions : undefined),
    current: () =>
      perform('DescribeRules', () => {
        hasRead = true;
        const weights = balancer.shown();
        tell({ is: 'rule read', weights });
        return weights;
      }),
    route: (weights) =>
      perform('ModifyRule', () => {
        const before = balancer.weights;
        balancer.route(weights);
        tell({ is: 'rule', weights, before, share: weights[world.roles.candidate] });
      }),
    checkWritePermission: () => perform('ModifyRule (no change)', () => undefined),
    probe: (colour) =>
      perform('Probe', () => {
        world.probed = otherColour(colour);
        return { passed: world.probePasses() && tasks.healthy(colour) > 0 ? 6 : 0, tried: 6 };
      }),
    resetProbe: (stable) =>
      perform('Probe (rests)', () => {
        world.probed = stable;
      }),
  };
}

type Fleet = Ports['fleet'];
type Migrations = Pick<Fleet, 'migrationOf' | 'migrate' | 'stopMigration'>;

function fleetOver({ tasks }: WorldParts, { perform, tell }: Calls): Omit<Fleet, keyof Migrations> {
  const scale = (colour: Colour, to: number, fresh: boolean, change: () => void) =>
    perform('UpdateService', () => {
      const from = tasks.side(colour).desired;
      change();
      tell({ is: 'tasks', colour, from, to, fresh });
    });
  const suspend = (colour: Colour, direction: 'none' | 'in' | 'both') =>
    perform('RegisterScalableTarget', () => {
      if (tasks.side(colour).suspended === direction) return;
      tasks.suspend(colour, direction);
      tell({ is: 'scaling', colour, to: direction === 'none' ? 'resume' : 'suspend' });
    });
  return {
    observe: (colour) => perform('DescribeServices', () => tasks.observe(colour)),
    crashes: (colour) => perform('DescribeServices', () => tasks.observe(colour)),
    health: () =>
      perform('DescribeTargetHealth', () => {
        const health = { blue: tasks.healthy('blue'), green: tasks.healthy('green') };
        tell({ is: 'health read', health });
        return health;
      }),
    deploy: (colour, digest, count) => scale(colour, count, true, () => tasks.deploy(colour, digest, count)),
    resize: (colour, count) => scale(colour, count, false, () => tasks.resize(colour, count)),
    suspendScaling: suspend,
    resumeScaling: (colour) => suspend(colour, 'none'),
  };
}

const migrationsOver = ({ migrations }: WorldParts, { perform, tell }: Calls): Migrations => ({
  migrationOf: (token) => perform('ListTasks', () => migrations.of(token)),
  migrate: (token) => perform('RunTask', () => migrations.begin(token)),
  stopMigration: (token) =>
    perform('StopTask', () => {
      migrations.stop(token);
      tell({ is: 'migration stopped' });
    }),
});

function ledgerOver({ ledger }: WorldParts, { perform, tell }: Calls): Ports['ledger'] {
  const read = <T>(of: () => T) => perform('Ledger read', of);
  return {
    read: () =>
      read(() => {
        const { state } = ledger;
        tell({ is: 'ledger read', state });
        return state;
      }),
    write: (write) =>
      perform(
        'Ledger write',
        () => {
          const before = ledger.state;
          const answer = ledger.write(write);
          tell({ is: 'ledger', write, before, answer });
          return answer;
        },
        write.name,
      ),
    record: (reference) => read(() => ledger.record(reference)),
    newestRecord: () => read(() => ledger.newestRecord()),
    judging: (releaseId) => read(() => ledger.judging(releaseId)),
    evidence: (releaseId) => read(() => ledger.evidence(releaseId)),
    saveJudging: (releaseId, seen, judging, minutes) =>
      perform(
        'Ledger write',
        () => {
          const saved = ledger.saveJudging(releaseId, seen, judging, minutes);
          if (saved) tell({ is: 'judging' });
          return saved;
        },
        'judging',
      ),
  };
}
