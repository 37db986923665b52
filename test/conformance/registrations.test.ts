/** Registrations over a DynamoDB that is not ours. */
import { describe } from 'vitest';
import { withDeadline } from '../../functions/adapters/client.ts';
import { dynamodbLedger } from '../../functions/adapters/dynamodb-ledger.ts';
import { dynamodbRegistrations } from '../../functions/adapters/dynamodb-registrations.ts';
import { keepsRegistrations } from '../adapters/registrations-contract.ts';
import { bothBackends } from './backends.ts';
import { clientsAt } from './stage.ts';

const { toMoto, hasMoto, motoEndpoint } = bothBackends();

describe.skipIf(!hasMoto)('over the wire', () => {
  keepsRegistrations(async () => {
    await toMoto.begin();
    const client = withDeadline(clientsAt(motoEndpoint()).dynamodb);
    return {
      registrations: dynamodbRegistrations(client, { table: 'ledger' }),
      ledgerOf: (service) => dynamodbLedger({ again: client, once: client }, { table: 'ledger', service }),
    };
  });
});
