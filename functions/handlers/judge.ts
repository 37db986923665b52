import type { StepInput } from '../steps/shared/step.ts';
import { judge } from '../steps/verbs/judge.ts';
import { clock } from './deadline.ts';
import { verb } from './lambda.ts';
import { fleet, ledger, notifications, router, signals } from './ports.ts';

export const handler = verb<StepInput>('Judge', ['execution', 'state'], (at, settings) =>
  judge(
    {
      router: router(at),
      fleet: fleet(at),
      signals: signals(at),
      ledger: ledger(at),
      notifications: notifications(at),
      clock,
    },
    settings,
  ),
);
