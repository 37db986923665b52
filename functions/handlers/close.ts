import type { StepInput } from '../steps/shared/step.ts';
import { close } from '../steps/verbs/close.ts';
import { clock } from './deadline.ts';
import { verb } from './lambda.ts';
import { executions, fleet, ledger, notifications, router } from './ports.ts';

export const handler = verb<StepInput>('Close', ['execution', 'state'], (at, settings) =>
  close(
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
