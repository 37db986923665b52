/** The Lambdas of the state machine as the rehearsal plays them: the real steps, over the world's ports. */

import type { ServiceSettings } from '../functions/steps/shared/settings.ts';
import type { Ports, StepInput } from '../functions/steps/shared/step.ts';
import { close } from '../functions/steps/verbs/close.ts';
import { judge } from '../functions/steps/verbs/judge.ts';
import { migrate } from '../functions/steps/verbs/migrate.ts';
import { type OpenInput, open } from '../functions/steps/verbs/open.ts';
import { prepare } from '../functions/steps/verbs/prepare.ts';
import { revert } from '../functions/steps/verbs/revert.ts';
import { shift } from '../functions/steps/verbs/shift.ts';
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
