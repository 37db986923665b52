import type { StepInput } from '../steps/shared/step.ts';
import { revert } from '../steps/verbs/revert.ts';
import { clock } from './deadline.ts';
import { verb } from './lambda.ts';
import { executions, fleet, ledger, notifications, router } from './ports.ts';

export const handler = verb<StepInput>('Revert', ['execution', 'state'], (at, settings) =>
  revert(
    {
      router: router(at),
      fleet: fleet(at),
      ledger: ledger(at),
      executions: executions(at),
      notifications: notifications(at),
      clock,
    },
    settings,
  ),
);
