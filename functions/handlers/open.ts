import { type OpenInput, open } from '../steps/verbs/open.ts';
import { clock } from './deadline.ts';
import { verb } from './lambda.ts';
import { executions, fleet, ledger, notifications, registry, router, signals } from './ports.ts';

export const handler = verb<OpenInput>('Open', ['execution', 'input'], (at, settings) =>
  open(
    {
      router: router(at),
      fleet: fleet(at),
      signals: signals(at),
      ledger: ledger(at),
      registry: registry(at),
      executions: executions(at),
      notifications: notifications(at),
      clock,
    },
    settings,
  ),
);
