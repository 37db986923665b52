import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { describe, expect, test } from 'vitest';
import { withDeadline } from '../../functions/adapters/client.ts';
import { dynamodbLedger } from '../../functions/adapters/dynamodb-ledger.ts';
import { dynamodbRegistrations } from '../../functions/adapters/dynamodb-registrations.ts';
import { attributesOf } from '../../functions/adapters/ledger-expressions.ts';
import { Stuck, Transient } from '../../functions/core/failures.ts';
import { MemoryRegistrations } from '../../rehearsal/registrations.ts';
import { type Answers, answering, type Call, PLACE } from './answering.ts';
import { registeredOf } from './registered.ts';
import { keepsRegistrations } from './registrations-contract.ts';
import { Table } from './table.ts';

function overTable(answers: Answers = {}, calls: Call[] = []) {
  const table = new Table();
  const client = answering(withDeadline(new DynamoDBClient(PLACE)), { ...table.answers, ...answers }, calls);
  return {
    table,
    registrations: dynamodbRegistrations(client, { table: 'ledger' }),
    ledgerOf: (service: string) => dynamodbLedger({ again: client, once: client }, { table: 'ledger', service }),
  };
}

describe('in memory', () => {
  keepsRegistrations(async () => {
    const registrations = new MemoryRegistrations();
    const ledgerOf = (service: string) => {
      const ledger = registrations.ledgerOf(service);
      return { read: async () => ledger.state, write: async (write: never) => ledger.write(write) };
    };
    return { registrations, ledgerOf };
  });
});

describe('in DynamoDB', () => {
  keepsRegistrations(async () => overTable());
});

test('registration and state come in one call', async () => {
  const calls: Call[] = [];
  const { registrations } = overTable({}, calls);
  await registrations.put(registeredOf('orders'), 0);
  calls.length = 0;
  await registrations.read('orders');
  expect(calls.map(({ command, input }) => [command, input.RequestItems.ledger.ConsistentRead])).toEqual([
    ['BatchGetItem', true],
  ]);
});

test('a batch that DynamoDB never completes is worth another try', async () => {
  const left = { ledger: { Keys: [{ pk: { S: 'x' }, sk: { S: 'y' } }] } };
  const { registrations } = overTable({ BatchGetItem: () => ({ Responses: {}, UnprocessedKeys: left }) });
  await expect(registrations.read('orders')).rejects.toThrow(Transient);
});

test('a registration that an older controller wrote and this one does not understand names the stack to deploy', async () => {
  const { table, registrations } = overTable();
  const { cluster: _, ...rest } = registeredOf('orders');
  table.answers['PutItem']!({
    Item: { pk: { S: 'REGISTRATIONS' }, sk: { S: 'orders' }, ...attributesOf(rest) },
  } as never);
  const reading = registrations.read('orders');
  await expect(reading).rejects.toThrow(Stuck);
  await expect(reading).rejects.toThrow(/cluster is missing\. Deploy orders-stack again/);
  await registrations.put(registeredOf('cart'), 0);
  const { services, unreadable } = await registrations.all();
  expect([services.map(({ service }) => service), unreadable.map(({ service }) => service)]).toEqual([
    ['cart'],
    ['orders'],
  ]);
});
