import { reconcile } from '../steps/safety/reconcile.ts';
import { clock } from './deadline.ts';
import { lambda } from './lambda.ts';
import { executions, fleet, ledger, notifications, registry, router, signals } from './ports.ts';

/** Whatever called it, the minute or the end of an execution: it looks for itself. */
export const handler = lambda('Reconcile', (at, settings) =>
  reconcile(
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
