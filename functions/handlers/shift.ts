import { shift } from '../steps/shift.ts';
import type { StepInput } from '../steps/step.ts';
import { clock } from './deadline.ts';
import { verb } from './lambda.ts';
import { fleet, ledger, notices, router, signals } from './ports.ts';

export const handler = verb<StepInput>('Shift', ['execution', 'state'], (at, settings) =>
  shift(
    { router: router(at), fleet: fleet(at), signals: signals(at), ledger: ledger(at), notices: notices(at), clock },
    settings,
  ),
);
