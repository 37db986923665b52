import type { StepInput } from '../steps/shared/step.ts';
import { migrate } from '../steps/verbs/migrate.ts';
import { clock } from './deadline.ts';
import { verb } from './lambda.ts';
import { fleet, ledger } from './ports.ts';

export const handler = verb<StepInput>('Migrate', ['execution', 'state'], (at, settings) =>
  migrate({ fleet: fleet(at), ledger: ledger(at), clock }, settings),
);
