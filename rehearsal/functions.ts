/** The Lambdas of the state machine as the rehearsal plays them: the real steps, over the world's ports. */
import { close } from '../functions/steps/close.ts';
import { judge } from '../functions/steps/judge.ts';
import { migrate } from '../functions/steps/migrate.ts';
import { type OpenInput, open } from '../functions/steps/open.ts';
import { prepare } from '../functions/steps/prepare.ts';
import { revert } from '../functions/steps/revert.ts';
import type { ServiceSettings } from '../functions/steps/settings.ts';
import { shift } from '../functions/steps/shift.ts';
import type { Ports, StepInput } from '../functions/steps/step.ts';
import type { World } from './world.ts';

export type Verb = 'Open' | 'Migrate' | 'Prepare' | 'Shift' | 'Judge' | 'Revert' | 'Close';
export type Play = (payload: unknown) => Promise<unknown>;

type Step = (ports: Ports, settings: ServiceSettings) => (input: never) => Promise<unknown>;

const STEPS: Readonly<Record<Verb, Step>> = {
  Open: (ports, settings) => (input: OpenInput) => open(ports, settings)(input),
  Migrate: (ports, settings) => (input: StepInput) => migrate(ports, settings)(input),
  Prepare: (ports, settings) => (input: StepInput) => prepare(ports, settings)(input),
  Shift: (ports, settings) => (input: StepInput) => shift(ports, settings)(input),
  Judge: (ports, settings) => (input: StepInput) => judge(ports, settings)(input),
  Revert: (ports, settings) => (input: StepInput) => revert(ports, settings)(input),
  Close: (ports, settings) => (input: StepInput) => close(ports, settings)(input),
};

/** Each call is a fresh invocation with ports of its own, as each Lambda invocation is. */
export function functionsFor(
  world: Pick<World, 'ports'>,
  settings: ServiceSettings,
  execution: string,
  /** Whether Lambda has no room for that function at this moment. */
  refuses: (verb: Verb) => boolean = () => false,
): Readonly<Record<Verb, Play>> {
  const play = (verb: Verb): Play =>
    async function invocation(payload) {
      if (refuses(verb)) throw Object.assign(new Error('Rate Exceeded.'), { name: 'Lambda.TooManyRequestsException' });
      const ports = world.ports({ by: 'owner', execution, verb });
      return STEPS[verb](ports, settings)(payload as never);
    };
  return {
    Open: play('Open'),
    Migrate: play('Migrate'),
    Prepare: play('Prepare'),
    Shift: play('Shift'),
    Judge: play('Judge'),
    Revert: play('Revert'),
    Close: play('Close'),
  };
}
