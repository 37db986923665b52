/** A service of the rehearsal's world with its whole controller running, and people at a terminal who type commands to it. */
import type { Controller, Reach } from '../../cli/controller/controller.ts';
import { openTerminal } from '../../cli/screen/terminal.ts';
import type { Verb } from '../../cli/screen/verb.ts';
import { chance } from '../../rehearsal/chance.ts';
import type { VirtualClock } from '../../rehearsal/clock.ts';
import { ControlPlane } from '../../rehearsal/control-plane.ts';
import { loadMachine } from '../../rehearsal/engine.ts';
import type { RehearsalOptions } from '../../rehearsal/options.ts';
import type { ScenarioName } from '../../rehearsal/scenarios.ts';
import { buildRehearsal } from '../../rehearsal/setting.ts';
import { START } from '../../rehearsal/timeline.ts';
import type { World } from '../../rehearsal/world.ts';
import { policy } from '../../state-machines/policy.ts';
import { usualOptions } from '../rehearsal/rehearsals.ts';

export const SERVICE = 'conductores-backend';

export interface Typed {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Deployed {
  readonly world: World;
  readonly clock: VirtualClock;
  readonly plane: ControlPlane;
  readonly controller: Controller;
  /** Types a command as a person does, and lets time go on until it has ended. `--service` is said by the environment. */
  type(verb: (reach: Reach) => Verb, ...words: readonly string[]): Promise<Typed>;
  wait(seconds: number): Promise<void>;
  /** Lets time go on until that is true. */
  until(isTrue: () => boolean): Promise<void>;
}

interface Surroundings {
  /** Called before every call of a person; may throw, or take its time. */
  readonly before?: (call: string) => void | Promise<void>;
  /** What is typed is typed on a terminal, not in a pipeline. */
  readonly isTerminal?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
}

export async function deployed(
  changes: Partial<RehearsalOptions> = {},
  name: ScenarioName = 'healthy',
  { before, isTerminal = false, environment = {} }: Surroundings = {},
): Promise<Deployed> {
  const options: RehearsalOptions = {
    ...usualOptions(name),
    requestsPerSecond: 20,
    baselineMinutes: 12,
    points: 40,
    warmMinutes: 3,
    ...changes,
  };
  const { clock, world, settings } = buildRehearsal(options, (call, { by }, when) =>
    by === 'person' && when === 'before' ? before?.(call) : undefined,
  );
  const plane = new ControlPlane({
    world,
    settings,
    machine: loadMachine(policy),
    chance: chance(options.seed, 'control plane'),
    withGuard: true,
    withReconciler: options.withReconciler ?? true,
  });
  await clock.run(() => clock.now() >= START);

  const { router, fleet, signals, ledger, registry, executions } = world.ports({ by: 'person' });
  const { executions: running } = plane;
  const controller: Controller = {
    settings,
    stateMachineArn: 'arn:aws:states:us-east-1:111111111111:stateMachine:sluice-conductores-backend',
    router,
    fleet,
    signals,
    ledger,
    registry,
    executions,
    histories: {
      after: async (execution, id) =>
        running
          .find((one) => one.id === execution || one.name === execution)!
          .execution.history.filter((event) => event.id > id),
    },
    clock,
  };
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    let isDone = false;
    const ended = () => {
      isDone = true;
    };
    promise.then(ended, ended);
    await clock.run(() => isDone);
    return promise;
  };
  return {
    world,
    clock,
    plane,
    controller,
    async type(verb, ...words) {
      const [out, err] = [stream(isTerminal), stream(isTerminal)];
      const env = { SLUICE_SERVICE: SERVICE, USER: 'ana', LANG: 'C.UTF-8', ...environment };
      const terminal = openTerminal('sluice', words, { stdout: out, stderr: err, env });
      const code = await settled(verb(async () => controller).run(words, { ...terminal, onInterrupt() {} }));
      return { code, out: out.text(), err: err.text() };
    },
    wait: (seconds) => settled(clock.sleep(seconds)),
    until: (isTrue) => clock.run(isTrue),
  };
}

function stream(isTTY: boolean) {
  const written: string[] = [];
  return {
    isTTY,
    rows: 24,
    columns: 80,
    write: (text: string | Uint8Array) => {
      written.push(String(text));
      return true;
    },
    text: () => written.join(''),
  };
}
