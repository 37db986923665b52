import type { StepInput } from '../steps/shared/step.ts';
import { prepare } from '../steps/verbs/prepare.ts';
import { clock } from './deadline.ts';
import { verb } from './lambda.ts';
import { fleet, ledger, router } from './ports.ts';

export const handler = verb<StepInput>('Prepare', ['execution', 'state'], (at, settings) =>
  prepare({ router: router(at), fleet: fleet(at), ledger: ledger(at), clock }, settings),
);
