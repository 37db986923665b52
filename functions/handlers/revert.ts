import { revert } from '../steps/revert.ts';
import type { StepInput } from '../steps/step.ts';
import { clock } from './deadline.ts';
import { verb } from './lambda.ts';
import { executions, fleet, ledger, notices, router } from './ports.ts';

export const handler = verb<StepInput>('Revert', ['execution', 'state'], (at, settings) =>
  revert(
    {
      router: router(at),
      fleet: fleet(at),
      ledger: ledger(at),
      executions: executions(at),
      notices: notices(at),
      clock,
    },
    settings,
  ),
);
