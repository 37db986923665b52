import { type MigrationRequest, migrateByHand } from '../steps/shared/migrate-by-hand.ts';
import { lambda } from './lambda.ts';
import { fleet, ledger, registry } from './ports.ts';

/** Invoked by scripts/ci/migrate.sh, over and over, until the answer says how it ended. */
export const handler = lambda('MigrateByHand', (at) => async (request) => {
  const running = (command: readonly string[]) =>
    fleet({ ...at, ...(at.migration ? { migration: { ...at.migration, command: [...command] } } : {}) });
  const step = migrateByHand({ ledger: ledger(at), registry: registry(at), running });
  const status = await step((request ?? {}) as MigrationRequest);
  return { ...status, summary: `the migration ${ENDS[status.is]}` };
});

const ENDS = { waits: 'waits for another', running: 'runs', done: 'ended well', failed: 'failed' } as const;
