import { judge } from '../steps/judge.ts';
import type { StepInput } from '../steps/step.ts';
import { clock } from './deadline.ts';
import { verb } from './lambda.ts';
import { fleet, ledger, notices, router, signals } from './ports.ts';

export const handler = verb<StepInput>('Judge', ['execution', 'state'], (at, settings) =>
  judge(
    { router: router(at), fleet: fleet(at), signals: signals(at), ledger: ledger(at), notices: notices(at), clock },
    settings,
  ),
);
