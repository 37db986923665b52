import { close } from '../steps/close.ts';
import type { StepInput } from '../steps/step.ts';
import { clock } from './deadline.ts';
import { verb } from './lambda.ts';
import { executions, fleet, ledger, notices, router } from './ports.ts';

export const handler = verb<StepInput>('Close', ['execution', 'state'], (at, settings) =>
  close(
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
