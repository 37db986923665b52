import { prepare } from '../steps/prepare.ts';
import type { StepInput } from '../steps/step.ts';
import { clock } from './deadline.ts';
import { verb } from './lambda.ts';
import { fleet, ledger, router } from './ports.ts';

export const handler = verb<StepInput>('Prepare', ['execution', 'state'], (at, settings) =>
  prepare({ router: router(at), fleet: fleet(at), ledger: ledger(at), clock }, settings),
);
