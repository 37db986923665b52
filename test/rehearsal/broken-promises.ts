/** Rehearsals in which one promise of the design is broken on purpose. */
import { ReleaseRefused } from '../../functions/core/failures.ts';
import { writes } from '../../functions/core/protocol.ts';
import type { StepInput, StepOutput } from '../../functions/steps/shared/step.ts';
import { revert } from '../../functions/steps/verbs/revert.ts';
import { shift } from '../../functions/steps/verbs/shift.ts';
import type { RehearsalOptions } from '../../rehearsal/options.ts';
import { SCENARIOS, type ScenarioName } from '../../rehearsal/scenarios.ts';
import type { World } from '../../rehearsal/world.ts';
import { policy } from '../../state-machines/policy.ts';
import { SETTINGS } from '../steps/fixture.ts';
import { withStep } from './rehearsals.ts';

const portsOf = (world: World, { execution }: StepInput, verb: string) => world.ports({ by: 'owner', execution, verb });

const FENCE = 8;

/** A person orders the release back so many seconds after the start. */
export const abortAfter =
  (seconds: number): NonNullable<RehearsalOptions['sabotage']> =>
  (functions, world) => {
    const { ledger } = world.ports({ by: 'person' });
    world.clock.at(world.clock.now() + seconds, () => {
      void ledger.write(writes.abort(FENCE, { by: 'person', reason: 'enough', at: world.clock.now() }));
    });
    return functions;
  };

/** What a deploy of the stacks does, at 25 %. */
const deployAt25 =
  (deploy: (ports: ReturnType<World['ports']>) => Promise<void>): NonNullable<RehearsalOptions['sabotage']> =>
  (functions, world) => {
    world.clock.at(world.clock.now() + 1500, () => void deploy(world.ports({ by: 'deploy' })));
    return functions;
  };

/** Seconds since the present share was confirmed, or since the release was opened. */
const secondsHere = ({ clock, ledger }: World): number => {
  const { stageFrom, openedAt } = ledger.state.lock!;
  return clock.now() - (stageFrom ?? openedAt);
};

/** A Prepare that is never ready at that share before so many seconds have passed. */
const waitsFor =
  (seconds: number, share: number): Parameters<typeof withStep>[1] =>
  async (input, real, world) => {
    const answer = (await real(input)) as StepOutput;
    const since = secondsHere(world) - (share === 0 ? 0 : 900);
    return world.ledger.state.lock?.share === share && since < seconds
      ? { ...answer, verdict: 'wait', waitSeconds: 30 }
      : answer;
  };

/** An Open that takes a rollback that names nothing for one to that version. */
const unnamedMeans = (to: string) =>
  withStep('Open', async ({ execution, input }: { execution: string; input: { action?: string } }, real) =>
    real({
      execution,
      input: input.action === 'rollback' && !execution.endsWith('rehearsal') ? { ...input, to } : input,
    }),
  );

interface Broken {
  readonly invariant: number;
  readonly how: string;
  readonly scenario: ScenarioName;
  readonly changes: Partial<RehearsalOptions>;
}

export const BROKEN: readonly Broken[] = [
  {
    invariant: 1,
    how: 'a Revert that touches the tasks before it routes',
    scenario: 'errors',
    changes: {
      sabotage: withStep('Revert', async (input: StepInput, real, world) => {
        await portsOf(world, input, 'Revert').fleet.resumeScaling('blue');
        return real(input);
      }),
    },
  },
  {
    invariant: 1,
    how: 'a Revert that does not read the rule back',
    scenario: 'errors',
    changes: {
      sabotage: withStep('Revert', async (input: StepInput, _, world) => {
        const ports = portsOf(world, input, 'Revert');
        let asked = { blue: 100, green: 0 };
        const router = {
          ...ports.router,
          route: async (weights: typeof asked) => {
            asked = weights;
            await ports.router.route(weights);
          },
          current: async () => asked,
        };
        return revert({ ...ports, router }, SETTINGS)(input);
      }),
    },
  },
  {
    invariant: 2,
    how: 'a Revert that scales down without waiting',
    scenario: 'errors',
    changes: {
      sabotage: withStep('Revert', async (input: StepInput, real, world) => {
        const answer = (await real(input)) as StepOutput;
        if (answer.verdict === 'wait') await portsOf(world, input, 'Revert').fleet.resize('green', 0);
        return answer;
      }),
    },
  },
  {
    invariant: 2,
    how: 'a Shift to a candidate that has no healthy task',
    scenario: 'never-healthy',
    changes: {
      sabotage: (functions, world) => ({
        ...functions,
        Prepare: async (payload) => {
          const answer = (await functions.Prepare(payload)) as StepOutput;
          return { ...answer, verdict: 'ready' };
        },
        Shift: async (payload) => {
          const ports = portsOf(world, payload as StepInput, 'Shift');
          const fleet = { ...ports.fleet, health: async () => ({ blue: 4, green: 4 }) };
          return shift({ ...ports, fleet }, SETTINGS)(payload as StepInput);
        },
      }),
    },
  },
  {
    invariant: 3,
    how: 'a Close that writes in an invocation that began after the lock was freed',
    scenario: 'healthy',
    changes: {
      sabotage: withStep('Close', async (input: StepInput, real, world) => {
        const answer = (await real(input)) as StepOutput;
        if (answer.verdict !== 'closed') return answer;
        await world.clock.sleep(2);
        await portsOf(world, input, 'Close').fleet.resumeScaling('blue');
        return answer;
      }),
    },
  },
  {
    invariant: 4,
    how: 'an execution that dies while users are split, with nobody who takes over',
    scenario: 'healthy',
    changes: { killAt: 20, withReconciler: false },
  },
  {
    invariant: 5,
    how: 'a Judge that advances before it has heard anything',
    scenario: 'healthy',
    changes: {
      sabotage: withStep('Judge', async (input: StepInput, real) => {
        const answer = (await real(input)) as StepOutput;
        return answer.share === 5 ? { ...answer, verdict: 'advance', share: 25 } : answer;
      }),
    },
  },
  {
    invariant: 6,
    how: 'a deploy that sends the weights that it read',
    scenario: 'healthy',
    changes: { sabotage: deployAt25(async ({ router }) => router.route(await router.current())) },
  },
  {
    invariant: 6,
    how: 'a deploy that gives the live colour a new revision',
    scenario: 'healthy',
    changes: {
      sabotage: deployAt25(async ({ fleet }) => {
        const { digest, desired } = await fleet.observe('blue');
        await fleet.deploy('blue', digest!, desired);
      }),
    },
  },
  {
    invariant: 7,
    how: 'a machine that waits for two minutes at a time',
    scenario: 'healthy',
    changes: {
      sabotage: abortAfter(330),
      machine: {
        ...policy,
        States: { ...policy.States, 'Wait a tick': { Type: 'Wait', Seconds: 120, Next: 'Judge' } },
      },
    },
  },
  {
    invariant: 8,
    how: 'an Open that takes the lock before it refuses',
    scenario: 'healthy',
    changes: {
      sabotage: withStep('Open', async (input: StepInput, real) => {
        await real(input);
        throw new ReleaseRefused('too late');
      }),
    },
  },
  {
    invariant: 8,
    how: 'an Open that starts tasks before it refuses',
    scenario: 'healthy',
    changes: {
      input: { image: 'v9.9.9' },
      sabotage: withStep('Open', async (input: StepInput, real, world) => {
        await world.ports({ by: 'person' }).fleet.resize('green', 2);
        return real(input);
      }),
    },
  },
  {
    invariant: 9,
    how: 'a Shift whose weights sum to 101',
    scenario: 'healthy',
    changes: {
      sabotage: withStep('Shift', async (input: StepInput, _, world) => {
        const ports = portsOf(world, input, 'Shift');
        const { route, current } = ports.router;
        const router: typeof ports.router = {
          ...ports.router,
          route: ({ blue, green }) => route({ blue: blue > 0 ? blue + 1 : 0, green }),
          current: async () => {
            const { blue, green } = await current();
            return { blue: blue > 0 ? blue - 1 : 0, green };
          },
        };
        return shift({ ...ports, router }, SETTINGS)(input);
      }),
    },
  },
  {
    invariant: 10,
    how: 'a Prepare that waits for ten minutes above 0 %, and nobody judges',
    scenario: 'healthy',
    changes: { sabotage: withStep('Prepare', waitsFor(600, 5)) },
  },
  {
    invariant: 11,
    how: 'a Prepare that waits for more than an hour at 0 %',
    scenario: 'healthy',
    changes: { sabotage: withStep('Prepare', waitsFor(4000, 0)) },
  },
  {
    invariant: 11,
    how: 'a Judge that says "continue" long after the bake is over',
    scenario: 'healthy',
    changes: {
      sabotage: withStep('Judge', async (input: StepInput, real, world) => {
        const answer = (await real(input)) as StepOutput;
        const isLate = world.ledger.state.lock?.share === 5 && answer.verdict === 'advance';
        return isLate && secondsHere(world) < 5000
          ? { ...answer, verdict: 'continue', share: 5, waitSeconds: 30 }
          : answer;
      }),
    },
  },
  {
    invariant: 12,
    how: 'a machine that goes back although nobody ordered it',
    scenario: 'healthy',
    changes: {
      machine: {
        ...policy,
        States: { ...policy.States, 'Wait a tick': { Type: 'Wait', Seconds: 30, Next: 'Revert' } },
      },
    },
  },
  {
    invariant: 12,
    how: 'an abort in a scenario that says nothing is wrong',
    scenario: 'crash',
    changes: { scenario: { ...SCENARIOS.crash, expected: () => ({ outcome: 'promoted' }) } },
  },
  {
    invariant: 13,
    how: 'a rollback that comes after the release was rolled back by itself, and goes one version further',
    scenario: 'errors',
    changes: {
      events: [{ when: { event: 'reverted' }, afterSeconds: 5, start: { action: 'rollback' } }],
      sabotage: unnamedMeans('v1.4.1'),
    },
  },
  {
    invariant: 13,
    how: 'a second rollback that names nothing and takes the first one back',
    scenario: 'healthy',
    changes: {
      input: { action: 'rollback' },
      events: [{ when: { event: 'warm' }, afterSeconds: 300, start: { action: 'rollback' } }],
      sabotage: unnamedMeans('v1.4.2'),
    },
  },
  {
    invariant: 14,
    how: 'a Close that drops the push that waits',
    scenario: 'healthy',
    changes: {
      events: [{ when: { share: 25 }, afterSeconds: 60, push: 'v1.5.1' }],
      sabotage: withStep('Close', async (input: StepInput, real, world) => {
        world.ledger.write({ name: 'drop', condition: { all: [] }, set: {}, remove: ['pending'] });
        return real(input);
      }),
    },
  },
];
