/** Every write of the ledger, its condition evaluated by the rehearsal and by a DynamoDB that is not ours: the same answer. */
import { isDeepStrictEqual } from 'node:util';
import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { withDeadline } from '../../functions/adapters/client.ts';
import { dynamodbLedger, type LedgerClients } from '../../functions/adapters/dynamodb-ledger.ts';
import { attributesOf } from '../../functions/adapters/ledger-expressions.ts';
import { type LedgerWrite, type ReleaseRecord, type ServiceState, writes } from '../../functions/core/protocol.ts';
import { MemoryLedger } from '../../rehearsal/ledger.ts';
import { NOW, recordOf } from '../steps/fixture.ts';
import { bothBackends } from './backends.ts';
import { atRest, held, next, statesFor, untold, WRITES } from './ledger-cases.ts';
import { A_MINUTE } from './moto.ts';
import { clientsAt, SERVICE } from './stage.ts';

const { backends, toMoto, hasMoto, motoEndpoint } = bothBackends();
const NAMES = Object.keys(WRITES) as (keyof typeof WRITES)[];

test.each(NAMES)('a clause that is missing or too loose changes an answer in the states that follow: %s', (name) => {
  expect(WRITES[name].flatMap(untold)).toEqual([]);
});

describe.skipIf(!hasMoto)('every condition, in every state in which one of its clauses turns', () => {
  beforeAll(() => toMoto.begin(), A_MINUTE);

  test.each(NAMES)(
    '%s',
    async (name) => {
      const { dynamodb } = clientsAt(motoEndpoint());
      const client = withDeadline(dynamodb);
      const calls: string[] = [];
      const listening = {
        send: (command: never) => {
          calls.push((command as object).constructor.name);
          return client.send(command);
        },
      } as LedgerClients['once'];
      const cases = WRITES[name]
        .flatMap((write) => [...statesFor(write), undefined].map((state) => ({ write, state })))
        .map((one, index) => ({ ...one, service: `service-${index % AT_ONCE}` }));
      const differences: object[] = [];
      let accepted = 0;
      for (let first = 0; first < cases.length; first += AT_ONCE) {
        const some = cases.slice(first, first + AT_ONCE);
        const asItIs = some.flatMap(({ write, state, service }) => [
          lies(service, 'STATE', state && { ...state, service }),
          ...(write.record ? [lies(service, `RELEASE#${write.record.digest}`, knownTo(write))] : []),
        ]);
        await dynamodb.send(new BatchWriteItemCommand({ RequestItems: { ledger: asItIs } }));
        for (const { write, state, service } of some) {
          const real = dynamodbLedger({ again: listening, once: listening }, { table: 'ledger', service });
          const known = knownTo(write);
          const ours = new MemoryLedger({ ...(state ?? NEVER_RELEASED), service }, known ? [known] : []);
          calls.length = 0;
          const answer = await real.write(write);
          // What stood in the way comes with the refusal: read afterwards, it could be another one's by then.
          const isReadAfterwards = !answer.written && calls.includes('GetItemCommand');
          if (answer.written) accepted += 1;
          const theirs = { ...answer, record: write.record && (await real.record(write.record.digest)) };
          const expected = { ...ours.write(write), record: write.record && ours.record(write.record.digest) };
          if (isReadAfterwards || !isDeepStrictEqual(theirs, expected))
            differences.push({ state, theirs, expected, isReadAfterwards });
        }
      }
      expect(differences).toEqual([]);
      expect(accepted).toBeGreaterThan(0);
      expect(accepted).toBeLessThan(cases.length);
    },
    A_MINUTE,
  );
});

const NEVER_RELEASED = { stable: 'blue', fence: 0 } as const;

/** Services in the table, each with a state and a record: a batch has 25 items at most, and moto copies all at every transaction. */
const AT_ONCE = 12;

/** That item as it is said, or no such item. */
const lies = (service: string, sk: string, item: ServiceState | ReleaseRecord | undefined) => {
  const Key = { pk: { S: `SERVICE#${service}` }, sk: { S: sk } };
  return item ? { PutRequest: { Item: { ...Key, ...attributesOf(item) } } } : { DeleteRequest: { Key } };
};

/** What was recorded of the release that a write is about. */
const knownTo = ({ record }: LedgerWrite): ReleaseRecord | undefined =>
  record && !record.mustBeNew ? { ...recordOf(held('baking')), digest: record.digest } : undefined;

describe.each(backends)('what is kept: $name', (it) => {
  beforeEach(() => it.begin(), A_MINUTE);

  test('a service that was never released is at rest on blue', async () => {
    expect(await it.ask(({ ledger }) => ledger.read())).toEqual({ service: SERVICE, stable: 'blue', fence: 0 });
  });

  test('a record is found by digest, by release and by tag', async () => {
    await it.ledgerHolds(atRest);
    await it.ask(({ ledger }) => ledger.write(writes.open(atRest, next, recordOf(next), false)));
    for (const reference of [next.digest, next.releaseId, next.image])
      expect(await it.ask(({ ledger }) => ledger.record(reference))).toEqual(recordOf(next));
    expect(await it.ask(({ ledger }) => ledger.record('v0.0.1'))).toBeUndefined();
  });

  test('the memory of the judge is saved by whoever saw the last minute', async () => {
    const memory = { state: { odds: 1e-7 } as never, folded: NOW };
    const minute = { minute: NOW, share: 25, odds: 2.5, parts: {} } as never;
    const save = (seen: number | undefined, folded: number) =>
      it.ask(({ ledger }) => ledger.saveJudging('r-1', seen, { ...memory, folded }, [minute]));
    expect(await save(undefined, NOW)).toBe(true);
    expect(await save(undefined, NOW + 60)).toBe(false);
    expect(await save(NOW, NOW + 60)).toBe(true);
    expect(await it.ask(({ ledger }) => ledger.judging('r-1'))).toEqual({ ...memory, folded: NOW + 60 });
    expect(await it.ask(({ ledger }) => ledger.judging('r-2'))).toBeUndefined();
  });
});
