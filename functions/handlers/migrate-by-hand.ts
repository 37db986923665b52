import { addresses } from '../adapters/addresses.ts';
import { type MigrationRequest, migrateByHand } from '../steps/migrate-by-hand.ts';
import { beginInvocation } from './deadline.ts';
import { fleet, ledger, registry } from './ports.ts';

/** Invoked by scripts/ci/migrate.sh, over and over, until the answer says how it ended. */
export const handler = async (request: MigrationRequest) => {
  beginInvocation();
  const at = addresses(process.env);
  const running = (command: readonly string[]) =>
    fleet({ ...at, ...(at.migration ? { migration: { ...at.migration, command: [...command] } } : {}) });
  return migrateByHand({ ledger: ledger(at), registry: registry(at), running })(request);
};
