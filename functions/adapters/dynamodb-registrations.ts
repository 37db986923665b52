/**
 * Registrations in the ledger's table: all under one partition, `REGISTRATIONS`, one item a service, so that one query
 * lists them and one BatchGetItem reads one of them beside its state. An item there counts the changes, so that two that
 * register at once cannot both take the same rule.
 */
import {
  BatchGetItemCommand,
  type DynamoDBClient,
  QueryCommand,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { Stuck, Transient } from '../core/failures.ts';
import { type Condition, type LedgerWrite, type ServiceState, writes } from '../core/protocol.ts';
import { parseRegistration, type Registered } from '../core/registration.ts';
import type { Register, Registrations } from '../ports/registrations.ts';
import type { Addresses } from './addresses.ts';
import { BUSY, neverReleased, STATE, stateIn, tokenOf } from './dynamodb-ledger.ts';
import { type Attributes, attributesOf, expressionsOf, itemOf } from './ledger-expressions.ts';

const REGISTRATIONS = 'REGISTRATIONS';
/** Sorts before every service's name. */
const CHANGES = '#';
/** DynamoDB's own limit. */
const KEYS_A_BATCH = 100;
/** What DynamoDB leaves out of a batch, because it was too much or too fast, is asked for again so often. */
const BATCH_TRIES = 3;

const keyOf = (pk: string, sk: string): Attributes => ({ pk: { S: pk }, sk: { S: sk } });
const registrationKey = (service: string): Attributes => keyOf(REGISTRATIONS, service);
const stateKey = (service: string): Attributes => keyOf(`SERVICE#${service}`, STATE);

export function dynamodbRegistrations(
  /** May try again: a transaction's token makes it count once. */
  client: Pick<DynamoDBClient, 'send'>,
  { table: TableName }: Pick<Addresses, 'table'>,
): Registrations {
  async function batch(Keys: Attributes[], ConsistentRead: boolean): Promise<readonly Attributes[]> {
    const found: Attributes[] = [];
    let left = Keys;
    for (let tried = 0; left.length > 0; tried++) {
      if (tried === BATCH_TRIES) throw new Transient(`The ledger left out ${left.length} of ${Keys.length} items`);
      const { Responses, UnprocessedKeys } = await client.send(
        new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: left, ConsistentRead } } }),
      );
      found.push(...(Responses?.[TableName] ?? []));
      left = UnprocessedKeys?.[TableName]?.Keys ?? [];
    }
    return found;
  }

  /** True: written. False: one of the conditions does not hold. */
  async function transact(items: TransactWriteItem[]): Promise<boolean> {
    try {
      await client.send(new TransactWriteItemsCommand({ TransactItems: items, ClientRequestToken: tokenOf(items) }));
      return true;
    } catch (error) {
      const reasons = error instanceof TransactionCanceledException ? (error.CancellationReasons ?? []) : undefined;
      if (reasons?.some(({ Code }) => Code === 'ConditionalCheckFailed')) return false;
      if (!reasons?.some(({ Code = '' }) => BUSY.test(Code))) throw error;
      throw new Transient('The ledger was busy', { cause: error });
    }
  }

  const update = (Key: Attributes, change: Parameters<typeof expressionsOf>[0]): TransactWriteItem => {
    const { UpdateExpression = '', ...rest } = expressionsOf(change);
    return { Update: { TableName, Key, UpdateExpression, ...rest } };
  };

  const countChange = (condition?: Condition): TransactWriteItem =>
    update(keyOf(REGISTRATIONS, CHANGES), { condition, count: 'changes' });

  async function read(service: string): ReturnType<Registrations['read']> {
    const items = (await batch([registrationKey(service), stateKey(service)], true)).map(itemOf);
    const written = items.find(({ pk }) => pk === REGISTRATIONS);
    const state = stateIn(items.find(({ sk }) => sk === STATE)) ?? neverReleased(service);
    return { ...(written ? { registered: registeredIn(written) } : {}), state };
  }

  /** A state that is not there yet is begun: a condition has to find something. */
  async function begun(state: ServiceState): Promise<void> {
    const Item = { ...stateKey(state.service), ...attributesOf(neverReleased(state.service)) };
    const absent = expressionsOf({ condition: { not: { present: 'pk' } } });
    if (state.fence === 0) await transact([{ Put: { TableName, Item, ...absent } }]);
  }

  const stateMovesOn = ({ condition, set, remove }: LedgerWrite, { service }: ServiceState): TransactWriteItem =>
    update(stateKey(service), { condition: { all: [{ present: 'pk' }, condition] }, set, remove });

  return {
    read,

    async all() {
      const items: Record<string, unknown>[] = [];
      let from: Attributes | undefined;
      do {
        const page: { Items?: Attributes[]; LastEvaluatedKey?: Attributes } = await client.send(
          new QueryCommand({
            TableName,
            KeyConditionExpression: '#pk = :pk',
            ExpressionAttributeNames: { '#pk': 'pk' },
            ExpressionAttributeValues: { ':pk': { S: REGISTRATIONS } },
            ConsistentRead: true,
            ExclusiveStartKey: from,
          }),
        );
        items.push(...(page.Items ?? []).map(itemOf));
        from = page.LastEvaluatedKey;
      } while (from);
      const count = items.find(({ sk }) => sk === CHANGES)?.['changes'];
      const read = items.filter(({ sk }) => sk !== CHANGES).map(registeredOrWhy);
      return {
        changes: (count as number) ?? 0,
        services: read.filter((one) => 'version' in one),
        unreadable: read.filter((one) => 'why' in one),
      };
    },

    async states(services) {
      const states: ServiceState[] = [];
      for (let first = 0; first < services.length; first += KEYS_A_BATCH) {
        const some = services.slice(first, first + KEYS_A_BATCH);
        const found = new Map((await batch(some.map(stateKey), false)).map((item) => [item['pk']!.S, item]));
        for (const service of some) {
          const item = found.get(`SERVICE#${service}`);
          states.push((item && stateIn(itemOf(item))) ?? neverReleased(service));
        }
      }
      return states;
    },

    async put(registered, changes, seen) {
      const unchanged: Condition =
        changes === 0 ? { not: { present: 'changes' } } : { path: 'changes', is: '=', value: changes };
      const Item = { ...registrationKey(registered.service), ...attributesOf(registered) };
      if (seen) await begun(seen);
      const moved = seen ? [stateMovesOn(writes.moved(seen), seen)] : [];
      return transact([countChange(unchanged), { Put: { TableName, Item } }, ...moved]);
    },

    async remove(service) {
      const items = (await batch([stateKey(service)], true)).map(itemOf);
      const state = stateIn(items[0]) ?? neverReleased(service);
      if (state.lock) return state;
      await begun(state);
      const gone = { Delete: { TableName, Key: registrationKey(service) } };
      if (await transact([stateMovesOn(writes.unregister(state), state), gone, countChange()])) return undefined;
      const { state: now } = await read(service);
      if (now.lock) return now;
      throw new Transient(`${service} changed while it was removed`);
    },
  };
}

/** One that cannot be read must not hide the others. */
function registeredOrWhy(item: Record<string, unknown>): Registered | Register['unreadable'][number] {
  try {
    return registeredIn(item);
  } catch (error) {
    return { service: String(item['sk']), why: error instanceof Error ? error.message : String(error) };
  }
}

function registeredIn({ pk: _, sk: __, ...item }: Record<string, unknown>): Registered {
  const { stack, version, registeredAt, ...registration } = item as unknown as Registered;
  const parsed = parseRegistration(registration);
  if (parsed.ok) return { ...parsed.registration, stack, version, registeredAt };
  const wrong = parsed.fields.map(({ field, message }) => `${field} ${message}`).join('; ');
  throw new Stuck(`The registration of ${registration.service} is invalid: ${wrong}. Deploy ${stack} again.`);
}
